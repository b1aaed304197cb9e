/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The digits of base 36: 0-9 and a-z. */
#define BASE36_DIGITS "0123456789abcdefghijklmnopqrstuvwxyz"

/*
 * Writes the last `length` digits of a big-endian number of n bytes in base 36, filled up
 * with zeros on the left, without a NUL. The number is used up.
 */
void base36_write(uint8_t *number, size_t n, char *out, size_t length);
