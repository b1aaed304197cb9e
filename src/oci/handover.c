/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define FIRST_FD 3
#define LISTEN_FDS_MAX 1024

/* Since Linux 6.3; older ones refuse the flag and need none. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

unsigned handover_listen_fds(void)
{
    const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    uint64_t n, owner;
    if (fds && pid && str_to_u64(pid, &owner) && owner == (uint64_t)getpid() &&
        str_to_u64(fds, &n) && n <= LISTEN_FDS_MAX)
        return (unsigned)n;
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
    return 0;
}

void handover_plan(struct handover *out, unsigned listen_fds, unsigned preserve_fds)
{
    int first = FIRST_FD + (int)(listen_fds + preserve_fds);
    *out = (struct handover){.preserve_fds = preserve_fds + 2,
                             .block = first,
                             .helper = first + 1,
                             .process = -1};
}

/* ---- the block ---- */

/* All of it must fit: nobody reads before the container runs. */
static int fill_pipe(int fd, const struct buf *block, struct err *e)
{
    int size = fcntl(fd, F_GETPIPE_SZ);
    if (size >= 0 && (size_t)size < block->len &&
        fcntl(fd, F_SETPIPE_SZ, (int)block->len) < 0)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "values of %zu bytes need a larger pipe than this system allows "
                       "(fs.pipe-max-size)",
                       block->len);
    ssize_t n = write(fd, block->data, block->len);
    if (n != (ssize_t)block->len)
        return err_errno(e, n < 0 ? errno : EAGAIN, "write values to a pipe");
    return 0;
}

static int make_block(const struct buf *block, int *out, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return err_errno(e, errno, "make a pipe");
    cleanup_fd int from = ends[0], to = ends[1];
    int r = fill_pipe(to, block, e);
    if (!r && fcntl(from, F_SETFL, 0))
        r = err_errno(e, errno, "make a pipe");
    if (!r)
        *out = TAKE_FD(from);
    return r;
}

/* ---- files in memory ---- */

static int new_memory(const char *name, unsigned flags, struct err *e)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        err_errno(e, errno, "make a file in memory");
    return fd;
}

static int seal(int fd, mode_t mode, struct err *e)
{
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (fchmod(fd, mode) || fcntl(fd, F_ADD_SEALS, seals))
        return err_errno(e, errno, "seal a file in memory");
    return 0;
}

static int copy(int from, int to, const char *path, struct err *e)
{
    for (;;) {
        ssize_t n = sendfile(to, from, NULL, 1024 * 1024);
        if (n < 0 && errno != EINTR)
            return err_errno(e, errno, "copy %s", path);
        if (n == 0)
            return 0;
    }
}

static int make_helper(const char *path, int *out, struct err *e)
{
    cleanup_fd int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return err_errno(e, errno, "open %s", path);
    cleanup_fd int fd = new_memory("coffer-env", MFD_EXEC, e);
    if (fd < 0)
        return ERR_IO;
    int r = copy(file, fd, path, e);
    r = r ?: seal(fd, 0555, e);
    if (!r)
        *out = TAKE_FD(fd);
    return r;
}

static int make_process(const struct buf *text, int *out, struct err *e)
{
    cleanup_fd int fd = new_memory("coffer-process", 0, e);
    if (fd < 0)
        return ERR_IO;
    for (size_t at = 0; at < text->len;) {
        ssize_t n = write(fd, text->data + at, text->len - at);
        if (n < 0 && errno != EINTR)
            return err_errno(e, errno, "write to a file in memory");
        at += n > 0 ? (size_t)n : 0;
    }
    int r = lseek(fd, 0, SEEK_SET) < 0 ? err_errno(e, errno, "rewind") : 0;
    r = r ?: seal(fd, 0400, e);
    if (!r)
        *out = TAKE_FD(fd);
    return r;
}

/* ---- places ---- */

/* Moves a descriptor out of the way of those below `first`. */
static int raise_fd(int *fd, int first, struct err *e)
{
    int raised = fcntl(*fd, F_DUPFD_CLOEXEC, first);
    if (raised < 0)
        return err_errno(e, errno, "duplicate a descriptor");
    close(*fd);
    *fd = raised;
    return 0;
}

static int place(int fd, int wanted, struct err *e)
{
    return dup2(fd, wanted) < 0 ? err_errno(e, errno, "place a descriptor") : 0;
}

static int place_all(struct handover *h, int *block, int *helper, int *process,
                     struct err *e)
{
    int free_from = h->helper + 1;
    int r = raise_fd(block, free_from, e);
    r = r ?: raise_fd(helper, free_from, e);
    if (!r && *process >= 0)
        r = raise_fd(process, free_from, e);
    r = r ?: place(*block, h->block, e);
    r = r ?: place(*helper, h->helper, e);
    if (!r && *process >= 0 && fcntl(*process, F_SETFD, 0))
        r = err_errno(e, errno, "keep a descriptor open");
    return r;
}

int handover_open(struct handover *h, const char *path, const struct buf *block,
                  const struct buf *process, struct err *e)
{
    cleanup_fd int pipe_fd = -1, helper = -1, process_fd = -1;
    int r = make_block(block, &pipe_fd, e);
    r = r ?: make_helper(path, &helper, e);
    if (!r && process)
        r = make_process(process, &process_fd, e);
    r = r ?: place_all(h, &pipe_fd, &helper, &process_fd, e);
    if (!r)
        h->process = TAKE_FD(process_fd);
    return r;
}
