/* SPDX-License-Identifier: Apache-2.0 */
#include "secretfs/secret_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

struct totals {
    int64_t bytes, files;
};

/* A stream of its own over the directory: reading one moves a position that copies of a
 * descriptor share. */
static DIR *open_stream(int dirfd, struct err *e)
{
    cleanup_fd int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d)
        (void)TAKE_FD(fd);
    else
        err_errno(e, errno, "read a directory of secrets");
    return d;
}

int secret_tree_list(int dirfd, int (*each)(const char *name, void *user), void *user,
                     struct err *e)
{
    DIR *d = open_stream(dirfd, e);
    if (!d)
        return ERR_IO;
    int r = 0;
    for (struct dirent *entry; !r && (errno = 0, entry = readdir(d));) {
        if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
            r = each(entry->d_name, user);
    }
    if (!r && errno)
        r = err_errno(e, errno, "read a directory of secrets");
    closedir(d);
    return r;
}

/* ---- counting ---- */

struct count {
    int fd;
    unsigned depth;
    struct totals *totals;
    struct err *e;
};

static int count_entry(const char *name, void *user)
{
    struct count *c = user;
    struct stat st;
    if (fstatat(c->fd, name, &st, AT_SYMLINK_NOFOLLOW))
        return err_errno(c->e, errno, "a secret file");
    if (!S_ISDIR(st.st_mode)) {
        c->totals->bytes += st.st_size;
        c->totals->files++;
        return 0;
    }
    if (c->depth == SECRET_TREE_DEPTH_MAX)
        return err_set(c->e, ERR_FAILED_PRECONDITION, "directories are nested too deep");
    cleanup_fd int fd =
        openat(c->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(c->e, errno, "a directory of secrets");
    struct count below = {fd, c->depth + 1, c->totals, c->e};
    return secret_tree_list(fd, count_entry, &below, c->e);
}

int secret_tree_count(int dirfd, int64_t *bytes, int64_t *files, struct err *e)
{
    struct totals totals = {0};
    struct count c = {dirfd, 0, &totals, e};
    int r = secret_tree_list(dirfd, count_entry, &c, e);
    if (r)
        return r;
    *bytes = totals.bytes;
    *files = totals.files;
    return 0;
}

/* ---- removing ---- */

static int overwrite(int fd, int64_t size)
{
    static const char zeros[4096];
    for (int64_t at = 0; at < size;) {
        int64_t left = size - at;
        size_t n = left < (int64_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);
        ssize_t done = pwrite(fd, zeros, n, at);
        if (done <= 0)
            return errno;
        at += done;
    }
    return 0;
}

/* Only plain files hold anything to overwrite. Whatever it is, it goes. */
static int remove_file(int dirfd, const char *name, const struct stat *st,
                       struct totals *totals, struct err *e)
{
    int failed = 0;
    if (S_ISREG(st->st_mode)) {
        cleanup_fd int fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
        failed = fd < 0 ? errno : overwrite(fd, st->st_size);
    }
    if (unlinkat(dirfd, name, 0))
        return err_errno(e, errno, "remove a secret file");
    totals->bytes += st->st_size;
    totals->files++;
    return failed ? err_errno(e, failed, "overwrite a secret file") : 0;
}

static int remove_dir(int dirfd, const char *name, unsigned depth, struct totals *totals,
                      struct err *e);

struct removal {
    int fd;
    unsigned depth;
    struct totals *totals;
    struct err *e;
    int r; /* the first failure; the rest is removed all the same */
};

static int remove_entry(const char *name, void *user)
{
    struct removal *v = user;
    struct stat st;
    int r;
    if (fstatat(v->fd, name, &st, AT_SYMLINK_NOFOLLOW))
        r = err_errno(v->e, errno, "a secret file");
    else if (S_ISDIR(st.st_mode))
        r = remove_dir(v->fd, name, v->depth + 1, v->totals, v->e);
    else
        r = remove_file(v->fd, name, &st, v->totals, v->e);
    if (r && !v->r)
        v->r = r;
    return 0;
}

static int remove_dir(int dirfd, const char *name, unsigned depth, struct totals *totals,
                      struct err *e)
{
    if (depth > SECRET_TREE_DEPTH_MAX)
        return err_set(e, ERR_FAILED_PRECONDITION, "directories are nested too deep");
    cleanup_fd int fd =
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "open %s", name);
    struct removal v = {fd, depth, totals, e, 0};
    int r = secret_tree_list(fd, remove_entry, &v, e);
    r = r ?: v.r;
    if (unlinkat(dirfd, name, AT_REMOVEDIR) && !r)
        r = err_errno(e, errno, "remove %s", name);
    return r;
}

int secret_tree_remove(int dirfd, const char *name, int64_t *bytes, int64_t *files,
                       struct err *e)
{
    struct totals totals = {0};
    struct stat st;
    int r = 0;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
        r = errno == ENOENT ? 0 : err_errno(e, errno, "%s", name);
    else if (S_ISDIR(st.st_mode))
        r = remove_dir(dirfd, name, 0, &totals, e);
    else
        r = remove_file(dirfd, name, &st, &totals, e);
    if (bytes)
        *bytes = totals.bytes;
    if (files)
        *files = totals.files;
    return r;
}
