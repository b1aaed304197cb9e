/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes n characters of s in front of *to, ends them with a NUL and moves *to behind.
 * What comes out is never longer than what went in. */
static int decode(char **to, const char *s, size_t n, bool plus_is_space, struct err *e)
{
    char *out = *to;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '+' && plus_is_space)
            c = ' ';
        if (c == '%') {
            bool whole = n - i > 2;
            int high = whole ? hex_digit(s[i + 1]) : -1;
            int low = whole ? hex_digit(s[i + 2]) : -1;
            if (high < 0 || low < 0)
                return err_set(e, ERR_INVALID_ARGUMENT, "bad escape in the URL");
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (!c)
            return err_set(e, ERR_INVALID_ARGUMENT, "NUL in the URL");
        *out++ = c;
    }
    *out++ = '\0';
    *to = out;
    return 0;
}

static int decode_param(struct http_url *url, char **to, const char *s, size_t n,
                        struct err *e)
{
    if (url->n_params == HTTP_PARAMS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d parameters in the URL",
                       HTTP_PARAMS_MAX);
    const char *equals = memchr(s, '=', n);
    size_t key_len = equals ? (size_t)(equals - s) : n;
    struct http_param *p = &url->params[url->n_params];
    p->key = *to;
    int r = decode(to, s, key_len, true, e);
    if (r)
        return r;
    p->value = *to;
    r = equals ? decode(to, equals + 1, n - key_len - 1, true, e)
               : decode(to, "", 0, true, e);
    if (r)
        return r;
    url->n_params++;
    return 0;
}

static int decode_query(struct http_url *url, char **to, const char *query, struct err *e)
{
    while (*query && *query != '#') {
        size_t n = strcspn(query, "&#");
        if (n) {
            int r = decode_param(url, to, query, n, e);
            if (r)
                return r;
        }
        query += n;
        if (*query == '&')
            query++;
    }
    return 0;
}

/* "http://host/path" is a target too. */
static const char *skip_origin(const char *target)
{
    static const char scheme[] = "http://";
    if (strncasecmp(target, scheme, sizeof(scheme) - 1) != 0)
        return target;
    target += sizeof(scheme) - 1;
    target += strcspn(target, "/?#");
    return *target == '/' ? target : "/";
}

int http_url_parse(struct http_url *url, const char *target, struct err *e)
{
    buf_reset(&url->text);
    url->n_params = 0;
    url->path = "";
    target = skip_origin(target);
    if (*target != '/' && !str_equal(target, "*"))
        return err_set(e, ERR_INVALID_ARGUMENT, "the URL has no path");
    size_t total = strcspn(target, "#");
    /* Each parameter adds two NULs, of which '=' and '&' may not be there. */
    if (buf_reserve(&url->text, total + 2 * HTTP_PARAMS_MAX + 2))
        return err_no_memory(e);
    char *to = url->text.data;
    size_t n = strcspn(target, "?#");
    url->path = to;
    int r = decode(&to, target, n, false, e);
    if (!r && target[n] == '?')
        r = decode_query(url, &to, target + n + 1, e);
    url->text.len = (size_t)(to - url->text.data);
    *to = '\0';
    return r;
}

void http_url_deinit(struct http_url *url)
{
    buf_deinit(&url->text);
    url->n_params = 0;
}

const char *http_query_get(const struct http_url *url, const char *key)
{
    for (size_t i = 0; i < url->n_params; i++)
        if (str_equal(url->params[i].key, key))
            return url->params[i].value;
    return NULL;
}

bool http_query_bool(const struct http_url *url, const char *key)
{
    static const char *const off[] = {"", "0", "no", "false", "none"};
    const char *value = http_query_get(url, key);
    if (!value)
        return false;
    value += strspn(value, " \t");
    size_t n = strlen(value);
    while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        n--;
    for (size_t i = 0; i < ARRAY_SIZE(off); i++)
        if (n == strlen(off[i]) && strncasecmp(value, off[i], n) == 0)
            return false;
    return true;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || c == '.' || c == '~';
}

int http_url_escape(struct buf *out, const char *s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
        int r =
            is_unreserved(*s) ? buf_append_char(out, *s) : buf_append(out, escaped, 3);
        if (r)
            return r;
    }
    return 0;
}
