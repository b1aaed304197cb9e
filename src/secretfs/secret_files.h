/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "objects/objects.h"
#include "secretfs/secret_fs.h"

/*
 * The secrets and configs of one owner, a task or a container, as files:
 *
 *     DIR/<owner's id>/        0700
 *         secrets/             0755, bound read-only at /run/secrets: secrets with
 *             db/pw.txt        relative targets, and what is aimed below /run/secrets
 *         files/<n>            every other target, bound one by one
 *
 * When something else is to lie at or below /run/secrets, nothing could be mounted into
 * that folder: then every file is bound by itself.
 *
 * A file a reference, with its own owner and mode, even when two refer to one secret.
 */
struct secret_files {
    size_t n_binds;
    struct secret_bind {
        char *source, *target;
    } * binds;
    size_t n_paths;
    char **paths; /* where each file lies on this host, as they were given */
};

/* One file to be written; everything is lent. */
struct secret_file {
    const char *target;
    bool is_config;        /* a relative target is below "/" instead of "/run/secrets" */
    const char *uid, *gid; /* decimal; "" is 0 */
    uint32_t mode;
    const void *data;
    size_t n;
    /* Appends what is in the file, of data that is sealed; NULL: it is plain. */
    int (*open)(const struct secret_file *f, struct buf *plain, struct err *e);
    const char *secret_id; /* for open */
    const void *keys;      /* for open */
};

/* Targets of one owner; more are refused. */
#define SECRET_FILES_MAX 4096

/* Holds any target as an absolute path. */
#define SECRET_PLACE_SIZE (TARGET_SIZE_LIMIT + sizeof("/run/secrets/"))

/*
 * Writes all files of an owner anew (what an earlier try left goes first) and tells what
 * to bind; is_dir_taken: a mount of its own is within /run/secrets. When it fails nothing
 * is left. ERR_INVALID_ARGUMENT names the target that can't be.
 */
int secret_files_write(struct secret_fs *fs, const char *owner,
                       const struct secret_file *files, size_t n, bool is_dir_taken,
                       struct secret_files *out, struct err *e) MUST_CHECK;

/* Overwrites and removes the files of an owner; works from the directory alone. That
 * there are none is no error. */
int secret_files_remove(struct secret_fs *fs, const char *owner,
                        struct err *e) MUST_CHECK;

/* Ids of tasks and containers are letters and digits. */
#define SECRET_OWNER_MAX 128
bool secret_files_owner_is_valid(const char *owner);

void secret_files_deinit(struct secret_files *f);

/* Where a target goes: below /run/secrets (the relative path), or a file of its own (the
 * absolute path). ERR_INVALID_ARGUMENT for a path that isn't plain. Pure. */
struct secret_place {
    bool is_in_dir;
    char path[SECRET_PLACE_SIZE];
};
int secret_place_of(const char *target, bool is_config, struct secret_place *out,
                    struct err *e) MUST_CHECK;

/* Is the plain absolute path /run/secrets or below it? /var/run may be another name of
 * /run. Pure. */
bool secret_place_is_taken_by(const char *path);
