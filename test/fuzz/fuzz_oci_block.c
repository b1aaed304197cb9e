/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block that the helper reads: one that passes the check has just as many variables
 * as it says, they are all within it, and written again they are the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/block.h"
#include "oci/block_write.h"
#include "oci/helper.h"

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void append(struct buf *out, char *text)
{
    char *equals = strchr(text, '=');
    *equals = '\0';
    must(!block_append(out, text, equals + 1, strlen(equals + 1), NULL));
    *equals = '=';
}

static void check_environment(char *block, size_t n, size_t count)
{
    char *old[] = {(char[]){"A=1"}, (char[]){"B"}, NULL};
    cleanup_free char **env = helper_environment(old, block, n, count);
    size_t found = 0;
    while (env[found])
        found++;
    must(found >= count && found <= count + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cleanup_free char *block = mem_dup(data, n);
    cleanup_buf struct buf again = BUF_INIT;
    size_t count, found = 0, at = BLOCK_MAGIC_SIZE;
    char *text;
    if (!block_check(block, n, &count))
        return 0;
    for (; (text = block_next(block, n, &at)) != NULL; found++)
        append(&again, text);
    must(found == count && at == n);
    must(!count || (again.len == n && !memcmp(again.data, block, n)));
    check_environment(block, n, count);
    return 0;
}
