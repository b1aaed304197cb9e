/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/split.h"

#include <string.h>

#include "base/str.h"

/* A field in quotes: two of them stand for one. */
static int quoted_field(const char **s, struct buf *field, struct err *e)
{
    const char *p = *s + 1;
    for (; *p && (p[0] != '"' || p[1] == '"'); p++) {
        p += p[0] == '"';
        if (buf_append_char(field, *p))
            return err_no_memory(e);
    }
    if (!*p || (p[1] && p[1] != ','))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "extraneous or missing \" in quoted-field");
    *s = p[1] ? p + 2 : NULL;
    return 0;
}

int split_csv(const char **s, struct buf *field, struct err *e)
{
    buf_reset(field);
    if (**s == '"')
        return quoted_field(s, field, e);
    size_t n = strcspn(*s, ",");
    if (buf_append(field, *s, n))
        return err_no_memory(e);
    *s = (*s)[n] ? *s + n + 1 : NULL;
    return 0;
}

void split_pair(const struct buf *field, struct split_pair *pair)
{
    const char *text = buf_str(field);
    size_t n = strcspn(text, "=");
    snprintf(pair->key, sizeof(pair->key), "%.*s", (int)n, text);
    pair->value = text[n] ? text + n + 1 : NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One word, from its first character to the blank behind it. */
static int take_word(const char **s, struct buf *word, struct err *e)
{
    char quote = '\0';
    const char *p = *s;
    for (; *p && (quote || !is_blank(*p)); p++) {
        if (*p == quote) {
            quote = '\0';
            continue;
        }
        if (!quote && (*p == '\'' || *p == '"')) {
            quote = *p;
            continue;
        }
        if (*p == '\\' && quote != '\'' && p[1])
            p++;
        if (buf_append_char(word, *p))
            return err_no_memory(e);
    }
    if (quote)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "EOF found when expecting closing quote in: %s", *s);
    *s = p;
    return 0;
}

int split_words(const char *s, json_t *words, struct err *e)
{
    for (;;) {
        while (is_blank(*s))
            s++;
        if (!*s)
            return 0;
        cleanup_buf struct buf word = BUF_INIT;
        int r = take_word(&s, &word, e);
        if (r)
            return r;
        if (json_array_append_new(words, json_string(buf_str(&word))))
            return err_no_memory(e);
    }
}
