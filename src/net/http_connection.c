/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the server.
 *
 *   IDLE --byte--> HEAD --head--> EXCHANGE --answered--> DISCARD --body read--> IDLE
 *                    |               |  \--upgraded--> RAW --> LINGER
 *                    |malformed      \--last one--> LINGER
 *                    +--> LINGER --seen or late--> CLOSED
 *
 * What arrives is read from the stream's own buffer as far as somebody wants it; only the
 * rest is copied to `input`. Everything that reads does so from the loop: functions of
 * the handler's side only change the state and ask to be woken.
 *
 * The memory goes when the socket is closed and the handler has let go of the exchange,
 * whichever comes last.
 */
#include "net/http_connection.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/macro.h"
#include "base/mem.h"

/* Until the timer is canceled or set anew. */
static void wait_at_most(struct http_connection *c, int64_t time)
{
    c->unsent = stream_queued(&c->stream);
    timer_start(&c->timer, time);
}

static void connection_free(struct http_connection *c)
{
    struct http_server *s = c->server;
    list_remove(&c->link);
    (*(c->is_stranger ? &s->n_strangers : &s->n_connections))--;
    http_reader_deinit(&c->reader);
    http_url_deinit(&c->url);
    buf_deinit(&c->input);
    buf_deinit(&c->out);
    buf_deinit(&c->x.body);
    free(c);
    http_server_check_closed(s);
}

static void connection_closed(void *user)
{
    struct http_connection *c = user;
    c->is_closed = true;
    if (!c->is_held)
        connection_free(c);
}

void http_connection_close(struct http_connection *c)
{
    if (c->phase == HTTP_PHASE_CLOSED)
        return;
    c->phase = HTTP_PHASE_CLOSED;
    defer_cancel(&c->wake);
    loop_close_init(&c->closing, connection_closed, c);
    stream_close(&c->stream, &c->closing);
    timer_close(&c->timer, &c->closing);
    loop_close_end(&c->closing);
}

/* Ends a collection: the callback is the last that comes of it. */
static void finish_collect(struct http_connection *c, int code, const struct err *e)
{
    struct http_exchange *x = &c->x;
    http_collect_cb cb = TAKE(x->collect_cb);
    struct buf body = x->body;
    x->body = (struct buf)BUF_INIT;
    x->body_mode = HTTP_BODY_HOLD;
    timer_cancel(&c->timer);
    if (code)
        c->keep_alive = false;
    cb(x, code, &body, e, x->collect_user);
    buf_deinit(&body);
}

/* Only one of these is told: who collects learns it there, who forwards by its sink. */
static void tell_gone(struct http_connection *c)
{
    struct http_exchange *x = &c->x;
    if (!c->is_held)
        return;
    if (x->collect_cb) {
        struct err e = {0};
        int r = err_set(&e, ERR_UNAVAILABLE, "the client went away");
        finish_collect(c, r, &e);
    } else if (x->take_cb) {
        http_connection_take(c);
    } else if (x->sink) {
        x->sink->on_gone(x);
    } else if (x->close_cb) {
        TAKE(x->close_cb)(x, x->close_user);
    }
}

void http_connection_cut(struct http_connection *c)
{
    if (c->phase == HTTP_PHASE_CLOSED)
        return;
    http_connection_close(c);
    tell_gone(c);
}

/* Closes after the answer is out. A client that still sends would lose the answer to a
 * reset, so it is given a moment and its bytes are dropped meanwhile. One that doesn't
 * read is given up. */
static void connection_linger(struct http_connection *c)
{
    c->phase = HTTP_PHASE_LINGER;
    timer_cancel(&c->timer);
    stream_shutdown(&c->stream);
    if (stream_queued(&c->stream)) {
        wait_at_most(c, c->server->options.idle_timeout);
        return;
    }
    if (c->is_eof || (c->is_read && !c->input.len && !c->is_stepping))
        http_connection_close(c);
    else
        wait_at_most(c, HTTP_CONNECTION_LINGER);
    stream_resume(&c->stream);
}

/* Answers what was no request, and closes. */
static void connection_refuse(struct http_connection *c, int status, const char *message)
{
    c->is_broken = true;
    c->is_held = true;
    c->keep_alive = false;
    c->phase = HTTP_PHASE_EXCHANGE;
    http_exchange_respond_message(&c->x, status, message);
}

static void connection_idle(struct http_connection *c)
{
    c->phase = HTTP_PHASE_IDLE;
    c->is_read = false;
    http_reader_next(&c->reader, false);
    wait_at_most(c, c->server->options.idle_timeout);
}

/* Both the request and its answer are over. */
static void connection_next(struct http_connection *c)
{
    if (c->keep_alive && !c->is_eof && !c->server->is_closing)
        connection_idle(c);
    else
        connection_linger(c);
}

void http_connection_release(struct http_connection *c)
{
    bool waits = c->x.wants_continue;
    assert(c->is_held);
    buf_deinit(&c->x.body);
    c->x = (struct http_exchange){.connection = c};
    c->is_held = false;
    if (c->is_closed) {
        connection_free(c);
        return;
    }
    if (c->phase == HTTP_PHASE_CLOSED)
        return;
    if (c->is_read) {
        connection_next(c);
    } else if (!c->keep_alive || waits || c->is_broken) {
        connection_linger(c);
    } else {
        c->phase = HTTP_PHASE_DISCARD;
        c->discarded = 0;
        wait_at_most(c, c->server->options.head_timeout);
    }
    if (c->phase != HTTP_PHASE_CLOSED && !c->is_stepping)
        defer_start(&c->wake, &c->server->defers);
}

static bool parse_expect(struct http_connection *c)
{
    const char *expect = http_head_get(&c->reader.head, "Expect");
    if (!expect || c->reader.head.minor == 0)
        return true;
    if (!http_head_has_token(&c->reader.head, "Expect", "100-continue"))
        return false;
    c->x.wants_continue = c->reader.body != READER_BODY_NONE;
    return true;
}

static void connection_begin_exchange(struct http_connection *c)
{
    struct http_server *s = c->server;
    struct err e = {0};
    timer_cancel(&c->timer);
    c->keep_alive = c->reader.keep_alive && !c->is_stranger;
    if (http_url_parse(&c->url, c->reader.head.target, &e)) {
        connection_refuse(c, err_http_status(e.code), err_text(&e));
        return;
    }
    if (!parse_expect(c)) {
        connection_refuse(c, 417, "only 'Expect: 100-continue' is understood");
        return;
    }
    c->phase = HTTP_PHASE_EXCHANGE;
    c->is_held = true;
    s->options.handler(&c->x, s->options.user);
}

static void collect_piece(struct http_connection *c)
{
    struct http_exchange *x = &c->x;
    struct err e = {0};
    int r = 0;
    if (c->reader.len > x->collect_max - x->body.len)
        r = err_set(&e, ERR_RESOURCE_EXHAUSTED, "the body has more than %zu bytes",
                    x->collect_max);
    else if (buf_append(&x->body, c->reader.data, c->reader.len))
        r = err_no_memory(&e);
    if (r)
        finish_collect(c, r, &e);
}

static void connection_body(struct http_connection *c)
{
    c->x.wants_continue = false;
    if (c->phase == HTTP_PHASE_DISCARD) {
        c->discarded += c->reader.len;
        if (c->discarded > HTTP_CONNECTION_DISCARD_MAX)
            connection_linger(c);
    } else if (c->x.body_mode == HTTP_BODY_COLLECT) {
        collect_piece(c);
    } else if (c->x.body_mode == HTTP_BODY_SINK) {
        c->x.sink->on_body(&c->x, c->reader.data, c->reader.len);
    }
}

static void connection_request_read(struct http_connection *c)
{
    c->is_read = true;
    if (c->phase == HTTP_PHASE_DISCARD)
        connection_next(c);
    else if (c->x.collect_cb)
        finish_collect(c, 0, NULL);
    else if (c->x.body_mode == HTTP_BODY_SINK)
        c->x.sink->on_body_end(&c->x);
}

static void connection_malformed(struct http_connection *c, const struct err *e)
{
    c->is_broken = true;
    c->keep_alive = false;
    if (c->phase == HTTP_PHASE_HEAD || c->phase == HTTP_PHASE_IDLE)
        connection_refuse(c, e->code == ERR_RESOURCE_EXHAUSTED ? 431 : 400, err_text(e));
    else if (c->x.collect_cb)
        finish_collect(c, ERR_BAD_MESSAGE, e);
    else
        http_connection_cut(c);
}

static void connection_event(struct http_connection *c)
{
    switch (c->reader.event) {
    case READER_MORE:
        if (c->phase == HTTP_PHASE_IDLE && c->reader.is_started) {
            c->phase = HTTP_PHASE_HEAD;
            wait_at_most(c, c->server->options.head_timeout);
        }
        break;
    case READER_HEAD:
        connection_begin_exchange(c);
        break;
    case READER_BODY:
        connection_body(c);
        break;
    case READER_END:
        connection_request_read(c);
        break;
    }
}

/* A client that doesn't read its answers is asked for no further request: what waits for
 * it would grow with each. */
static bool is_clogged(const struct http_connection *c)
{
    return stream_queued(&c->stream) > HTTP_SERVER_QUEUE_MAX;
}

static bool connection_can_read(const struct http_connection *c)
{
    switch (c->phase) {
    case HTTP_PHASE_IDLE:
        return !c->is_broken && !is_clogged(c);
    case HTTP_PHASE_HEAD:
    case HTTP_PHASE_DISCARD:
        return !c->is_broken;
    case HTTP_PHASE_EXCHANGE:
        return !c->is_broken && !c->is_read && !c->x.is_sink_paused &&
               (c->reader.body == READER_BODY_NONE || c->x.body_mode != HTTP_BODY_HOLD);
    case HTTP_PHASE_RAW:
        return !c->x.is_sink_paused;
    case HTTP_PHASE_LINGER:
        return true;
    default:
        return false;
    }
}

/* One event's worth; returns how much was used. */
static size_t connection_read_some(struct http_connection *c, const char *data, size_t n)
{
    struct err e = {0};
    size_t used = n;
    if (c->phase == HTTP_PHASE_RAW)
        c->x.sink->on_raw(&c->x, data, n);
    else if (c->phase == HTTP_PHASE_LINGER)
        c->discarded += n;
    else if (http_reader_feed(&c->reader, data, n, &used, &e))
        connection_malformed(c, &e);
    else
        connection_event(c);
    return used;
}

static size_t connection_read(struct http_connection *c, const char *data, size_t n)
{
    size_t used = 0;
    c->is_stepping = true;
    while (used < n && connection_can_read(c))
        used += connection_read_some(c, data + used, n - used);
    c->is_stepping = false;
    return used;
}

/* The client's direction has ended and all it sent was read, as far as it is wanted. */
static void connection_at_eof(struct http_connection *c)
{
    switch (c->phase) {
    case HTTP_PHASE_EXCHANGE:
        if (stream_is_hung_up(&c->stream) || (!c->is_read && !c->input.len))
            http_connection_cut(c);
        else
            stream_await_hangup(&c->stream);
        break;
    case HTTP_PHASE_RAW:
        if (c->input.len)
            break;
        if (stream_is_hung_up(&c->stream)) {
            http_connection_cut(c);
        } else if (!c->is_eof_told) {
            c->is_eof_told = true;
            stream_await_hangup(&c->stream);
            c->x.sink->on_eof(&c->x);
        }
        break;
    case HTTP_PHASE_LINGER:
        if (!stream_queued(&c->stream) || stream_is_hung_up(&c->stream))
            http_connection_close(c);
        break;
    default:
        connection_linger(c);
        break;
    }
}

/* After any reading: may the socket be read on, is its end to be told? */
static void connection_settle(struct http_connection *c)
{
    if (c->phase == HTTP_PHASE_CLOSED)
        return;
    if (c->phase == HTTP_PHASE_LINGER && c->discarded > HTTP_CONNECTION_LINGER_MAX) {
        http_connection_close(c);
        return;
    }
    bool is_full = c->input.len >= HTTP_CONNECTION_INPUT_MAX;
    if (is_full || (c->is_held && c->x.is_sink_paused))
        stream_pause(&c->stream);
    else
        stream_resume(&c->stream);
    if (c->is_eof)
        connection_at_eof(c);
}

/* A collection whose outcome is known already; its callback must come from the loop. */
static void connection_settle_collect(struct http_connection *c)
{
    struct http_exchange *x = &c->x;
    if (!c->is_held || !x->collect_cb)
        return;
    if (x->collect_code) {
        struct err e = {0};
        if (x->collect_code == ERR_RESOURCE_EXHAUSTED)
            err_set(&e, x->collect_code, "the body has more than %zu bytes",
                    x->collect_max);
        else
            err_set(&e, x->collect_code, "the client went away");
        finish_collect(c, x->collect_code, &e);
    } else if (c->is_read) {
        finish_collect(c, 0, NULL);
    }
}

/* Reads on, from the loop. */
static void connection_wake(struct http_connection *c)
{
    /* A closed socket has nothing to read, and when the handler ends the exchange the
     * connection may go with it. */
    bool is_over = c->phase == HTTP_PHASE_CLOSED;
    if (c->is_held && c->x.take_cb) {
        http_connection_take(c);
        return;
    }
    connection_settle_collect(c);
    if (is_over)
        return;
    size_t used = connection_read(c, c->input.data, c->input.len);
    if (used)
        buf_consume(&c->input, used);
    connection_settle_collect(c);
    connection_settle(c);
}

static void connection_woken(void *user)
{
    connection_wake(user);
}

static void connection_on_data(struct stream *s, const char *data, size_t n)
{
    struct http_connection *c = CONTAINER_OF(s, struct http_connection, stream);
    size_t used = c->input.len ? 0 : connection_read(c, data, n);
    connection_settle_collect(c);
    bool is_over = c->phase == HTTP_PHASE_CLOSED || c->is_broken;
    if (used < n && !is_over && buf_append(&c->input, data + used, n - used)) {
        http_connection_cut(c);
        return;
    }
    if (c->input.len && connection_can_read(c))
        connection_wake(c);
    else
        connection_settle(c);
}

static void connection_on_eof(struct stream *s)
{
    struct http_connection *c = CONTAINER_OF(s, struct http_connection, stream);
    c->is_eof = true;
    c->keep_alive = false;
    connection_at_eof(c);
}

static void connection_on_error(struct stream *s, int errnum)
{
    (void)errnum;
    http_connection_cut(CONTAINER_OF(s, struct http_connection, stream));
}

static void connection_on_drain(struct stream *s)
{
    struct http_connection *c = CONTAINER_OF(s, struct http_connection, stream);
    if (c->phase == HTTP_PHASE_LINGER)
        connection_linger(c);
    else if (c->is_held && c->x.sink)
        c->x.sink->on_drain(&c->x);
    else if (c->is_held && c->x.drain_cb)
        c->x.drain_cb(&c->x, c->x.drain_user);
    else if (c->phase == HTTP_PHASE_IDLE)
        connection_wake(c);
}

static const struct stream_events events = {
    .on_data = connection_on_data,
    .on_eof = connection_on_eof,
    .on_error = connection_on_error,
    .on_drain = connection_on_drain,
};

static void connection_late(void *user)
{
    struct http_connection *c = user;
    size_t unsent = stream_queued(&c->stream);
    bool is_reading = unsent && unsent < c->unsent;
    if (c->phase == HTTP_PHASE_HEAD)
        connection_refuse(c, 408, "the request's head took too long");
    else if (c->phase == HTTP_PHASE_EXCHANGE)
        http_connection_cut(c); /* its body took too long */
    else if (is_reading)
        wait_at_most(c, c->server->options.idle_timeout);
    else
        http_connection_close(c);
}

void http_connection_retire(struct http_connection *c)
{
    if (c->phase == HTTP_PHASE_IDLE || c->phase == HTTP_PHASE_HEAD)
        http_connection_close(c);
}

static void read_peer(struct http_connection *c)
{
    uv_os_fd_t fd;
    socklen_t n = sizeof(c->peer);
    if (uv_fileno(&c->stream.uv.handle, &fd))
        return;
    c->has_peer = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c->peer, &n) == 0 &&
                  n == sizeof(c->peer) && c->peer.uid != (uid_t)-1;
}

/* An accepted socket has the address of the one that was listened on. */
static bool is_abstract(const struct http_connection *c)
{
    struct sockaddr_un own = {.sun_path = "?"};
    socklen_t n = sizeof(own);
    uv_os_fd_t fd;
    return uv_fileno(&c->stream.uv.handle, &fd) == 0 &&
           getsockname(fd, (struct sockaddr *)&own, &n) == 0 &&
           own.sun_family == AF_UNIX && own.sun_path[0] == '\0';
}

/* May it stay? */
static bool count_stranger(struct http_connection *c)
{
    struct http_server *s = c->server;
    const struct ucred *peer = c->has_peer ? &c->peer : NULL;
    if (!s->options.is_stranger || !s->options.is_stranger(peer, is_abstract(c)))
        return true;
    c->is_stranger = true;
    s->n_connections--;
    return s->n_strangers++ < HTTP_SERVER_STRANGERS_MAX;
}

/* Has its user more connections than one may have, with this one? */
static bool is_one_too_many(const struct http_connection *c)
{
    const struct http_server *s = c->server;
    size_t n = 0;
    LIST_FOR_EACH (link, &s->connections) {
        const struct http_connection *other =
            CONTAINER_OF(link, struct http_connection, link);
        n += other->has_peer && other->peer.uid == c->peer.uid;
    }
    return s->options.per_user_max && c->has_peer && n > s->options.per_user_max;
}

static int connection_open(struct http_connection *c, uv_stream_t *listener, bool is_tcp)
{
    uv_loop_t *loop = c->server->loop;
    if (is_tcp)
        uv_tcp_init(loop, &c->stream.uv.tcp);
    else
        uv_pipe_init(loop, &c->stream.uv.pipe, 0);
    if (uv_accept(listener, &c->stream.uv.stream))
        return ERR_IO;
    if (is_tcp)
        uv_tcp_nodelay(&c->stream.uv.tcp, 1);
    else
        read_peer(c);
    if (is_one_too_many(c) || !count_stranger(c))
        return ERR_RESOURCE_EXHAUSTED;
    return stream_start(&c->stream, &events, c->server->read_buffer, NULL);
}

int http_connection_accept(struct http_server *s, uv_stream_t *listener, bool is_tcp)
{
    struct http_connection *c = calloc(1, sizeof(*c));
    if (!c)
        return ERR_NO_MEMORY;
    c->server = s;
    c->x.connection = c;
    list_append(&s->connections, &c->link);
    s->n_connections++;
    http_reader_init(&c->reader, HTTP_REQUEST);
    timer_init(&c->timer, s->loop, connection_late, c);
    defer_init(&c->wake, connection_woken, c);
    if (connection_open(c, listener, is_tcp)) {
        http_connection_close(c);
        return 0;
    }
    connection_idle(c);
    wait_at_most(c, s->options.head_timeout);
    return 0;
}
