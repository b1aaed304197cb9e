/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/call.h"

#include <stdlib.h>

#include "base/macro.h"
#include "base/mem.h"
#include "wire/connect.h"
#include "wire/message.h"
#include "wire/message_json.h"

struct call {
    struct http_exchange *x;
    uv_loop_t *loop;
    struct ucred peer;
    struct connect_request request;
    struct timer timer;
    struct loop_close closing;
    void (*serve)(struct call *call, void *user);
    void *user;
    void (*cancel)(void *user);
    void *cancel_user;
};

static void call_free(void *user)
{
    struct call *call = user;
    connect_request_deinit(&call->request);
    free(call);
}

/* The exchange has been ended. */
static void call_over(struct call *call)
{
    loop_close_init(&call->closing, call_free, call);
    timer_close(&call->timer, &call->closing);
    loop_close_end(&call->closing);
}

static void respond(struct call *call, struct connect_answer *a)
{
    http_exchange_respond(call->x, a->status, a->headers, a->n_headers, a->body, a->n);
    connect_answer_deinit(a);
    call_over(call);
}

static void drop(struct call *call)
{
    http_exchange_abort(call->x);
    call_over(call);
}

void call_refuse(struct call *call, const struct err *why)
{
    struct connect_answer a;
    if (connect_answer_error(why->code, err_text(why), &a, NULL))
        drop(call);
    else
        respond(call, &a);
}

/* Clients take no longer one, so that sending it would only hide why. */
static int check_size(size_t n, struct err *e)
{
    if (n <= CONNECT_MESSAGE_MAX)
        return 0;
    return err_set(e, ERR_RESOURCE_EXHAUSTED,
                   "the answer has %zu bytes, and at most %zu are sent: ask for less, "
                   "with a narrower pattern",
                   n, CONNECT_MESSAGE_MAX);
}

static int pack(const struct call *call, const ProtobufCMessage *message, struct buf *out,
                struct err *e)
{
    int r = check_size(protobuf_c_message_get_packed_size(message), e);
    if (r)
        return r;
    if (call->request.codec != CONNECT_JSON)
        return message_pack(message, out) ? err_no_memory(e) : 0;
    r = message_to_json(message, out, e);
    return r ? r : check_size(out->len, e);
}

void call_answer(struct call *call, const ProtobufCMessage *message)
{
    struct err e;
    struct connect_answer a;
    cleanup_buf struct buf packed = BUF_INIT;
    int r = pack(call, message, &packed, &e);
    if (!r)
        r = connect_answer(&call->request, true, packed.data, packed.len, &a, &e);
    if (r)
        call_refuse(call, &e);
    else
        respond(call, &a);
}

void call_end(struct call *call, int r, const ProtobufCMessage *message,
              const struct err *why)
{
    if (r)
        call_refuse(call, why);
    else
        call_answer(call, message);
}

/* ---- ends that nobody asked for ---- */

static void tell_cancel(struct call *call)
{
    if (call->cancel)
        TAKE(call->cancel)(call->cancel_user);
}

static void on_gone(struct http_exchange *x, void *user)
{
    struct call *call = user;
    (void)x;
    tell_cancel(call);
    drop(call);
}

static void on_late(void *user)
{
    struct call *call = user;
    struct err e;
    err_set(&e, ERR_DEADLINE_EXCEEDED, "the time that the client gave is over");
    tell_cancel(call);
    call_refuse(call, &e);
}

/* ---- the request ---- */

static int read_request(struct call *call, int code, struct buf *body,
                        const struct err *why, struct err *e)
{
    if (code) {
        *e = *why;
        return code;
    }
    return connect_read_request(http_exchange_head(call->x), body, CONNECT_MESSAGE_MAX,
                                &call->request, e);
}

static void on_body(struct http_exchange *x, int code, struct buf *body,
                    const struct err *why, void *user)
{
    struct call *call = user;
    struct err e;
    if (read_request(call, code, body, why, &e)) {
        call_refuse(call, &e);
        return;
    }
    http_exchange_on_close(x, on_gone, call);
    if (call->request.timeout)
        timer_start(&call->timer, call->request.timeout);
    call->serve(call, call->user);
}

static void refuse_plainly(struct http_exchange *x, int status)
{
    struct connect_answer a;
    connect_answer_refusal(status, &a);
    http_exchange_respond(x, a.status, a.headers, a.n_headers, a.body, a.n);
}

void call_begin(uv_loop_t *loop, struct http_exchange *x, const struct ucred *peer,
                void (*serve)(struct call *call, void *user), void *user)
{
    int refusal = connect_refusal(http_exchange_head(x));
    if (refusal) {
        refuse_plainly(x, refusal);
        return;
    }
    struct call *call = calloc(1, sizeof(*call));
    if (!call) {
        http_exchange_abort(x);
        return;
    }
    *call =
        (struct call){.x = x, .loop = loop, .peer = *peer, .serve = serve, .user = user};
    timer_init(&call->timer, loop, on_late, call);
    http_exchange_collect(x, CONNECT_MESSAGE_MAX, on_body, call);
}

const struct ucred *call_peer(const struct call *call)
{
    return &call->peer;
}

const char *call_procedure(const struct call *call)
{
    return http_exchange_head(call->x)->target;
}

int call_read(const struct call *call, const ProtobufCMessageDescriptor *type,
              ProtobufCMessage **out, struct err *e)
{
    const struct buf *m = &call->request.message;
    int r = call->request.codec == CONNECT_JSON
                ? message_from_json(type, buf_str(m), m->len, out, e)
                : message_unpack(type, m->data, m->len, out, e);
    return r == ERR_BAD_MESSAGE ? err_wrap(e, ERR_INVALID_ARGUMENT, "unmarshal message")
                                : r;
}

void call_on_cancel(struct call *call, void (*cancel)(void *user), void *user)
{
    call->cancel = cancel;
    call->cancel_user = user;
}
