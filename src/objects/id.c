/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The random bytes are one big-endian number. Its top bit is set, so in base 36 it always
 * has 27 digits; the first one takes few values and is dropped, and so is the last.
 */
#include <string.h>

#include "base/base36.h"
#include "objects/objects.h"

#define ID_DIGITS 27

void object_id_from_random(const uint8_t random[OBJECT_ID_RANDOM_BYTES],
                           char out[OBJECT_ID_SIZE])
{
    uint8_t number[OBJECT_ID_RANDOM_BYTES];
    memcpy(number, random, sizeof(number));
    number[0] |= 0x80;
    char digits[ID_DIGITS];
    base36_write(number, sizeof(number), digits, ID_DIGITS);
    memcpy(out, digits + 1, OBJECT_ID_LENGTH);
    out[OBJECT_ID_LENGTH] = '\0';
}

bool object_id_is_valid(const char *id)
{
    size_t n = id ? strspn(id, BASE36_DIGITS) : 0;
    return n == OBJECT_ID_LENGTH && id[n] == '\0';
}
