/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "oci/record.h"
#include "secretfs/secret_files.h"

/*
 * The list of a container's mounts, with stand-ins (oci/stand_in.h) where files of
 * references belong. Pure.
 */
struct mounts {
    size_t n; /* stand-ins */
    struct {
        size_t at;                      /* in the list */
        const struct record_file *file; /* lent by the record */
    } items[RECORD_FILES_MAX];
    bool is_dir_taken; /* something else is mounted at or below /run/secrets */
};

/* Has a list (may be NULL) any? */
bool mounts_has_stand_in(const json_t *list, const char *stand_in);

/*
 * Finds them in a list (may be NULL). ERR_FAILED_PRECONDITION for one that the record
 * doesn't know, ERR_RESOURCE_EXHAUSTED for too many, ERR_NO_MEMORY.
 */
int mounts_find(const json_t *list, const char *stand_in, const struct record *record,
                struct mounts *out, struct err *e) MUST_CHECK;

/* Puts what is to be bound in their places, in the list itself. ERR_NO_MEMORY. */
int mounts_replace(json_t *list, const struct mounts *m, const struct secret_files *files,
                   struct err *e) MUST_CHECK;
