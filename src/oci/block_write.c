/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/block_write.h"

#include <stdint.h>
#include <string.h>

#include "oci/block.h"

static int append(struct buf *block, const char *name, const void *value, size_t n)
{
    uint32_t length = (uint32_t)(strlen(name) + 1 + n);
    int r = block->len ? 0 : buf_append(block, BLOCK_MAGIC, BLOCK_MAGIC_SIZE);
    r = r ?: buf_append(block, &length, sizeof(length));
    r = r ?: buf_append_str(block, name);
    r = r ?: buf_append_char(block, '=');
    r = r ?: buf_append(block, value, n);
    return r ?: buf_append_char(block, '\0');
}

int block_append(struct buf *block, const char *name, const void *value, size_t n,
                 struct err *e)
{
    size_t length = strlen(name) + 1, before = block->len;
    size_t overhead = BLOCK_MAGIC_SIZE + sizeof(uint32_t) + 1;
    if (n && memchr(value, '\0', n))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "the value has a NUL byte, which no variable can hold");
    if (length > BLOCK_TEXT_MAX || n > BLOCK_TEXT_MAX - length)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "the value is too long: name and value of a variable may have %u "
                       "bytes together",
                       BLOCK_TEXT_MAX - 1);
    if (before + overhead + length + n > BLOCK_SIZE_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "all values of a container together may have %u bytes",
                       BLOCK_SIZE_MAX);
    if (append(block, name, value, n)) {
        if (block->data)
            block->data[before] = '\0';
        block->len = before;
        return err_no_memory(e);
    }
    return 0;
}
