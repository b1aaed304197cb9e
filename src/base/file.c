/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/trust.h"

static int read_all(int fd, const char *path, size_t max, struct buf *out, struct err *e)
{
    for (size_t total = 0; total <= max;) {
        char part[4096];
        ssize_t n = read(fd, part, sizeof(part));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "read %s", path);
        int r = buf_append(out, part, (size_t)n);
        mem_wipe(part, sizeof(part));
        if (r)
            return err_no_memory(e);
        if (n == 0)
            return 0;
        total += (size_t)n;
    }
    return err_set(e, ERR_DATA_LOSS, "%s is longer than %zu bytes", path, max);
}

static int read_file(const char *path, size_t max, bool is_trusted, struct buf *out,
                     struct err *e)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ELOOP)
        return err_set(e, ERR_DATA_LOSS, "%s is a link, not a file", path);
    if (fd < 0)
        return err_errno(e, errno, "open %s", path);
    struct stat st;
    if (fstat(fd, &st))
        return err_errno(e, errno, "stat %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_DATA_LOSS, "%s is not a regular file", path);
    int r = is_trusted ? trust_check(path, &st, e) : 0;
    if (!r && is_trusted)
        r = trust_check_folder_of(path, e);
    if (r)
        return r;
    if (st.st_size < 0 || (size_t)st.st_size > max)
        return err_set(e, ERR_DATA_LOSS, "%s is longer than %zu bytes", path, max);
    return read_all(fd, path, max, out, e);
}

int file_read(const char *path, size_t max, struct buf *out, struct err *e)
{
    return read_file(path, max, false, out, e);
}

int file_read_trusted(const char *path, size_t max, struct buf *out, struct err *e)
{
    size_t before = out->len;
    int r = read_file(path, max, true, out, e);
    if (!r && out->len > before && memchr(out->data + before, '\0', out->len - before))
        r = err_set(e, ERR_DATA_LOSS, "%s is no text: it has a NUL in it", path);
    return r;
}

int file_sync_folder(const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    cleanup_free char *folder = slash ? mem_dup(path, n ? n : 1) : mem_dup(".", 1);
    if (!folder)
        return err_no_memory(e);
    cleanup_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "open %s", folder);
    if (fsync(fd))
        return err_errno(e, errno, "sync %s", folder);
    return 0;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t written = write(fd, data, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        data += written;
        n -= (size_t)written;
    }
    return 0;
}

int file_write(const char *path, mode_t mode, const void *data, size_t n, struct err *e)
{
    if (unlink(path) && errno != ENOENT)
        return err_errno(e, errno, "remove %s", path);
    cleanup_fd int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, errno, "create %s", path);
    if (fchmod(fd, mode) || write_all(fd, data, n) || fsync(fd))
        return err_errno(e, errno, "write %s", path);
    return 0;
}

/* A device that gives way to a file is gone for all programs. */
static int check_replaceable(const char *path, struct err *e)
{
    struct stat st;
    if (lstat(path, &st) || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
        return 0;
    return err_set(e, ERR_FAILED_PRECONDITION, "%s is no file that could be replaced",
                   path);
}

int file_replace(const char *path, mode_t mode, const void *data, size_t n, struct err *e)
{
    cleanup_free char *temporary = str_format("%s.tmp", path);
    if (!temporary)
        return err_no_memory(e);
    int r = check_replaceable(path, e);
    r = r ?: file_write(temporary, mode, data, n, e);
    if (!r && rename(temporary, path))
        r = err_errno(e, errno, "rename %s to %s", temporary, path);
    if (r) {
        unlink(temporary);
        return r;
    }
    return file_sync_folder(path, e);
}

/* Cuts the path at each slash in turn, but for one at its beginning. */
static int make_each(char *path, struct err *e)
{
    for (char *at = path + strspn(path, "/");;) {
        at += strcspn(at, "/");
        char end = *at;
        *at = '\0';
        int failed = mkdir(path, 0700) && errno != EEXIST ? errno : 0;
        if (failed)
            return err_errno(e, failed, "make %s", path);
        *at = end;
        at += strspn(at, "/");
        if (!*at)
            return 0;
    }
}

int file_make_folders(const char *path, struct err *e)
{
    cleanup_free char *copy = mem_dup(path, strlen(path));
    return copy ? make_each(copy, e) : err_no_memory(e);
}

int file_make_folders_above(const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    cleanup_free char *above = mem_dup(path, (size_t)(slash - path));
    return above ? make_each(above, e) : err_no_memory(e);
}
