/* SPDX-License-Identifier: Apache-2.0 */
#include "onepassword/name.h"

#include <string.h>

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What a character becomes; NUL: nothing. */
static char plain(char c)
{
    if (c == ' ')
        return '-';
    if (c == '/' || c == '&')
        return '_';
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return is_alphanumeric(c) || (c && strchr("-._", c)) ? c : '\0';
}

int onepassword_name(struct buf *out, const char *title)
{
    int r = 0;
    for (; !r && *title; title++) {
        char c = plain(*title);
        if (c)
            r = buf_append_char(out, c);
    }
    return r;
}

bool onepassword_is_id(const char *text)
{
    if (!text || !is_alphanumeric(*text))
        return false;
    for (; *text; text++)
        if (!is_alphanumeric(*text) && *text != '-')
            return false;
    return true;
}
