/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Walks through trees of secret files, of which nothing is known but the directory: what
 * a crash left must go as surely as what we remember. Nothing is followed out of the
 * tree.
 */

/* Trees are never deeper than this; a deeper one is refused. */
#define SECRET_TREE_DEPTH_MAX 40

/* Overwrites and unlinks all files in the directory `name` of dirfd, removes its
 * directories and itself. *bytes and *files (may be NULL) are what went. One that isn't
 * there is no error. */
int secret_tree_remove(int dirfd, const char *name, int64_t *bytes, int64_t *files,
                       struct err *e) MUST_CHECK;

/* Adds up the files below the directory. */
int secret_tree_count(int dirfd, int64_t *bytes, int64_t *files,
                      struct err *e) MUST_CHECK;

/* Calls `each` for every directory entry but "." and ".."; stops at the first failure. */
int secret_tree_list(int dirfd, int (*each)(const char *name, void *user), void *user,
                     struct err *e) MUST_CHECK;
