/* SPDX-License-Identifier: Apache-2.0 */
/* A call of ours: written as far as the stream takes it, answered whole. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engined/session_private.h"
#include "wire/message.h"

#define HOST "unix"

/* ---- the two ends of an exchange ---- */

int session_exchange_write(struct session_exchange *x, struct err *e)
{
    while (x->written < x->out.len) {
        size_t taken;
        int r = yamux_stream_write(x->stream, x->out.data + x->written,
                                   x->out.len - x->written, &taken, e);
        if (r)
            return r;
        if (!taken)
            return 0; /* YAMUX_WRITABLE follows */
        x->written += taken;
    }
    if (!x->out.len)
        return 0;
    buf_deinit(&x->out);
    x->written = 0;
    return x->is_incoming ? yamux_stream_close(x->stream, e) : 0;
}

int session_exchange_read(struct session_exchange *x, bool is_finished, bool *is_complete,
                          struct err *e)
{
    cleanup_buf struct buf arrived = BUF_INIT;
    size_t at = 0, used;
    int r = yamux_stream_read(x->stream, &arrived, e);
    while (!r && at < arrived.len && !x->in.is_complete) {
        r = unary_feed(&x->in, arrived.data + at, arrived.len - at, &used, e);
        at += r ? 0 : used;
    }
    if (!r && is_finished && !x->in.is_complete)
        r = unary_eof(&x->in, e);
    *is_complete = !r && x->in.is_complete;
    return r;
}

void session_exchange_deinit(struct session_exchange *x)
{
    if (x->stream) {
        yamux_stream_set_user(x->stream, NULL);
        yamux_stream_release(x->stream);
    }
    x->stream = NULL;
    buf_deinit(&x->out);
    unary_deinit(&x->in);
}

/* ---- calls ---- */

void session_call_drop(struct session_call *call)
{
    list_remove(&call->link);
    session_exchange_deinit(&call->x);
    free(call);
}

/* The owner may close the session from its callback: nothing of it is touched after. */
static void tell(struct session_call *call, int code, ProtobufCMessage *answer,
                 const struct err *e)
{
    session_called *cb = call->cb;
    void *user = call->user;
    session_call_drop(call);
    cb(code, &answer, e, user);
    message_free(answer);
}

void session_call_fail(struct session_call *call, const struct err *why)
{
    if (call->x.stream && !call->s->is_over)
        (void)!yamux_stream_reset(call->x.stream, NULL);
    tell(call, why->code, NULL, why);
}

static void take_answer(struct session_call *call)
{
    struct err e;
    cleanup_buf struct buf message = BUF_INIT;
    ProtobufCMessage *answer = NULL;
    int r = connect_read_answer(&call->x.in.reader.head, &call->x.in.body, CONNECT_PROTO,
                                &message, &e);
    if (!r)
        r = message_unpack(call->answer, message.data, message.len, &answer, &e);
    tell(call, r, answer, r ? &e : NULL);
}

void session_call_event(struct session_call *call, unsigned events)
{
    struct err e;
    bool is_complete = false;
    int r = 0;
    if (events & YAMUX_RESET)
        r = err_set(&e, ERR_UNAVAILABLE, "it broke the call off");
    if (!r && (events & YAMUX_WRITABLE))
        r = session_exchange_write(&call->x, &e);
    if (!r && (events & (YAMUX_READABLE | YAMUX_FINISHED)))
        r = session_exchange_read(&call->x, events & YAMUX_FINISHED, &is_complete, &e);
    if (r)
        session_call_fail(call, &e);
    else if (is_complete)
        take_answer(call);
}

static int write_call(struct session_call *call, const char *procedure,
                      const ProtobufCMessage *message, int64_t timeout, struct err *e)
{
    cleanup_buf struct buf packed = BUF_INIT;
    struct connect_call head = {.procedure = procedure,
                                .host = HOST,
                                .codec = CONNECT_PROTO,
                                .timeout = timeout,
                                .is_last = true};
    if (message_pack(message, &packed))
        return err_no_memory(e);
    return connect_write_call(&head, packed.data, packed.len, &call->x.out, e);
}

static int open_call(struct session_call *call, struct err *e)
{
    int r = yamux_stream_open(call->s->yamux, &call->x.stream, e);
    if (r)
        return r;
    yamux_stream_set_user(call->x.stream, &call->x);
    return session_exchange_write(&call->x, e);
}

int session_call(struct session *s, const char *procedure,
                 const ProtobufCMessage *message,
                 const ProtobufCMessageDescriptor *answer, int64_t timeout,
                 session_called *cb, void *user, struct session_call **out, struct err *e)
{
    if (s->is_over)
        return err_set(e, ERR_UNAVAILABLE, "the plugin's connection is over");
    struct session_call *call = calloc(1, sizeof(*call));
    if (!call)
        return err_no_memory(e);
    *call = (struct session_call){.s = s, .answer = answer, .cb = cb, .user = user};
    call->deadline = clock_after(clock_monotonic(), timeout);
    unary_init(&call->x.in, HTTP_RESPONSE, CONNECT_MESSAGE_MAX);
    list_append(&s->calls, &call->link);
    int r = write_call(call, procedure, message, timeout, e);
    if (!r)
        r = open_call(call, e);
    if (r) {
        session_call_drop(call);
        return r;
    }
    session_flush(s);
    session_set_timer(s);
    *out = call;
    return 0;
}

void session_call_cancel(struct session_call *call)
{
    struct session *s = call->s;
    if (!s->is_over)
        (void)!yamux_stream_reset(call->x.stream, NULL);
    session_call_drop(call);
    session_flush(s);
}
