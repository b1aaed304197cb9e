/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a text JSON? A small recursive reader that keeps nothing and says what is wrong in
 * the words that Go's decoder has, which clients of Docker know. read.c makes a tree of
 * the text afterwards.
 */
#include "json/syntax.h"

#include <assert.h>
#include <string.h>

struct scan {
    const char *s;
    size_t n, at;
    size_t values;
    unsigned depth;
    const struct json_limits *limits;
    struct err *e;
};

static int scan_value(struct scan *c);

size_t json_skip_space(const char *s, size_t n, size_t at)
{
    while (at < n && (s[at] == ' ' || s[at] == '\t' || s[at] == '\r' || s[at] == '\n'))
        at++;
    return at;
}

static int fail_eof(struct scan *c)
{
    return err_set(c->e, ERR_INVALID_ARGUMENT, "unexpected EOF");
}

/* The character at hand doesn't belong there. */
static int fail(struct scan *c, const char *where)
{
    if (c->at >= c->n)
        return fail_eof(c);
    unsigned char at = (unsigned char)c->s[c->at];
    if (at == '\'')
        return err_set(c->e, ERR_INVALID_ARGUMENT, "invalid character '\\'' %s", where);
    if (at >= 0x20 && at < 0x7f)
        return err_set(c->e, ERR_INVALID_ARGUMENT, "invalid character '%c' %s", at,
                       where);
    const char *name = at == '\n'   ? "\\n"
                       : at == '\r' ? "\\r"
                       : at == '\t' ? "\\t"
                                    : NULL;
    if (name)
        return err_set(c->e, ERR_INVALID_ARGUMENT, "invalid character '%s' %s", name,
                       where);
    return err_set(c->e, ERR_INVALID_ARGUMENT, "invalid character '\\x%02x' %s", at,
                   where);
}

static void skip_space(struct scan *c)
{
    c->at = json_skip_space(c->s, c->n, c->at);
}

static bool is_at(const struct scan *c, char wanted)
{
    return c->at < c->n && c->s[c->at] == wanted;
}

static bool is_digit(const struct scan *c)
{
    return c->at < c->n && c->s[c->at] >= '0' && c->s[c->at] <= '9';
}

static bool is_hex(const struct scan *c)
{
    return is_digit(c) ||
           (c->at < c->n && c->s[c->at] && strchr("abcdefABCDEF", c->s[c->at]) != NULL);
}

static int scan_escape(struct scan *c)
{
    if (c->at >= c->n)
        return fail_eof(c);
    char kind = c->s[c->at];
    if (!kind || !strchr("bfnrt\\/\"u", kind))
        return fail(c, "in string escape code");
    c->at++;
    for (int i = 0; kind == 'u' && i < 4; i++, c->at++)
        if (!is_hex(c))
            return fail(c, "in \\u hexadecimal character escape");
    return 0;
}

/* A string whose opening quote was read. */
static int scan_string(struct scan *c)
{
    while (c->at < c->n) {
        unsigned char at = (unsigned char)c->s[c->at];
        if (at < 0x20)
            return fail(c, "in string literal");
        c->at++;
        if (at == '"')
            return 0;
        int r = at == '\\' ? scan_escape(c) : 0;
        if (r)
            return r;
    }
    return fail_eof(c);
}

static int scan_digits(struct scan *c, const char *where)
{
    if (!is_digit(c))
        return fail(c, where);
    while (is_digit(c))
        c->at++;
    return 0;
}

static int scan_number(struct scan *c)
{
    int r = 0;
    if (is_at(c, '-'))
        c->at++;
    if (is_at(c, '0'))
        c->at++;
    else
        r = scan_digits(c, "in numeric literal");
    if (!r && is_at(c, '.')) {
        c->at++;
        r = scan_digits(c, "after decimal point in numeric literal");
    }
    if (!r && (is_at(c, 'e') || is_at(c, 'E'))) {
        c->at++;
        if (is_at(c, '+') || is_at(c, '-'))
            c->at++;
        r = scan_digits(c, "in exponent of numeric literal");
    }
    return r;
}

static int scan_literal(struct scan *c, const char *word)
{
    for (const char *w = word; *w; w++, c->at++)
        if (!is_at(c, *w)) {
            char where[64];
            snprintf(where, sizeof(where), "in literal %s (expecting '%c')", word, *w);
            return fail(c, where);
        }
    return 0;
}

static int scan_pair(struct scan *c)
{
    skip_space(c);
    if (!is_at(c, '"'))
        return fail(c, "looking for beginning of object key string");
    c->at++;
    int r = scan_string(c);
    if (r)
        return r;
    skip_space(c);
    if (!is_at(c, ':'))
        return fail(c, "after object key");
    c->at++;
    return scan_value(c);
}

/* What stands between the brackets; the opening one was read. */
static int scan_items(struct scan *c, char end, int (*item)(struct scan *c),
                      const char *where)
{
    skip_space(c);
    if (is_at(c, end)) {
        c->at++;
        return 0;
    }
    for (;;) {
        int r = item(c);
        if (r)
            return r;
        skip_space(c);
        if (is_at(c, end)) {
            c->at++;
            return 0;
        }
        if (!is_at(c, ','))
            return fail(c, where);
        c->at++;
    }
}

static int scan_nested(struct scan *c)
{
    if (++c->depth > c->limits->depth)
        return err_set(c->e, ERR_RESOURCE_EXHAUSTED, "exceeded max depth");
    bool is_object = c->s[c->at++] == '{';
    int r = is_object ? scan_items(c, '}', scan_pair, "after object key:value pair")
                      : scan_items(c, ']', scan_value, "after array element");
    c->depth--;
    return r;
}

static int scan_value(struct scan *c)
{
    skip_space(c);
    if (c->at >= c->n)
        return fail_eof(c);
    if (++c->values > c->limits->values)
        return err_set(c->e, ERR_RESOURCE_EXHAUSTED, "more than %zu values",
                       c->limits->values);
    switch (c->s[c->at]) {
    case '{':
    case '[':
        return scan_nested(c);
    case '"':
        c->at++;
        return scan_string(c);
    case 't':
        return scan_literal(c, "true");
    case 'f':
        return scan_literal(c, "false");
    case 'n':
        return scan_literal(c, "null");
    default:
        if (is_at(c, '-') || is_digit(c))
            return scan_number(c);
        return fail(c, "looking for beginning of value");
    }
}

int json_check(const char *s, size_t n, size_t *at, const struct json_limits *l,
               struct err *e)
{
    assert(l->depth <= JSON_DEPTH_MAX);
    struct scan c = {.s = s, .n = n, .at = *at, .limits = l, .e = e};
    int r = scan_value(&c);
    if (!r)
        *at = c.at;
    return r;
}

int json_check_end(const char *s, size_t n, size_t at, struct err *e)
{
    struct scan c = {.s = s, .n = n, .at = json_skip_space(s, n, at), .e = e};
    return c.at == n ? 0 : fail(&c, "after top-level value");
}
