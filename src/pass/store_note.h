/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* The longest name of a store. */
#define STORE_NAME_SIZE 16

/* Held until its descriptor is closed, by who changes which store is used: an engine
 * answers for one at a time. It is the file "store.lock" beside the note, so that the
 * sessions that have the one have the other. ERR_FAILED_PRECONDITION when somebody has
 * it, ERR_PERMISSION_DENIED, ERR_IO, ERR_NO_MEMORY. */
int store_note_lock(int *fd, struct err *e) MUST_CHECK;

/* A move between stores that has begun and not ended: the file "store-move" in the folder
 * of the settings, "FROM TO". */
struct store_note {
    char from[STORE_NAME_SIZE], to[STORE_NAME_SIZE];
};

/* From the text of that file. ERR_DATA_LOSS when it is none. */
int store_note_parse(const char *text, struct store_note *out, struct err *e) MUST_CHECK;

/* *is_there: a move is under way, or was when its process was killed. */
int store_note_read(struct store_note *out, bool *is_there, struct err *e) MUST_CHECK;
int store_note_write(const struct store_note *note, struct err *e) MUST_CHECK;
int store_note_remove(struct err *e) MUST_CHECK;
