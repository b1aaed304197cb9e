/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* The longest name of a store. */
#define STORE_NAME_SIZE 16

/* A move between stores that has begun and not ended: the file "store-move" in the folder
 * of the settings, "FROM TO". */
struct store_note {
    char from[STORE_NAME_SIZE], to[STORE_NAME_SIZE];
};

/* *is_there: a move is under way, or was when its process was killed. */
int store_note_read(struct store_note *out, bool *is_there, struct err *e) MUST_CHECK;
int store_note_write(const struct store_note *note, struct err *e) MUST_CHECK;
int store_note_remove(struct err *e) MUST_CHECK;
