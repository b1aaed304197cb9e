/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

/* Strings: small helpers over NUL-terminated text. None of them allocates unless it says
 * so. */

static inline bool str_equal(const char *a, const char *b)
{
    return a && b && __builtin_strcmp(a, b) == 0;
}

static inline bool str_is_empty(const char *s)
{
    return !s || !*s;
}

bool str_starts_with(const char *s, const char *prefix);
bool str_ends_with(const char *s, const char *suffix);

/* Equal but for the case of ASCII letters. */
bool str_equal_nocase(const char *a, const char *b);

/* Copies src to dst and cuts it to fit; dst is always terminated. */
void strcpy_cut(char *dst, size_t size, const char *src);

/* Reads a whole decimal number: no space, nothing behind it, no sign, but that the second
 * one takes a '-'. False when it isn't one (NULL isn't) or doesn't fit. */
bool str_to_u64(const char *s, uint64_t *out);
bool str_to_i64(const char *s, int64_t *out);

/* A formatted string in new memory, NULL when there is none; free it with free(). */
char *str_format(const char *fmt, ...) PRINTF_LIKE(1, 2);
