/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two streams back to back:
 *
 *   client --connection--> sink --> upstream's stream
 *   client <--connection-- answer framing <-- reader <-- upstream's stream
 *
 * Whichever side has bytes waiting to be written stops the reading on the other side
 * until they are out. After a switch of protocols both are raw, and the end of one
 * direction is passed on as such; when both have ended the forward is over.
 */
#include "net/http_forward.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_connection.h"
#include "wire/http_writer.h"

struct forward {
    struct http_exchange *x;
    struct http_forward options; /* path is a copy; target and body aren't kept */
    char *path;
    struct buf request; /* the head, and the body if it was replaced */
    struct stream upstream;
    uv_connect_t connect_request;
    struct http_reader reader;
    struct buf input; /* of the upstream, while the client can't take more */
    struct loop_close closing;
    struct defer start;
    int start_code;
    bool is_chunked; /* the request's body, on its way up */
    bool is_paused;  /* the upstream's direction */
    bool is_raw;     /* both directions end on their own, without HTTP */
    bool reads_raw;  /* and the reader is out of it */
    bool is_over;
};

static void forward_free(void *user)
{
    struct forward *f = user;
    buf_deinit(&f->request);
    buf_deinit(&f->input);
    http_reader_deinit(&f->reader);
    free(f->path);
    free(f);
}

/* The exchange has been ended before this. */
static void forward_end(struct forward *f, int code, const struct err *e)
{
    if (f->is_over)
        return;
    f->is_over = true;
    defer_cancel(&f->start);
    if (f->options.on_end)
        f->options.on_end(f->x, code, e, f->options.user);
    loop_close_init(&f->closing, forward_free, f);
    stream_close(&f->upstream, &f->closing);
    loop_close_end(&f->closing);
}

/* An answer of our own as long as none has begun; else the client sees a cut. */
static void forward_fail(struct forward *f, int status, int code, const char *what)
{
    struct err e = {0};
    err_set(&e, code, "container engine at %s: %s", f->path, what);
    if (f->x->is_started)
        http_exchange_abort(f->x);
    else
        http_exchange_respond_message(f->x, status, err_text(&e));
    forward_end(f, code, &e);
}

/* ---- the request, upwards ---- */

static int write_body_framing(struct forward *f, const struct http_forward *o)
{
    const struct http_connection *c = f->x->connection;
    if (o->has_body)
        return http_write_length(&f->request, o->body_len);
    switch (c->reader.body) {
    case READER_BODY_CHUNKED:
        f->is_chunked = true;
        return http_write_header(&f->request, "Transfer-Encoding", "chunked");
    case READER_BODY_LENGTH:
        return http_write_length(&f->request, c->reader.length);
    default:
        if (!http_head_get(&c->reader.head, "Content-Length"))
            return 0;
        return http_write_length(&f->request, 0);
    }
}

static int write_connection(struct forward *f)
{
    const struct http_connection *c = f->x->connection;
    const char *protocol = http_head_get(&c->reader.head, "Upgrade");
    if (!c->reader.is_upgrade || !protocol)
        return http_write_header(&f->request, "Connection", "close");
    int r = http_write_header(&f->request, "Connection", "Upgrade");
    return r ? r : http_write_header(&f->request, "Upgrade", protocol);
}

static int write_request(struct forward *f, const struct http_forward *o)
{
    const struct http_head *head = &f->x->connection->reader.head;
    const char *target = o->target ? o->target : head->target;
    int r = http_write_request_line(&f->request, head->method, target);
    if (!r && !http_head_get(head, "Host"))
        r = http_write_header(&f->request, "Host", "localhost");
    for (size_t i = 0; i < head->n_headers && !r; i++)
        if (!http_header_is_hop(head, head->headers[i].name))
            r = http_write_header(&f->request, head->headers[i].name,
                                  head->headers[i].value);
    if (!r && o->content_type && !http_head_get(head, "Content-Type"))
        r = http_write_header(&f->request, "Content-Type", o->content_type);
    r = r ? r : write_body_framing(f, o);
    if (!r && f->x->wants_continue && !o->has_body)
        r = http_write_header(&f->request, "Expect", "100-continue");
    r = r ? r : write_connection(f);
    r = r ? r : http_write_head_end(&f->request);
    if (!r && o->has_body)
        r = buf_append(&f->request, o->body, o->body_len);
    return r;
}

static void send_up(struct forward *f, uv_buf_t *pieces, unsigned n)
{
    /* A failure is told by the stream, from the loop. */
    (void)!stream_write(&f->upstream, pieces, n);
    if (stream_queued(&f->upstream))
        http_exchange_pause(f->x);
}

static void sink_body(struct http_exchange *x, const char *data, size_t n)
{
    struct forward *f = x->sink_user;
    char line[HTTP_CHUNK_LINE_SIZE];
    uv_buf_t pieces[] = {
        stream_piece(line, http_chunk_line(line, n)),
        stream_piece(data, n),
        stream_piece(HTTP_CHUNK_END, 2),
    };
    if (f->is_chunked)
        send_up(f, pieces, 3);
    else
        send_up(f, &pieces[1], 1);
}

static void sink_body_end(struct http_exchange *x)
{
    struct forward *f = x->sink_user;
    uv_buf_t piece = stream_piece(HTTP_LAST_CHUNK, sizeof(HTTP_LAST_CHUNK) - 1);
    if (f->is_chunked)
        send_up(f, &piece, 1);
}

static void sink_raw(struct http_exchange *x, const char *data, size_t n)
{
    uv_buf_t piece = stream_piece(data, n);
    send_up(x->sink_user, &piece, 1);
}

/* Both directions have ended: what still waits for the client is written before its
 * connection closes. */
static void finish_raw(struct forward *f)
{
    http_connection_release(f->x->connection);
    forward_end(f, 0, NULL);
}

static void sink_eof(struct http_exchange *x)
{
    struct forward *f = x->sink_user;
    stream_shutdown(&f->upstream);
    if (f->upstream.is_eof)
        finish_raw(f);
}

static void sink_gone(struct http_exchange *x)
{
    struct forward *f = x->sink_user;
    struct err e = {0};
    err_set(&e, ERR_UNAVAILABLE, "the client went away");
    http_connection_release(x->connection);
    forward_end(f, ERR_UNAVAILABLE, &e);
}

/* ---- the answer, downwards ---- */

/* dockerd hijacks without a change of protocol when the client didn't ask for one. */
static bool is_raw_stream(const struct forward *f)
{
    const char *type = http_head_get(&f->reader.head, "Content-Type");
    return f->reader.body == READER_BODY_UNTIL_CLOSE && type &&
           f->x->connection->is_read &&
           str_equal(f->x->connection->reader.head.method, "POST") &&
           (str_starts_with(type, "application/vnd.docker.raw-stream") ||
            str_starts_with(type, "application/vnd.docker.multiplexed-stream"));
}

static enum http_framing choose_framing(const struct forward *f)
{
    const struct http_head *head = &f->reader.head;
    if (f->is_raw)
        return HTTP_FRAMING_RAW;
    if (http_head_get(head, "Transfer-Encoding"))
        return HTTP_FRAMING_CHUNKED;
    if (http_head_get(head, "Content-Length"))
        return HTTP_FRAMING_LENGTH;
    if (f->reader.body == READER_BODY_NONE)
        return HTTP_FRAMING_NONE;
    return HTTP_FRAMING_CHUNKED;
}

static size_t copy_headers(struct forward *f,
                           struct http_header out[HTTP_HEADERS_MAX + 2])
{
    const struct http_head *head = &f->reader.head;
    size_t n = 0;
    for (size_t i = 0; i < head->n_headers; i++)
        if (!http_header_is_hop(head, head->headers[i].name))
            out[n++] = head->headers[i];
    const char *protocol = http_head_get(head, "Upgrade");
    if (head->status == 101 && protocol) {
        out[n++] = (struct http_header){"Connection", "Upgrade"};
        out[n++] = (struct http_header){"Upgrade", protocol};
    }
    return n;
}

static void forward_head(struct forward *f)
{
    struct http_connection *c = f->x->connection;
    struct http_header headers[HTTP_HEADERS_MAX + 2];
    int status = f->reader.head.status;
    if (status < 200 && status != 101)
        return;
    if (status == 101 && (!c->reader.is_upgrade || !c->is_read)) {
        forward_fail(f, 502, ERR_BAD_MESSAGE,
                     "it switches protocols without being asked");
        return;
    }
    f->is_raw = status == 101 || is_raw_stream(f);
    if (f->options.on_head)
        f->options.on_head(f->x, &f->reader.head, f->options.user);
    size_t n = copy_headers(f, headers);
    (void)!http_exchange_send_head(f->x, status, headers, n, choose_framing(f),
                                   f->reader.length, true, NULL, 0);
    if (f->is_raw) {
        c->phase = HTTP_PHASE_RAW;
        defer_start(&c->wake, &c->server->defers);
    }
}

static void forward_interim_end(struct forward *f)
{
    if (f->reader.head.status == 100)
        (void)!http_exchange_send_continue(f->x);
    http_reader_next(&f->reader, f->reader.is_head_request);
}

static void forward_answered(struct forward *f)
{
    if (f->reader.head.status < 200 && !f->is_raw) {
        forward_interim_end(f);
    } else if (f->is_raw) {
        f->reads_raw = true;
    } else {
        http_exchange_end(f->x);
        forward_end(f, 0, NULL);
    }
}

static void forward_event(struct forward *f)
{
    switch (f->reader.event) {
    case READER_HEAD:
        forward_head(f);
        break;
    case READER_BODY:
        (void)!http_exchange_send_body(f->x, f->reader.data, f->reader.len);
        break;
    case READER_END:
        forward_answered(f);
        break;
    case READER_MORE:
        break;
    }
}

/* A hijacked answer without a change of protocol has no end for the reader: its bytes are
 * a body to it, which goes down raw all the same. */
static size_t forward_some(struct forward *f, const char *data, size_t n)
{
    struct err e = {0};
    size_t used = n;
    if (f->reads_raw)
        (void)!http_exchange_send_body(f->x, data, n);
    else if (http_reader_feed(&f->reader, data, n, &used, &e))
        forward_fail(f, 502, ERR_BAD_MESSAGE, err_text(&e));
    else
        forward_event(f);
    return used;
}

static void pause_upstream(struct forward *f)
{
    f->is_paused = true;
    stream_pause(&f->upstream);
}

static void forward_down(struct forward *f, const char *data, size_t n)
{
    size_t used = 0;
    while (used < n && !f->is_over && !f->is_paused) {
        used += forward_some(f, data + used, n - used);
        if (!f->is_over && http_exchange_queued(f->x))
            pause_upstream(f);
    }
    if (used < n && !f->is_over && buf_append(&f->input, data + used, n - used))
        forward_fail(f, 503, ERR_NO_MEMORY, "out of memory");
}

static void sink_drain(struct http_exchange *x)
{
    struct forward *f = x->sink_user;
    if (!f->is_paused)
        return;
    struct buf input = f->input;
    f->input = (struct buf)BUF_INIT;
    f->is_paused = false;
    stream_resume(&f->upstream);
    if (input.len)
        forward_down(f, input.data, input.len);
    buf_deinit(&input);
}

static const struct http_sink sink = {
    .on_body = sink_body,
    .on_body_end = sink_body_end,
    .on_raw = sink_raw,
    .on_eof = sink_eof,
    .on_gone = sink_gone,
    .on_drain = sink_drain,
};

/* ---- the upstream's socket ---- */

static struct forward *forward_of(struct stream *s)
{
    return CONTAINER_OF(s, struct forward, upstream);
}

static void upstream_data(struct stream *s, const char *data, size_t n)
{
    forward_down(forward_of(s), data, n);
}

static void upstream_eof(struct stream *s)
{
    struct forward *f = forward_of(s);
    struct err e = {0};
    if (f->is_raw) {
        stream_shutdown(&f->x->connection->stream);
        if (f->x->connection->is_eof_told || stream_is_hung_up(s))
            finish_raw(f);
    } else if (!http_reader_eof(&f->reader, &e) && f->reader.event == READER_END) {
        forward_answered(f);
    } else {
        forward_fail(f, 502, ERR_UNAVAILABLE,
                     "it closed the connection before the answer was complete");
    }
}

static void upstream_error(struct stream *s, int errnum)
{
    struct forward *f = forward_of(s);
    if (f->is_raw)
        finish_raw(f);
    else
        forward_fail(f, 502, ERR_UNAVAILABLE, strerror(errnum));
}

static void upstream_drain(struct stream *s)
{
    http_exchange_resume(forward_of(s)->x);
}

static const struct stream_events events = {
    .on_data = upstream_data,
    .on_eof = upstream_eof,
    .on_error = upstream_error,
    .on_drain = upstream_drain,
};

static void upstream_connected(uv_connect_t *request, int status)
{
    struct forward *f = CONTAINER_OF(request, struct forward, connect_request);
    if (f->is_over)
        return;
    if (status == 0 &&
        stream_start(&f->upstream, &events, f->x->connection->server->read_buffer, NULL))
        status = UV_EIO;
    if (status < 0) {
        forward_fail(f, 503, ERR_UNAVAILABLE, strerror(-status));
        return;
    }
    uv_buf_t piece = stream_piece(f->request.data, f->request.len);
    http_exchange_resume(f->x);
    send_up(f, &piece, 1);
}

/* ---- starting ---- */

static void forward_refused(void *user)
{
    struct forward *f = user;
    if (f->start_code == ERR_UNAVAILABLE)
        sink_gone(f->x);
    else
        forward_fail(f, err_http_status(f->start_code), f->start_code,
                     "the request can't be passed on");
}

static int forward_prepare(struct forward *f, const struct http_forward *o)
{
    struct http_connection *c = f->x->connection;
    if (c->phase == HTTP_PHASE_CLOSED)
        return ERR_UNAVAILABLE;
    if (strlen(o->path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return ERR_INVALID_ARGUMENT;
    return write_request(f, o);
}

void http_exchange_forward(struct http_exchange *x, const struct http_forward *o)
{
    struct http_connection *c = x->connection;
    assert(!x->is_started && !x->collect_cb && !x->sink);
    assert(o->has_body || !c->is_read || c->reader.body == READER_BODY_NONE);
    struct forward *f = calloc(1, sizeof(*f));
    char *path = mem_dup(o->path, strlen(o->path));
    if (!f || !path) {
        free(f);
        free(path);
        http_exchange_respond_message(x, 500, "out of memory");
        return;
    }
    f->x = x;
    f->options = *o;
    f->path = path;
    http_reader_init(&f->reader, HTTP_RESPONSE);
    http_reader_next(&f->reader, str_equal(c->reader.head.method, "HEAD"));
    defer_init(&f->start, forward_refused, f);
    f->start_code = forward_prepare(f, o);
    http_exchange_set_sink(x, &sink, f);
    http_exchange_pause(x);
    if (f->start_code) {
        defer_start(&f->start, &c->server->defers);
        return;
    }
    uv_pipe_init(c->server->loop, &f->upstream.uv.pipe, 0);
    uv_pipe_connect(&f->connect_request, &f->upstream.uv.pipe, f->path,
                    upstream_connected);
}
