/* SPDX-License-Identifier: Apache-2.0 */
/* A call of the plugin's: read whole, then told, then answered. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engined/session_private.h"
#include "wire/message.h"
#include "wire/message_json.h"

/* All that a plugin has to say to its engine is who it is. */
#define REQUEST_MAX ((size_t)64 * 1024)

void session_incoming_drop(struct session_incoming *in)
{
    list_remove(&in->link);
    in->s->n_incoming--;
    session_exchange_deinit(&in->x);
    connect_request_deinit(&in->request);
    free(in);
}

static void refuse_stream(struct yamux_stream *stream)
{
    (void)!yamux_stream_reset(stream, NULL);
    yamux_stream_release(stream);
}

void session_incoming_new(struct session *s, struct yamux_stream *stream, unsigned events)
{
    struct session_incoming *in =
        s->n_incoming < SESSION_INCOMING_MAX ? calloc(1, sizeof(*in)) : NULL;
    if (!in) {
        refuse_stream(stream);
        return;
    }
    in->s = s;
    in->x = (struct session_exchange){.stream = stream, .is_incoming = true};
    unary_init(&in->x.in, HTTP_REQUEST, REQUEST_MAX);
    list_append(&s->incoming, &in->link);
    s->n_incoming++;
    yamux_stream_set_user(stream, &in->x);
    session_incoming_event(in, events & ~(unsigned)YAMUX_OPENED);
}

/* Nothing can be told any more to who asked. */
static void give_up(struct session_incoming *in)
{
    if (!in->s->is_over)
        (void)!yamux_stream_reset(in->x.stream, NULL);
    session_incoming_drop(in);
}

/* Begins to write in->x.out, and sees it through. */
static void send_answer(struct session_incoming *in)
{
    struct session *s = in->s;
    if (session_exchange_write(&in->x, NULL))
        give_up(in);
    else if (!in->x.out.len)
        session_incoming_drop(in);
    session_flush(s);
}

void session_refuse(struct session_incoming *in, const struct err *why)
{
    struct connect_reply reply = {.is_last = true};
    if (connect_write_error(&reply, why->code, err_text(why), &in->x.out, NULL))
        give_up(in);
    else
        send_answer(in);
}

int session_read(const struct session_incoming *in,
                 const ProtobufCMessageDescriptor *type, ProtobufCMessage **out,
                 struct err *e)
{
    const struct buf *m = &in->request.message;
    int r = in->request.codec == CONNECT_JSON
                ? message_from_json(type, buf_str(m), m->len, out, e)
                : message_unpack(type, m->data, m->len, out, e);
    return r == ERR_BAD_MESSAGE ? err_wrap(e, ERR_INVALID_ARGUMENT, "unmarshal message")
                                : r;
}

/* In the form that the request had. */
static int pack(const struct session_incoming *in, const ProtobufCMessage *message,
                struct buf *out, struct err *e)
{
    if (in->request.codec == CONNECT_JSON)
        return message_to_json(message, out, e);
    return message_pack(message, out) ? err_no_memory(e) : 0;
}

void session_answer(struct session_incoming *in, const ProtobufCMessage *message)
{
    struct err e;
    cleanup_buf struct buf packed = BUF_INIT;
    struct connect_reply reply = {.is_last = true};
    int r = pack(in, message, &packed, &e);
    if (!r)
        r = connect_write_answer(&in->request, &reply, packed.data, packed.len,
                                 &in->x.out, &e);
    if (r)
        session_refuse(in, &e);
    else
        send_answer(in);
}

static void call_handler(struct session_incoming *in)
{
    struct err e;
    const struct http_head *head = &in->x.in.reader.head;
    int refusal = connect_refusal(head);
    struct connect_reply reply = {.is_last = true};
    in->is_called = true;
    if (refusal) {
        if (connect_write_refusal(&reply, refusal, &in->x.out, NULL))
            give_up(in);
        else
            send_answer(in);
    } else if (connect_read_request(head, &in->x.in.body, REQUEST_MAX, &in->request,
                                    &e)) {
        session_refuse(in, &e);
    } else {
        in->s->events->on_call(in, head->target, in->s->user);
    }
}

void session_incoming_event(struct session_incoming *in, unsigned events)
{
    bool is_complete = false;
    if (events & YAMUX_RESET) {
        session_incoming_drop(in);
        return;
    }
    if (events & YAMUX_WRITABLE) {
        send_answer(in);
        return;
    }
    if (in->is_called || !(events & (YAMUX_READABLE | YAMUX_FINISHED)))
        return;
    if (session_exchange_read(&in->x, events & YAMUX_FINISHED, &is_complete, NULL))
        give_up(in);
    else if (is_complete)
        call_handler(in);
}
