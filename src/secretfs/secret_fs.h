/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * The file system in memory that holds the secrets and configs of this node's tasks. One
 * for the whole daemon: never swapped out where the kernel can promise that, root's only,
 * without devices, setuid programs or programs at all.
 */

/* Bounds of the whole: bytes and files of all tasks together. */
#define SECRET_FS_SIZE_MAX (INT64_C(512) * 1024 * 1024)
#define SECRET_FS_FILES_MAX 131072

enum secret_fs_kind {
    SECRET_FS_TMPFS_NOSWAP,
    SECRET_FS_RAMFS, /* has no limits of its own; ours are kept by counting */
    SECRET_FS_TMPFS, /* may be swapped out */
};

struct secret_fs {
    char *path;
    int fd; /* the mounted directory */
    enum secret_fs_kind kind;
    int64_t used, files; /* only counted for ramfs */
};

#define SECRET_FS_INIT                                                                   \
    {                                                                                    \
        .fd = -1                                                                         \
    }

/*
 * Makes the directory and mounts it, or takes what is mounted there already (by a mount
 * unit or an earlier run) when it is as safe as ours would be.
 */
int secret_fs_open(struct secret_fs *fs, const char *path, struct err *e) MUST_CHECK;

/* This kernel has neither tmpfs with noswap nor ramfs, and there is swap. */
bool secret_fs_may_be_swapped(const struct secret_fs *fs);

/* Lets go of it; it stays mounted. */
void secret_fs_close(struct secret_fs *fs);

/* Does the engine with this pid see the same file system at the same path? pid 0: it
 * can't be known and is taken for granted. */
int secret_fs_check_engine(const struct secret_fs *fs, pid_t pid,
                           struct err *e) MUST_CHECK;

/* Counts a new file of n bytes. ERR_RESOURCE_EXHAUSTED when ramfs would grow too large.
 */
int secret_fs_reserve(struct secret_fs *fs, int64_t n, struct err *e) MUST_CHECK;
void secret_fs_release(struct secret_fs *fs, int64_t bytes, int64_t files);
