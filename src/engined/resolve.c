/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   request --+
 *   request --+--> flight (one pattern) --> asks (one plugin each) --> merge --> all told
 *
 * A flight begins when each plugin that it may ask had its first try, and ends when its
 * last ask did. It is broken off when nobody waits for it any more.
 */
#include "engined/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/mem.h"
#include "engined/cache.h"
#include "engined/envelopes.h"
#include "loop/clock.h"
#include "resolver/realm.h"
#include "resolver/selection.h"
#include "secrets/resolver.pb-c.h"
#include "wire/message.h"

#define GET_PROCEDURE "/resolver.v1.ResolverService/GetSecrets"

struct resolve {
    uv_loop_t *loop;
    struct host *host;
    const struct config *config;
    struct cache cache;
    struct timer timer; /* for what is kept to be forgotten */
    struct pattern all; /* of a plugin that never said which ids it has */
    struct list flights;
    size_t n_requests;
    struct defer_queue defers;
    struct loop_close closing, *parent;
};

struct resolve_request {
    struct list link; /* of the flight */
    struct flight *flight;
    resolve_cb *cb;
    void *user;
};

/* What one plugin is asked. Names and patterns are copies: the plugin may go. */
struct ask {
    struct flight *flight;
    char *name;
    struct pattern own;
    struct session_call *call; /* NULL: it is answered */
    struct answer answer;
    struct err why;
};

struct flight {
    struct list link;
    struct resolve *resolve;
    struct pattern pattern;
    struct list requests;
    struct host_waiter waiter;
    struct defer end;
    struct ask *asks;
    size_t n, n_open;
    bool is_starting, is_ending;
    bool is_stale; /* what it finds may be of before a change */
};

/* ---- the end ---- */

static void flight_free(struct flight *f)
{
    list_remove(&f->link);
    host_waiter_cancel(&f->waiter);
    defer_cancel(&f->end);
    for (size_t i = 0; i < f->n; i++) {
        if (f->asks[i].call)
            session_call_cancel(f->asks[i].call);
        secret_envelopes_deinit(&f->asks[i].answer.envelopes);
        pattern_deinit(&f->asks[i].own);
        free(f->asks[i].name);
    }
    pattern_deinit(&f->pattern);
    free(f->asks);
    free(f);
}

static void tell_all(struct flight *f, int code, const struct secret_envelopes *found,
                     const struct err *e)
{
    f->is_ending = true;
    list_remove(&f->link); /* who asks from now on begins anew */
    while (!list_is_empty(&f->requests)) {
        struct resolve_request *q =
            LIST_FIRST(&f->requests, struct resolve_request, link);
        resolve_cb *cb = q->cb;
        void *user = q->user;
        list_remove(&q->link);
        f->resolve->n_requests--;
        free(q);
        cb(code, found, e, user);
    }
    flight_free(f);
}

static void fail(struct flight *f, const struct err *e)
{
    tell_all(f, e->code, NULL, e);
}

/* The engine's own ids, which plugins needn't know to be that. */
static void hide_internal(struct secret_envelopes *found)
{
    size_t kept = 0;
    for (size_t i = 0; i < found->len; i++) {
        const struct realm *realm = realm_of(found->items[i].id);
        if (realm && realm->is_internal)
            secret_envelope_deinit(&found->items[i]);
        else
            found->items[kept++] = found->items[i];
    }
    for (size_t i = kept; i < found->len; i++)
        found->items[i] = (struct secret_envelope){0};
    found->len = kept;
}

static void log_answers(const struct answer *answers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_buf struct buf text = BUF_INIT;
        const struct answer *a = &answers[i];
        size_t dropped = a->dropped.invalid + a->dropped.outside + a->dropped.duplicate;
        if (answer_is_failure(a) && answer_describe_failure(a, &text) == 0)
            log_warn("%s", text.data);
        if (dropped)
            log_warn("plugin %s gave %zu secrets that it was not asked for", a->plugin,
                     dropped);
    }
}

static int merge(struct flight *f, struct secret_envelopes *found, struct err *e)
{
    struct answer answers[PLUGINS_MAX];
    for (size_t i = 0; i < f->n; i++) {
        answers[i] = f->asks[i].answer;
        f->asks[i].answer.envelopes = (struct secret_envelopes){0};
    }
    int r = answers_merge(&f->pattern, answers, f->n, f->resolve->config->failure_rule,
                          clock_now(), found, e);
    log_answers(answers, f->n);
    for (size_t i = 0; i < f->n; i++)
        secret_envelopes_deinit(&answers[i].envelopes);
    if (r)
        return r;
    hide_internal(found);
    return found->len ? 0 : err_set(e, ERR_NOT_FOUND, "secret not found");
}

static void set_timer(struct resolve *r)
{
    int64_t now = clock_monotonic();
    int64_t at = cache_expire(&r->cache, clock_now(), now);
    if (at == CLOCK_NEVER)
        timer_cancel(&r->timer);
    else
        timer_start(&r->timer, at - now);
}

static void on_time(void *user)
{
    set_timer(user);
}

static void keep(struct flight *f, const struct secret_envelopes *found)
{
    cache_put(&f->resolve->cache, f->pattern.text, found, clock_now(), clock_monotonic());
    set_timer(f->resolve);
}

static void finish(void *user)
{
    struct flight *f = user;
    struct err e;
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = merge(f, &found, &e);
    if (r) {
        fail(f, &e);
        return;
    }
    if (!f->is_stale)
        keep(f, &found);
    tell_all(f, 0, &found, NULL);
}

/* ---- asking ---- */

static void answered(struct ask *a)
{
    struct flight *f = a->flight;
    a->call = NULL;
    f->n_open--;
    if (!f->n_open && !f->is_starting)
        defer_start(&f->end, &f->resolve->defers);
}

static void on_answer(int code, ProtobufCMessage **message, const struct err *e,
                      void *user)
{
    struct ask *a = user;
    size_t dropped;
    if (code)
        a->why = *e;
    else
        code = envelopes_read(
            (const Resolver__V1__GetSecretsResponse *)(const void *)*message,
            &a->answer.envelopes, &dropped, &a->why);
    a->answer.code = code;
    a->answer.reason = code ? a->why.text : NULL;
    if (!code)
        a->answer.dropped.invalid = dropped;
    answered(a);
}

static int call_plugin(struct ask *a, const struct plugin *p, const struct pattern *ask,
                       struct err *e)
{
    Resolver__V1__GetSecretsRequest m = RESOLVER__V1__GET_SECRETS_REQUEST__INIT;
    m.pattern = ask->text;
    if (!plugin_is_running(p))
        return p->why.code ? err_set(e, ERR_UNAVAILABLE, "%s", err_text(&p->why))
                           : err_set(e, ERR_UNAVAILABLE, "it isn't running");
    return session_call(p->session, GET_PROCEDURE, &m.base,
                        &resolver__v1__get_secrets_response__descriptor,
                        a->flight->resolve->config->request_timeout, on_answer, a,
                        &a->call, e);
}

/* An error is one of memory: what else goes wrong is the plugin's answer. */
static int ask_plugin(struct flight *f, const struct selected *s, struct err *e)
{
    struct ask *a = &f->asks[f->n];
    const struct plugin *p = host_find(f->resolve->host, s->provider->name);
    a->flight = f;
    a->name = strdup(s->provider->name);
    if (!a->name)
        return err_no_memory(e);
    f->n++;
    int r = pattern_copy(&a->own, s->provider->pattern, e);
    if (r)
        return r;
    a->answer.plugin = a->name;
    a->answer.pattern = &a->own;
    f->n_open++;
    r = call_plugin(a, p, s->ask, &a->why);
    if (r) {
        a->answer.code = r;
        a->answer.reason = a->why.text;
        answered(a);
    }
    return 0;
}

/* It runs, or should: also while it is tried again. */
static bool is_asked(const struct plugin *p)
{
    return p->is_enabled && p->name && !p->is_module &&
           (plugin_is_running(p) || plugin_is_failed(p) || p->is_attempted);
}

/* Plugins that should run and don't are asked too: that they can't answer is theirs. */
static size_t list_providers(const struct resolve *r, struct provider out[PLUGINS_MAX])
{
    size_t n = 0;
    for (struct plugin *p = host_next(r->host, NULL); p; p = host_next(r->host, p))
        if (is_asked(p))
            out[n++] = (struct provider){p->name, p->pattern.n ? &p->pattern : &r->all};
    return n;
}

static int ask_all(struct flight *f, struct err *e)
{
    struct provider providers[PLUGINS_MAX];
    struct selection selection;
    size_t n = list_providers(f->resolve, providers);
    int r = selection_make(providers, n, &f->pattern, &selection, e);
    if (r || !selection.n)
        return r;
    f->asks = calloc(selection.n, sizeof(*f->asks));
    if (!f->asks)
        return err_no_memory(e);
    for (size_t i = 0; i < selection.n && !r; i++)
        r = ask_plugin(f, &selection.items[i], e);
    return r;
}

static void on_host_ready(void *user)
{
    struct flight *f = user;
    struct err e;
    defer_init(&f->end, finish, f);
    f->is_starting = true;
    int r = ask_all(f, &e);
    f->is_starting = false;
    if (r)
        fail(f, &e);
    else if (!f->n_open)
        finish(f);
}

/* ---- requests ---- */

static struct flight *find_flight(const struct resolve *r, const struct pattern *pattern)
{
    LIST_FOR_EACH (link, &r->flights) {
        struct flight *f = CONTAINER_OF(link, struct flight, link);
        if (!f->is_stale && pattern_is_equal(&f->pattern, pattern))
            return f;
    }
    return NULL;
}

static void from_cache(void *user)
{
    struct flight *f = user;
    const struct secret_envelopes *found =
        cache_get(&f->resolve->cache, f->pattern.text, clock_now(), clock_monotonic());
    if (found)
        tell_all(f, 0, found, NULL);
    else
        host_await_some(f->resolve->host, &f->waiter, &f->pattern, on_host_ready, f);
}

static int flight_new(struct resolve *r, const struct pattern *pattern,
                      struct flight **out, struct err *e)
{
    struct flight *f = calloc(1, sizeof(*f));
    if (!f)
        return err_no_memory(e);
    f->resolve = r;
    list_init(&f->link);
    list_init(&f->requests);
    list_init(&f->waiter.link);
    defer_init(&f->end, from_cache, f);
    int code = pattern_copy(&f->pattern, pattern, e);
    if (code) {
        flight_free(f);
        return code;
    }
    list_append(&r->flights, &f->link);
    defer_start(&f->end, &r->defers);
    *out = f;
    return 0;
}

int resolve_start(struct resolve *r, const struct pattern *pattern, resolve_cb *cb,
                  void *user, struct resolve_request **out, struct err *e)
{
    if (r->n_requests == RESOLVE_REQUESTS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "too many requests at once");
    struct resolve_request *q = calloc(1, sizeof(*q));
    struct flight *f = find_flight(r, pattern);
    int code = q ? 0 : err_no_memory(e);
    if (!code && !f)
        code = flight_new(r, pattern, &f, e);
    if (code) {
        free(q);
        return code;
    }
    *q = (struct resolve_request){.flight = f, .cb = cb, .user = user};
    list_append(&f->requests, &q->link);
    r->n_requests++;
    *out = q;
    return 0;
}

void resolve_cancel(struct resolve_request *q)
{
    struct flight *f = q->flight;
    list_remove(&q->link);
    f->resolve->n_requests--;
    free(q);
    if (list_is_empty(&f->requests) && !f->is_ending)
        flight_free(f);
}

void resolve_forget(struct resolve *r)
{
    cache_clear(&r->cache);
    LIST_FOR_EACH (link, &r->flights)
        CONTAINER_OF(link, struct flight, link)->is_stale = true;
}

/* ---- life ---- */

int resolve_new(uv_loop_t *loop, struct host *host, const struct config *config,
                struct resolve **out, struct err *e)
{
    struct resolve *r = calloc(1, sizeof(*r));
    if (!r)
        return err_no_memory(e);
    *r = (struct resolve){.loop = loop, .host = host, .config = config};
    int code = pattern_parse(&r->all, "**", 2, e);
    if (code) {
        free(r);
        return code;
    }
    cache_init(&r->cache, config->cache);
    list_init(&r->flights);
    defer_queue_init(&r->defers, loop);
    timer_init(&r->timer, loop, on_time, r);
    *out = r;
    return 0;
}

static void resolve_free(void *user)
{
    struct resolve *r = user;
    struct loop_close *parent = r->parent;
    cache_clear(&r->cache);
    pattern_deinit(&r->all);
    free(r);
    if (parent)
        loop_close_release(parent);
}

void resolve_close(struct resolve *r, struct loop_close *c)
{
    r->parent = c;
    if (c)
        loop_close_hold(c);
    while (!list_is_empty(&r->flights)) {
        struct flight *f = LIST_FIRST(&r->flights, struct flight, link);
        while (!list_is_empty(&f->requests)) {
            struct list *link = f->requests.next;
            list_remove(link);
            free(CONTAINER_OF(link, struct resolve_request, link));
        }
        flight_free(f);
    }
    loop_close_init(&r->closing, resolve_free, r);
    defer_queue_close(&r->defers, &r->closing);
    timer_close(&r->timer, &r->closing);
    loop_close_end(&r->closing);
}
