/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/mem.h"
#include "pass/engine_private.h"

/*
 * Many questions at once: a window of calls that are under way together, so that a
 * hundred references take about as long as the slowest of them.
 */
#define CALLS_AT_ONCE 16

/* Patterns, and which of them are being asked. */
struct round {
    struct engine *g;
    const char *const *patterns;
    size_t n;
    struct secret_envelopes *out;
    size_t next;   /* the first that wasn't asked yet */
    size_t failed; /* the one an error is about */
    struct {
        struct coffer_call *call; /* NULL: free */
        size_t pattern;
    } slots[CALLS_AT_ONCE];
};

/* ---- an answer ---- */

static struct secret_time time_of(int64_t seconds)
{
    return (struct secret_time){.is_set = seconds != 0, .seconds = seconds};
}

static int take_secret(const struct coffer_secret *s, struct secret_envelopes *out,
                       struct err *e)
{
    cleanup_secret_envelope struct secret_envelope one = {0};
    int r = secret_envelope_set_id(&one, s->id, e);
    if (!r && s->value)
        r = secret_envelope_set_value(&one, s->value, s->size, e);
    if (!r)
        r = secret_envelope_set_provider(&one, s->provider, e);
    if (!r)
        r = secret_envelope_set_version(&one, s->version, e);
    for (size_t i = 0; i < s->metadata_count && !r; i++)
        r = secret_envelope_put(&one, s->metadata[i].key, s->metadata[i].value, e);
    one.created_at = time_of(s->created_at);
    one.resolved_at = time_of(s->resolved_at);
    one.expires_at = time_of(s->expires_at);
    return r ? r : secret_envelopes_append(out, &one, e);
}

int engine_take_secrets(const struct coffer_secrets *from, struct secret_envelopes *out,
                        struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < coffer_secrets_count(from) && !r; i++)
        r = take_secret(coffer_secrets_get(from, i), out, e);
    return r;
}

/* ---- the calls ---- */

static int start_call(struct round *w, size_t slot, struct err *e)
{
    struct coffer_error why = {0};
    w->slots[slot].pattern = w->next;
    w->failed = w->next;
    int code =
        coffer_call_get(w->g->client, w->patterns[w->next++], &w->slots[slot].call, &why);
    return engine_failed(code, &why, e);
}

/* What a call made of its turn; nothing found is an empty answer. */
static int step_call(struct round *w, size_t slot, struct err *e)
{
    struct coffer_error why = {0};
    struct coffer_call *call = w->slots[slot].call;
    size_t pattern = w->slots[slot].pattern;
    int code = coffer_call_step(call, &why);
    if (code == COFFER_AGAIN)
        return 0;
    int r = 0;
    w->failed = pattern;
    if (code == COFFER_OK) {
        struct coffer_secrets *answer = coffer_call_take(call);
        r = engine_take_secrets(answer, &w->out[pattern], e);
        coffer_secrets_free(answer);
    } else if (code != COFFER_NOT_FOUND) {
        r = engine_failed(code, &why, e);
    }
    coffer_call_free(call);
    w->slots[slot].call = NULL;
    return r;
}

static int fill(struct round *w, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < CALLS_AT_ONCE && w->next < w->n && !r; i++)
        if (!w->slots[i].call)
            r = start_call(w, i, e);
    return r;
}

/* The nearest deadline of those under way; -1: none has one. */
static int shorter(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* *under_way: how many calls there are to wait for. */
static int wait_for_some(const struct round *w, bool ready[CALLS_AT_ONCE],
                         size_t *under_way, struct err *e)
{
    struct pollfd fds[CALLS_AT_ONCE];
    int timeout = -1;
    *under_way = 0;
    for (size_t i = 0; i < CALLS_AT_ONCE; i++) {
        const struct coffer_call *call = w->slots[i].call;
        fds[i] = (struct pollfd){.fd = call ? coffer_call_fd(call) : -1,
                                 .events = call ? coffer_call_events(call) : 0};
        timeout = call ? shorter(timeout, coffer_call_timeout(call)) : timeout;
        *under_way += call != NULL;
    }
    int n = *under_way ? poll(fds, CALLS_AT_ONCE, timeout) : 0;
    if (n < 0 && errno != EINTR)
        return err_errno(e, errno, "poll");
    for (size_t i = 0; i < CALLS_AT_ONCE; i++)
        ready[i] = w->slots[i].call && (n == 0 || (n > 0 && fds[i].revents));
    return 0;
}

static int turn(struct round *w, size_t *under_way, struct err *e)
{
    bool ready[CALLS_AT_ONCE];
    int r = fill(w, e);
    if (!r)
        r = wait_for_some(w, ready, under_way, e);
    for (size_t i = 0; i < CALLS_AT_ONCE && !r; i++)
        if (ready[i])
            r = step_call(w, i, e);
    return r;
}

static int ask_all(struct round *w, struct err *e)
{
    int r = 0;
    for (size_t under_way = 1; under_way && !r;)
        r = turn(w, &under_way, e);
    for (size_t i = 0; i < CALLS_AT_ONCE; i++) {
        coffer_call_free(w->slots[i].call);
        w->slots[i].call = NULL;
    }
    return r;
}

/* Does the engine want to be asked for leave first? Docker's may; coffer's, which is told
 * by its store, looks at its rules when it is asked for a secret. */
static bool wants_authorization(struct secrets *s)
{
    cleanup_secret_envelopes struct secret_envelopes none = {0};
    return s->ops->list(s, "docker/secrets-engine", &none, NULL) == ERR_UNIMPLEMENTED;
}

int engine_get(struct secrets *s, const char *const *patterns, size_t n,
               struct secret_envelopes *out, size_t *failed, struct err *e)
{
    struct round w = {.patterns = patterns, .n = n, .out = out};
    int r = engine_reach(s, &w.g, e);
    if (!r)
        r = ask_all(&w, e);
    if (r == ERR_PERMISSION_DENIED && wants_authorization(s)) {
        for (size_t i = 0; i < n; i++)
            secret_envelopes_deinit(&out[i]);
        w.next = 0;
        r = s->ops->authorize(s, patterns, n, e);
        if (!r)
            r = ask_all(&w, e);
    }
    *failed = w.failed;
    return r;
}
