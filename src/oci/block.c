/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/block.h"

#include <stdint.h>
#include <string.h>

/* One variable from *at on; false when it isn't one. */
static bool skip(const char *block, size_t n, size_t *at)
{
    uint32_t length;
    if (n - *at < sizeof(length))
        return false;
    memcpy(&length, block + *at, sizeof(length));
    const char *text = block + *at + sizeof(length);
    size_t rest = n - *at - sizeof(length);
    if (length > BLOCK_TEXT_MAX || rest <= length || text[length])
        return false;
    const char *equals = memchr(text, '=', length);
    if (!equals || equals == text || memchr(text, '\0', length))
        return false;
    *at += sizeof(length) + length + 1;
    return true;
}

bool block_check(const char *block, size_t n, size_t *count)
{
    if (n < BLOCK_MAGIC_SIZE || n > BLOCK_SIZE_MAX ||
        memcmp(block, BLOCK_MAGIC, BLOCK_MAGIC_SIZE) != 0)
        return false;
    size_t found = 0;
    for (size_t at = BLOCK_MAGIC_SIZE; at < n; found++)
        if (found == BLOCK_VARIABLES_MAX || !skip(block, n, &at))
            return false;
    *count = found;
    return true;
}

char *block_next(char *block, size_t n, size_t *at)
{
    if (*at >= n)
        return NULL;
    char *text = block + *at + sizeof(uint32_t);
    *at += sizeof(uint32_t) + strlen(text) + 1;
    return text;
}
