/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for secretfs/secret_fs.c, so that the simulation needs no right to mount: an
 * ordinary directory. Its being full is up to the simulation.
 */
#include "secretfs/secret_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "stage.h"

int secret_fs_open(struct secret_fs *fs, const char *path, struct err *e)
{
    *fs = (struct secret_fs)SECRET_FS_INIT;
    CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
    fs->path = realpath(path, NULL);
    fs->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(fs->path && fs->fd >= 0);
    return 0;
}

void secret_fs_close(struct secret_fs *fs)
{
    free(fs->path);
    mem_cleanup_fd(&fs->fd);
    *fs = (struct secret_fs)SECRET_FS_INIT;
}

bool secret_fs_may_be_swapped(const struct secret_fs *fs)
{
    (void)fs;
    return false;
}

int secret_fs_check_engine(const struct secret_fs *fs, pid_t pid, struct err *e)
{
    return 0;
}

int secret_fs_reserve(struct secret_fs *fs, int64_t n, struct err *e)
{
    if (stage_once_in(100))
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
