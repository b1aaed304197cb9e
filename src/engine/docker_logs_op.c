/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call that streams a container's output. It has no timeout: a container may be
 * silent for as long as it likes.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_api.h"

/* An error's body that is read to tell its text. */
#define REFUSAL_MAX 4096

/* What the stream keeps besides the call. */
struct stream {
    struct docker_logs logs; /* first: freed as the call's */
    int status;
};

static struct stream *stream_of(struct docker_call *c)
{
    return CONTAINER_OF(c->logs, struct stream, logs);
}

static void on_head(struct http_call *call, const struct http_head *head, void *user)
{
    struct docker_call *c = user;
    stream_of(c)->status = head->status;
}

/* Of a refusal the body's beginning is kept, in the frame's buffer. */
static void on_body(struct http_call *call, const void *data, size_t n, void *user)
{
    struct docker_call *c = user;
    struct stream *s = stream_of(c);
    struct err e;
    if (s->status == 200) {
        if (docker_logs_feed(c->logs, data, n, &e) && c->http)
            docker_call_fail(c, &e);
        return;
    }
    if (s->logs.piece.len + n <= REFUSAL_MAX && buf_append(&s->logs.piece, data, n)) {
        err_no_memory(&e);
        docker_call_fail(c, &e);
    }
}

static void on_end(struct http_call *call, int code, const struct err *e, void *user)
{
    struct docker_call *c = user;
    struct stream *s = stream_of(c);
    struct err garbled;
    c->http = NULL;
    if (code)
        docker_call_lost(c, code, e);
    else if (s->status != 200)
        docker_call_refused(c, s->status, buf_str(&s->logs.piece), s->logs.piece.len);
    else if (docker_logs_end(c->logs, &garbled))
        docker_call_end(c, garbled.code, &garbled, NULL);
    else
        docker_call_end(c, 0, NULL, NULL);
}

static char *logs_target(const char *id, const struct engine_log_options *o)
{
    char tail[24] = "all";
    if (o->tail >= 0)
        snprintf(tail, sizeof(tail), "%lld", (long long)o->tail);
    char since[48] = "";
    if (o->since > 0)
        snprintf(since, sizeof(since), "&since=%lld.%09lld",
                 (long long)(o->since / CLOCK_SECOND),
                 (long long)(o->since % CLOCK_SECOND));
    cleanup_free char *query =
        str_format("/logs?stdout=%d&stderr=%d&follow=%d&timestamps=%d&tail=%s%s",
                   o->stdout_on, o->stderr_on, o->follow, o->timestamps, tail, since);
    return query ? docker_target("/containers/", id, query) : NULL;
}

static int send_logs(struct docker_call *c, const char *id,
                     const struct engine_log_options *options, struct err *e)
{
    static const struct http_call_events events = {on_head, on_body, on_end};
    if (c->api->is_closing || !docker_events_is_up(&c->api->events))
        return err_set(e, ERR_UNAVAILABLE, "the container engine at %s doesn't answer",
                       http_client_path(c->api->http));
    cleanup_free char *path = logs_target(id, options);
    cleanup_free char *target =
        path ? str_format("%s%s", c->api->version.prefix, path) : NULL;
    if (!target)
        return err_no_memory(e);
    struct http_request q = {.method = "GET", .target = target};
    return http_client_request(c->api->http, &q, &events, c, &c->http, e);
}

/* After a cancel no more data comes. */
static void give_data(int stream, const void *data, size_t n, void *user)
{
    struct docker_call *c = user;
    if (c->http)
        c->data(stream, data, n, c->user);
}

struct engine_call *docker_logs_start(struct engine *g, const char *id,
                                      const struct engine_log_options *options,
                                      engine_log_data data, engine_done done, void *user)
{
    struct docker_api *api = CONTAINER_OF(g, struct docker_api, base);
    struct stream *s = calloc(1, sizeof(*s));
    struct docker_call *c = s ? docker_call_new(api, user) : NULL;
    if (!c) {
        free(s);
        return NULL;
    }
    docker_logs_init(&s->logs, options->is_tty, give_data, c);
    c->logs = &s->logs;
    c->data = data;
    c->deliver = docker_call_plain;
    c->done.plain = done;
    struct err e;
    if (send_logs(c, id, options, &e))
        docker_call_fail(c, &e);
    return &c->base;
}
