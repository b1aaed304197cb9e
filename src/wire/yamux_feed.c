/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads frames: a head is collected until it is whole, a body goes to its stream as it
 * comes. A head is judged before any byte of its body is kept.
 *
 * What two sides may both do at the same time is no fault: bytes for a stream that we
 * have reset, or that is released here, are dropped.
 */
#include "wire/yamux_private.h"

#include <string.h>

struct frame {
    uint8_t version, type;
    uint16_t flags;
    uint32_t id, length;
};

static struct frame parse(const uint8_t h[YAMUX_HEAD_SIZE])
{
    return (struct frame){
        .version = h[0],
        .type = h[1],
        .flags = (uint16_t)(h[2] << 8 | h[3]),
        .id = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7],
        .length =
            (uint32_t)h[8] << 24 | (uint32_t)h[9] << 16 | (uint32_t)h[10] << 8 | h[11],
    };
}

PRINTF_LIKE(2, 3)
static int broken(struct err *e, const char *fmt, ...)
{
    char what[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return err_set(e, ERR_BAD_MESSAGE, "yamux: the other side %s", what);
}

/* Is a stream of that number ours to open? */
static bool is_ours(const struct yamux *y, uint32_t id)
{
    return id % 2 == (y->role == YAMUX_CLIENT ? 1 : 0);
}

static int on_ping(struct yamux *y, const struct frame *f, struct err *e)
{
    if (f->flags & FLAG_SYN)
        return yamux_emit(y, TYPE_PING, FLAG_ACK, 0, f->length, e);
    if (f->length == y->ping)
        y->is_ping_sent = false;
    return 0;
}

static int on_go_away(struct yamux *y, const struct frame *f, struct err *e)
{
    y->is_refusing = true;
    if (f->length == AWAY_NORMAL)
        return 0;
    return err_set(e, ERR_UNAVAILABLE, "yamux: the other side gave up: %s",
                   f->length == AWAY_PROTOCOL   ? "protocol error"
                   : f->length == AWAY_INTERNAL ? "internal error"
                                                : "unknown reason");
}

/* The other side opens a stream. What we don't want is reset, and its bytes dropped. */
static int on_open(struct yamux *y, const struct frame *f, struct err *e)
{
    if (is_ours(y, f->id))
        return broken(e, "opened stream %u, whose number is ours", f->id);
    if (yamux_stream_find(y, f->id))
        return broken(e, "opened stream %u twice", f->id);
    if (y->is_going || y->n_streams >= YAMUX_STREAMS_MAX)
        return yamux_emit(y, TYPE_WINDOW, FLAG_RST, f->id, 0, e);
    struct yamux_stream *s = yamux_stream_new(y, f->id);
    if (!s)
        return err_no_memory(e);
    yamux_stream_tell(s, YAMUX_OPENED);
    return yamux_emit(y, TYPE_WINDOW, FLAG_ACK, f->id, 0, e);
}

/* For a stream that isn't there, or not any more. */
static int on_stray(struct yamux *y, const struct frame *f, struct err *e)
{
    if (is_ours(y, f->id) && f->id >= y->next_id)
        return broken(e, "speaks on stream %u, which wasn't opened", f->id);
    if (f->type == TYPE_DATA) {
        y->body_id = 0;
        y->body_left = f->length;
    }
    return 0;
}

static int on_window(struct yamux_stream *s, const struct frame *f, struct err *e)
{
    if (__builtin_add_overflow(s->send_window, f->length, &s->send_window))
        return broken(e, "opened a window beyond all numbers");
    if (f->flags & FLAG_FIN)
        yamux_stream_finish(s);
    else
        yamux_stream_tell_room(s);
    return 0;
}

static int on_data(struct yamux_stream *s, const struct frame *f, struct err *e)
{
    struct yamux *y = s->y;
    if (f->length && s->is_finished)
        return broken(e, "goes on with stream %u after its end", f->id);
    if (f->length > s->window)
        return broken(e, "sent more on stream %u than its window allows", f->id);
    s->window -= f->length;
    y->body_id = f->id;
    y->body_left = f->length;
    y->body_is_last = f->flags & FLAG_FIN;
    if (!f->length && y->body_is_last)
        yamux_stream_finish(s);
    return 0;
}

static int on_stream(struct yamux *y, const struct frame *f, struct err *e)
{
    if (f->id == 0)
        return broken(e, "speaks on stream 0");
    if (f->type == TYPE_DATA && f->length > YAMUX_WINDOW)
        return broken(e, "sent a frame of %u bytes", f->length);
    int r = f->flags & FLAG_SYN ? on_open(y, f, e) : 0;
    if (r)
        return r;
    struct yamux_stream *s = yamux_stream_find(y, f->id);
    if (s && f->flags & FLAG_RST) {
        yamux_stream_die(s);
        s = NULL;
    }
    if (!s)
        return on_stray(y, f, e);
    return f->type == TYPE_WINDOW ? on_window(s, f, e) : on_data(s, f, e);
}

static int on_frame(struct yamux *y, struct err *e)
{
    struct frame f = parse(y->head);
    if (f.version != 0)
        return broken(e, "speaks version %u", f.version);
    switch (f.type) {
    case TYPE_DATA:
    case TYPE_WINDOW:
        return on_stream(y, &f, e);
    case TYPE_PING:
        return on_ping(y, &f, e);
    case TYPE_GO_AWAY:
        return on_go_away(y, &f, e);
    default:
        return broken(e, "sent a frame of the unknown type %u", f.type);
    }
}

/* A piece of a data frame's body. */
static int on_body(struct yamux *y, const uint8_t *data, size_t n, struct err *e)
{
    struct yamux_stream *s = y->body_id ? yamux_stream_find(y, y->body_id) : NULL;
    y->body_left -= (uint32_t)n;
    if (!s)
        return 0;
    if (s->is_released || y->received + n > YAMUX_RECEIVED_MAX) {
        int r = yamux_emit(y, TYPE_WINDOW, FLAG_RST, s->id, 0, e);
        yamux_stream_die(s);
        return r;
    }
    if (buf_append(&s->received, data, n))
        return err_no_memory(e);
    y->received += n;
    yamux_stream_tell(s, YAMUX_READABLE);
    if (!y->body_left && y->body_is_last)
        yamux_stream_finish(s);
    return 0;
}

static int take(struct yamux *y, const uint8_t *data, size_t n, size_t *used,
                struct err *e)
{
    if (y->body_left) {
        *used = n < y->body_left ? n : y->body_left;
        return on_body(y, data, *used, e);
    }
    size_t wanted = YAMUX_HEAD_SIZE - y->head_len;
    *used = n < wanted ? n : wanted;
    memcpy(y->head + y->head_len, data, *used);
    y->head_len += *used;
    if (y->head_len < YAMUX_HEAD_SIZE)
        return 0;
    y->head_len = 0;
    return on_frame(y, e);
}

int yamux_feed(struct yamux *y, const void *data, size_t n, struct err *e)
{
    const uint8_t *at = data;
    int r = yamux_failure(y, e);
    while (n && !r) {
        size_t used;
        struct err why;
        r = take(y, at, n, &used, &why);
        if (r)
            return yamux_fail(y, r,
                              r == ERR_UNAVAILABLE ? -1
                              : r == ERR_NO_MEMORY ? AWAY_INTERNAL
                                                   : AWAY_PROTOCOL,
                              &why, e);
        at += used;
        n -= used;
    }
    return r;
}
