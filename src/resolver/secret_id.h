/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * The id of a secret: components of A-Z a-z 0-9 . _ - : with a slash between each two,
 * as "db/password". Nothing else has a meaning: "." and ".." are names as any other,
 * letter case counts.
 *
 * The grammar knows no limits; these are ours, since ids and patterns come from clients
 * and plugins and are compared with each other at a cost of the product of their
 * components. They are generous: the longest ids in use are names of a vault, an item and
 * a field, under 300 bytes; the file store holds no id over 189; and no tool that shows
 * or takes an id has a use for more levels than a path has.
 */
#define SECRET_ID_MAX 1024
#define SECRET_ID_COMPONENTS_MAX 128

/* May this byte stand in a component? */
bool secret_id_has_char(char c);

/*
 * Checks n bytes of text; they need no NUL behind them. ERR_INVALID_ARGUMENT with the
 * words `invalid identifier: "/foo" must match ^...$`, ERR_RESOURCE_EXHAUSTED for an id
 * that is one but for a limit.
 */
int secret_id_check(const char *text, size_t n, struct err *e) MUST_CHECK;

/* The same for a C string (NULL isn't one), without the words. */
bool secret_id_is_valid(const char *text);
