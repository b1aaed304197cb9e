/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <string.h>

#include "base/mem.h"

void json_setup(void)
{
    json_set_alloc_funcs(malloc, mem_wipe_free);
}

void json_cleanup(json_t **j)
{
    json_decref(*j);
}

/* jansson passes over a failure to write an object's key and goes on, so that the first
 * failure is kept here. */
struct writing {
    struct buf *out;
    bool has_failed;
};

static int append(const char *data, size_t n, void *user)
{
    struct writing *w = user;
    w->has_failed = w->has_failed || buf_append(w->out, data, n);
    return w->has_failed ? -1 : 0;
}

int json_write_style(const json_t *j, const struct json_style *style, struct buf *out)
{
    struct writing w = {.out = out};
    size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(style->digits);
    flags |= style->indent ? JSON_INDENT(style->indent) : JSON_COMPACT;
    flags |= style->sorts_keys ? JSON_SORT_KEYS : 0;
    int r = json_dump_callback(j, append, &w, flags);
    return r || w.has_failed ? ERR_NO_MEMORY : 0;
}

int json_write(const json_t *j, struct buf *out)
{
    static const struct json_style compact;
    return json_write_style(j, &compact, out);
}

size_t json_utf8_length(const uint8_t *s, size_t n)
{
    size_t len = s[0] < 0x80   ? 1
                 : s[0] < 0xc2 ? 0
                 : s[0] < 0xe0 ? 2
                 : s[0] < 0xf0 ? 3
                               : 4;
    if (len == 0 || s[0] > 0xf4 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool is_overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool is_surrogate = s[0] == 0xed && s[1] > 0x9f;
    bool is_too_big = s[0] == 0xf4 && s[1] > 0x8f;
    return is_overlong || is_surrogate || is_too_big ? 0 : len;
}

bool json_is_text(const char *s)
{
    const uint8_t *at = (const uint8_t *)s;
    for (size_t left = strlen(s), n; left; at += n, left -= n) {
        n = json_utf8_length(at, left);
        if (!n)
            return false;
    }
    return true;
}

int json_get_text(const json_t *o, const char *key, const char **out, struct err *e)
{
    const json_t *member = json_object_get(o, key);
    if (!json_is_string(member))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: must be a string", key);
    *out = json_string_value(member);
    return 0;
}

int json_get_bool(const json_t *o, const char *key, bool *out, struct err *e)
{
    const json_t *member = json_object_get(o, key);
    if (!json_is_boolean(member))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: must be true or false", key);
    *out = json_is_true(member);
    return 0;
}

int json_get_int(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *out,
                 struct err *e)
{
    const json_t *member = json_object_get(o, key);
    int64_t value = json_integer_value(member);
    if (!json_is_integer(member) || value < min || value > max)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s: must be a whole number from %lld to %lld", key,
                       (long long)min, (long long)max);
    *out = value;
    return 0;
}
