/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcoffer's call brought to the loop: a poll on its descriptor, which is the same as
 * long as the call lives, and a timer for its end. A call that couldn't even be begun
 * tells so by the timer, too.
 */
#include "agent/reference_call.h"

#include <coffer/coffer.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "resolver/choice.h"
#include "resolver/reference.h"
#include "sdk/sdk.h"

struct reference_call {
    char *place, *reference;
    struct coffer_client *client;
    struct coffer_call *call;
    struct reference_start *start;
    struct reference_wait wait; /* for an engine that is started */
    bool was_started;           /* or was tried to be */
    struct err failure;         /* of the beginning; code 0: it has begun */
    uv_poll_t poll;
    struct timer end;
    reference_done done;
    void *user;
    struct loop_close closing;
};

static void free_call(void *user)
{
    struct reference_call *c = user;
    coffer_call_free(c->call);
    coffer_client_free(c->client);
    free(c->place);
    free(c->reference);
    free(c);
}

void reference_call_close(struct reference_call *c)
{
    if (!c)
        return;
    reference_start_forget(&c->wait);
    loop_close_init(&c->closing, free_call, c);
    if (c->call)
        loop_close_handle(&c->closing, (uv_handle_t *)&c->poll);
    timer_close(&c->end, &c->closing);
    loop_close_end(&c->closing);
}

/* ---- the answer ---- */

static int take(const struct coffer_secrets *found, struct secret_envelopes *out,
                struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < coffer_secrets_count(found) && !r; i++) {
        const struct coffer_secret *s = coffer_secrets_get(found, i);
        cleanup_secret_envelope struct secret_envelope one = {0};
        r = secret_envelope_set_id(&one, s->id, e);
        r = r ?: secret_envelope_set_value(&one, s->value, s->size, e);
        r = r ?: secret_envelope_set_provider(&one, s->provider, e);
        r = r ?: secret_envelopes_append(out, &one, e);
    }
    return r;
}

static int choose(struct reference_call *c, int code, struct buf *value, struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes all = {0};
    const struct secret_envelope *one;
    struct coffer_secrets *found = code ? NULL : coffer_call_take(c->call);
    int r = found ? take(found, &all, e) : 0;
    coffer_secrets_free(found);
    r = r ?: choice_make(&all, CHOICE_ONLY, c->place, c->reference, &one, e);
    if (!r && buf_append(value, one->value.data, one->value.len))
        r = err_no_memory(e);
    return r;
}

static void finish(struct reference_call *c, int r, const struct err *e,
                   struct buf *value)
{
    reference_done done = c->done;
    void *user = c->user;
    reference_call_close(c);
    done(r, e, r ? NULL : value, user);
}

static void fail(struct reference_call *c, int r, struct err *e)
{
    struct err why = *e;
    const char *advice = r == ERR_UNAVAILABLE && !c->was_started
                             ? " (start root's engine: systemctl enable --now "
                               "coffer-engined.socket)"
                             : "";
    err_set(e, r, "resolving %s: %s: %s%s", c->place, c->reference, err_text(&why),
            advice);
    finish(c, r, e, NULL);
}

static void finish_with(struct reference_call *c, int code,
                        const struct coffer_error *why)
{
    cleanup_buf struct buf value = BUF_INIT;
    struct err e = {0};
    int r;
    if (code && code != COFFER_NOT_FOUND) {
        r = err_set(&e, sdk_code_to_err(code), "%s", why->text);
        fail(c, r, &e);
        return;
    }
    r = choose(c, code, &value, &e);
    finish(c, r, &e, &value);
}

/* ---- the loop ---- */

static void turn(struct reference_call *c);
static void begin_failed(struct reference_call *c);

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* the call finds out what is wrong */
    (void)events;
    turn(poll->data);
}

static void on_timer(void *user)
{
    struct reference_call *c = user;
    if (c->failure.code)
        begin_failed(c);
    else
        turn(c);
}

static int watched_events(const struct reference_call *c)
{
    short events = coffer_call_events(c->call);
    return (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0);
}

static int wait_more(struct reference_call *c)
{
    int timeout = coffer_call_timeout(c->call);
    if (timeout >= 0)
        timer_start(&c->end, timeout * CLOCK_MILLISECOND);
    return uv_poll_start(&c->poll, watched_events(c), on_poll);
}

static void turn(struct reference_call *c)
{
    struct coffer_error why = {0};
    int code = coffer_call_step(c->call, &why);
    if (code == COFFER_AGAIN && wait_more(c) == 0)
        return;
    if (code == COFFER_AGAIN)
        snprintf(why.text, sizeof(why.text), "can't wait for the secrets engine");
    finish_with(c, code, &why);
}

/* ---- the beginning ---- */

static int ask(struct reference_call *c, struct err *e)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    struct coffer_error why = {0};
    const struct coffer_client_options options = {
        .size = sizeof(options), .timeout_ms = REFERENCE_CALL_TIMEOUT_MS};
    int r = reference_parse(c->reference, REFERENCE_PATTERN, &p, e);
    if (r)
        return r;
    int code = c->client ? 0 : coffer_client_new(&options, &c->client, &why);
    if (!code)
        code = coffer_call_get(c->client, p.text, &c->call, &why);
    return code ? err_set(e, sdk_code_to_err(code), "%s", why.text) : 0;
}

static int begin(struct reference_call *c, struct err *e)
{
    c->failure = (struct err){0};
    if (ask(c, &c->failure) == 0) {
        int r = uv_poll_init(c->start->loop, &c->poll, coffer_call_fd(c->call));
        if (r) {
            coffer_call_free(TAKE(c->call));
            return err_set(e, ERR_IO, "watch a connection: %s", uv_strerror(r));
        }
        c->poll.data = c;
    }
    timer_start(&c->end, 0);
    return 0;
}

static void started(int r, const struct err *e, void *user)
{
    struct reference_call *c = user;
    struct err why = {0};
    if (r)
        why = *e;
    else
        r = begin(c, &why);
    if (r)
        fail(c, r, &why);
}

/* Only where nobody listens: an engine that answers may have its own reasons. */
static void begin_failed(struct reference_call *c)
{
    int r = c->failure.code;
    if (r == ERR_UNAVAILABLE && !c->was_started && reference_start_is_ours()) {
        c->was_started = true;
        r = reference_start_wait(c->start, &c->wait, &c->failure);
    }
    if (r)
        fail(c, r, &c->failure);
}

int reference_call_new(struct reference_start *start, const char *place,
                       const char *reference, reference_done done, void *user,
                       struct reference_call **out, struct err *e)
{
    struct reference_call *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    c->place = mem_dup(place, strlen(place));
    c->reference = mem_dup(reference, strlen(reference));
    c->start = start;
    list_init(&c->wait.link);
    c->wait.done = started;
    c->wait.user = c;
    c->done = done;
    c->user = user;
    if (!c->place || !c->reference) {
        free_call(c);
        return err_no_memory(e);
    }
    timer_init(&c->end, start->loop, on_timer, c);
    int r = begin(c, e);
    if (r)
        reference_call_close(c);
    else
        *out = c;
    return r;
}
