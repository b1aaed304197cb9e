/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/fields.h"
#include "cli/template_private.h"

/* The longest text that pad may make. */
#define PAD_MAX 1024

static int wrong(struct err *e, const char *what)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "%s", what);
}

static int give(json_t *value, json_t **out, struct err *e)
{
    if (!value)
        return err_no_memory(e);
    *out = value;
    return 0;
}

static int give_buf(const struct buf *text, json_t **out, struct err *e)
{
    return give(json_stringn_nocheck(buf_str(text), text->len), out, e);
}

/* ---- text ---- */

/* A copy without the hidden members, whose names begin with a dot. */
static json_t *visible(json_t *value)
{
    json_t *copy = json_is_object(value) ? json_copy(value) : json_incref(value);
    const char *key;
    json_t *member;
    void *next;
    if (json_is_object(copy))
        json_object_foreach_safe(copy, next, key, member) if (key[0] == '.')
            json_object_del(copy, key);
    return copy;
}

static int call_json(json_t **args, size_t n, json_t **out, struct err *e)
{
    cleanup_json json_t *value = visible(args[0]);
    cleanup_buf struct buf text = BUF_INIT;
    if (!value || json_write(value, &text))
        return err_no_memory(e);
    return give_buf(&text, out, e);
}

/* Changes the letters of a text: up, down, or up at the beginning of words. */
static int change_case(const json_t *value, char how, json_t **out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    if (template_print(value, &text))
        return err_no_memory(e);
    bool word = true;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool up = how == 'U' || (how == 'T' && word);
        if (c < 0x80 && (up || how == 'l'))
            text.data[i] = (char)(up ? toupper(c) : tolower(c));
        word = !isalnum(c) && c < 0x80;
    }
    return give_buf(&text, out, e);
}

static int call_upper(json_t **args, size_t n, json_t **out, struct err *e)
{
    return change_case(args[0], 'U', out, e);
}

static int call_lower(json_t **args, size_t n, json_t **out, struct err *e)
{
    return change_case(args[0], 'l', out, e);
}

static int call_title(json_t **args, size_t n, json_t **out, struct err *e)
{
    return change_case(args[0], 'T', out, e);
}

static int call_join(json_t **args, size_t n, json_t **out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    const char *between = json_string_value(args[1]);
    if (!between || (!json_is_array(args[0]) && !json_is_null(args[0])))
        return wrong(e, "join wants a list and a text");
    int r = 0;
    for (size_t i = 0; i < json_array_size(args[0]) && !r; i++) {
        if (i > 0)
            r = buf_append_str(&text, between);
        if (!r)
            r = template_print(json_array_get(args[0], i), &text);
    }
    return r ? err_no_memory(e) : give_buf(&text, out, e);
}

static int call_split(json_t **args, size_t n, json_t **out, struct err *e)
{
    const char *s = json_string_value(args[0]), *between = json_string_value(args[1]);
    if (!s || !between || !*between)
        return wrong(e, "split wants a text and what is between its parts");
    cleanup_json json_t *parts = json_array();
    for (;;) {
        const char *at = strstr(s, between);
        size_t len = at ? (size_t)(at - s) : strlen(s);
        if (json_array_append_new(parts, json_stringn_nocheck(s, len)))
            return err_no_memory(e);
        if (!at)
            return give(TAKE(parts), out, e);
        s = at + strlen(between);
    }
}

static int call_truncate(json_t **args, size_t n, json_t **out, struct err *e)
{
    const char *s = json_string_value(args[0]);
    json_int_t most = json_integer_value(args[1]);
    if (!s || !json_is_integer(args[1]) || most < 0)
        return wrong(e, "truncate wants a text and a length");
    return give(json_stringn_nocheck(s, strnlen(s, (size_t)most)), out, e);
}

static int call_pad(json_t **args, size_t n, json_t **out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    const char *s = json_string_value(args[0]);
    json_int_t before = json_integer_value(args[1]), after = json_integer_value(args[2]);
    if (!s || before < 0 || after < 0 || before > PAD_MAX || after > PAD_MAX)
        return wrong(e, "pad wants a text and two small numbers");
    if (!*s)
        return give(json_string(""), out, e);
    if (buf_printf(&text, "%*s%s%*s", (int)before, "", s, (int)after, ""))
        return err_no_memory(e);
    return give_buf(&text, out, e);
}

/* ---- ours: the pretty forms of what the API has as bare numbers and texts ---- */

static int call_time(json_t **args, size_t n, json_t **out, struct err *e)
{
    char day[16], rest[32];
    const char *s = json_string_value(args[0]);
    if (!s || sscanf(s, "%10[0-9-]T%30[0-9:.]Z", day, rest) != 2)
        return give(json_string(s ? s : ""), out, e);
    return give(json_sprintf("%s %s +0000 utc", day, rest), out, e);
}

static int call_duration(json_t **args, size_t n, json_t **out, struct err *e)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_duration(json_integer_value(args[0]), text);
    return give(json_string(text), out, e);
}

static int call_size(json_t **args, size_t n, json_t **out, struct err *e)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double size = json_number_value(args[0]);
    size_t unit = 0;
    for (; size >= 1024 && unit + 1 < ARRAY_SIZE(units); unit++)
        size /= 1024;
    return give(json_sprintf("%.4g%s", size, units[unit]), out, e);
}

static int call_cpus(json_t **args, size_t n, json_t **out, struct err *e)
{
    return give(json_sprintf("%.9g", json_number_value(args[0]) / 1e9), out, e);
}

static int call_base64(json_t **args, size_t n, json_t **out, struct err *e)
{
    const char *s = json_string_value(args[0]);
    cleanup_wipe_free uint8_t *bytes = NULL;
    size_t len = 0;
    int r = s ? base64_decode(s, strlen(s), &bytes, &len, e) : 0;
    return r ? r : give(json_stringn_nocheck(bytes ? (char *)bytes : "", len), out, e);
}

/* ---- printing ---- */

/* Go's Print puts a blank between two arguments that are no texts, Println always. */
static int print_all(json_t **args, size_t n, bool line, json_t **out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        bool texts = i > 0 && (json_is_string(args[i - 1]) || json_is_string(args[i]));
        if (i > 0 && (line || !texts))
            r = buf_append_char(&text, ' ');
        if (!r)
            r = template_print(args[i], &text);
    }
    if (!r && line)
        r = buf_append_char(&text, '\n');
    return r ? err_no_memory(e) : give_buf(&text, out, e);
}

static int call_print(json_t **args, size_t n, json_t **out, struct err *e)
{
    return print_all(args, n, false, out, e);
}

static int call_println(json_t **args, size_t n, json_t **out, struct err *e)
{
    return print_all(args, n, true, out, e);
}

static int call_printf(json_t **args, size_t n, json_t **out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    if (!json_is_string(args[0]))
        return wrong(e, "printf wants a format");
    int r = template_printf(json_string_value(args[0]), args + 1, n - 1, &text, e);
    return r ? r : give_buf(&text, out, e);
}

/* ---- collections ---- */

static int index_once(json_t *from, const json_t *key, json_t **out, struct err *e)
{
    json_t *found = NULL;
    if (json_is_object(from) && json_is_string(key)) {
        found = json_object_get(from, json_string_value(key));
    } else if (json_is_array(from) && json_is_integer(key)) {
        json_int_t i = json_integer_value(key);
        if (i < 0 || (size_t)i >= json_array_size(from))
            return wrong(e, "error calling index: index out of range");
        found = json_array_get(from, (size_t)i);
    } else if (!json_is_null(from)) {
        return wrong(e, "error calling index: can't index this with that");
    }
    *out = found ? found : json_null();
    return 0;
}

static int call_index(json_t **args, size_t n, json_t **out, struct err *e)
{
    json_t *at = args[0];
    for (size_t i = 1; i < n; i++) {
        int r = index_once(at, args[i], &at, e);
        if (r)
            return r;
    }
    *out = json_incref(at);
    return 0;
}

static int call_len(json_t **args, size_t n, json_t **out, struct err *e)
{
    size_t len = 0;
    if (json_is_string(args[0]))
        len = json_string_length(args[0]);
    else if (json_is_array(args[0]))
        len = json_array_size(args[0]);
    else if (json_is_object(args[0]))
        len = json_object_size(args[0]);
    else if (!json_is_null(args[0]))
        return wrong(e, "error calling len: this has no length");
    return give(json_integer((json_int_t)len), out, e);
}

/* ---- logic ---- */

static int compare(const json_t *a, const json_t *b, int *order, struct err *e)
{
    if (json_is_string(a) && json_is_string(b)) {
        *order = strcmp(json_string_value(a), json_string_value(b));
        return 0;
    }
    if (json_is_number(a) && json_is_number(b)) {
        double x = json_number_value(a), y = json_number_value(b);
        *order = x < y ? -1 : x > y;
        return 0;
    }
    return wrong(e, "incompatible types for comparison");
}

static int call_eq(json_t **args, size_t n, json_t **out, struct err *e)
{
    bool equal = false;
    for (size_t i = 1; i < n; i++)
        equal = equal || json_equal(args[0], args[i]);
    return give(json_boolean(equal), out, e);
}

static int call_ne(json_t **args, size_t n, json_t **out, struct err *e)
{
    return give(json_boolean(!json_equal(args[0], args[1])), out, e);
}

static int call_lt(json_t **args, size_t n, json_t **out, struct err *e)
{
    int order = 0;
    int r = compare(args[0], args[1], &order, e);
    return r ? r : give(json_boolean(order < 0), out, e);
}

static int call_le(json_t **args, size_t n, json_t **out, struct err *e)
{
    int order = 0;
    int r = compare(args[0], args[1], &order, e);
    return r ? r : give(json_boolean(order <= 0), out, e);
}

static int call_gt(json_t **args, size_t n, json_t **out, struct err *e)
{
    int order = 0;
    int r = compare(args[0], args[1], &order, e);
    return r ? r : give(json_boolean(order > 0), out, e);
}

static int call_ge(json_t **args, size_t n, json_t **out, struct err *e)
{
    int order = 0;
    int r = compare(args[0], args[1], &order, e);
    return r ? r : give(json_boolean(order >= 0), out, e);
}

static int call_and(json_t **args, size_t n, json_t **out, struct err *e)
{
    size_t i = 0;
    while (i + 1 < n && template_is_true(args[i]))
        i++;
    *out = json_incref(args[i]);
    return 0;
}

static int call_or(json_t **args, size_t n, json_t **out, struct err *e)
{
    size_t i = 0;
    while (i + 1 < n && !template_is_true(args[i]))
        i++;
    *out = json_incref(args[i]);
    return 0;
}

static int call_not(json_t **args, size_t n, json_t **out, struct err *e)
{
    return give(json_boolean(!template_is_true(args[0])), out, e);
}

static const struct template_function functions[] = {
    {"base64", 1, 1, call_base64},
    {"cpus", 1, 1, call_cpus},
    {"duration", 1, 1, call_duration},
    {"size", 1, 1, call_size},
    {"time", 1, 1, call_time},
    {"and", 1, -1, call_and},
    {"eq", 2, -1, call_eq},
    {"ge", 2, 2, call_ge},
    {"gt", 2, 2, call_gt},
    {"index", 1, -1, call_index},
    {"join", 2, 2, call_join},
    {"json", 1, 1, call_json},
    {"le", 2, 2, call_le},
    {"len", 1, 1, call_len},
    {"lower", 1, 1, call_lower},
    {"lt", 2, 2, call_lt},
    {"ne", 2, 2, call_ne},
    {"not", 1, 1, call_not},
    {"or", 1, -1, call_or},
    {"pad", 3, 3, call_pad},
    {"print", 0, -1, call_print},
    {"printf", 1, -1, call_printf},
    {"println", 0, -1, call_println},
    {"split", 2, 2, call_split},
    {"title", 1, 1, call_title},
    {"truncate", 2, 2, call_truncate},
    {"upper", 1, 1, call_upper},
};

const struct template_function *template_function_find(const char *name, size_t n)
{
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
        if (strlen(functions[i].name) == n && memcmp(functions[i].name, name, n) == 0)
            return &functions[i];
    return NULL;
}
