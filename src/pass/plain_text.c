/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/plain_text.h"

#include <stdint.h>
#include <string.h>

#include "json/json.h"

/* Those above 0x7f have two bytes. */
static bool is_control(const uint8_t *s)
{
    return s[0] < ' ' || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

int plain_text_append(struct buf *out, const char *text, size_t n, const char *kept)
{
    const uint8_t *s = (const uint8_t *)text;
    int r = 0;
    for (size_t at = 0, len; at < n && !r; at += len) {
        len = json_utf8_length(s + at, n - at);
        bool is_kept = s[at] && strchr(kept, text[at]);
        if (len && (is_kept || !is_control(s + at)))
            r = buf_append(out, text + at, len);
        else
            r = buf_append_char(out, '?');
        len += len == 0;
    }
    return r;
}
