/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* The longest text quote() gives, with its NUL. */
#define QUOTE_SIZE 160

/*
 * Foreign text made fit for an error: in double quotes; quotes and backslashes get a
 * backslash, what is not printable ASCII becomes \xNN, and what is too long is cut and
 * ends in "...". Returns out. Never for values.
 */
const char *quote(char out[QUOTE_SIZE], const char *s, size_t n);
