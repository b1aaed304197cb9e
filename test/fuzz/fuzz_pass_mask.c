/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two values and a stream, parted by bytes 0xff: what the mask lets through, wherever the
 * stream is cut, is what looking at the whole stream at once says.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pass/mask.h"

#define STREAM_MAX 4096

static void must(bool ok)
{
    if (!ok)
        abort();
}

struct piece {
    const char *at;
    size_t n;
};

static struct piece take(struct piece *from)
{
    const char *end = from->n ? memchr(from->at, 0xff, from->n) : NULL;
    struct piece taken = {from->at, end ? (size_t)(end - from->at) : from->n};
    size_t used = taken.n + (end != NULL);
    *from = (struct piece){from->at + used, from->n - used};
    return taken;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static void cover(bool *hidden, struct piece stream, const char *text, size_t n)
{
    for (size_t i = 0; n && i + n <= stream.n; i++)
        if (!memcmp(stream.at + i, text, n))
            memset(hidden + i, true, n);
}

/* A value as a whole, and its lines where they are long enough. */
static void cover_value(bool *hidden, struct piece stream, struct piece value)
{
    while (value.n && is_line_end(value.at[value.n - 1]))
        value.n--;
    cover(hidden, stream, value.at, value.n);
    for (size_t at = 0, n; at < value.n; at += n + 1) {
        n = 0;
        while (at + n < value.n && !is_line_end(value.at[at + n]))
            n++;
        if (n >= MASK_LINE_MIN)
            cover(hidden, stream, value.at + at, n);
    }
}

static void expect(struct piece stream, const bool *hidden, struct buf *out)
{
    for (size_t i = 0; i < stream.n; i++) {
        if (!hidden[i])
            must(!buf_append_char(out, stream.at[i]));
        else if (!i || !hidden[i - 1])
            must(!buf_append_str(out, MASK_TEXT));
    }
}

static void filter(const struct mask *mask, struct piece stream, struct buf *out)
{
    struct mask_stream s;
    must(!mask_stream_init(&s, mask, NULL));
    for (size_t at = 0, n; at < stream.n; at += n) {
        n = 1 + (unsigned char)stream.at[at] % 7;
        n = n < stream.n - at ? n : stream.n - at;
        must(!mask_stream_feed(&s, stream.at + at, n, out));
    }
    must(!mask_stream_flush(&s, out));
    mask_stream_deinit(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool hidden[STREAM_MAX] = {false};
    struct buf wanted = BUF_INIT, got = BUF_INIT;
    struct piece rest = {(const char *)data, size};
    struct mask *mask;
    if (size > STREAM_MAX)
        return 0;
    struct piece values[] = {take(&rest), take(&rest)};
    must(!mask_new(&mask, NULL));
    for (size_t i = 0; i < 2; i++) {
        must(!mask_add(mask, values[i].at, values[i].n, NULL));
        cover_value(hidden, rest, values[i]);
    }
    expect(rest, hidden, &wanted);
    filter(mask, rest, &got);
    must(got.len == wanted.len && (!got.len || !memcmp(got.data, wanted.data, got.len)));
    mask_free(mask);
    buf_deinit(&wanted);
    buf_deinit(&got);
    return 0;
}
