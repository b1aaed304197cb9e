/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The engine's side of a plugin's connection, by the same machines that a real one uses,
 * and the plugin in a thread of its own. All waits are for the plugin: the end of the
 * test's patience is an assertion.
 */
#include <poll.h>

#include "sdk_fixture.h"

#include "literal.h"
#include "secrets/plugins.pb-c.h"
#include "secrets/resolver.pb-c.h"
#include "secrets/store.pb-c.h"
#include "wire/connect.h"
#include "wire/message.h"
#include "wire/unary.h"
#include "wire/yamux.h"

#define PATIENCE_MS 20000

/* A call of either side. */
struct exchange {
    struct yamux_stream *stream;
    struct unary in;
    bool is_reset, is_finished;
};

struct plugin_side {
    struct coffer_plugin_options options;
    struct coffer_plugin_callbacks callbacks;
    pthread_t thread;
    int result;
    struct coffer_error e;
};

struct engine {
    int fd; /* ours */
    struct yamux *y;
    struct exchange *opened; /* the plugin's last call */
    bool is_closed;          /* by the plugin */
    struct plugin_side plugin;
};

/* ---- the plugin ---- */

static inline void *engine_run_plugin(void *user)
{
    struct plugin_side *p = user;
    p->result = coffer_plugin_run(&p->options, &p->e);
    return NULL;
}

/* The descriptor goes over as an engine would hand it over. */
static inline void engine_launch_on(int fd, const char *name, int64_t timeout)
{
    char text[256];
    snprintf(text, sizeof(text), "{\"name\":\"%s\",\"timeout\":%lld,\"fd\":%d}", name,
             (long long)timeout, fd);
    setenv("DOCKER_SECRETS_ENGINE_PLUGIN_LAUNCH_CFG", text, 1);
}

static inline struct plugin_side
engine_plugin_side(const struct coffer_plugin_callbacks *callbacks, void *user)
{
    return (struct plugin_side){.callbacks = *callbacks,
                                .options = {.size = sizeof(struct coffer_plugin_options),
                                            .version = "v0.0.1",
                                            .pattern = "myrealm/**",
                                            .user = user}};
}

static inline void engine_begin(struct engine *g,
                                const struct coffer_plugin_callbacks *callbacks,
                                void *user)
{
    int fds[2];
    fixture_environment("/nonexistent");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    *g = (struct engine){.fd = fds[0], .plugin = engine_plugin_side(callbacks, user)};
    g->plugin.options.callbacks = &g->plugin.callbacks;
    g->y = yamux_new(YAMUX_SERVER, 0);
    assert_non_null(g->y);
    engine_launch_on(fds[1], "ext-one", INT64_C(20000000000));
    assert_int_equal(
        pthread_create(&g->plugin.thread, NULL, engine_run_plugin, &g->plugin), 0);
}

/* What coffer_plugin_run() returned. */
static inline int engine_join(struct engine *g)
{
    pthread_join(g->plugin.thread, NULL);
    return g->plugin.result;
}

/* ---- the connection ---- */

static inline void engine_flush(struct engine *g)
{
    cleanup_buf struct buf out = BUF_INIT;
    if (g->is_closed)
        return;
    assert_int_equal(yamux_drain(g->y, &out, NULL), 0);
    for (size_t sent = 0; sent < out.len;) {
        ssize_t n = send(g->fd, out.data + sent, out.len - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            g->is_closed = true;
            return;
        }
        sent += (size_t)n;
    }
}

static inline void exchange_read(struct exchange *x)
{
    cleanup_buf struct buf piece = BUF_INIT;
    size_t used;
    assert_int_equal(yamux_stream_read(x->stream, &piece, NULL), 0);
    if (!x->in.is_complete && piece.len)
        assert_int_equal(unary_feed(&x->in, piece.data, piece.len, &used, NULL), 0);
}

static inline struct exchange *exchange_new(struct yamux_stream *s,
                                            enum http_parser_type type)
{
    struct exchange *x = calloc(1, sizeof(*x));
    assert_non_null(x);
    x->stream = s;
    unary_init(&x->in, type, CONNECT_MESSAGE_MAX);
    yamux_stream_set_user(s, x);
    return x;
}

static inline void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    yamux_stream_release(x->stream);
    unary_deinit(&x->in);
    free(x);
}

static inline void engine_take_events(struct engine *g)
{
    unsigned events;
    for (struct yamux_stream *s; (s = yamux_next(g->y, &events));) {
        if (events & YAMUX_OPENED)
            g->opened = exchange_new(s, HTTP_REQUEST);
        struct exchange *x = yamux_stream_user(s);
        if (events & YAMUX_READABLE && !(events & YAMUX_RESET))
            exchange_read(x);
        x->is_reset = x->is_reset || events & YAMUX_RESET;
        x->is_finished = x->is_finished || events & YAMUX_FINISHED;
    }
}

/* Waits until the plugin says something. */
static inline void engine_turn(struct engine *g)
{
    char piece[65536];
    engine_flush(g);
    if (g->is_closed)
        return;
    struct pollfd p = {.fd = g->fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    ssize_t n = recv(g->fd, piece, sizeof(piece), 0);
    /* A plugin's last word may be that it gives us up. */
    g->is_closed = n <= 0 || yamux_feed(g->y, piece, (size_t)n, NULL);
    engine_take_events(g);
    engine_flush(g);
}

static inline void engine_end(struct engine *g)
{
    while (!g->is_closed)
        engine_turn(g);
    exchange_free(g->opened);
    yamux_free(g->y);
    close(g->fd);
}

/* ---- calls ---- */

static inline void engine_write(struct engine *g, struct exchange *x, const struct buf *b)
{
    size_t taken;
    assert_int_equal(yamux_stream_write(x->stream, b->data, b->len, &taken, NULL), 0);
    assert_int_equal(taken, b->len);
    engine_flush(g);
}

/* The bytes of a call of that procedure. */
static inline void engine_pack_call(const char *procedure, const ProtobufCMessage *m,
                                    int64_t timeout, struct buf *out)
{
    cleanup_buf struct buf body = BUF_INIT;
    struct connect_call c = {
        .procedure = procedure, .host = "unix", .timeout = timeout, .is_last = true};
    assert_int_equal(message_pack(m, &body), 0);
    assert_int_equal(connect_write_call(&c, body.data, body.len, out, NULL), 0);
}

static inline struct exchange *engine_open(struct engine *g)
{
    struct yamux_stream *s;
    assert_int_equal(yamux_stream_open(g->y, &s, NULL), 0);
    return exchange_new(s, HTTP_RESPONSE);
}

static inline struct exchange *engine_start_call(struct engine *g, const char *procedure,
                                                 const ProtobufCMessage *m)
{
    cleanup_buf struct buf bytes = BUF_INIT;
    engine_pack_call(procedure, m, 0, &bytes);
    struct exchange *x = engine_open(g);
    engine_write(g, x, &bytes);
    return x;
}

static inline void engine_wait(struct engine *g, struct exchange *x)
{
    while (!x->in.is_complete && !x->is_reset && !g->is_closed)
        engine_turn(g);
}

/* A whole call; its answer is the caller's. */
static inline struct exchange *engine_call(struct engine *g, const char *procedure,
                                           const ProtobufCMessage *m)
{
    struct exchange *x = engine_start_call(g, procedure, m);
    engine_wait(g, x);
    assert_true(x->in.is_complete);
    return x;
}

/* The code of an answer, and its message. */
static inline int exchange_result(struct exchange *x,
                                  const ProtobufCMessageDescriptor *type,
                                  ProtobufCMessage **out, struct err *e)
{
    cleanup_buf struct buf message = BUF_INIT;
    int r =
        connect_read_answer(&x->in.reader.head, &x->in.body, CONNECT_PROTO, &message, e);
    return r ? r : message_unpack(type, message.data, message.len, out, e);
}

/* ---- registration ---- */

static inline void engine_answer(struct engine *g, struct exchange *x,
                                 const ProtobufCMessage *m)
{
    cleanup_buf struct buf body = BUF_INIT, out = BUF_INIT;
    struct connect_request to = {.codec = CONNECT_PROTO};
    struct connect_reply reply = {.is_last = true};
    assert_int_equal(message_pack(m, &body), 0);
    assert_int_equal(connect_write_answer(&to, &reply, body.data, body.len, &out, NULL),
                     0);
    engine_write(g, x, &out);
    assert_int_equal(yamux_stream_close(x->stream, NULL), 0);
    engine_flush(g);
}

/* Until the plugin's registration is there. */
static inline Plugins__V1__RegisterPluginRequest *engine_registration(struct engine *g)
{
    ProtobufCMessage *m = NULL;
    while (!g->opened || !g->opened->in.is_complete)
        engine_turn(g);
    assert_string_equal(g->opened->in.reader.head.target,
                        "/plugins.v1.RegisterService/RegisterPlugin");
    assert_int_equal(message_unpack(&plugins__v1__register_plugin_request__descriptor,
                                    g->opened->in.body.data, g->opened->in.body.len, &m,
                                    NULL),
                     0);
    return (void *)m;
}

static inline void engine_accept(struct engine *g)
{
    Plugins__V1__RegisterPluginResponse m = PLUGINS__V1__REGISTER_PLUGIN_RESPONSE__INIT;
    Plugins__V1__RegisterPluginRequest *request = engine_registration(g);
    message_free(&request->base);
    m.engine_name = literal("test");
    engine_answer(g, g->opened, &m.base);
}

static inline void engine_shut_down(struct engine *g)
{
    Plugins__V1__ShutdownRequest m = PLUGINS__V1__SHUTDOWN_REQUEST__INIT;
    exchange_free(engine_call(g, "/plugins.v1.PluginService/Shutdown", &m.base));
}

/* ---- secrets ---- */

static inline struct exchange *engine_start_get(struct engine *g, const char *pattern)
{
    Resolver__V1__GetSecretsRequest m = RESOLVER__V1__GET_SECRETS_REQUEST__INIT;
    m.pattern = literal(pattern);
    return engine_start_call(g, "/resolver.v1.ResolverService/GetSecrets", &m.base);
}

/* The code, and the answer when that is 0. */
static inline int engine_get(struct engine *g, const char *pattern,
                             Resolver__V1__GetSecretsResponse **out, struct err *e)
{
    ProtobufCMessage *m = NULL;
    struct exchange *x = engine_start_get(g, pattern);
    engine_wait(g, x);
    assert_true(x->in.is_complete);
    int r = exchange_result(x, &resolver__v1__get_secrets_response__descriptor, &m, e);
    *out = (void *)m;
    exchange_free(x);
    return r;
}
