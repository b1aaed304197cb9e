/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handler's side of an exchange. A whole answer is one writev: head and body stay
 * where they are, and only what the kernel doesn't take is copied.
 */
#include "net/http_connection.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "base/str.h"
#include "wire/http_writer.h"

const struct http_head *http_exchange_head(const struct http_exchange *x)
{
    return &x->connection->reader.head;
}

const struct http_url *http_exchange_url(const struct http_exchange *x)
{
    return &x->connection->url;
}

bool http_exchange_peer(const struct http_exchange *x, struct ucred *out)
{
    const struct http_connection *c = x->connection;
    if (c->has_peer)
        *out = c->peer;
    return c->has_peer;
}

bool http_exchange_is_stranger(const struct http_exchange *x)
{
    return x->connection->is_stranger;
}

void http_exchange_on_close(struct http_exchange *x, http_exchange_cb cb, void *user)
{
    x->close_cb = cb;
    x->close_user = user;
}

void http_exchange_on_drain(struct http_exchange *x, http_exchange_cb cb, void *user)
{
    x->drain_cb = cb;
    x->drain_user = user;
}

/* ---- the request's body ---- */

static void read_soon(struct http_connection *c)
{
    if (!c->is_stepping)
        defer_start(&c->wake, &c->server->defers);
}

int http_exchange_send_continue(struct http_exchange *x)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uv_buf_t piece = stream_piece(line, sizeof(line) - 1);
    if (!x->wants_continue)
        return 0;
    x->wants_continue = false;
    return stream_write(&x->connection->stream, &piece, 1);
}

void http_exchange_collect(struct http_exchange *x, size_t max, http_collect_cb cb,
                           void *user)
{
    struct http_connection *c = x->connection;
    assert(c->is_held && !x->collect_cb && !x->sink && !x->is_started);
    x->collect_cb = cb;
    x->collect_user = user;
    x->collect_max = max;
    x->collect_code = 0;
    x->body_mode = HTTP_BODY_COLLECT;
    if (c->phase == HTTP_PHASE_CLOSED)
        x->collect_code = ERR_UNAVAILABLE;
    else if (c->reader.body == READER_BODY_LENGTH && c->reader.length > max)
        x->collect_code = ERR_RESOURCE_EXHAUSTED;
    else if (http_exchange_send_continue(x))
        x->collect_code = ERR_UNAVAILABLE;
    if (x->collect_code)
        x->body_mode = HTTP_BODY_HOLD;
    else if (c->server->options.body_timeout)
        timer_start(&c->timer, c->server->options.body_timeout);
    read_soon(c);
}

void http_exchange_set_sink(struct http_exchange *x, const struct http_sink *sink,
                            void *user)
{
    x->sink = sink;
    x->sink_user = user;
    x->body_mode = HTTP_BODY_SINK;
    read_soon(x->connection);
}

void http_exchange_pause(struct http_exchange *x)
{
    x->is_sink_paused = true;
    stream_pause(&x->connection->stream);
}

void http_exchange_resume(struct http_exchange *x)
{
    if (!x->is_sink_paused)
        return;
    x->is_sink_paused = false;
    read_soon(x->connection);
}

/* ---- heads ---- */

static bool has_default(const struct http_server *s, const char *name)
{
    return http_header_get(s->options.headers, s->options.n_headers, name) != NULL;
}

/* The given headers and the server's own; who wins where both have a name depends. */
static int write_headers(struct http_connection *c, const struct http_header *headers,
                         size_t n, bool is_forwarded)
{
    const struct http_server_options *o = &c->server->options;
    int r = 0;
    for (size_t i = 0; i < o->n_headers && !r; i++)
        if (is_forwarded || !http_header_get(headers, n, o->headers[i].name))
            r = http_write_header(&c->out, o->headers[i].name, o->headers[i].value);
    for (size_t i = 0; i < n && !r; i++)
        if (!is_forwarded || !has_default(c->server, headers[i].name))
            r = http_write_header(&c->out, headers[i].name, headers[i].value);
    if (!r && !http_header_get(headers, n, "Date"))
        r = http_write_header(&c->out, "Date", http_server_date(c->server));
    return r;
}

static int write_framing(struct http_connection *c, uint64_t length)
{
    int r = 0;
    if (c->x.framing == HTTP_FRAMING_RAW)
        return 0;
    if (c->x.framing == HTTP_FRAMING_LENGTH)
        r = http_write_length(&c->out, length);
    else if (c->x.framing == HTTP_FRAMING_CHUNKED)
        r = http_write_header(&c->out, "Transfer-Encoding", "chunked");
    if (!r && !c->keep_alive)
        r = http_write_header(&c->out, "Connection", "close");
    else if (!r && c->reader.head.minor == 0)
        r = http_write_header(&c->out, "Connection", "keep-alive");
    return r;
}

/* Can the rest of the request be read away, so that the connection may be used again? */
static bool can_keep_alive(const struct http_connection *c)
{
    if (c->server->is_closing || c->is_broken || c->is_eof)
        return false;
    if (c->is_read || c->reader.body == READER_BODY_NONE)
        return true;
    return !c->x.wants_continue && c->reader.length <= HTTP_CONNECTION_DISCARD_MAX;
}

static bool is_head_request(const struct http_connection *c)
{
    return str_equal(c->reader.head.method, "HEAD");
}

static bool is_bodiless(const struct http_connection *c, int status)
{
    return is_head_request(c) || status < 200 || status == 204 || status == 304;
}

/* Some framings aren't to be had: chunks in HTTP/1.0, a length where the status forbids
 * one. */
static enum http_framing choose_framing(struct http_connection *c, int status,
                                        enum http_framing framing)
{
    if (framing == HTTP_FRAMING_RAW)
        return framing;
    if (status < 200 || status == 204 || status == 304)
        return HTTP_FRAMING_NONE;
    if (framing == HTTP_FRAMING_CHUNKED && c->reader.head.minor == 0)
        return HTTP_FRAMING_CLOSE;
    return framing;
}

int http_exchange_send_head(struct http_exchange *x, int status,
                            const struct http_header *headers, size_t n_headers,
                            enum http_framing framing, uint64_t length, bool is_forwarded,
                            const char *body, size_t n)
{
    struct http_connection *c = x->connection;
    assert(c->is_held && !x->is_started);
    x->is_started = true;
    if (c->phase == HTTP_PHASE_CLOSED)
        return ERR_UNAVAILABLE;
    x->framing = choose_framing(c, status, framing);
    c->keep_alive = c->keep_alive && can_keep_alive(c) &&
                    x->framing != HTTP_FRAMING_CLOSE && x->framing != HTTP_FRAMING_RAW;
    buf_reset(&c->out);
    int r = http_write_status_line(&c->out, status);
    r = r ? r : write_headers(c, headers, n_headers, is_forwarded);
    r = r ? r : write_framing(c, length);
    r = r ? r : http_write_head_end(&c->out);
    if (is_bodiless(c, status) && x->framing != HTTP_FRAMING_RAW) {
        x->framing = HTTP_FRAMING_NONE;
        n = 0;
    }
    uv_buf_t pieces[] = {stream_piece(c->out.data, c->out.len), stream_piece(body, n)};
    r = r ? r : stream_write(&c->stream, pieces, n ? 2 : 1);
    if (r)
        stream_fail(&c->stream, ENOMEM);
    return r;
}

int http_exchange_send_body(struct http_exchange *x, const char *data, size_t n)
{
    struct http_connection *c = x->connection;
    char line[HTTP_CHUNK_LINE_SIZE];
    if (c->phase == HTTP_PHASE_CLOSED)
        return ERR_UNAVAILABLE;
    if (!n || x->framing == HTTP_FRAMING_NONE)
        return 0;
    if (x->framing != HTTP_FRAMING_CHUNKED) {
        uv_buf_t piece = stream_piece(data, n);
        return stream_write(&c->stream, &piece, 1);
    }
    uv_buf_t pieces[] = {
        stream_piece(line, http_chunk_line(line, n)),
        stream_piece(data, n),
        stream_piece(HTTP_CHUNK_END, 2),
    };
    return stream_write(&c->stream, pieces, 3);
}

/* ---- answers ---- */

void http_exchange_end_connection(struct http_exchange *x)
{
    assert(!x->is_started);
    x->connection->keep_alive = false;
}

void http_exchange_respond(struct http_exchange *x, int status,
                           const struct http_header *headers, size_t n_headers,
                           const void *body, size_t n)
{
    /* A failure has been noted by the stream: the connection ends. */
    (void)!http_exchange_send_head(x, status, headers, n_headers, HTTP_FRAMING_LENGTH, n,
                                   false, body, n);
    http_connection_release(x->connection);
}

/* Appends s as the inside of a JSON string. Bytes over 0x7f pass as they are. */
static int append_json(struct buf *out, const char *s)
{
    int r = 0;
    for (; *s && !r; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            r = buf_printf(out, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            r = buf_printf(out, "\\u%04x", c);
        else
            r = buf_append_char(out, *s);
    }
    return r;
}

void http_exchange_respond_message(struct http_exchange *x, int status,
                                   const char *message)
{
    static const struct http_header json = {"Content-Type", "application/json"};
    cleanup_buf struct buf body = BUF_INIT;
    int r = buf_append_str(&body, "{\"message\":\"");
    r = r ? r : append_json(&body, message);
    r = r ? r : buf_append_str(&body, "\"}\n");
    if (r)
        http_exchange_abort(x);
    else
        http_exchange_respond(x, status, &json, 1, body.data, body.len);
}

void http_exchange_respond_error(struct http_exchange *x, const struct err *e)
{
    http_exchange_respond_message(x, err_http_status(e->code), err_text(e));
}

void http_exchange_start(struct http_exchange *x, int status,
                         const struct http_header *headers, size_t n_headers)
{
    (void)!http_exchange_send_head(x, status, headers, n_headers, HTTP_FRAMING_CHUNKED, 0,
                                   false, NULL, 0);
}

size_t http_exchange_queued(const struct http_exchange *x)
{
    const struct http_connection *c = x->connection;
    return c->phase == HTTP_PHASE_CLOSED ? 0 : stream_queued(&c->stream);
}

int http_exchange_write(struct http_exchange *x, const void *data, size_t n)
{
    assert(x->is_started);
    size_t queued = http_exchange_queued(x);
    if (n > HTTP_SERVER_QUEUE_MAX || queued > HTTP_SERVER_QUEUE_MAX - n)
        return ERR_RESOURCE_EXHAUSTED;
    return http_exchange_send_body(x, data, n);
}

void http_exchange_end(struct http_exchange *x)
{
    struct http_connection *c = x->connection;
    assert(x->is_started);
    if (x->framing == HTTP_FRAMING_CHUNKED && c->phase != HTTP_PHASE_CLOSED) {
        uv_buf_t piece = stream_piece(HTTP_LAST_CHUNK, sizeof(HTTP_LAST_CHUNK) - 1);
        (void)!stream_write(&c->stream, &piece, 1);
    }
    http_connection_release(c);
}

void http_exchange_abort(struct http_exchange *x)
{
    struct http_connection *c = x->connection;
    http_connection_close(c);
    http_connection_release(c);
}
