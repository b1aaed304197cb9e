/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/fields.h"
#include "cli/template_private.h"

/* The widest field of printf. */
#define WIDTH_MAX 1024

bool template_is_true(const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_NULL:
    case JSON_FALSE:
        return false;
    case JSON_TRUE:
        return true;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_INTEGER:
        return json_integer_value(value) != 0;
    case JSON_REAL:
        return json_real_value(value) < 0 || json_real_value(value) > 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_OBJECT:
        return json_object_size(value) > 0;
    }
    return false;
}

static int print_array(const json_t *array, struct buf *out)
{
    int r = buf_append_char(out, '[');
    for (size_t i = 0; i < json_array_size(array) && !r; i++) {
        if (i > 0)
            r = buf_append_char(out, ' ');
        if (!r)
            r = template_print(json_array_get(array, i), out);
    }
    return r ? r : buf_append_char(out, ']');
}

static int print_object(const json_t *object, struct buf *out)
{
    size_t n;
    const char **keys = field_sorted_keys(object, &n);
    int r = n && !keys ? ERR_NO_MEMORY : buf_append_str(out, "map[");
    for (size_t i = 0; i < n && !r; i++) {
        r = buf_printf(out, "%s%s:", i > 0 ? " " : "", keys[i]);
        if (!r)
            r = template_print(json_object_get(object, keys[i]), out);
    }
    free(keys);
    return r ? r : buf_append_char(out, ']');
}

int template_print(const json_t *value, struct buf *out)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_NULL:
        return buf_append_str(out, "<no value>");
    case JSON_TRUE:
    case JSON_FALSE:
        return buf_append_str(out, json_is_true(value) ? "true" : "false");
    case JSON_STRING:
        return buf_append(out, json_string_value(value), json_string_length(value));
    case JSON_INTEGER:
        return buf_printf(out, "%lld", (long long)json_integer_value(value));
    case JSON_REAL:
        return buf_printf(out, "%g", json_real_value(value));
    case JSON_ARRAY:
        return print_array(value, out);
    case JSON_OBJECT:
        return print_object(value, out);
    }
    return 0;
}

/* ---- printf ---- */

/* "%-10.3d" */
struct verb {
    bool left, zero;
    int width, precision; /* precision -1: none */
    char letter;
};

static int read_number(const char **p)
{
    int n = 0;
    for (; isdigit((unsigned char)**p); ++*p)
        n = n * 10 + (**p - '0') > WIDTH_MAX ? WIDTH_MAX : n * 10 + (**p - '0');
    return n;
}

static struct verb read_verb(const char **p)
{
    struct verb v = {.precision = -1};
    for (; **p && strchr("-+# 0", **p); ++*p) {
        v.left |= **p == '-';
        v.zero |= **p == '0';
    }
    v.width = read_number(p);
    if (**p == '.') {
        ++*p;
        v.precision = read_number(p);
    }
    v.letter = **p;
    *p += v.letter != '\0';
    return v;
}

static int format_value(const struct verb *v, const json_t *value, struct buf *out)
{
    bool number = json_is_integer(value);
    if (v->letter == 'd' && number)
        return template_print(value, out);
    if (v->letter == 'x' && number)
        return buf_printf(out, "%llx", (long long)json_integer_value(value));
    if (v->letter == 'o' && number)
        return buf_printf(out, "%llo", (long long)json_integer_value(value));
    if (v->letter == 'f' && json_is_number(value))
        return buf_printf(out, "%.*f", v->precision < 0 ? 6 : v->precision,
                          json_number_value(value));
    if (v->letter == 'q')
        return json_write(value, out);
    if (v->letter == 's' || v->letter == 'v' || v->letter == 't' || v->letter == 'g')
        return template_print(value, out);
    int r = buf_printf(out, "%%!%c(", v->letter);
    if (!r)
        r = template_print(value, out);
    return r ? r : buf_append_char(out, ')');
}

static int append_padded(const struct verb *v, const struct buf *text, struct buf *out)
{
    size_t n = text->len;
    if (v->letter == 's' && v->precision >= 0 && (size_t)v->precision < n)
        n = (size_t)v->precision;
    size_t blanks = (size_t)v->width > n ? (size_t)v->width - n : 0;
    int r = 0;
    for (size_t i = 0; i < blanks && !v->left && !r; i++)
        r = buf_append_char(out, v->zero ? '0' : ' ');
    if (!r && n)
        r = buf_append(out, text->data, n);
    for (size_t i = 0; i < blanks && v->left && !r; i++)
        r = buf_append_char(out, ' ');
    return r;
}

int template_printf(const char *fmt, json_t **args, size_t n, struct buf *out,
                    struct err *e)
{
    size_t used = 0;
    int r = 0;
    for (const char *p = fmt; *p && !r;) {
        if (*p != '%') {
            r = buf_append_char(out, *p++);
            continue;
        }
        p++;
        struct verb v = read_verb(&p);
        if (v.letter == '%') {
            r = buf_append_char(out, '%');
        } else if (!v.letter || used == n) {
            return err_set(e, ERR_INVALID_ARGUMENT, "printf wants more arguments");
        } else {
            cleanup_buf struct buf text = BUF_INIT;
            r = format_value(&v, args[used++], &text);
            if (!r)
                r = append_padded(&v, &text, out);
        }
    }
    return r ? err_no_memory(e) : 0;
}
