/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * What coffer-runtime is told, by lines "name = value" (base/settings.h) of a file:
 *
 *     runtime = PATH           the real runtime; without, crun or else runc, where the
 *                              system's programs are
 *     uid = NUMBER             whose engine is asked for containers without a record
 *     fallback = yes|no        those: is an empty variable KEY the secret KEY? (no)
 *     references = FOLDER      the records (oci/record.h)
 *     files = FOLDER           where files of references lie, in memory (oci/files.h)
 *     timeout = SECONDS        for all secrets of a process (30)
 */
struct settings {
    char *runtime; /* NULL: to be looked for */
    char *references, *files;
    bool has_uid, fallback;
    uid_t uid;
    unsigned timeout; /* seconds */
};

#define SETTINGS_SIZE_MAX (64u * 1024)
#define SETTINGS_TIMEOUT_MAX 600

/*
 * The path of the file: `named` when it isn't empty; else "runtime.conf" beside the name
 * that this program was called by (argv[0]), when that is an absolute path and the file
 * is there; else the system's. A new string. ERR_NO_MEMORY.
 */
int settings_path(const char *named, const char *program, char **out,
                  struct err *e) MUST_CHECK;

/* Reads a file; one that isn't there is as an empty one. settings_deinit() it after
 * success. ERR_INVALID_ARGUMENT, ERR_IO, ERR_NO_MEMORY; the texts name the file. */
int settings_load(struct settings *out, const char *path, struct err *e) MUST_CHECK;
void settings_deinit(struct settings *s);
#define cleanup_settings CLEANUP(settings_deinit)

/* The real runtime's path, a new string. ERR_NOT_FOUND. */
int settings_find_runtime(const struct settings *s, char **out, struct err *e) MUST_CHECK;
