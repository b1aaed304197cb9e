/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "base/mem.h"

void json_setup(void)
{
    json_set_alloc_funcs(malloc, mem_wipe_free);
}

void json_cleanup(json_t **j)
{
    json_decref(*j);
}

static int append(const char *data, size_t n, void *out)
{
    return buf_append(out, data, n) ? -1 : 0;
}

int json_write(const json_t *j, struct buf *out)
{
    return json_dump_callback(j, append, out, JSON_COMPACT | JSON_ENCODE_ANY)
               ? ERR_NO_MEMORY
               : 0;
}

size_t json_utf8_length(const uint8_t *s, size_t n)
{
    size_t len = s[0] < 0x80   ? 1
                 : s[0] < 0xc2 ? 0
                 : s[0] < 0xe0 ? 2
                 : s[0] < 0xf0 ? 3
                               : 4;
    if (len == 0 || s[0] > 0xf4 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool is_overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool is_surrogate = s[0] == 0xed && s[1] > 0x9f;
    bool is_too_big = s[0] == 0xf4 && s[1] > 0x8f;
    return is_overlong || is_surrogate || is_too_big ? 0 : len;
}
