/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "api/json.h"
#include "base/base64.h"
#include "base/clock.h"

static void put(struct api_json_out *w, const void *data, size_t n)
{
    if (!w->code)
        w->code = buf_append(w->buf, data, n);
}

/* Begins a value or a key: what stands before it is separated from it. */
static void separate(struct api_json_out *w)
{
    if (w->needs_comma)
        put(w, ",", 1);
    w->needs_comma = true;
}

void api_json_begin(struct api_json_out *w, struct buf *buf)
{
    *w = (struct api_json_out){.buf = buf};
}

int api_json_end(struct api_json_out *w)
{
    put(w, "\n", 1);
    return w->code;
}

void api_json_open(struct api_json_out *w, char bracket)
{
    separate(w);
    put(w, &bracket, 1);
    w->needs_comma = false;
}

void api_json_close(struct api_json_out *w, char bracket)
{
    put(w, &bracket, 1);
    w->needs_comma = true;
}

void api_json_key(struct api_json_out *w, const char *key)
{
    api_json_string(w, key);
    put(w, ":", 1);
    w->needs_comma = false;
}

void api_json_null(struct api_json_out *w)
{
    separate(w);
    put(w, "null", 4);
}

void api_json_bool(struct api_json_out *w, bool value)
{
    separate(w);
    put(w, value ? "true" : "false", value ? 4 : 5);
}

void api_json_int(struct api_json_out *w, int64_t value)
{
    separate(w);
    if (!w->code)
        w->code = buf_printf(w->buf, "%lld", (long long)value);
}

void api_json_uint(struct api_json_out *w, uint64_t value)
{
    separate(w);
    if (!w->code)
        w->code = buf_printf(w->buf, "%llu", (unsigned long long)value);
}

/* The shortest text that reads back as the same number. */
void api_json_float(struct api_json_out *w, float value)
{
    char text[32] = "0";
    bool is_zero = !(value < 0) && !(value > 0); /* one of two, or no number */
    for (int digits = 1; digits <= 9 && !is_zero && isfinite(value); digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    separate(w);
    put(w, text, strlen(text));
}

/* The escape of the character at s (of `len` bytes, 0: not UTF-8), NULL when it stands
 * for itself. */
static const char *escape(const unsigned char *s, size_t len, char room[8])
{
    if (len == 0)
        return "\\ufffd";
    if (*s == '"')
        return "\\\"";
    if (*s == '\\')
        return "\\\\";
    if (*s == '\n')
        return "\\n";
    if (*s == '\r')
        return "\\r";
    if (*s == '\t')
        return "\\t";
    if (len == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9))
        return s[2] == 0xa8 ? "\\u2028" : "\\u2029";
    if (*s >= 0x20)
        return NULL;
    snprintf(room, 8, "\\u%04x", *s);
    return room;
}

void api_json_string_n(struct api_json_out *w, const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t plain = 0; /* where the characters begin that stand for themselves */
    separate(w);
    put(w, "\"", 1);
    for (size_t i = 0; i < n;) {
        char room[8];
        size_t len = json_utf8_length(p + i, n - i);
        const char *escaped = escape(p + i, len, room);
        size_t next = i + (len ? len : 1);
        if (escaped) {
            put(w, s + plain, i - plain);
            put(w, escaped, strlen(escaped));
            plain = next;
        }
        i = next;
    }
    put(w, s + plain, n - plain);
    put(w, "\"", 1);
}

void api_json_string(struct api_json_out *w, const char *s)
{
    s = s ? s : "";
    api_json_string_n(w, s, strlen(s));
}

void api_json_base64(struct api_json_out *w, const void *data, size_t n)
{
    separate(w);
    put(w, "\"", 1);
    if (!w->code)
        w->code = base64_encode(w->buf, data, n);
    put(w, "\"", 1);
}

void api_json_time(struct api_json_out *w, int64_t t)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_rfc3339(t, text);
    api_json_string(w, text);
}

void api_json_member(struct api_json_out *w, const char *key, const char *value)
{
    api_json_key(w, key);
    api_json_string(w, value);
}
