/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "oci/block.h"
#include "oci/helper.h"

/* Has the block a variable of the name that this text begins with? */
static bool is_replaced(const char *text, char *block, size_t n)
{
    size_t length = strcspn(text, "=");
    char *one;
    for (size_t at = BLOCK_MAGIC_SIZE; (one = block_next(block, n, &at)) != NULL;)
        if (!strncmp(one, text, length) && one[length] == '=')
            return true;
    return false;
}

char **helper_environment(char **old, char *block, size_t n, size_t count)
{
    size_t kept = 0;
    while (old[kept])
        kept++;
    char **env = calloc(kept + count + 1, sizeof(*env)), **end = env;
    if (!env)
        return NULL;
    for (; *old; old++)
        if (!is_replaced(*old, block, n))
            *end++ = *old;
    char *one;
    for (size_t at = BLOCK_MAGIC_SIZE; (one = block_next(block, n, &at)) != NULL;)
        *end++ = one;
    return env;
}
