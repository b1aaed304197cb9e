/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "resolver/pattern.h"

/*
 * The folder of a password store: an entry "a/b" is the file FOLDER/a/b.gpg. Links are
 * followed, as `pass` does; whoever can make one in the folder owns it.
 */

/* How many entries and folders a store may have, and how deep they may lie. */
#define PASS_ENTRIES_MAX 20000
#define PASS_DEPTH_MAX 32

/* PASSWORD_STORE_DIR, or ~/.password-store. ERR_NOT_FOUND when there is no home. */
int pass_folder_find(const char *configured, char **out, struct err *e) MUST_CHECK;

/*
 * Ids are any names; a store's are those that are safe as paths and that `pass` takes for
 * entries: no component begins with '.', so neither "..", ".git" nor ".gpg-id" is
 * reached, and none with '-'. ERR_INVALID_ARGUMENT names the id.
 */
int pass_id_check(const char *id, struct err *e) MUST_CHECK;

/* Is there an entry of a checked id? ERR_IO, ERR_NO_MEMORY. */
int pass_folder_has(const char *folder, const char *id, bool *out,
                    struct err *e) MUST_CHECK;

/* The ids of all entries that a pattern matches, sorted. */
struct pass_ids {
    char **list;
    size_t n, cap;
};
void pass_ids_deinit(struct pass_ids *ids);
#define cleanup_pass_ids CLEANUP(pass_ids_deinit)

/* Entries whose names are no ids can't be asked for and are passed over.
 * ERR_RESOURCE_EXHAUSTED, ERR_IO, ERR_NO_MEMORY; no folder is an empty one. */
int pass_folder_list(const char *folder, const struct pattern *pattern,
                     struct pass_ids *out, struct err *e) MUST_CHECK;
