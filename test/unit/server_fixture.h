/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "net/http_server.h"
#include "net_fixture.h"

/* The server answers by path: see handle(). */
struct fixture {
    struct net net;
    struct http_server *server;
    struct http_exchange *held;    /* of /hold and /stream */
    struct http_exchange *pair[2]; /* of /pair: both end when one is gone */
    struct http_header defaults[1];
    int handled;
    int closes;
    int drains;
    int collect_code;
};

static inline void echo(struct http_exchange *x, int code, struct buf *body,
                        const struct err *e, void *user)
{
    struct fixture *f = user;
    f->collect_code = code;
    if (code == ERR_RESOURCE_EXHAUSTED)
        http_exchange_respond_message(x, 413, err_text(e));
    else if (code)
        http_exchange_respond_error(x, e);
    else
        http_exchange_respond(x, 200, NULL, 0, body->data, body->len);
}

static inline void count_close(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    (void)x;
    f->closes++;
}

static inline void end_pair(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    (void)x;
    for (int i = 0; i < 2; i++)
        if (f->pair[i] && net_is_client_gone(f->pair[i]))
            http_exchange_abort(TAKE(f->pair[i]));
}

static inline void count_drain(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    (void)x;
    f->drains++;
}

static inline void respond_peer(struct http_exchange *x)
{
    struct ucred peer;
    char text[64] = "nobody";
    if (http_exchange_peer(x, &peer))
        snprintf(text, sizeof(text), "uid=%u pid=%d", peer.uid, peer.pid);
    http_exchange_respond(x, 200, NULL, 0, text, strlen(text));
}

static inline void handle(struct http_exchange *x, void *user)
{
    static const struct http_header own[] = {{"X-Default", "mine"}, {"X-Own", "1"}};
    struct fixture *f = user;
    const char *path = http_exchange_url(x)->path;
    f->handled++;
    if (str_equal(path, "/echo")) {
        http_exchange_collect(x, 1000, echo, f);
    } else if (str_equal(path, "/own")) {
        http_exchange_respond(x, 201, own, 2, "own", 3);
    } else if (str_equal(path, "/empty")) {
        http_exchange_respond(x, 204, NULL, 0, NULL, 0);
    } else if (str_equal(path, "/peer")) {
        respond_peer(x);
    } else if (str_equal(path, "/error")) {
        struct err e = {0};
        err_set(&e, ERR_NOT_FOUND, "no \"%s\"\n", "such");
        http_exchange_respond_error(x, &e);
    } else if (str_equal(path, "/abort")) {
        http_exchange_abort(x);
    } else if (str_equal(path, "/pair")) {
        f->pair[f->pair[0] ? 1 : 0] = x;
        http_exchange_on_close(x, end_pair, f);
    } else if (str_equal(path, "/hold") || str_equal(path, "/stream")) {
        f->held = x;
        http_exchange_on_close(x, count_close, f);
        http_exchange_on_drain(x, count_drain, f);
        if (str_equal(path, "/stream"))
            http_exchange_start(x, 200, NULL, 0);
    } else {
        http_exchange_respond(x, 200, NULL, 0, path, strlen(path));
    }
}

/* All peers of a test have the same user; whether that is a stranger may change. */
static bool are_peers_strangers;

static inline bool is_stranger(const struct ucred *peer, bool is_abstract)
{
    return are_peers_strangers && peer->uid == geteuid() && !is_abstract;
}

static inline void set_up_timed(struct fixture *f, size_t connections,
                                int64_t head_timeout, int64_t idle_timeout,
                                int64_t body_timeout)
{
    memset(f, 0, sizeof(*f));
    net_init(&f->net);
    f->defaults[0] = (struct http_header){"X-Default", "server"};
    struct http_server_options o = {
        .handler = handle,
        .user = f,
        .is_stranger = is_stranger,
        .headers = f->defaults,
        .n_headers = 1,
        .connections_max = connections,
        .head_timeout = head_timeout,
        .idle_timeout = idle_timeout,
        .body_timeout = body_timeout,
    };
    assert_int_equal(http_server_new(&f->net.loop, &o, &f->server, NULL), 0);
    assert_int_equal(http_server_listen(f->server, f->net.path, 0600, (gid_t)-1, NULL),
                     0);
}

static inline void set_up_with(struct fixture *f, size_t connections,
                               int64_t head_timeout)
{
    set_up_timed(f, connections, head_timeout, 0, 0);
}

static inline void set_up(struct fixture *f)
{
    set_up_with(f, 0, 0);
}

static inline void tear_down(struct fixture *f)
{
    http_server_close(f->server, 0, net_closed, &f->net);
    TURN_UNTIL(&f->net, f->net.is_closed);
    net_deinit(&f->net);
}

/* Sends a request on a connection of its own and waits for text in the answer. */
static inline void ask(struct fixture *f, const char *request, const char *expected)
{
    struct wire w;
    wire_open(&w, &f->net, f->net.path);
    wire_send(&w, &f->net, request);
    TURN_UNTIL(&f->net, wire_has(&w, expected) || w.is_eof);
    assert_true(wire_has(&w, expected));
    wire_close(&w, &f->net);
}
