/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "cli/template_private.h"

static int broken(struct err *e, const char *what)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "template parsing error: template: :1: %s",
                   what);
}

static bool is_space(const char *p)
{
    return *p == ' ' || *p == '\t' || *p == '\n' || *p == '\r';
}

static bool begins(const struct lexer *l, const char *s)
{
    size_t n = strlen(s);
    return (size_t)(l->end - l->at) >= n && memcmp(l->at, s, n) == 0;
}

/* Where the next "{{" is, or the end. */
static const char *find_open(const struct lexer *l)
{
    const char *p = l->at;
    while (p + 1 < l->end && !(p[0] == '{' && p[1] == '{'))
        p++;
    return p + 1 < l->end ? p : l->end;
}

static bool opens_with_trim(const struct lexer *l, const char *open)
{
    return l->end - open >= 4 && open[2] == '-' && is_space(open + 3);
}

static void take_text(struct lexer *l, struct token *t)
{
    const char *open = find_open(l);
    const char *start = l->at, *stop = open;
    while (l->trim_next && start < stop && is_space(start))
        start++;
    while (opens_with_trim(l, open) && stop > start && is_space(stop - 1))
        stop--;
    l->trim_next = false;
    l->at = open;
    *t =
        (struct token){.kind = TOKEN_TEXT, .start = start, .len = (size_t)(stop - start)};
}

static bool take_close(struct lexer *l, struct token *t)
{
    bool trims =
        l->end - l->at >= 3 && l->at[0] == '-' && l->at[1] == '}' && l->at[2] == '}';
    if (!trims && !begins(l, "}}"))
        return false;
    l->at += trims ? 3 : 2;
    l->trim_next = trims;
    l->inside = false;
    t->kind = TOKEN_CLOSE;
    return true;
}

static void skip_space(struct lexer *l)
{
    while (l->at < l->end && is_space(l->at))
        l->at++;
}

/* Behind a comment nothing but the end of its braces may stand. */
static int leave_comment(struct lexer *l, struct err *e)
{
    struct token t;
    skip_space(l);
    return take_close(l, &t) ? 0 : broken(e, "comment ends before closing delimiter");
}

/* Behind "{{": a trim mark, a comment. */
static int enter(struct lexer *l, struct err *e)
{
    l->at += opens_with_trim(l, l->at) ? 3 : 2;
    l->inside = true;
    l->after_operand = false;
    const char *p = l->at;
    while (p < l->end && is_space(p))
        p++;
    if (l->end - p < 2 || p[0] != '/' || p[1] != '*')
        return 0;
    for (p += 2; l->end - p >= 2 && !(p[0] == '*' && p[1] == '/');)
        p++;
    if (l->end - p < 2)
        return broken(e, "unclosed comment");
    l->at = p + 2;
    return leave_comment(l, e);
}

static char unescape(char c)
{
    static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
    const char *p = strchr(from, c);
    return p && c ? to[p - from] : c;
}

static int take_string(struct lexer *l, struct token *t, struct err *e)
{
    char quote = *l->at++;
    t->kind = TOKEN_STRING;
    while (l->at < l->end && *l->at != quote) {
        char c = *l->at++;
        if (c == '\\' && quote == '"' && l->at < l->end)
            c = unescape(*l->at++);
        if (buf_append_char(&t->value, c))
            return err_no_memory(e);
    }
    if (l->at == l->end)
        return broken(e, "unterminated quoted string");
    l->at++;
    return 0;
}

static void take_name(struct lexer *l, struct token *t, enum token_kind kind)
{
    t->kind = kind;
    t->start = l->at;
    while (l->at < l->end && (isalnum((unsigned char)*l->at) || *l->at == '_'))
        l->at++;
    t->len = (size_t)(l->at - t->start);
}

static void take_number(struct lexer *l, struct token *t)
{
    t->kind = TOKEN_NUMBER;
    t->start = l->at++;
    while (l->at < l->end && (isdigit((unsigned char)*l->at) || *l->at == '.'))
        l->at++;
    t->len = (size_t)(l->at - t->start);
}

static bool is_name(const struct lexer *l, const char *p)
{
    return p < l->end && (isalpha((unsigned char)*p) || *p == '_');
}

static int take_inside(struct lexer *l, struct token *t, struct err *e)
{
    char c = *l->at;
    if (c == '.' || c == '$') {
        l->at++;
        if (c == '$')
            take_name(l, t, TOKEN_VAR);
        else if (is_name(l, l->at))
            take_name(l, t, TOKEN_FIELD);
        else
            t->kind = TOKEN_DOT;
    } else if (c == '"' || c == '`') {
        return take_string(l, t, e);
    } else if (isdigit((unsigned char)c) ||
               (c == '-' && l->at + 1 < l->end && isdigit((unsigned char)l->at[1]))) {
        take_number(l, t);
    } else if (is_name(l, l->at)) {
        take_name(l, t, TOKEN_WORD);
    } else if (strchr("|(),=", c) || begins(l, ":=")) {
        t->kind = TOKEN_SIGN;
        t->sign = c;
        l->at += c == ':' ? 2 : 1;
    } else {
        return broken(e, "unexpected character in command");
    }
    return 0;
}

int lexer_next(struct lexer *l, struct token *t, struct err *e)
{
    *t = (struct token){.kind = TOKEN_END};
    while (!l->inside) {
        if (l->at < l->end && find_open(l) > l->at) {
            take_text(l, t);
            return 0;
        }
        if (l->at == l->end)
            return 0;
        int r = enter(l, e);
        if (r)
            return r;
    }
    const char *before = l->at;
    skip_space(l);
    if (l->at == l->end)
        return broken(e, "unclosed action");
    t->glued = l->at == before && l->after_operand;
    if (take_close(l, t))
        return 0;
    l->after_operand = true;
    return take_inside(l, t, e);
}
