/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call: it has a connection from its start to its end. When a kept connection turns
 * out to be closed before a byte of the answer came, the call moves once to a new one.
 */
#include "net/http_call.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "wire/http_writer.h"

static void call_free(void *user)
{
    struct http_call *call = user;
    struct http_client *client = call->client;
    list_remove(&call->link);
    buf_deinit(&call->request);
    buf_deinit(&call->fetch.response.body);
    free(call->path);
    free(call);
    http_client_check_closed(client);
}

/* A call without a deadline has no handle and is freed at once. */
static void call_dispose(struct http_call *call)
{
    call->is_over = true;
    defer_cancel(&call->resume);
    loop_close_init(&call->closing, call_free, call);
    timer_close(&call->deadline, &call->closing);
    loop_close_end(&call->closing);
}

/* From here on nothing can call back about the call. */
static void call_detach(struct http_call *call)
{
    struct http_client_connection *c = TAKE(call->connection);
    if (c)
        http_client_connection_close(c);
}

static void call_end(struct http_call *call, int code, const struct err *e)
{
    call->is_over = true;
    if (call->events->on_end)
        call->events->on_end(call, code, e, call->user);
    call_dispose(call);
}

void http_call_fail(struct http_call *call, int code, const char *fmt, ...)
{
    struct err e = {0};
    va_list ap;
    va_start(ap, fmt);
    err_vset(&e, code, fmt, ap);
    va_end(ap);
    err_wrap(&e, code, "%s: %s %s", call->client->path, call->method, call->path);
    call_detach(call);
    call_end(call, code, &e);
}

void http_call_cancel(struct http_call *call)
{
    if (!call || call->is_over)
        return;
    call_detach(call);
    call_dispose(call);
}

/* ---- starting ---- */

static bool method_has_body(const char *method)
{
    return str_equal(method, "POST") || str_equal(method, "PUT") ||
           str_equal(method, "PATCH");
}

static int write_request(struct buf *out, const struct http_request *q)
{
    int r = buf_reserve(out, 512 + q->body_len);
    r = r ? r : http_write_request_line(out, q->method, q->target);
    if (!r && !http_header_get(q->headers, q->n_headers, "Host"))
        r = http_write_header(out, "Host", "localhost");
    for (size_t i = 0; i < q->n_headers && !r; i++)
        r = http_write_header(out, q->headers[i].name, q->headers[i].value);
    if (!r && (q->body || method_has_body(q->method)))
        r = http_write_length(out, q->body_len);
    r = r ? r : http_write_head_end(out);
    return r ? r : buf_append(out, q->body, q->body_len);
}

static void deadline_passed(void *user)
{
    http_call_fail(user, ERR_DEADLINE_EXCEEDED, "no complete answer in time");
}

static void call_resumed(void *user)
{
    struct http_call *call = user;
    struct http_client_connection *c = call->connection;
    struct buf input = c->input;
    c->input = (struct buf)BUF_INIT;
    stream_resume(&c->stream);
    if (input.len)
        http_call_read(call, input.data, input.len);
    buf_deinit(&input);
}

static int call_new(struct http_client *client, const struct http_request *request,
                    struct http_call **out, struct err *e)
{
    struct http_call *call = calloc(1, sizeof(*call));
    if (!call)
        return err_no_memory(e);
    call->client = client;
    call->path = mem_dup(request->target, strcspn(request->target, "?"));
    strcpy_cut(call->method, sizeof(call->method), request->method);
    list_append(&client->calls, &call->link);
    defer_init(&call->resume, call_resumed, call);
    int r = call->path ? write_request(&call->request, request) : ERR_NO_MEMORY;
    if (r) {
        call_dispose(call);
        return err_set(e, r, "%s: can't make the request %s %s", client->path,
                       request->method, request->target);
    }
    *out = call;
    return 0;
}

int http_call_start(struct http_client *client, const struct http_request *request,
                    const struct http_call_events *events, void *user,
                    struct http_call **out, struct err *e)
{
    struct http_call *call = NULL;
    if (client->is_closing)
        return err_set(e, ERR_UNAVAILABLE, "%s: the client is closing", client->path);
    int r = call_new(client, request, &call, e);
    if (r)
        return r;
    call->events = events;
    call->user = user;
    r = http_client_connect(client, call, false, e);
    if (r) {
        call_dispose(call);
        return r;
    }
    if (request->timeout > 0) {
        timer_init(&call->deadline, client->loop, deadline_passed, call);
        timer_start(&call->deadline, request->timeout);
    }
    *out = call;
    return 0;
}

int http_client_request(struct http_client *client, const struct http_request *request,
                        const struct http_call_events *events, void *user,
                        struct http_call **out, struct err *e)
{
    struct http_call *call;
    int r = http_call_start(client, request, events, user, &call, e);
    if (!r && out)
        *out = call;
    return r;
}

/* ---- what the connection tells ---- */

/* A failed write is told by the stream, from the loop. */
void http_call_connected(struct http_call *call)
{
    struct http_client_connection *c = call->connection;
    uv_buf_t piece = {.base = call->request.data, .len = call->request.len};
    http_reader_next(&c->reader, str_equal(call->method, "HEAD"));
    (void)!stream_write(&c->stream, &piece, 1);
}

static bool is_idempotent(const char *method)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (str_equal(method, methods[i]))
            return true;
    return false;
}

static bool try_again(struct http_call *call)
{
    struct http_client_connection *c = call->connection;
    if (!call->is_reused || c->reader.is_started || !is_idempotent(call->method))
        return false;
    http_client_connection_close(TAKE(call->connection));
    struct err e = {0};
    int r = http_client_connect(call->client, call, true, &e);
    if (r)
        http_call_fail(call, r, "%s", err_text(&e));
    return true;
}

void http_call_lost(struct http_call *call, int errnum)
{
    if (try_again(call))
        return;
    int code = errnum == EACCES || errnum == EPERM ? ERR_PERMISSION_DENIED
               : errnum == ENOMEM                  ? ERR_NO_MEMORY
                                                   : ERR_UNAVAILABLE;
    http_call_fail(call, code, "%s", strerror(errnum));
}

/* Complete: the connection is kept when it is in order and nothing is left over. It goes
 * back after the callback only, so that the head holds during it. */
static void call_complete(struct http_call *call, bool is_clean)
{
    struct http_client_connection *c = TAKE(call->connection);
    c->call = NULL;
    call_end(call, 0, NULL);
    if (c->is_closing)
        return;
    if (is_clean && c->reader.keep_alive && !c->stream.is_eof && !c->stream.is_failed) {
        stream_resume(&c->stream);
        http_client_connection_keep(c);
    } else {
        http_client_connection_close(c);
    }
}

static bool is_interim(const struct http_reader *r)
{
    return r->head.status < 200 && r->head.status != 101;
}

static void call_head(struct http_call *call)
{
    struct http_reader *r = &call->connection->reader;
    if (is_interim(r))
        return;
    if (r->head.status == 101)
        http_call_fail(call, ERR_BAD_MESSAGE,
                       "it switches protocols without being asked");
    else if (call->events->on_head)
        call->events->on_head(call, &r->head, call->user);
}

/* One event; false when the call is over. The connection tells, since the call's memory
 * may be gone by then. */
static bool call_event(struct http_client_connection *c, bool is_last)
{
    struct http_call *call = c->call;
    switch (c->reader.event) {
    case READER_HEAD:
        call_head(call);
        break;
    case READER_BODY:
        if (call->events->on_body)
            call->events->on_body(call, c->reader.data, c->reader.len, call->user);
        break;
    case READER_END:
        if (is_interim(&c->reader))
            http_reader_next(&c->reader, c->reader.is_head_request);
        else
            call_complete(call, is_last);
        break;
    case READER_MORE:
        break;
    }
    return c->call == call;
}

static void keep_input(struct http_call *call, const char *data, size_t n)
{
    struct http_client_connection *c = call->connection;
    stream_pause(&c->stream);
    if (n && buf_append(&c->input, data, n))
        http_call_fail(call, ERR_NO_MEMORY, "out of memory");
}

/* The connection can't be freed within here: its handles close from the loop. */
void http_call_read(struct http_call *call, const char *data, size_t n)
{
    struct http_client_connection *c = call->connection;
    struct err e = {0};
    size_t done = 0;
    while (done < n) {
        size_t used;
        if (call->is_paused) {
            keep_input(call, data + done, n - done);
            return;
        }
        if (http_reader_feed(&c->reader, data + done, n - done, &used, &e)) {
            http_call_fail(call, ERR_BAD_MESSAGE, "%s", err_text(&e));
            return;
        }
        done += used;
        if (!call_event(c, done == n))
            return;
    }
}

void http_call_eof(struct http_call *call)
{
    struct http_client_connection *c = call->connection;
    struct err e = {0};
    if (!http_reader_eof(&c->reader, &e) && c->reader.event == READER_END)
        call_complete(call, false);
    else if (!try_again(call))
        http_call_fail(call, ERR_UNAVAILABLE, "the connection was closed %s",
                       c->reader.is_started ? "in the midst of the answer"
                                            : "before an answer came");
}

void http_call_pause(struct http_call *call)
{
    call->is_paused = true;
    if (call->connection && call->connection->is_connected)
        stream_pause(&call->connection->stream);
}

void http_call_resume(struct http_call *call)
{
    if (!call->is_paused || call->is_over)
        return;
    call->is_paused = false;
    defer_start(&call->resume, &call->client->defers);
}
