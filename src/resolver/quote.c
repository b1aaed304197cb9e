/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/quote.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Of one byte: "\xNN" and a NUL. */
#define ESCAPE_SIZE 5

/* What must still fit behind the text: the dots, the closing quote, the NUL. */
#define QUOTE_TAIL 5

static size_t escape(char out[ESCAPE_SIZE], unsigned char c)
{
    bool is_plain = c >= ' ' && c <= '~';
    const char *slash = c == '"' || c == '\\' ? "\\" : "";
    int n = is_plain ? snprintf(out, ESCAPE_SIZE, "%s%c", slash, c)
                     : snprintf(out, ESCAPE_SIZE, "\\x%02x", c);
    return (size_t)n;
}

const char *quote(char out[QUOTE_SIZE], const char *s, size_t n)
{
    size_t len = 0;
    bool is_cut = false;
    out[len++] = '"';
    for (size_t i = 0; i < n && !is_cut; i++) {
        char piece[ESCAPE_SIZE];
        size_t m = escape(piece, (unsigned char)s[i]);
        is_cut = len + m + QUOTE_TAIL > QUOTE_SIZE;
        if (!is_cut) {
            memcpy(out + len, piece, m);
            len += m;
        }
    }
    snprintf(out + len, QUOTE_SIZE - len, "%s\"", is_cut ? "..." : "");
    return out;
}
