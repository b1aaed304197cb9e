/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a text to a tree. The text has passed the check (syntax.c), so that only what is
 * JSON but not for us is left to be refused.
 */
#include <errno.h>
#include <math.h>

#include "base/mem.h"
#include "json/syntax.h"

struct reader {
    const char *at, *end;
    bool mends;
    struct err *e;
};

static int read_value(struct reader *c, json_t **out);

static void skip_space(struct reader *c)
{
    while (c->at < c->end &&
           (*c->at == ' ' || *c->at == '\t' || *c->at == '\r' || *c->at == '\n'))
        c->at++;
}

static int keep(int r, struct err *e)
{
    return r ? err_no_memory(e) : 0;
}

/* ---- strings ---- */

static uint32_t read_hex(struct reader *c)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++, c->at++) {
        char at = *c->at;
        uint32_t digit =
            at <= '9' ? (uint32_t)(at - '0') : (uint32_t)(at | 32) - 'a' + 10;
        value = value << 4 | digit;
    }
    return value;
}

static int append_character(struct buf *out, uint32_t c)
{
    char text[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        text[i] = (char)(0x80 | (c & 0x3f));
    text[0] = (char)(first[n] | c);
    return buf_append(out, text, n);
}

/* The other half of a pair, when it follows; else nothing is read. */
static uint32_t read_low_half(struct reader *c, uint32_t high)
{
    const char *before = c->at;
    if (c->at[0] != '\\' || c->at[1] != 'u')
        return high;
    c->at += 2;
    uint32_t low = read_hex(c);
    if (low >= 0xdc00 && low < 0xe000)
        return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    c->at = before;
    return high;
}

/* \uXXXX, of which the \u was read; two of them for what lies beyond 16 bits. */
static int read_code(struct reader *c, struct buf *out)
{
    uint32_t code = read_hex(c);
    if (code >= 0xd800 && code < 0xdc00)
        code = read_low_half(c, code);
    bool is_half = code >= 0xd800 && code < 0xe000;
    if (c->mends && (code == 0 || is_half))
        code = 0xfffd;
    else if (code == 0)
        return err_set(c->e, ERR_INVALID_ARGUMENT, "a string contains a NUL character");
    else if (is_half)
        return err_set(c->e, ERR_INVALID_ARGUMENT, "a string has half a surrogate pair");
    return keep(append_character(out, code), c->e);
}

static int read_escape(struct reader *c, struct buf *out)
{
    char kind = *c->at++;
    switch (kind) {
    case 'u':
        return read_code(c, out);
    case 'b':
        kind = '\b';
        break;
    case 'f':
        kind = '\f';
        break;
    case 'n':
        kind = '\n';
        break;
    case 'r':
        kind = '\r';
        break;
    case 't':
        kind = '\t';
        break;
    default: /* itself */
        break;
    }
    return keep(buf_append_char(out, kind), c->e);
}

/* What stands between two escapes. */
static int read_plain(struct reader *c, struct buf *out)
{
    const char *start = c->at;
    while (*c->at != '"' && *c->at != '\\') {
        size_t n = json_utf8_length((const uint8_t *)c->at, (size_t)(c->end - c->at));
        if (n == 0)
            return err_set(c->e, ERR_INVALID_ARGUMENT, "a string is not valid UTF-8");
        c->at += n;
    }
    return keep(buf_append(out, start, (size_t)(c->at - start)), c->e);
}

/* A string whose opening quote is at hand. */
static int read_string(struct reader *c, struct buf *out)
{
    c->at++;
    for (;;) {
        int r = read_plain(c, out);
        if (r)
            return r;
        if (*c->at++ == '"')
            return 0;
        r = read_escape(c, out);
        if (r)
            return r;
    }
}

/* ---- values: each makes one, which is the caller's ---- */

static int made(struct reader *c, json_t *j, json_t **out)
{
    if (!j)
        return err_no_memory(c->e);
    *out = j;
    return 0;
}

static int read_text(struct reader *c, json_t **out)
{
    cleanup_buf struct buf text = BUF_INIT;
    int r = read_string(c, &text);
    return r ? r : made(c, json_stringn_nocheck(buf_str(&text), text.len), out);
}

static bool is_of_number(char at)
{
    return (at >= '0' && at <= '9') || at == '-' || at == '+' || at == '.' || at == 'e' ||
           at == 'E';
}

static int read_number(struct reader *c, json_t **out)
{
    cleanup_buf struct buf text = BUF_INIT;
    const char *start = c->at;
    while (c->at < c->end && is_of_number(*c->at))
        c->at++;
    if (buf_append(&text, start, (size_t)(c->at - start)))
        return err_no_memory(c->e);
    bool is_whole = !strpbrk(buf_str(&text), ".eE");
    errno = 0;
    long long whole = is_whole ? strtoll(buf_str(&text), NULL, 10) : 0;
    double real = is_whole ? 0 : strtod(buf_str(&text), NULL);
    if ((is_whole && errno == ERANGE) || isinf(real))
        return err_set(c->e, ERR_INVALID_ARGUMENT, "a number is too big");
    return made(c, is_whole ? json_integer(whole) : json_real(real), out);
}

static int read_word(struct reader *c, json_t **out)
{
    char first = *c->at;
    c->at += first == 'f' ? 5 : 4;
    return made(c,
                first == 't'   ? json_true()
                : first == 'f' ? json_false()
                               : json_null(),
                out);
}

static int read_element(struct reader *c, json_t *array)
{
    json_t *value = NULL;
    int r = read_value(c, &value);
    return r ? r : keep(json_array_append_new(array, value), c->e);
}

static int read_pair(struct reader *c, json_t *object)
{
    cleanup_buf struct buf key = BUF_INIT;
    json_t *value = NULL;
    skip_space(c);
    int r = read_string(c, &key);
    if (r)
        return r;
    skip_space(c);
    c->at++; /* the colon */
    r = read_value(c, &value);
    return r ? r : keep(json_object_set_new_nocheck(object, buf_str(&key), value), c->e);
}

static int read_items(struct reader *c, json_t *owner, char end,
                      int (*item)(struct reader *c, json_t *owner))
{
    c->at++;
    skip_space(c);
    while (*c->at != end) {
        int r = item(c, owner);
        if (r)
            return r;
        skip_space(c);
        c->at += *c->at == ',';
    }
    c->at++;
    return 0;
}

static int read_nested(struct reader *c, json_t **out)
{
    bool is_object = *c->at == '{';
    cleanup_json json_t *j = is_object ? json_object() : json_array();
    if (!j)
        return err_no_memory(c->e);
    int r = is_object ? read_items(c, j, '}', read_pair)
                      : read_items(c, j, ']', read_element);
    if (!r)
        *out = TAKE(j);
    return r;
}

static int read_value(struct reader *c, json_t **out)
{
    skip_space(c);
    switch (*c->at) {
    case '{':
    case '[':
        return read_nested(c, out);
    case '"':
        return read_text(c, out);
    case 't':
    case 'f':
    case 'n':
        return read_word(c, out);
    default:
        return read_number(c, out);
    }
}

int json_read(const void *text, size_t n, const struct json_limits *l, json_t **out,
              struct err *e)
{
    const char *s = text;
    size_t start, end;
    if (n > l->bytes)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "longer than %zu bytes", l->bytes);
    start = end = json_skip_space(s, n, 0);
    if (start == n)
        return err_set(e, ERR_INVALID_ARGUMENT, "EOF");
    int r = json_check(s, n, &end, l, e);
    if (!r)
        r = json_check_end(s, n, end, e);
    struct reader c = {
        .at = s + start, .end = s + end, .mends = l->mends_strings, .e = e};
    return r ? r : read_value(&c, out);
}
