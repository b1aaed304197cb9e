/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of the engine, from its bytes to those of the answer. While it is served
 * the exchange is kept, even if the engine gives it up meanwhile.
 */
#include "base/clock.h"
#include "base/str.h"
#include "sdk/plugin_private.h"
#include "sdk/sdk.h"
#include "wire/connect.h"
#include "wire/http_writer.h"

static const struct connect_reply reply = {.is_last = true};

/* ---- other answers than a method's ---- */

static int write_health(struct buf *out, struct err *e)
{
    static const char body[] = "ok";
    int r = http_write_status_line(out, 200);
    if (!r)
        r = http_write_header(out, "Content-Type", "text/plain; charset=utf-8");
    if (!r)
        r = http_write_length(out, sizeof(body) - 1);
    if (!r)
        r = http_write_header(out, "Connection", "close");
    if (!r)
        r = http_write_head_end(out);
    if (!r)
        r = buf_append(out, body, sizeof(body) - 1);
    return r ? err_no_memory(e) : 0;
}

/* ---- methods ---- */

/* The end of the time for a request that came when it did. */
static int64_t deadline_of(const struct coffer_plugin *p, const struct sdk_exchange *x,
                           const struct connect_request *request)
{
    int64_t time = request->timeout;
    if (p->request_time && (!time || p->request_time < time))
        time = p->request_time;
    return time ? clock_after(x->arrived, time) : CLOCK_NEVER;
}

static int run(struct coffer_plugin *p, const struct sdk_method *method,
               const struct connect_request *request, struct buf *out, struct err *e)
{
    cleanup_message ProtobufCMessage *m = NULL;
    if (request->codec != CONNECT_PROTO)
        return err_set(e, ERR_UNIMPLEMENTED, "a plugin doesn't speak JSON");
    if (sdk_now() >= p->deadline)
        return err_set(e, ERR_DEADLINE_EXCEEDED, "the plugin was busy for too long");
    int r = message_unpack(method->request, request->message.data, request->message.len,
                           &m, e);
    if (r)
        return r == ERR_NO_MEMORY ? r : err_wrap(e, ERR_INVALID_ARGUMENT, "request");
    return method->run(p, m, out, e);
}

static int call(struct coffer_plugin *p, struct sdk_exchange *x,
                const struct sdk_method *method, struct err *e)
{
    cleanup_connect_request struct connect_request request = {.codec = CONNECT_PROTO};
    cleanup_buf struct buf message = BUF_INIT;
    struct err why = {0};
    int r = connect_read_request(&x->in.reader.head, &x->in.body, CONNECT_MESSAGE_MAX,
                                 &request, &why);
    if (!r) {
        p->deadline = deadline_of(p, x, &request);
        r = run(p, method, &request, &message, &why);
    }
    if (r)
        return connect_write_error(&reply, r, err_text(&why), &x->out, e);
    return connect_write_answer(&request, &reply, message.data, message.len, &x->out, e);
}

static int answer(struct coffer_plugin *p, struct sdk_exchange *x, struct err *e)
{
    const struct http_head *head = &x->in.reader.head;
    if (str_equal(head->target, "/health") && str_equal(head->method, "GET"))
        return write_health(&x->out, e);
    const struct sdk_method *method = sdk_method_find(p, head->target);
    int status = method ? connect_refusal(head) : 404;
    if (status)
        return connect_write_refusal(&reply, status, &x->out, e);
    p->is_stopping = p->is_stopping || method->ends;
    return call(p, x, method, e);
}

int sdk_plugin_serve(struct coffer_plugin *p, struct sdk_exchange *x, struct err *e)
{
    x->is_kept = true;
    p->current = x;
    p->deadline = CLOCK_NEVER;
    int r = answer(p, x, e);
    p->current = NULL;
    return r ? r : sdk_exchange_send(x, e);
}
