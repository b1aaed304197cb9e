/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in: socket -> yamux -> the exchange of a stream. Bytes out: exchange -> yamux ->
 * socket, drained only when the socket took what was given before, so that a plugin that
 * doesn't read holds back its own streams and fills no memory.
 *
 * What fails within a call of ours is kept in `why` and told from the loop.
 */
#include "engined/session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "engined/session_private.h"

/* ---- bytes out ---- */

void session_flush(struct session *s)
{
    struct err e;
    while (!s->is_over && !stream_queued(&s->stream) && yamux_has_output(s->yamux)) {
        cleanup_buf struct buf out = BUF_INIT;
        int r = yamux_drain(s->yamux, &out, &e);
        uv_buf_t piece = uv_buf_init(out.data, (unsigned)out.len);
        if (stream_write(&s->stream, &piece, 1))
            return; /* on_error follows */
        if (r)
            session_fail(s, &e);
    }
}

/* ---- the end ---- */

void session_fail(struct session *s, const struct err *why)
{
    if (s->is_over || s->is_closing)
        return;
    s->is_over = true;
    s->why = *why;
    yamux_lost(s->yamux);
    defer_start(&s->end, &s->defers);
}

static void tell_calls(struct session *s)
{
    struct err e = s->why;
    err_wrap(&e, ERR_UNAVAILABLE, "the plugin's connection ended");
    while (!s->is_closing && !list_is_empty(&s->calls))
        session_call_fail(LIST_FIRST(&s->calls, struct session_call, link), &e);
}

void session_end_calls(struct session *s, const struct err *why)
{
    while (!list_is_empty(&s->calls))
        session_call_fail(LIST_FIRST(&s->calls, struct session_call, link), why);
}

static void on_over(void *user)
{
    struct session *s = user;
    tell_calls(s);
    if (!s->is_closing)
        s->events->on_end(&s->why, s->user);
}

/* yamux gave up, and says why to a plugin that reads. */
static void break_off(struct session *s, const struct err *why)
{
    session_flush(s);
    session_fail(s, why);
}

/* ---- bytes in ---- */

static void dispatch_one(struct session *s, struct yamux_stream *stream, unsigned events)
{
    struct session_exchange *x = yamux_stream_user(stream);
    if (!x)
        session_incoming_new(s, stream, events);
    else if (x->is_incoming)
        session_incoming_event(CONTAINER_OF(x, struct session_incoming, x), events);
    else
        session_call_event(CONTAINER_OF(x, struct session_call, x), events);
}

/* Whatever is told here may close the session. */
static void dispatch(struct session *s)
{
    struct yamux_stream *stream;
    unsigned events;
    while (!s->is_closing && !s->is_over && (stream = yamux_next(s->yamux, &events)))
        dispatch_one(s, stream, events);
    if (s->is_closing)
        return;
    session_flush(s);
    session_set_timer(s);
}

static void feed(struct session *s, const char *data, size_t n)
{
    struct err e;
    if (s->is_over)
        return;
    if (yamux_feed(s->yamux, data, n, &e))
        break_off(s, &e);
    dispatch(s);
}

static void on_data(struct stream *stream, const char *data, size_t n)
{
    feed(CONTAINER_OF(stream, struct session, stream), data, n);
}

static void on_eof(struct stream *stream)
{
    struct err e;
    err_set(&e, ERR_UNAVAILABLE, "it was closed by the plugin");
    session_fail(CONTAINER_OF(stream, struct session, stream), &e);
}

static void on_error(struct stream *stream, int errnum)
{
    struct err e;
    err_errno(&e, errnum, "its connection");
    session_fail(CONTAINER_OF(stream, struct session, stream), &e);
}

static void on_drain(struct stream *stream)
{
    struct session *s = CONTAINER_OF(stream, struct session, stream);
    session_flush(s);
    dispatch(s); /* streams that waited for room */
}

static const struct stream_events stream_events = {on_data, on_eof, on_error, on_drain};

static void on_begin(void *user)
{
    struct session *s = user;
    feed(s, s->early.data, s->early.len);
    buf_deinit(&s->early);
}

/* ---- time ---- */

static int64_t next_deadline(const struct session *s)
{
    int64_t first = yamux_deadline(s->yamux);
    LIST_FOR_EACH (link, &s->calls) {
        const struct session_call *call = CONTAINER_OF(link, struct session_call, link);
        if (call->deadline < first)
            first = call->deadline;
    }
    return first;
}

void session_set_timer(struct session *s)
{
    int64_t at = next_deadline(s);
    if (s->is_over || at == CLOCK_NEVER)
        timer_cancel(&s->timer);
    else
        timer_start(&s->timer, at - clock_monotonic());
}

static struct session_call *late_call(struct session *s, int64_t now)
{
    LIST_FOR_EACH (link, &s->calls) {
        struct session_call *call = CONTAINER_OF(link, struct session_call, link);
        if (call->deadline <= now)
            return call;
    }
    return NULL;
}

static void on_time(void *user)
{
    struct session *s = user;
    struct session_call *late;
    struct err e;
    int64_t now = clock_monotonic();
    while (!s->is_closing && (late = late_call(s, now))) {
        err_set(&e, ERR_DEADLINE_EXCEEDED, "it did not answer in time");
        session_call_fail(late, &e);
    }
    if (s->is_closing || s->is_over)
        return;
    if (yamux_tick(s->yamux, now, &e))
        break_off(s, &e);
    dispatch(s);
}

/* ---- life ---- */

static int start(struct session *s, int fd, struct err *e)
{
    int r = uv_pipe_init(s->loop, &s->stream.uv.pipe, 0);
    if (!r)
        r = uv_pipe_open(&s->stream.uv.pipe, fd);
    if (r) {
        close(fd);
        return err_errno(e, -r, "take a plugin's connection");
    }
    return stream_start(&s->stream, &stream_events, s->read_buffer, e);
}

static void session_free(void *user)
{
    struct session *s = user;
    struct loop_close *parent = s->parent;
    yamux_free(s->yamux);
    buf_deinit(&s->early);
    mem_wipe_free(s);
    if (parent)
        loop_close_release(parent);
}

static struct session *session_alloc(uv_loop_t *loop, const void *early, size_t n)
{
    struct session *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->loop = loop;
    s->yamux = yamux_new(YAMUX_SERVER, clock_monotonic());
    if (s->yamux && (!n || !buf_append(&s->early, early, n)))
        return s;
    yamux_free(s->yamux);
    free(s);
    return NULL;
}

int session_new(uv_loop_t *loop, int fd, const void *early, size_t n,
                const struct session_events *events, void *user, struct session **out,
                struct err *e)
{
    struct session *s = session_alloc(loop, early, n);
    if (!s) {
        close(fd);
        return err_no_memory(e);
    }
    s->events = events;
    s->user = user;
    list_init(&s->calls);
    list_init(&s->incoming);
    timer_init(&s->timer, loop, on_time, s);
    defer_queue_init(&s->defers, loop);
    defer_init(&s->end, on_over, s);
    defer_init(&s->begin, on_begin, s);
    int r = start(s, fd, e);
    if (r) {
        session_close(s, NULL);
        return r;
    }
    if (n)
        defer_start(&s->begin, &s->defers);
    session_set_timer(s);
    *out = s;
    return 0;
}

void session_close(struct session *s, struct loop_close *c)
{
    if (!s || s->is_closing)
        return;
    s->is_closing = true;
    s->parent = c;
    if (c)
        loop_close_hold(c);
    while (!list_is_empty(&s->calls))
        session_call_drop(LIST_FIRST(&s->calls, struct session_call, link));
    while (!list_is_empty(&s->incoming))
        session_incoming_drop(LIST_FIRST(&s->incoming, struct session_incoming, link));
    session_flush(s);
    loop_close_init(&s->closing, session_free, s);
    stream_close(&s->stream, &s->closing);
    timer_close(&s->timer, &s->closing);
    defer_queue_close(&s->defers, &s->closing);
    loop_close_end(&s->closing);
}
