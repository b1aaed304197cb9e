/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds bytes to a session, client or server as the first byte says, cut at places it
 * chooses, and does with the streams what a caller would. What it holds stays bounded,
 * and a session that failed stays failed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wire/yamux.h"

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void serve(struct yamux_stream *s, unsigned events, unsigned way)
{
    struct buf in = BUF_INIT;
    size_t taken;
    if (events & YAMUX_READABLE && way & 1)
        must(!yamux_stream_read(s, &in, NULL) || events & YAMUX_RESET);
    if (events & YAMUX_OPENED && way & 2)
        must(!yamux_stream_write(s, "answer", 6, &taken, NULL) || events & YAMUX_RESET);
    if (events & YAMUX_RESET || (events & YAMUX_FINISHED && way & 4))
        yamux_stream_release(s);
    buf_deinit(&in);
}

static int feed_piece(struct yamux *y, const uint8_t *data, size_t n, unsigned way)
{
    uint8_t *piece = mem_dup(data, n);
    struct buf out = BUF_INIT;
    struct yamux_stream *s;
    unsigned events;
    must(piece);
    int r = yamux_feed(y, piece, n, NULL);
    while ((s = yamux_next(y, &events)))
        serve(s, events, way);
    must(yamux_drain(y, &out, NULL) == r);
    must(out.len <= YAMUX_OUTPUT_MAX + YAMUX_ANSWERS_MAX);
    must(yamux_n_streams(y) <= YAMUX_STREAMS_MAX);
    must(!r || yamux_feed(y, piece, n, NULL) == r);
    buf_deinit(&out);
    free(piece);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct yamux *y = yamux_new(data[0] & 1 ? YAMUX_CLIENT : YAMUX_SERVER, 0);
    must(y);
    size_t step = data[0] >> 4 ? (size_t)(data[0] >> 4) * 3 : size;
    unsigned way = data[0] >> 1;
    int r = 0;
    if (data[0] & 1) {
        struct yamux_stream *s;
        must(!yamux_stream_open(y, &s, NULL));
    }
    for (size_t at = 1; at < size && !r; at += step)
        r = feed_piece(y, data + at, size - at < step ? size - at : step, way);
    if (!r)
        must(!yamux_tick(y, YAMUX_CLOSE_TIMEOUT, NULL));
    yamux_free(y);
    return 0;
}
