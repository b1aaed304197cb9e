/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plugin sends to the engine: any bytes, cut at places the input chooses, while
 * calls of the engine's wait for answers. Each call is told just once, or canceled;
 * callbacks may begin further calls or close the session; nothing comes after that, and
 * nothing stays behind in the loop. Of an answer only what was asked for is taken.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macro.h"
#include "engined/envelopes.h"
#include "engined/session.h"
#include "resolver/merge.h"
#include "secrets/plugins.pb-c.h"
#include "secrets/resolver.pb-c.h"
#include "wire/message.h"

#define CALLS_MAX 8
#define PATTERN "a/**"
#define SIZE_MAX_SENT ((size_t)16 * 1024)

enum way {
    WAY_REFUSE = 1,  /* the plugin's calls */
    WAY_AGAIN = 2,   /* who was told calls again */
    WAY_CLOSE = 4,   /* who was told closes the session */
    WAY_READ = 8,    /* the plugin reads what we say */
    WAY_EARLY = 16,  /* the first piece came with the request to connect */
    WAY_CANCEL = 32, /* one call is canceled in between */
};

struct world {
    uv_loop_t loop;
    struct session *session; /* NULL: closed */
    unsigned way;
    size_t n;
    struct slot {
        struct world *world;
        struct session_call *call;
        bool is_told;
    } calls[CALLS_MAX];
    bool is_over, is_closed;
    struct loop_close closing;
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void closed(void *user)
{
    ((struct world *)user)->is_closed = true;
}

static void close_session(struct world *w)
{
    if (!w->session)
        return;
    loop_close_init(&w->closing, closed, w);
    session_close(TAKE(w->session), &w->closing);
    loop_close_end(&w->closing);
}

static void begin_call(struct world *w);

static void check_answer(const ProtobufCMessage *m)
{
    cleanup_pattern struct pattern asked = PATTERN_INIT;
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    char plugin[] = "vault";
    struct answer a = {.plugin = plugin, .pattern = &asked};
    struct err e;
    size_t dropped;
    must(!pattern_parse(&asked, PATTERN, sizeof(PATTERN) - 1, NULL));
    int r = envelopes_read((const void *)m, &a.envelopes, &dropped, &e);
    if (!r)
        r = answers_merge(&asked, &a, 1, MERGE_FAIL, 0, &found, &e);
    must(!r == (found.len > 0) && (!r || e.text[0]));
    for (size_t i = 0; i < found.len; i++) {
        const struct secret_envelope *one = &found.items[i];
        must(secret_id_is_valid(one->id) && pattern_match(&asked, one->id));
        must(one->value.len <= SECRET_VALUE_MAX && one->resolved_at.is_set);
        for (size_t k = 0; k < i; k++)
            must(strcmp(found.items[k].id, one->id) != 0);
    }
    secret_envelopes_deinit(&a.envelopes);
}

static void on_answer(int code, ProtobufCMessage **answer, const struct err *e,
                      void *user)
{
    struct slot *slot = user;
    struct world *w = slot->world;
    must(w->session && !slot->is_told && !w->is_over);
    must(code ? e->code == code && e->text[0] : *answer != NULL);
    if (!code)
        check_answer(*answer);
    slot->is_told = true;
    slot->call = NULL;
    if (w->way & WAY_CLOSE)
        close_session(w);
    else if (w->way & WAY_AGAIN)
        begin_call(w);
}

static void begin_call(struct world *w)
{
    char pattern[] = PATTERN;
    Resolver__V1__GetSecretsRequest m = RESOLVER__V1__GET_SECRETS_REQUEST__INIT;
    m.pattern = pattern;
    if (w->n == CALLS_MAX)
        return;
    struct slot *slot = &w->calls[w->n];
    slot->world = w;
    if (session_call(w->session, "/resolver.v1.ResolverService/GetSecrets", &m.base,
                     &resolver__v1__get_secrets_response__descriptor, CLOCK_MINUTE,
                     on_answer, slot, &slot->call, NULL) == 0)
        w->n++;
}

static void on_call(struct session_incoming *call, const char *procedure, void *user)
{
    struct world *w = user;
    struct err e;
    cleanup_message ProtobufCMessage *m = NULL;
    Plugins__V1__RegisterPluginResponse answer =
        PLUGINS__V1__REGISTER_PLUGIN_RESPONSE__INIT;
    must(w->session && procedure[0]);
    int r = session_read(call, &plugins__v1__register_plugin_request__descriptor, &m, &e);
    if (!r && w->way & WAY_REFUSE)
        r = err_set(&e, ERR_UNIMPLEMENTED, "an engine doesn't serve its plugins this");
    if (r)
        session_refuse(call, &e);
    else
        session_answer(call, &answer.base);
}

static void on_end(const struct err *why, void *user)
{
    struct world *w = user;
    must(w->session && !w->is_over && why->code);
    w->is_over = true;
    for (size_t i = 0; i < w->n; i++)
        must(w->calls[i].is_told || !w->calls[i].call);
}

static const struct session_events events = {on_call, on_end};

static void turn(struct world *w, int fd)
{
    char dropped[4096];
    for (int i = 0; i < 3; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    while (w->way & WAY_READ && recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT) > 0)
        ;
}

static void cancel_one(struct world *w)
{
    if (!(w->way & WAY_CANCEL) || !w->session || !w->calls[0].call)
        return;
    session_call_cancel(TAKE(w->calls[0].call));
}

static void talk(struct world *w, int fd, const uint8_t *data, size_t n, size_t step)
{
    for (size_t at = 0; at < n && w->session; at += step) {
        size_t piece = n - at < step ? n - at : step;
        if (send(fd, data + at, piece, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
        turn(w, fd);
        if (at)
            cancel_one(w);
    }
    turn(w, fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {0};
    int pair[2];
    if (size < 3 || size > SIZE_MAX_SENT)
        return 0;
    size_t step = data[1] ? (size_t)data[1] * 7 : size;
    w.way = data[0];
    data += 2, size -= 2;
    size_t early = w.way & WAY_EARLY ? (step < size ? step : size) : 0;
    must(uv_loop_init(&w.loop) == 0);
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    must(session_new(&w.loop, pair[0], data, early, &events, &w, &w.session, NULL) == 0);
    begin_call(&w);
    begin_call(&w);
    talk(&w, pair[1], data + early, size - early, step);
    close(pair[1]);
    turn(&w, -1);
    must(!w.session || w.is_over);
    close_session(&w);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    must(w.is_closed && uv_loop_close(&w.loop) == 0);
    return 0;
}
