/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/mask.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/*
 * The search is Knuth, Morris and Pratt's, for all texts side by side: each has a table
 * that says, for each of its beginnings, which shorter beginning ends it too.
 */
struct text {
    unsigned char *bytes;
    size_t n;
    size_t *borders; /* of the beginnings of 1..n bytes; borders[0] is of the first. They
                        tell of the bytes which are alike: wiped, too */
};

struct mask {
    struct text *texts;
    size_t len;
    size_t bytes;     /* of all texts */
    bool begins[256]; /* a byte is the first of a text */
};

static void text_deinit(struct text *t)
{
    mem_wipe_free(t->bytes);
    mem_wipe_free(t->borders);
}

int mask_new(struct mask **out, struct err *e)
{
    struct mask *m = calloc(1, sizeof(*m));
    if (!m)
        return err_no_memory(e);
    *out = m;
    return 0;
}

void mask_free(struct mask *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->len; i++)
        text_deinit(&m->texts[i]);
    free(m->texts);
    mem_wipe_free(m);
}

/* ---- texts ---- */

/* One byte more: the longest beginning that still fits. */
static size_t advance(const struct text *t, size_t state, unsigned char byte)
{
    while (state && (state == t->n || t->bytes[state] != byte))
        state = t->borders[state - 1];
    return t->bytes[state] == byte ? state + 1 : 0;
}

static int text_init(struct text *t, const void *bytes, size_t n)
{
    *t = (struct text){.bytes = mem_dup(bytes, n), .n = n};
    t->borders = calloc(n, sizeof(*t->borders));
    if (!t->bytes || !t->borders) {
        text_deinit(t);
        return ERR_NO_MEMORY;
    }
    for (size_t i = 1, state = 0; i < n; i++) {
        state = advance(t, state, t->bytes[i]);
        t->borders[i] = state;
    }
    return 0;
}

static bool has_text(const struct mask *m, const void *bytes, size_t n)
{
    for (size_t i = 0; i < m->len; i++)
        if (m->texts[i].n == n && memcmp(m->texts[i].bytes, bytes, n) == 0)
            return true;
    return false;
}

static int add_text(struct mask *m, const char *bytes, size_t n, struct err *e)
{
    if (n == 0 || has_text(m, bytes, n))
        return 0;
    if (m->len >= MASK_TEXTS_MAX || n > MASK_BYTES_MAX - m->bytes)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "too many values to be masked");
    struct text *texts = reallocarray(m->texts, m->len + 1, sizeof(*texts));
    if (!texts)
        return err_no_memory(e);
    m->texts = texts;
    if (text_init(&m->texts[m->len], bytes, n))
        return err_no_memory(e);
    m->len++;
    m->bytes += n;
    m->begins[(unsigned char)bytes[0]] = true;
    return 0;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

int mask_add(struct mask *m, const void *value, size_t n, struct err *e)
{
    const char *s = value;
    while (n && is_line_end(s[n - 1]))
        n--;
    int r = add_text(m, s, n, e);
    for (size_t at = 0; at < n && !r;) {
        size_t len = 0;
        while (at + len < n && !is_line_end(s[at + len]))
            len++;
        if (len >= MASK_LINE_MIN)
            r = add_text(m, s + at, len, e);
        at += len + 1;
    }
    return r;
}

/* ---- a stream ---- */

int mask_stream_init(struct mask_stream *s, const struct mask *m, struct err *e)
{
    *s = (struct mask_stream){.mask = m};
    s->states = calloc(m->len + 1, sizeof(*s->states));
    return s->states ? 0 : err_no_memory(e);
}

void mask_stream_deinit(struct mask_stream *s)
{
    mem_wipe_free(s->states);
    buf_deinit(&s->held);
    buf_deinit(&s->flags);
    *s = (struct mask_stream){0};
}

bool mask_stream_holds(const struct mask_stream *s)
{
    return s->held.len;
}

/* Marks the last n bytes that are held. */
static void mark(struct mask_stream *s, size_t n)
{
    memset(s->flags.data + s->flags.len - n, 1, n);
}

/* The states after one byte. Returns how many bytes at the end may still be part of a
 * value. */
static size_t advance_all(struct mask_stream *s, unsigned char byte)
{
    size_t longest = 0;
    for (size_t i = 0; i < s->mask->len; i++) {
        const struct text *t = &s->mask->texts[i];
        size_t state = advance(t, s->states[i], byte);
        s->states[i] = state;
        if (state == t->n) {
            mark(s, state);
            state = t->borders[state - 1];
        }
        longest = state > longest ? state : longest;
    }
    return longest;
}

/* Lets the first n of the bytes go that are held. */
static int release(struct mask_stream *s, size_t n, struct buf *out)
{
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        bool hidden = s->flags.data[i];
        if (!hidden)
            r = buf_append_char(out, s->held.data[i]);
        else if (!s->is_in_value)
            r = buf_append_str(out, MASK_TEXT);
        s->is_in_value = hidden;
    }
    if (n && !r) {
        buf_consume(&s->held, n);
        buf_consume(&s->flags, n);
    }
    return r;
}

/* The bytes that are no beginning of anything pass without further ado. */
static size_t plain_length(const struct mask_stream *s, const char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n && !s->mask->begins[(unsigned char)bytes[i]])
        i++;
    return i;
}

static int feed_byte(struct mask_stream *s, char byte, struct buf *out)
{
    if (buf_append_char(&s->held, byte) || buf_append_char(&s->flags, 0))
        return ERR_NO_MEMORY;
    size_t open = advance_all(s, (unsigned char)byte);
    /* In lots, since what stays behind is moved. */
    size_t decided = s->held.len - open;
    return open == 0 || decided > s->held.len / 2 ? release(s, decided, out) : 0;
}

int mask_stream_feed(struct mask_stream *s, const char *bytes, size_t n, struct buf *out)
{
    int r = 0;
    for (size_t i = 0; i < n && !r;) {
        size_t plain = s->held.len ? 0 : plain_length(s, bytes + i, n - i);
        if (plain) {
            memset(s->states, 0, s->mask->len * sizeof(*s->states));
            s->is_in_value = false;
            r = buf_append(out, bytes + i, plain);
            i += plain;
        } else {
            r = feed_byte(s, bytes[i++], out);
        }
    }
    return r;
}

int mask_stream_flush(struct mask_stream *s, struct buf *out)
{
    memset(s->states, 0, s->mask->len * sizeof(*s->states));
    return release(s, s->held.len, out);
}
