/* SPDX-License-Identifier: Apache-2.0 */
/* The session: its life, what it sends, its time limits. */
#include "wire/yamux.h"

#include <stdlib.h>

#include "wire/yamux_private.h"

struct yamux *yamux_new(enum yamux_role role, int64_t now)
{
    struct yamux *y = malloc(sizeof(*y));
    if (!y)
        return NULL;
    *y = (struct yamux){.role = role,
                        .now = now,
                        .next_id = role == YAMUX_CLIENT ? 1 : 2,
                        .next_ping = clock_after(now, YAMUX_KEEP_ALIVE)};
    list_init(&y->streams);
    list_init(&y->released);
    list_init(&y->ready);
    for (size_t i = 0; i < YAMUX_CHAINS; i++)
        list_init(&y->chains[i]);
    return y;
}

void yamux_free(struct yamux *y)
{
    if (!y)
        return;
    list_splice(&y->streams, &y->released);
    LIST_FOR_EACH (link, &y->streams)
        yamux_stream_free(CONTAINER_OF(link, struct yamux_stream, all));
    buf_deinit(&y->out);
    free(y);
}

void yamux_cleanup_free(struct yamux **y)
{
    yamux_free(*y);
}

/* ---- the end ---- */

void yamux_lost(struct yamux *y)
{
    LIST_FOR_EACH (link, &y->released)
        yamux_stream_die(CONTAINER_OF(link, struct yamux_stream, all));
    LIST_FOR_EACH (link, &y->streams)
        yamux_stream_die(CONTAINER_OF(link, struct yamux_stream, all));
    y->body_id = 0;
}

int yamux_fail(struct yamux *y, int code, int away, const struct err *why, struct err *e)
{
    struct err failure = {.code = code};
    if (why)
        failure = *why;
    failure.code = code;
    if (e)
        *e = failure;
    if (y->failure.code)
        return code;
    y->failure = failure;
    /* A courtesy: when there is no memory for it the session ends without. */
    y->is_going = away >= 0 && !yamux_emit(y, TYPE_GO_AWAY, 0, 0, (uint32_t)away, NULL);
    yamux_lost(y);
    return code;
}

int yamux_failure(const struct yamux *y, struct err *e)
{
    if (e && y->failure.code)
        *e = y->failure;
    return y->failure.code;
}

int yamux_go_away(struct yamux *y, struct err *e)
{
    int r = yamux_failure(y, e);
    if (r || y->is_going)
        return r;
    y->is_going = true;
    return yamux_emit(y, TYPE_GO_AWAY, 0, 0, AWAY_NORMAL, e);
}

bool yamux_is_refusing(const struct yamux *y)
{
    return y->is_refusing;
}

size_t yamux_n_streams(const struct yamux *y)
{
    return y->n_streams;
}

/* ---- output ---- */

size_t yamux_room(const struct yamux *y)
{
    size_t used = y->out.len + YAMUX_HEAD_SIZE;
    return used < YAMUX_OUTPUT_MAX ? YAMUX_OUTPUT_MAX - used : 0;
}

int yamux_emit(struct yamux *y, uint8_t type, uint16_t flags, uint32_t id,
               uint32_t length, struct err *e)
{
    uint8_t head[YAMUX_HEAD_SIZE] = {
        0,
        type,
        (uint8_t)(flags >> 8),
        (uint8_t)flags,
        (uint8_t)(id >> 24),
        (uint8_t)(id >> 16),
        (uint8_t)(id >> 8),
        (uint8_t)id,
        (uint8_t)(length >> 24),
        (uint8_t)(length >> 16),
        (uint8_t)(length >> 8),
        (uint8_t)length,
    };
    if (y->out.len + sizeof(head) > YAMUX_OUTPUT_MAX + YAMUX_ANSWERS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "yamux: the other side asks and doesn't read");
    return buf_append(&y->out, head, sizeof(head)) ? err_no_memory(e) : 0;
}

bool yamux_has_output(const struct yamux *y)
{
    return y->out.len > 0;
}

int yamux_drain(struct yamux *y, struct buf *out, struct err *e)
{
    if (!out->len) {
        struct buf empty = *out;
        *out = y->out;
        y->out = empty;
    } else if (buf_append(out, y->out.data, y->out.len)) {
        return yamux_fail(y, ERR_NO_MEMORY, -1, NULL, e);
    } else {
        buf_reset(&y->out);
    }
    LIST_FOR_EACH (link, &y->streams)
        yamux_stream_tell_room(CONTAINER_OF(link, struct yamux_stream, all));
    return yamux_failure(y, e);
}

/* ---- events ---- */

struct yamux_stream *yamux_next(struct yamux *y, unsigned *events)
{
    if (list_is_empty(&y->ready))
        return NULL;
    struct yamux_stream *s = LIST_FIRST(&y->ready, struct yamux_stream, ready);
    list_remove(&s->ready);
    *events = s->events;
    s->events = 0;
    return s;
}

/* ---- time ---- */

static int tick_ping(struct yamux *y, struct err *e)
{
    if (y->is_ping_sent && y->now >= y->ping_deadline) {
        struct err why;
        int r = err_set(&why, ERR_DEADLINE_EXCEEDED,
                        "yamux: the other side doesn't answer a ping");
        return yamux_fail(y, r, -1, &why, e);
    }
    if (y->is_ping_sent || y->now < y->next_ping)
        return 0;
    y->is_ping_sent = true;
    y->ping_deadline = clock_after(y->now, YAMUX_PING_TIMEOUT);
    y->next_ping = clock_after(y->now, YAMUX_KEEP_ALIVE);
    return yamux_emit(y, TYPE_PING, FLAG_SYN, 0, ++y->ping, e);
}

/* They were released one after another, so the first is the first in time. */
static int tick_released(struct yamux *y, struct err *e)
{
    while (!list_is_empty(&y->released)) {
        struct yamux_stream *s = LIST_FIRST(&y->released, struct yamux_stream, all);
        if (y->now < s->deadline)
            return 0;
        int r = yamux_emit(y, TYPE_WINDOW, FLAG_RST, s->id, 0, e);
        yamux_stream_die(s);
        if (r)
            return r;
    }
    return 0;
}

int yamux_tick(struct yamux *y, int64_t now, struct err *e)
{
    struct err why = {0};
    int r = yamux_failure(y, e);
    if (r)
        return r;
    y->now = now;
    r = tick_ping(y, &why);
    if (!r)
        r = tick_released(y, &why);
    return r ? yamux_fail(y, r, AWAY_INTERNAL, &why, e) : 0;
}

int64_t yamux_deadline(const struct yamux *y)
{
    if (y->failure.code)
        return CLOCK_NEVER;
    int64_t at = y->is_ping_sent ? y->ping_deadline : y->next_ping;
    if (!list_is_empty(&y->released)) {
        const struct yamux_stream *s =
            LIST_FIRST(&y->released, const struct yamux_stream, all);
        at = s->deadline < at ? s->deadline : at;
    }
    return at;
}
