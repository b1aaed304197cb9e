/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/env_file.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* A file that is being read. */
struct reader {
    const char *at, *end;
    size_t line;
    struct environment *into;
};

static int refuse(const struct reader *r, struct err *e, const char *why)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "line %zu: %s", r->line, why);
}

/* ---- bytes ---- */

static bool is_end(const struct reader *r)
{
    return r->at == r->end;
}

/* NUL at the end: the file itself has none. */
static char peek(const struct reader *r)
{
    return is_end(r) ? '\0' : *r->at;
}

static char next(struct reader *r)
{
    char c = *r->at++;
    r->line += c == '\n';
    return c;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct reader *r)
{
    while (is_blank(peek(r)))
        r->at++;
}

static void skip_line(struct reader *r)
{
    while (!is_end(r) && next(r) != '\n')
        ;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- names ---- */

/* How many bytes at s (up to end) name a variable, as "$NAME" does. */
static size_t name_length(const char *s, const char *end)
{
    size_t n = 0;
    while (s + n < end && (is_letter(s[n]) || (n && is_digit(s[n]))))
        n++;
    return n;
}

/* What stands before '=' may have dots and dashes besides. */
static size_t key_length(const struct reader *r)
{
    const char *s = r->at;
    while (s < r->end && (is_letter(*s) || is_digit(*s) || *s == '.' || *s == '-'))
        s++;
    return (size_t)(s - r->at);
}

static int read_key(struct reader *r, char **out, struct err *e)
{
    size_t n = key_length(r);
    if (n == strlen("export") && memcmp(r->at, "export", n) == 0 && r->at + n < r->end &&
        is_blank(r->at[n])) {
        r->at += n;
        skip_blanks(r);
        n = key_length(r);
    }
    if (n == 0)
        return refuse(r, e, "no name of a variable");
    cleanup_free char *key = mem_dup(r->at, n);
    if (!key)
        return err_no_memory(e);
    r->at += n;
    skip_blanks(r);
    if (peek(r) != '=')
        return refuse(r, e, "no '=' behind the name");
    r->at++;
    *out = TAKE(key);
    return 0;
}

/* ---- values ---- */

static int add(struct buf *value, const char *s, size_t n, struct err *e)
{
    if (value->len + n > ENV_FILE_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "a value is larger than %d bytes",
                       ENV_FILE_MAX);
    return buf_append(value, s, n) ? err_no_memory(e) : 0;
}

static int add_variable(struct reader *r, const char *name, size_t n, struct buf *value,
                        struct err *e)
{
    cleanup_free char *copy = mem_dup(name, n);
    if (!copy)
        return err_no_memory(e);
    const char *text = environment_get(r->into, copy);
    return text ? add(value, text, strlen(text), e) : 0;
}

/* Behind a '$'. */
static int read_variable(struct reader *r, struct buf *value, struct err *e)
{
    bool braced = peek(r) == '{';
    const char *name = r->at + braced;
    size_t n = name_length(name, r->end);
    if (!braced && n == 0)
        return add(value, "$", 1, e);
    if (braced && (n == 0 || name + n == r->end || name[n] != '}'))
        return refuse(r, e, "only a name may stand in ${}");
    r->at = name + n + braced;
    return add_variable(r, name, n, value, e);
}

static int read_single(struct reader *r, struct buf *value, struct err *e)
{
    const char *start = r->at;
    const char *quote = memchr(start, '\'', (size_t)(r->end - start));
    if (!quote)
        return refuse(r, e, "a ' that isn't closed");
    while (r->at <= quote)
        next(r);
    return add(value, start, (size_t)(quote - start), e);
}

/* Behind a backslash in double quotes; what is no escape keeps it. */
static int read_escape(struct reader *r, struct buf *value, struct err *e)
{
    static const char letters[] = "nrt\\\"$", meanings[] = "\n\r\t\\\"$";
    const char *known = is_end(r) ? NULL : memchr(letters, *r->at, sizeof(letters) - 1);
    if (!known)
        return add(value, "\\", 1, e);
    r->at++;
    return add(value, &meanings[known - letters], 1, e);
}

static int read_double(struct reader *r, struct buf *value, struct err *e)
{
    int status = 0;
    size_t line = r->line;
    while (!status) {
        if (is_end(r)) {
            r->line = line;
            return refuse(r, e, "a \" that isn't closed");
        }
        char c = next(r);
        if (c == '"')
            return 0;
        if (c == '\\')
            status = read_escape(r, value, e);
        else if (c == '$')
            status = read_variable(r, value, e);
        else
            status = add(value, &c, 1, e);
    }
    return status;
}

/* Only blanks and a comment may stand behind a quote. */
static int end_quoted(struct reader *r, struct err *e)
{
    skip_blanks(r);
    char c = peek(r);
    if (!is_end(r) && c != '\n' && c != '#')
        return refuse(r, e, "there is more behind the closing quote");
    return 0;
}

static int read_bare(struct reader *r, struct buf *value, struct err *e)
{
    int status = 0;
    size_t blanks = 0; /* at the end of what was read so far */
    bool after_blank = true;
    while (!status && !is_end(r) && *r->at != '\n' && !(*r->at == '#' && after_blank)) {
        char c = *r->at++;
        size_t before = value->len;
        if (c == '$')
            status = read_variable(r, value, e);
        else if (c == '\\' && peek(r) == '$')
            status = add(value, r->at++, 1, e);
        else
            status = add(value, &c, 1, e);
        after_blank = is_blank(c);
        if (after_blank)
            blanks++;
        else if (value->len > before)
            blanks = 0;
    }
    if (!status && blanks) {
        value->len -= blanks;
        value->data[value->len] = '\0';
    }
    return status;
}

static int read_value(struct reader *r, struct buf *value, struct err *e)
{
    skip_blanks(r);
    char quote = peek(r);
    if (quote != '\'' && quote != '"')
        return read_bare(r, value, e);
    r->at++;
    int status = quote == '"' ? read_double(r, value, e) : read_single(r, value, e);
    return status ? status : end_quoted(r, e);
}

/* ---- the file ---- */

static int read_assignment(struct reader *r, struct err *e)
{
    cleanup_free char *key = NULL;
    cleanup_buf struct buf value = BUF_INIT;
    int status = read_key(r, &key, e);
    if (!status)
        status = read_value(r, &value, e);
    if (!status)
        status = environment_set(r->into, key, value.data, value.len, e);
    return status;
}

static void skip_mark(struct reader *r)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (r->end - r->at >= 3 && memcmp(r->at, mark, 3) == 0)
        r->at += 3;
}

int env_file_parse(const char *text, size_t n, struct environment *into, struct err *e)
{
    struct reader r = {.at = text, .end = text + n, .line = 1, .into = into};
    int status = 0;
    if (n && memchr(text, '\0', n))
        return err_set(e, ERR_INVALID_ARGUMENT, "it has a NUL byte: no text");
    if (n)
        skip_mark(&r);
    while (!status && !is_end(&r)) {
        skip_blanks(&r);
        char c = peek(&r);
        if (!is_end(&r) && c != '\n' && c != '#')
            status = read_assignment(&r, e);
        if (!status)
            skip_line(&r);
    }
    return status;
}
