/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's life, seen from our side:
 *
 *     opened ──▶ close: we send no more ──┐
 *        │                                ├──▶ both: over
 *        └─────▶ finish: the other doesn't ┘
 *     any ──▶ reset, by either side ──▶ dead
 *
 * It is freed when it is released and over. One that was released before the other side's
 * end waits for it, up to its deadline.
 */
#include <assert.h>
#include <stdlib.h>

#include "wire/yamux_private.h"

static struct list *chain_of(struct yamux *y, uint32_t id)
{
    return &y->chains[id / 2 % YAMUX_CHAINS];
}

struct yamux_stream *yamux_stream_find(struct yamux *y, uint32_t id)
{
    struct list *chain = chain_of(y, id);
    LIST_FOR_EACH (link, chain) {
        struct yamux_stream *s = CONTAINER_OF(link, struct yamux_stream, chain);
        if (s->id == id)
            return s;
    }
    return NULL;
}

struct yamux_stream *yamux_stream_new(struct yamux *y, uint32_t id)
{
    struct yamux_stream *s = malloc(sizeof(*s));
    if (!s)
        return NULL;
    *s = (struct yamux_stream){
        .y = y, .id = id, .send_window = YAMUX_WINDOW, .window = YAMUX_WINDOW};
    list_init(&s->ready);
    list_append(&y->streams, &s->all);
    list_append(chain_of(y, id), &s->chain);
    y->n_streams++;
    return s;
}

static void drop_received(struct yamux_stream *s)
{
    s->y->received -= s->received.len;
    buf_deinit(&s->received);
}

void yamux_stream_free(struct yamux_stream *s)
{
    drop_received(s);
    list_remove(&s->all);
    list_remove(&s->chain);
    list_remove(&s->ready);
    s->y->n_streams--;
    free(s);
}

void yamux_stream_tell(struct yamux_stream *s, unsigned events)
{
    if (s->is_released)
        return;
    if (!s->events)
        list_append(&s->y->ready, &s->ready);
    s->events |= events;
}

void yamux_stream_die(struct yamux_stream *s)
{
    if (s->is_released) {
        yamux_stream_free(s);
        return;
    }
    if (s->is_dead)
        return;
    s->is_dead = true;
    s->wants_room = false;
    list_remove(&s->chain);
    drop_received(s);
    yamux_stream_tell(s, YAMUX_RESET);
}

void yamux_stream_finish(struct yamux_stream *s)
{
    if (s->is_released) {
        yamux_stream_free(s);
        return;
    }
    if (!s->is_finished)
        yamux_stream_tell(s, YAMUX_FINISHED);
    s->is_finished = true;
}

void yamux_stream_tell_room(struct yamux_stream *s)
{
    if (!s->wants_room || !s->send_window || !yamux_room(s->y))
        return;
    s->wants_room = false;
    yamux_stream_tell(s, YAMUX_WRITABLE);
}

/* ---- what the caller does ---- */

int yamux_stream_open(struct yamux *y, struct yamux_stream **out, struct err *e)
{
    if (y->failure.code || y->is_refusing)
        return err_set(e, ERR_UNAVAILABLE, "yamux: the other side is going away");
    if (y->n_streams >= YAMUX_STREAMS_MAX || y->next_id >= UINT32_MAX - 2)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "yamux: too many streams");
    struct yamux_stream *s = yamux_stream_new(y, y->next_id);
    if (!s)
        return err_no_memory(e);
    int r = yamux_emit(y, TYPE_WINDOW, FLAG_SYN, s->id, 0, e);
    if (r) {
        yamux_stream_free(s);
        return r;
    }
    y->next_id += 2;
    *out = s;
    return 0;
}

static int dead(struct err *e)
{
    return err_set(e, ERR_UNAVAILABLE, "yamux: the stream was reset");
}

int yamux_stream_write(struct yamux_stream *s, const void *data, size_t n, size_t *taken,
                       struct err *e)
{
    struct yamux *y = s->y;
    assert(!s->is_closed);
    if (s->is_dead)
        return dead(e);
    size_t room = yamux_room(y);
    size_t most = s->send_window < room ? s->send_window : room;
    size_t fits = n < most ? n : most;
    if (fits) {
        if (buf_reserve(&y->out, YAMUX_HEAD_SIZE + fits))
            return err_no_memory(e);
        int r = yamux_emit(y, TYPE_DATA, 0, s->id, (uint32_t)fits, e);
        if (!r && buf_append(&y->out, data, fits))
            r = err_no_memory(e);
        if (r)
            return r;
    }
    s->send_window -= (uint32_t)fits;
    s->wants_room = fits < n;
    *taken = fits;
    return 0;
}

/* Gives back what was read, once it is worth a frame. What a frame has announced and not
 * brought yet isn't ours to give back. */
static int open_window(struct yamux_stream *s, struct err *e)
{
    uint32_t announced = s->y->body_id == s->id ? s->y->body_left : 0;
    uint32_t delta = YAMUX_WINDOW - s->window - announced;
    if (delta < YAMUX_WINDOW / 2 || s->is_finished)
        return 0;
    int r = yamux_emit(s->y, TYPE_WINDOW, 0, s->id, delta, e);
    if (!r)
        s->window += delta;
    return r;
}

int yamux_stream_read(struct yamux_stream *s, struct buf *out, struct err *e)
{
    if (s->is_dead)
        return dead(e);
    size_t n = s->received.len;
    if (!out->len) {
        struct buf empty = *out;
        *out = s->received;
        s->received = empty;
    } else if (buf_append(out, s->received.data, n)) {
        return err_no_memory(e);
    } else {
        buf_reset(&s->received);
    }
    s->y->received -= n;
    return open_window(s, e);
}

int yamux_stream_close(struct yamux_stream *s, struct err *e)
{
    if (s->is_dead || s->is_closed)
        return 0;
    s->is_closed = true;
    s->wants_room = false;
    return yamux_emit(s->y, TYPE_WINDOW, FLAG_FIN, s->id, 0, e);
}

int yamux_stream_reset(struct yamux_stream *s, struct err *e)
{
    if (s->is_dead)
        return 0;
    int r = yamux_emit(s->y, TYPE_WINDOW, FLAG_RST, s->id, 0, e);
    yamux_stream_die(s);
    return r;
}

/* The caller's part is over; is the other side's? */
static void retire(struct yamux_stream *s)
{
    list_remove(&s->ready);
    s->is_released = true;
    if (s->is_dead || s->is_finished) {
        yamux_stream_free(s);
        return;
    }
    drop_received(s);
    s->deadline = clock_after(s->y->now, YAMUX_CLOSE_TIMEOUT);
    list_remove(&s->all);
    list_append(&s->y->released, &s->all);
}

void yamux_stream_release(struct yamux_stream *s)
{
    struct yamux *y = s->y;
    struct err why = {0};
    int r = s->received.len && !s->is_finished ? yamux_stream_reset(s, &why)
                                               : yamux_stream_close(s, &why);
    retire(s);
    if (r)
        yamux_fail(y, r, AWAY_INTERNAL, &why, NULL);
}

uint32_t yamux_stream_id(const struct yamux_stream *s)
{
    return s->id;
}

void yamux_stream_set_user(struct yamux_stream *s, void *user)
{
    s->user = user;
}

void *yamux_stream_user(const struct yamux_stream *s)
{
    return s->user;
}
