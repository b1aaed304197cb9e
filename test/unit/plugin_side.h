/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The other end of a plugin's connection, scripted: a yamux client on one end of a socket
 * pair, in the same loop as the engine's side. What it does with a call of the engine's
 * the test says.
 */
#include <fcntl.h>
#include <poll.h>

#include "base/macro.h"
#include "net_fixture.h"
#include "secrets/plugins.pb-c.h"
#include "secrets/resolver.pb-c.h"
#include "wire/connect.h"
#include "wire/message.h"
#include "wire/unary.h"
#include "wire/yamux.h"

#define SIDE_STREAMS_MAX 64

struct plugin_side;

struct side_stream {
    struct plugin_side *side;
    struct yamux_stream *yamux;
    struct unary in;
    bool is_ours; /* we opened it */
    bool is_reset, is_finished;
};

struct plugin_side {
    uv_poll_t poll;
    int fd;
    struct yamux *yamux;
    struct side_stream streams[SIDE_STREAMS_MAX];
    size_t n, resets;
    bool is_eof, is_closed;
    int failure; /* of the session: what the engine's side gave up with */
    /* A call of the engine's is whole; the test answers it, or doesn't. */
    void (*on_call)(struct side_stream *s, void *user);
    void *user;
};

static inline void side_flush(struct plugin_side *p)
{
    while (p->fd >= 0 && yamux_has_output(p->yamux)) {
        cleanup_buf struct buf out = BUF_INIT;
        if (yamux_drain(p->yamux, &out, NULL))
            return;
        for (size_t at = 0; at < out.len;) {
            ssize_t n = send(p->fd, out.data + at, out.len - at, MSG_NOSIGNAL);
            if (n < 0)
                return;
            at += (size_t)n;
        }
    }
}

static inline struct side_stream *side_stream_of(struct plugin_side *p,
                                                 struct yamux_stream *y, bool is_ours)
{
    assert_true(p->n < SIDE_STREAMS_MAX);
    struct side_stream *s = &p->streams[p->n++];
    *s = (struct side_stream){.side = p, .yamux = y, .is_ours = is_ours};
    unary_init(&s->in, is_ours ? HTTP_RESPONSE : HTTP_REQUEST, CONNECT_MESSAGE_MAX);
    yamux_stream_set_user(y, s);
    return s;
}

static inline void side_stream_read(struct side_stream *s)
{
    cleanup_buf struct buf data = BUF_INIT;
    size_t at = 0, used;
    assert_int_equal(yamux_stream_read(s->yamux, &data, NULL), 0);
    while (at < data.len && !s->in.is_complete) {
        assert_int_equal(unary_feed(&s->in, data.data + at, data.len - at, &used, NULL),
                         0);
        at += used;
        if (s->in.is_complete && !s->is_ours && s->side->on_call)
            s->side->on_call(s, s->side->user);
    }
}

static inline void side_events(struct plugin_side *p)
{
    struct yamux_stream *y;
    unsigned events;
    while ((y = yamux_next(p->yamux, &events))) {
        struct side_stream *s = yamux_stream_user(y);
        if (!s)
            s = side_stream_of(p, y, false);
        if (events & YAMUX_RESET) {
            s->is_reset = true;
            p->resets++;
        }
        if (events & (YAMUX_READABLE | YAMUX_FINISHED) && !s->is_reset)
            side_stream_read(s);
        if (events & YAMUX_FINISHED)
            s->is_finished = true;
    }
}

static inline void side_readable(uv_poll_t *poll, int status, int events)
{
    struct plugin_side *p = CONTAINER_OF(poll, struct plugin_side, poll);
    char piece[65536];
    ssize_t n = recv(p->fd, piece, sizeof(piece), MSG_DONTWAIT);
    (void)status, (void)events;
    if (n <= 0) {
        p->is_eof = true;
        uv_poll_stop(&p->poll);
        return;
    }
    p->failure = yamux_feed(p->yamux, piece, (size_t)n, NULL);
    side_events(p);
    side_flush(p);
}

/* Gives the engine's end of the connection. */
static inline int side_open(struct plugin_side *p, struct net *net)
{
    int pair[2];
    *p = (struct plugin_side){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    p->fd = pair[1];
    p->yamux = yamux_new(YAMUX_CLIENT, 0);
    assert_non_null(p->yamux);
    assert_int_equal(uv_poll_init(&net->loop, &p->poll, p->fd), 0);
    assert_int_equal(uv_poll_start(&p->poll, UV_READABLE, side_readable), 0);
    return pair[0];
}

static inline void side_closed(uv_handle_t *h)
{
    CONTAINER_OF(h, struct plugin_side, poll)->is_closed = true;
}

/* The process is gone, at once. */
static inline void side_crash(struct plugin_side *p, struct net *net)
{
    if (p->fd < 0)
        return;
    uv_close((uv_handle_t *)&p->poll, side_closed);
    close(p->fd);
    p->fd = -1;
    TURN_UNTIL(net, p->is_closed);
}

static inline void side_close(struct plugin_side *p, struct net *net)
{
    side_crash(p, net);
    for (size_t i = 0; i < p->n; i++)
        unary_deinit(&p->streams[i].in);
    yamux_free(p->yamux);
    p->yamux = NULL;
}

static inline void side_write(struct side_stream *s, const void *data, size_t n)
{
    size_t taken;
    assert_int_equal(yamux_stream_write(s->yamux, data, n, &taken, NULL), 0);
    assert_int_equal(taken, n);
}

static inline void side_finish(struct side_stream *s)
{
    assert_int_equal(yamux_stream_close(s->yamux, NULL), 0);
}

/* Answers a call of the engine's. */
static inline void side_answer(struct side_stream *s, const ProtobufCMessage *m)
{
    cleanup_buf struct buf packed = BUF_INIT, out = BUF_INIT;
    struct connect_request to = {.codec = CONNECT_PROTO};
    struct connect_reply reply = {.is_last = true};
    assert_int_equal(message_pack(m, &packed), 0);
    assert_int_equal(
        connect_write_answer(&to, &reply, packed.data, packed.len, &out, NULL), 0);
    side_write(s, out.data, out.len);
    side_finish(s);
}

static inline void side_refuse(struct side_stream *s, int code, const char *text)
{
    cleanup_buf struct buf out = BUF_INIT;
    struct connect_reply reply = {.is_last = true};
    assert_int_equal(connect_write_error(&reply, code, text, &out, NULL), 0);
    side_write(s, out.data, out.len);
    side_finish(s);
}

/* Calls the engine. */
static inline struct side_stream *side_send(struct plugin_side *p,
                                            const struct connect_call *call,
                                            const ProtobufCMessage *m)
{
    cleanup_buf struct buf packed = BUF_INIT, out = BUF_INIT;
    struct yamux_stream *y;
    assert_int_equal(message_pack(m, &packed), 0);
    assert_int_equal(connect_write_call(call, packed.data, packed.len, &out, NULL), 0);
    assert_int_equal(yamux_stream_open(p->yamux, &y, NULL), 0);
    struct side_stream *s = side_stream_of(p, y, true);
    side_write(s, out.data, out.len);
    side_finish(s);
    side_flush(p);
    return s;
}

static inline struct side_stream *side_call(struct plugin_side *p, const char *procedure,
                                            const ProtobufCMessage *m)
{
    struct connect_call call = {.procedure = procedure, .host = "unix", .is_last = true};
    return side_send(p, &call, m);
}

#define REGISTER "/plugins.v1.RegisterService/RegisterPlugin"

static inline struct side_stream *side_register(struct plugin_side *p, const char *name,
                                                const char *pattern)
{
    char own_name[64], own_pattern[64], version[] = "v1.0.0";
    Plugins__V1__SecretsProvider provider = PLUGINS__V1__SECRETS_PROVIDER__INIT;
    Plugins__V1__RegisterPluginRequest m = PLUGINS__V1__REGISTER_PLUGIN_REQUEST__INIT;
    strcpy_cut(own_name, sizeof(own_name), name);
    strcpy_cut(own_pattern, sizeof(own_pattern), pattern);
    provider.pattern = own_pattern;
    m.name = own_name;
    m.version = version;
    m.metadata_case = PLUGINS__V1__REGISTER_PLUGIN_REQUEST__METADATA_SECRETS_PROVIDER;
    m.secrets_provider = &provider;
    return side_call(p, REGISTER, &m.base);
}

/* The message of a call of the engine's. */
static inline ProtobufCMessage *side_read(struct side_stream *s,
                                          const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *m;
    assert_int_equal(message_unpack(type, s->in.body.data, s->in.body.len, &m, NULL), 0);
    return m;
}

/* An answer to GetSecrets with these ids, each with its id as the value. */
static inline void side_answer_ids(struct side_stream *s, const char *const *ids)
{
    char texts[8][64];
    Resolver__V1__Envelope envelopes[8];
    Resolver__V1__Envelope *list[8];
    Resolver__V1__GetSecretsResponse m = RESOLVER__V1__GET_SECRETS_RESPONSE__INIT;
    for (; ids[m.n_envelopes]; m.n_envelopes++) {
        size_t i = m.n_envelopes;
        strcpy_cut(texts[i], sizeof(texts[i]), ids[i]);
        envelopes[i] = (Resolver__V1__Envelope)RESOLVER__V1__ENVELOPE__INIT;
        envelopes[i].id = texts[i];
        envelopes[i].value = (ProtobufCBinaryData){strlen(texts[i]), (uint8_t *)texts[i]};
        list[i] = &envelopes[i];
    }
    m.envelopes = list;
    side_answer(s, &m.base);
}
