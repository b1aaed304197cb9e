/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The client against a server on a real socket that plays the engine: it answers from a
 * list of replies, and can be taken away and brought back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "net/http_server.h"

#define TIMEOUT (10 * CLOCK_SECOND)
#define REPLIES_MAX 16
#define PILE_MAX 64

struct reply {
    const char *request; /* "GET /v1.41/info", the beginning */
    int status;
    const char *body;
};

struct fixture {
    uv_loop_t loop;
    struct engine *engine;
    struct http_server *server;
    struct http_exchange *events; /* the open stream */
    struct http_exchange *held;   /* a request that gets no answer */
    bool holds_events;            /* the stream is accepted, but not answered */
    bool piles_up;                /* POSTs get no answer, one after the other */
    struct http_exchange *pile[PILE_MAX];
    size_t n_pile;
    char folder[64], path[96];
    struct timer timeout;
    bool is_timed_out;
    const char *version;
    struct reply replies[REPLIES_MAX];
    size_t n_replies;
    char requests[4096];
    int ups, downs, closes;
    char why_down[ERR_TEXT_SIZE];
    char event[128];
    /* what the last call gave */
    int calls, code;
    char text[ERR_TEXT_SIZE];
    char id[128];
    size_t n;
    struct buf output;
};

#define TURN_UNTIL(f, condition)                                                         \
    do {                                                                                 \
        (f)->is_timed_out = false;                                                       \
        timer_start(&(f)->timeout, TIMEOUT);                                             \
        while (!(condition) && !(f)->is_timed_out)                                       \
            uv_run(&(f)->loop, UV_RUN_ONCE);                                             \
        timer_cancel(&(f)->timeout);                                                     \
        assert_true(condition);                                                          \
    } while (0)

/* ---- the engine's side ---- */

static const char podman[] =
    "{\"Components\":[{\"Name\":\"Podman Engine\"}],\"Version\":\"4.3.1\"}";

/* Our side has cut the connection. */
static inline void gone(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    http_exchange_abort(x);
    if (f->events == x)
        f->events = NULL;
    if (f->held == x)
        f->held = NULL;
    for (size_t i = 0; i < f->n_pile; i++)
        f->pile[i] = f->pile[i] == x ? NULL : f->pile[i];
}

static inline void reply_with(struct fixture *f, struct http_exchange *x)
{
    const struct http_head *h = http_exchange_head(x);
    char line[512];
    snprintf(line, sizeof(line), "%s %s", h->method, h->target);
    size_t used = strlen(f->requests);
    snprintf(f->requests + used, sizeof(f->requests) - used, "%s\n", line);
    if (f->piles_up && str_equal(h->method, "POST") && f->n_pile < PILE_MAX) {
        http_exchange_on_close(x, gone, f);
        f->pile[f->n_pile++] = x;
        return;
    }
    for (size_t i = 0; i < f->n_replies; i++) {
        const struct reply *r = &f->replies[i];
        if (!str_starts_with(line, r->request))
            continue;
        http_exchange_on_close(x, gone, f);
        if (r->status == 0)
            f->held = x;
        else
            http_exchange_respond(x, r->status, NULL, 0, r->body, strlen(r->body));
        f->replies[i].request = "used"; /* each is given once */
        return;
    }
    http_exchange_respond_message(x, 500, "unexpected request");
}

static inline void handle(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    const char *target = http_exchange_head(x)->target;
    if (str_equal(target, "/version")) {
        http_exchange_respond(x, 200, NULL, 0, f->version, strlen(f->version));
    } else if (strstr(target, "/events?")) {
        f->events = x;
        http_exchange_on_close(x, gone, f);
        if (!f->holds_events)
            http_exchange_start(x, 200, NULL, 0);
    } else {
        reply_with(f, x);
    }
}

static inline void serve(struct fixture *f)
{
    const struct http_server_options o = {.handler = handle, .user = f};
    struct err e;
    assert_int_equal(http_server_new(&f->loop, &o, &f->server, &e), 0);
    assert_int_equal(http_server_listen(f->server, f->path, 0600, (gid_t)-1, &e), 0);
}

static inline void closed(void *user)
{
    ((struct fixture *)user)->closes++;
}

static inline void stop_serving(struct fixture *f)
{
    int before = f->closes;
    if (f->events)
        http_exchange_abort(f->events);
    if (f->held)
        http_exchange_abort(f->held);
    f->events = f->held = NULL;
    http_server_close(f->server, 0, closed, f);
    TURN_UNTIL(f, f->closes > before);
    f->server = NULL;
}

static inline void will_reply(struct fixture *f, const char *request, int status,
                              const char *body)
{
    assert_true(f->n_replies < REPLIES_MAX);
    f->replies[f->n_replies++] = (struct reply){request, status, body};
}

/* ---- our side ---- */

/* From a timer it may come just before the loop waits for something else. */
static inline void on_up(void *user)
{
    struct fixture *f = user;
    f->ups++;
    uv_stop(&f->loop);
}

static inline void on_down(const struct err *e, void *user)
{
    struct fixture *f = user;
    f->downs++;
    strcpy_cut(f->why_down, sizeof(f->why_down), err_text(e));
}

static inline void on_container(const char *id, const char *action, void *user)
{
    struct fixture *f = user;
    snprintf(f->event, sizeof(f->event), "%s %s", id, action);
}

static inline void on_timeout(void *user)
{
    ((struct fixture *)user)->is_timed_out = true;
}

static inline void note(struct fixture *f, int r, const struct err *e)
{
    f->calls++;
    f->code = r;
    strcpy_cut(f->text, sizeof(f->text), r ? err_text(e) : "");
}

static inline void done(int r, const struct err *e, void *user)
{
    note(user, r, e);
}

static inline void created(int r, const struct err *e, const char *id, void *user)
{
    struct fixture *f = user;
    note(f, r, e);
    strcpy_cut(f->id, sizeof(f->id), r ? "" : id);
}

static inline void inspected(int r, const struct err *e, const struct engine_state *s,
                             void *user)
{
    struct fixture *f = user;
    note(f, r, e);
    if (!r)
        snprintf(f->id, sizeof(f->id), "%s %d %d", s->id, s->is_running, s->pid);
}

static inline void listed(int r, const struct err *e, size_t n,
                          const struct engine_state *states, void *user)
{
    struct fixture *f = user;
    note(f, r, e);
    f->n = n;
}

static inline void told(int r, const struct err *e, const struct engine_info *i,
                        void *user)
{
    struct fixture *f = user;
    note(f, r, e);
    if (!r)
        snprintf(f->id, sizeof(f->id), "%s %s %d", i->name, i->hostname,
                 i->pid == getpid());
}

static inline void output(int stream, const void *data, size_t n, void *user)
{
    struct fixture *f = user;
    assert_int_equal(
        buf_printf(&f->output, "%d:%.*s", stream, (int)n, (const char *)data), 0);
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;
    const struct engine_events events = {on_up, on_down, on_container, f};
    assert_int_equal(uv_loop_init(&f->loop), 0);
    timer_init(&f->timeout, &f->loop, on_timeout, f);
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/engine-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof(f->path), "%s/engine", f->folder);
    f->version = podman;
    serve(f);
    assert_int_equal(engine_docker_api_new(&f->loop, f->path, &f->engine, &e), 0);
    f->engine->ops->start(f->engine, &events);
    TURN_UNTIL(f, f->ups == 1);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    struct loop_close closing;
    int before = f->closes;
    if (f->engine) {
        f->engine->ops->close(f->engine, closed, f);
        TURN_UNTIL(f, f->closes > before);
    }
    if (f->server)
        stop_serving(f);
    loop_close_init(&closing, closed, f);
    timer_close(&f->timeout, &closing);
    loop_close_end(&closing);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    buf_deinit(&f->output);
    unlink(f->path);
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

#define WAIT_CALL(f)                                                                     \
    do {                                                                                 \
        int before_ = (f)->calls;                                                        \
        TURN_UNTIL(f, (f)->calls > before_);                                             \
    } while (0)
