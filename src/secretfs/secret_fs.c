/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpfs with noswap needs Linux 6.4; ramfs is never swapped either, but knows no limits;
 * a plain tmpfs is as good as long as there is no swap.
 */
#include "secretfs/secret_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/swap.h"
#include "secretfs/secret_tree.h"

#define SOURCE "coffer-secrets"
#define MOUNT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* ---- what is mounted ---- */

static bool is_mount_point(int fd)
{
    struct stat own, parent;
    return fstat(fd, &own) == 0 && fstatat(fd, "..", &parent, 0) == 0 &&
           own.st_dev != parent.st_dev;
}

/* Has the mount at path the option noswap? The last line for a path is the one on top. */
static bool is_noswap(const char *path)
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    if (!f)
        return false;
    char line[PATH_MAX + 512], point[PATH_MAX];
    bool found = false;
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%*d %*d %*s %*s %4095s", point) == 1 && str_equal(point, path))
            found = strstr(line, ",noswap") != NULL;
    }
    fclose(f);
    return found;
}

static int check_mount(struct secret_fs *fs, struct err *e)
{
    struct statfs st;
    struct stat root;
    if (fstatfs(fs->fd, &st) || fstat(fs->fd, &root))
        return err_errno(e, errno, "%s", fs->path);
    if (st.f_type != TMPFS_MAGIC && st.f_type != RAMFS_MAGIC)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "%s: a file system that isn't in memory is mounted there; "
                       "unmount it or choose another directory",
                       fs->path);
    unsigned long needed = ST_NOSUID | ST_NODEV | ST_NOEXEC;
    if (((unsigned long)st.f_flags & needed) != needed)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "%s: is mounted without nosuid, nodev, noexec; mount it with them",
                       fs->path);
    if (root.st_uid != geteuid() || (root.st_mode & 07777) != 0700)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "%s: must be the daemon's own, with mode 0700", fs->path);
    fs->kind = st.f_type == RAMFS_MAGIC ? SECRET_FS_RAMFS
               : is_noswap(fs->path)    ? SECRET_FS_TMPFS_NOSWAP
                                        : SECRET_FS_TMPFS;
    return 0;
}

/* ---- mounting ---- */

static int make_parents(const char *path, struct err *e)
{
    cleanup_free char *p = strdup(path);
    if (!p)
        return err_no_memory(e);
    for (char *slash = p + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (mkdir(p, 0755) && errno != EEXIST)
            return err_errno(e, errno, "make %s", p);
        *slash = '/';
    }
    if (mkdir(p, 0700) && errno != EEXIST)
        return err_errno(e, errno, "make %s", p);
    return 0;
}

static int mount_here(const char *path, struct err *e)
{
    char limited[128], noswap[144];
    snprintf(limited, sizeof(limited), "size=%lld,nr_inodes=%d,mode=0700",
             (long long)SECRET_FS_SIZE_MAX, SECRET_FS_FILES_MAX);
    snprintf(noswap, sizeof(noswap), "noswap,%s", limited);
    if (mount(SOURCE, path, "tmpfs", MOUNT_FLAGS, noswap) == 0 ||
        mount(SOURCE, path, "ramfs", MOUNT_FLAGS, "mode=0700") == 0 ||
        mount(SOURCE, path, "tmpfs", MOUNT_FLAGS, limited) == 0)
        return 0;
    return err_errno(e, errno, "mount a file system in memory on %s", path);
}

static int open_dir(struct secret_fs *fs, struct err *e)
{
    fs->fd = open(fs->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fs->fd < 0 ? err_errno(e, errno, "open %s", fs->path) : 0;
}

static int mount_private(struct secret_fs *fs, struct err *e)
{
    int r = mount_here(fs->path, e);
    if (!r && mount(NULL, fs->path, NULL, MS_PRIVATE, NULL))
        r = err_errno(e, errno, "make %s private", fs->path);
    return r;
}

/* Of several processes that find nothing mounted only one mounts: the directory below the
 * mount is their lock. */
static int mount_and_open(struct secret_fs *fs, struct err *e)
{
    cleanup_fd int below = TAKE_FD(fs->fd);
    if (flock(below, LOCK_EX))
        return err_errno(e, errno, "lock %s", fs->path);
    int r = open_dir(fs, e);
    if (r || is_mount_point(fs->fd))
        return r;
    mem_cleanup_fd(&fs->fd);
    r = mount_private(fs, e);
    return r ?: open_dir(fs, e);
}

bool secret_fs_may_be_swapped(const struct secret_fs *fs)
{
    return fs->kind == SECRET_FS_TMPFS && swap_is_there();
}

int secret_fs_open(struct secret_fs *fs, const char *path, struct err *e)
{
    *fs = (struct secret_fs)SECRET_FS_INIT;
    if (path[0] != '/')
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: must be an absolute path", path);
    int r = make_parents(path, e);
    if (r)
        return r;
    fs->path = realpath(path, NULL);
    if (!fs->path)
        return err_errno(e, errno, "%s", path);
    r = open_dir(fs, e);
    if (!r && !is_mount_point(fs->fd))
        r = mount_and_open(fs, e);
    r = r ?: check_mount(fs, e);
    if (!r && fs->kind == SECRET_FS_RAMFS)
        r = secret_tree_count(fs->fd, &fs->used, &fs->files, e);
    if (r) {
        secret_fs_close(fs);
        return r;
    }
    return 0;
}

void secret_fs_close(struct secret_fs *fs)
{
    free(fs->path);
    mem_cleanup_fd(&fs->fd);
    *fs = (struct secret_fs)SECRET_FS_INIT;
}

int secret_fs_check_engine(const struct secret_fs *fs, pid_t pid, struct err *e)
{
    if (!pid)
        return 0;
    cleanup_free char *path = str_format("/proc/%d/root%s", (int)pid, fs->path);
    if (!path)
        return err_no_memory(e);
    struct stat own, seen;
    if (fstat(fs->fd, &own))
        return err_errno(e, errno, "%s", fs->path);
    if (stat(path, &seen) == 0 && seen.st_dev == own.st_dev && seen.st_ino == own.st_ino)
        return 0;
    return err_set(e, ERR_FAILED_PRECONDITION,
                   "the container engine (process %d) does not see the secrets in %s: it "
                   "runs in another mount namespace; restart it after cofferd, or mount "
                   "%s before both are started",
                   (int)pid, fs->path, fs->path);
}

/* ---- counting ---- */

int secret_fs_reserve(struct secret_fs *fs, int64_t n, struct err *e)
{
    if (fs->kind == SECRET_FS_RAMFS &&
        (n > SECRET_FS_SIZE_MAX - fs->used || fs->files >= SECRET_FS_FILES_MAX))
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "%s is full", fs->path);
    fs->used += n;
    fs->files++;
    return 0;
}

void secret_fs_release(struct secret_fs *fs, int64_t bytes, int64_t files)
{
    fs->used -= bytes;
    fs->files -= files;
}
