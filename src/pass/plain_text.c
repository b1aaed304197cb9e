/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/plain_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "json/json.h"

/* Those above 0x7f have two bytes. */
static bool is_control(const uint8_t *s)
{
    return s[0] < ' ' || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

/* How many of the n bytes are shown as one: they as they are, or a '?'. */
static size_t next(const char *text, size_t n, const char *kept, bool *is_shown)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t len = json_utf8_length(s, n);
    bool is_kept = *text && strchr(kept, *text);
    *is_shown = len && (is_kept || !is_control(s));
    return len ? len : 1;
}

int plain_text_append(struct buf *out, const char *text, size_t n, const char *kept)
{
    bool is_shown;
    int r = 0;
    for (size_t at = 0, len; at < n && !r; at += len) {
        len = next(text + at, n - at, kept, &is_shown);
        r = is_shown ? buf_append(out, text + at, len) : buf_append_char(out, '?');
    }
    return r;
}

void plain_text_print(FILE *to, const char *text)
{
    bool is_shown;
    size_t n = strlen(text);
    for (size_t at = 0, len; at < n; at += len) {
        len = next(text + at, n - at, "", &is_shown);
        fwrite(is_shown ? text + at : "?", 1, is_shown ? len : 1, to);
    }
}
