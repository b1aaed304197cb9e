/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base36.h"

#define BASE 36

/* Divides the number in place and returns the rest. */
static unsigned divide(uint8_t *number, size_t n)
{
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned part = rest << 8 | number[i];
        number[i] = (uint8_t)(part / BASE);
        rest = part % BASE;
    }
    return rest;
}

void base36_write(uint8_t *number, size_t n, char *out, size_t length)
{
    for (size_t i = length; i-- > 0;)
        out[i] = BASE36_DIGITS[divide(number, n)];
}
