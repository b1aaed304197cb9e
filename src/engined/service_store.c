/* SPDX-License-Identifier: Apache-2.0 */
/*
 * StoreService: the local store is asked the same, and its answer handed back. Values
 * that are kept here may be others afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/mem.h"
#include "engined/engine_private.h"
#include "secrets/store.pb-c.h"
#include "wire/message.h"

struct store_call {
    struct engine *engine;
    struct call *call;
    const char *procedure;
    const ProtobufCMessageDescriptor *answer;
    ProtobufCMessage *request;
    struct host_waiter waiter;
    struct session_call *asked; /* NULL: not yet */
    bool changes, unlocks;
    bool reads; /* a value: who may have it is asked first, as for GetSecrets */
    struct access_request *access; /* NULL: not under way */
};

static void store_call_free(struct store_call *s)
{
    message_free(s->request);
    free(s);
}

/* What plugins refer to may be there now. */
static void note_change(const struct store_call *s)
{
    if (s->changes)
        resolve_forget(s->engine->resolve);
    if (s->unlocks)
        host_retry(s->engine->host);
}

/* Whether the store did it nobody knows. */
static void on_canceled(void *user)
{
    struct store_call *s = user;
    if (s->access)
        access_cancel(s->access);
    host_waiter_cancel(&s->waiter);
    if (s->asked)
        session_call_cancel(s->asked);
    note_change(s);
    store_call_free(s);
}

static void on_answer(int code, ProtobufCMessage **answer, const struct err *e,
                      void *user)
{
    struct store_call *s = user;
    struct call *call = s->call;
    struct err late;
    note_change(s);
    store_call_free(s);
    if (code == ERR_DEADLINE_EXCEEDED) {
        err_set(&late, code, "the local store: %s", err_text(e));
        e = &late;
    }
    call_end(call, code, *answer, e);
}

static int ask(struct store_call *s, struct err *e)
{
    struct plugin *p = host_store(s->engine->host);
    if (!p)
        return host_no_store(s->engine->host, e);
    if (!plugin_is_running(p))
        return err_set(e, ERR_UNAVAILABLE, "the local store isn't there%s%s",
                       p->why.code ? ": " : "", p->why.code ? err_text(&p->why) : "");
    if (!p->can_store)
        return err_set(e, ERR_UNIMPLEMENTED, "the local store can only be read");
    return session_call(p->session, s->procedure, s->request, s->answer,
                        s->engine->config->request_timeout, on_answer, s, &s->asked, e);
}

static void on_store(void *user)
{
    struct store_call *s = user;
    struct call *call = s->call;
    struct err e;
    if (ask(s, &e) == 0)
        return;
    store_call_free(s);
    call_refuse(call, &e);
}

/* ---- may it be read? ---- */

static void on_decided(int code, int64_t expires, const struct err *e, void *user)
{
    struct store_call *s = user;
    struct call *call = s->call;
    (void)expires;
    s->access = NULL;
    if (!code) {
        host_await_store(s->engine->host, &s->waiter, on_store, s);
        return;
    }
    store_call_free(s);
    call_refuse(call, e);
}

static int ask_leave(struct store_call *s, struct err *e)
{
    const Coffer__V1__ReadRequest *m = (const void *)s->request;
    cleanup_pattern struct pattern id = PATTERN_INIT;
    int r = secret_id_check(m->id, strlen(m->id), e);
    if (!r)
        r = pattern_parse(&id, m->id, strlen(m->id), e);
    return r ? r
             : access_start(s->engine->access, ACCESS_GET, call_peer(s->call), &id, 1,
                            on_decided, s, &s->access, e);
}

/* ---- requests ---- */

static void start(struct engine *engine, struct call *call, struct store_call like,
                  const ProtobufCMessageDescriptor *request)
{
    struct err e;
    struct store_call *s = malloc(sizeof(*s));
    int r = s ? call_read(call, request, &like.request, &e) : err_no_memory(&e);
    if (r) {
        free(s);
        call_refuse(call, &e);
        return;
    }
    *s = like;
    s->engine = engine;
    s->call = call;
    s->procedure = call_procedure(call);
    list_init(&s->waiter.link);
    if (s->reads && ask_leave(s, &e)) {
        store_call_free(s);
        call_refuse(call, &e);
        return;
    }
    call_on_cancel(call, on_canceled, s);
    if (!s->reads)
        host_await_store(engine->host, &s->waiter, on_store, s);
}

void service_save(struct engine *engine, struct call *call)
{
    struct store_call like = {.answer = &coffer__v1__save_response__descriptor,
                              .changes = true,
                              .unlocks = true};
    start(engine, call, like, &coffer__v1__save_request__descriptor);
}

void service_remove(struct engine *engine, struct call *call)
{
    struct store_call like = {.answer = &coffer__v1__remove_response__descriptor,
                              .changes = true};
    start(engine, call, like, &coffer__v1__remove_request__descriptor);
}

void service_list(struct engine *engine, struct call *call)
{
    struct store_call like = {.answer = &coffer__v1__list_response__descriptor};
    start(engine, call, like, &coffer__v1__list_request__descriptor);
}

void service_read(struct engine *engine, struct call *call)
{
    struct store_call like = {.answer = &coffer__v1__read_response__descriptor,
                              .reads = true};
    start(engine, call, like, &coffer__v1__read_request__descriptor);
}

void service_unlock(struct engine *engine, struct call *call)
{
    struct store_call like = {.answer = &coffer__v1__unlock_response__descriptor,
                              .changes = true,
                              .unlocks = true};
    start(engine, call, like, &coffer__v1__unlock_request__descriptor);
}

void service_lock(struct engine *engine, struct call *call)
{
    struct store_call like = {.answer = &coffer__v1__lock_response__descriptor,
                              .changes = true};
    start(engine, call, like, &coffer__v1__lock_request__descriptor);
}

void service_state(struct engine *engine, struct call *call)
{
    struct store_call like = {.answer = &coffer__v1__state_response__descriptor};
    start(engine, call, like, &coffer__v1__state_request__descriptor);
}

void service_protect(struct engine *engine, struct call *call)
{
    struct store_call like = {.answer = &coffer__v1__protect_response__descriptor,
                              .unlocks = true};
    start(engine, call, like, &coffer__v1__protect_request__descriptor);
}
