/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/* Splitting of what is one argument to us. Pure. */

/* The next field of comma separated values, which may stand in quotes: moves *s behind
 * it, to NULL behind the last one. ERR_INVALID_ARGUMENT for a quote that doesn't end. */
int split_csv(const char **s, struct buf *field, struct err *e) MUST_CHECK;

/* "key=value" of such fields. */
struct split_pair {
    char key[64];
    const char *value; /* NULL: there is no "="; lies in the field */
};
void split_pair(const struct buf *field, struct split_pair *pair);

/* Splits as a shell does, by blanks, with quotes and backslashes; no expansion. Appends
 * the words to an array. */
int split_words(const char *s, json_t *words, struct err *e) MUST_CHECK;
