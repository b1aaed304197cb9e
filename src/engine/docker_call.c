/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call: requests one after the other, each with a step that takes its answer, and one
 * end. Heavy requests take turns. Whatever ends a call from within a function of ours is
 * put off to the loop.
 */
#include "engine/docker_api.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_logs.h"
#include "engine/docker_record.h"

static void send_now(struct docker_call *c);

static void drop_request(struct docker_call *c)
{
    free(TAKE(c->request.target));
    mem_wipe_free(TAKE(c->request.body));
}

static void next_turn(struct docker_api *api)
{
    if (list_is_empty(&api->waiting) || api->n_heavy >= DOCKER_HEAVY_MAX)
        return;
    struct docker_call *c = LIST_FIRST(&api->waiting, struct docker_call, turn);
    list_remove(&c->turn);
    send_now(c);
}

/* The engine has done with the call's heavy request. */
static void end_turn(struct docker_call *c)
{
    if (!c->is_heavy)
        return;
    c->is_heavy = false;
    c->api->n_heavy--;
    next_turn(c->api);
}

static void free_call(struct docker_call *c)
{
    struct docker_api *api = c->api;
    list_remove(&c->link);
    list_remove(&c->turn);
    api->n_calls--;
    end_turn(c);
    defer_cancel(&c->soon);
    drop_request(c);
    docker_record_leave(c);
    docker_pull_deinit(&c->pull);
    if (c->logs)
        docker_logs_deinit(c->logs);
    free(c->logs);
    free(c->text);
    record_deinit(&c->record);
    mem_wipe_free(c->auth);
    free(c);
}

void docker_call_end(struct docker_call *c, int r, const struct err *e,
                     const union docker_result *result)
{
    static const union docker_result nothing;
    c->http = NULL;
    c->deliver(c, r, e, result ? result : &nothing);
    free_call(c);
}

static void end_soon(void *user)
{
    struct docker_call *c = user;
    docker_call_end(c, c->error.code, &c->error, NULL);
}

void docker_call_fail(struct docker_call *c, const struct err *e)
{
    http_call_cancel(c->http);
    c->http = NULL;
    docker_record_leave(c);
    list_remove(&c->turn);
    c->error = *e;
    defer_start(&c->soon, &c->api->deferred);
}

static void cancel_call(struct engine_call *call)
{
    struct docker_call *c = CONTAINER_OF(call, struct docker_call, base);
    struct err e;
    err_set(&e, ERR_CANCELED, "canceled");
    docker_call_fail(c, &e);
}

static void pause_call(struct engine_call *call, bool is_paused)
{
    struct docker_call *c = CONTAINER_OF(call, struct docker_call, base);
    if (c->http && is_paused)
        http_call_pause(c->http);
    else if (c->http)
        http_call_resume(c->http);
}

struct docker_call *docker_call_new(struct docker_api *api, void *user)
{
    struct docker_call *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->base = (struct engine_call){.cancel = cancel_call, .pause = pause_call};
    c->api = api;
    c->user = user;
    docker_pull_init(&c->pull);
    defer_init(&c->soon, end_soon, c);
    list_init(&c->turn);
    list_append(&api->calls, &c->link);
    api->n_calls++;
    return c;
}

void docker_call_refused(struct docker_call *c, int status, const void *body, size_t n)
{
    struct err e;
    int code = docker_error(status, body, n, &e);
    docker_call_end(c, code, &e, NULL);
}

void docker_call_lost(struct docker_call *c, int code, const struct err *e)
{
    struct docker_events *watch = &c->api->events;
    struct err lost;
    if (code == ERR_CANCELED || code == ERR_NO_MEMORY || code == ERR_RESOURCE_EXHAUSTED) {
        docker_call_end(c, code, e, NULL);
        return;
    }
    err_set(&lost, ERR_UNAVAILABLE, "%s", err_text(e));
    docker_events_suspect(watch, &lost); /* first: none that waits shall be sent */
    docker_call_end(c, ERR_UNAVAILABLE, &lost, NULL);
}

static void answered(struct http_response *r, int code, const struct err *e, void *user)
{
    struct docker_call *c = user;
    c->http = NULL;
    if (code == ERR_DEADLINE_EXCEEDED && c->may_take_long)
        c->step(c, 0, "", 0);
    else if (code)
        docker_call_lost(c, code, e);
    else
        c->step(c, r->head->status, r->body.data ? r->body.data : "", r->body.len);
}

char *docker_target(const char *before, const char *id, const char *after)
{
    cleanup_buf struct buf target = BUF_INIT;
    int r = buf_append_str(&target, before);
    r = r ?: http_url_escape(&target, id);
    r = r ?: buf_append_str(&target, after);
    return r ? NULL : buf_take(&target);
}

/* Is there anything that forbids the call now? */
static int check_ready(const struct docker_call *c, struct err *e)
{
    const struct docker_api *api = c->api;
    if (api->is_closing)
        return err_set(e, ERR_CANCELED, "the engine's client is closed");
    if (!docker_events_is_up(&api->events))
        return err_set(e, ERR_UNAVAILABLE, "the container engine at %s doesn't answer",
                       http_client_path(api->http));
    if (api->n_calls > DOCKER_CALLS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d calls to the engine",
                       DOCKER_CALLS_MAX);
    return 0;
}

static int send_request(struct docker_call *c, const struct docker_request *q,
                        struct err *e)
{
    int r = check_ready(c, e);
    if (r)
        return r;
    if (!q->target)
        return err_no_memory(e);
    cleanup_free char *target = str_format("%s%s", c->api->version.prefix, q->target);
    if (!target)
        return err_no_memory(e);
    struct http_header headers[2];
    struct http_request request = {
        .method = q->method,
        .target = target,
        .headers = headers,
        .body = q->body,
        .body_len = q->body ? strlen(q->body) : 0,
        .timeout = q->timeout,
    };
    if (q->body)
        headers[request.n_headers++] =
            (struct http_header){"Content-Type", "application/json"};
    if (!str_is_empty(q->auth))
        headers[request.n_headers++] = (struct http_header){"X-Registry-Auth", q->auth};
    if (q->events)
        return http_client_request(c->api->http, &request, q->events, c, &c->http, e);
    return http_client_fetch(c->api->http, &request, q->max, answered, c, &c->http, e);
}

static void send_now(struct docker_call *c)
{
    struct err e;
    c->is_heavy = c->request.is_heavy;
    if (c->is_heavy)
        c->api->n_heavy++;
    c->may_take_long = c->request.may_take_long;
    int r = send_request(c, &c->request, &e);
    drop_request(c);
    if (r)
        docker_call_fail(c, &e);
}

void docker_call_send(struct docker_call *c, const struct docker_request *q,
                      docker_step step)
{
    struct docker_api *api = c->api;
    end_turn(c);
    c->step = step;
    c->request = *q;
    if (q->is_heavy && api->n_heavy >= DOCKER_HEAVY_MAX)
        list_append(&api->waiting, &c->turn);
    else
        send_now(c);
}

void docker_call_get(struct docker_call *c, char *target, int64_t timeout, size_t max,
                     docker_step step)
{
    const struct docker_request q = {
        .method = "GET", .target = target, .timeout = timeout, .max = max};
    docker_call_send(c, &q, step);
}

void docker_call_plain(struct docker_call *c, int r, const struct err *e,
                       const union docker_result *result)
{
    c->done.plain(r, e, c->user);
}
