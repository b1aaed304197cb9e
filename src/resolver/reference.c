/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/reference.h"

#include <string.h>

#include "base/str.h"
#include "resolver/quote.h"

#define PREFIX_LEN (sizeof(REFERENCE_PREFIX) - 1)

bool reference_is(const char *value)
{
    return str_starts_with(value, REFERENCE_PREFIX);
}

/* Checks a target, and keeps it when out isn't NULL. */
static int read_target(const char *target, size_t n, enum reference_kind kind,
                       struct pattern *out, struct err *e)
{
    int r = kind == REFERENCE_ID ? secret_id_check(target, n, e) : 0;
    cleanup_pattern struct pattern p = PATTERN_INIT;
    if (!r && (out || kind == REFERENCE_PATTERN))
        r = pattern_parse(&p, target, n, e);
    if (!r && out) {
        *out = p;
        p = (struct pattern)PATTERN_INIT;
    }
    return r;
}

int reference_parse(const char *value, enum reference_kind kind, struct pattern *out,
                    struct err *e)
{
    char quoted[QUOTE_SIZE];
    size_t n = strlen(value);
    if (!reference_is(value))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "a reference must begin with " REFERENCE_PREFIX);
    int r = read_target(value + PREFIX_LEN, n - PREFIX_LEN, kind, out, e);
    return r ? err_wrap(e, r, "reference %s", quote(quoted, value, n)) : 0;
}

static bool is_target_char(char c)
{
    return secret_id_has_char(c) || c == '/' || c == '*';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Is the prefix at `at` the end of a longer word, such as "house://"? */
static bool is_within_word(const char *text, size_t at)
{
    if (!at)
        return false;
    char c = text[at - 1];
    return c == '+' || (c != ':' && secret_id_has_char(c));
}

/* Takes in the braces before it, if it has some. */
static bool take_opening(const char *text, size_t from, struct reference *ref)
{
    size_t at = ref->start;
    while (at > from && is_blank(text[at - 1]))
        at--;
    if (at < from + 2 || memcmp(text + at - 2, "{{", 2) != 0)
        return false;
    ref->start = at - 2;
    return true;
}

static bool take_closing(const char *text, size_t n, struct reference *ref)
{
    size_t at = ref->end;
    while (at < n && is_blank(text[at]))
        at++;
    if (n - at < 2 || memcmp(text + at, "}}", 2) != 0)
        return false;
    ref->end = at + 2;
    return true;
}

static size_t line_of(const char *text, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

/* The prefix stands at `at`. */
static int read_at(const char *text, size_t n, size_t from, size_t at,
                   enum reference_kind kind, struct reference *out, struct err *e)
{
    struct reference ref = {.start = at, .end = at + PREFIX_LEN};
    char quoted[QUOTE_SIZE];
    ref.target = text + ref.end;
    while (ref.end < n && is_target_char(text[ref.end]))
        ref.end++;
    ref.len = ref.end - at - PREFIX_LEN;
    int r = read_target(ref.target, ref.len, kind, NULL, e);
    if (!r && take_opening(text, from, &ref) && !take_closing(text, n, &ref))
        r = err_set(e, ERR_INVALID_ARGUMENT, "\"{{\" before it, but no \"}}\" behind it");
    if (r)
        return err_wrap(e, r, "line %zu: reference %s", line_of(text, at),
                        quote(quoted, text + at, ref.len + PREFIX_LEN));
    *out = ref;
    return 0;
}

int reference_next(const char *text, size_t n, size_t from, enum reference_kind kind,
                   struct reference *out, struct err *e)
{
    for (size_t at = from; at < n;) {
        const char *hit = memmem(text + at, n - at, REFERENCE_PREFIX, PREFIX_LEN);
        if (!hit)
            return ERR_NOT_FOUND;
        at = (size_t)(hit - text);
        if (!is_within_word(text, at))
            return read_at(text, n, from, at, kind, out, e);
        at += PREFIX_LEN;
    }
    return ERR_NOT_FOUND;
}
