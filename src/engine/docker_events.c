/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   IDLE -> ASKING -> OPENING -> UP
 *             ^          |        |
 *             |          v        v
 *             +------- WAITING <--+      any failure, no answer in time, the stream's
 *                                        end, a suspicion
 */
#include "engine/docker_events.h"

#include <string.h>

#include "base/str.h"
#include "engine/docker_json.h"

#define VERSION_TIMEOUT (10 * CLOCK_SECOND)
#define VERSION_BODY_MAX (256 * 1024)

static void ask(struct docker_events *w);

/* ---- events ---- */

/* Podman says "remove" where dockerd says "destroy", and gives the health in a field of
 * its own. */
static bool read_action(const json_t *j, char *out, size_t size)
{
    const char *action = docker_json_text(j, "Action");
    if (!*action)
        action = docker_json_text(j, "status");
    if (!*action)
        return false;
    const char *health = docker_json_text(j, "HealthStatus");
    if (str_equal(action, "remove"))
        action = "destroy";
    if (str_equal(action, "health_status") && *health)
        snprintf(out, size, "health_status: %s", health);
    else
        strcpy_cut(out, size, action);
    return true;
}

int docker_event_parse(const char *line, size_t n, struct docker_event *out)
{
    cleanup_json json_t *j = NULL;
    int r = docker_parse(line, n, &j, NULL);
    if (r)
        return r == ERR_NO_MEMORY ? r : ERR_BAD_MESSAGE;
    const char *type = docker_json_text(j, "Type");
    if (*type && !str_equal(type, "container"))
        return ERR_BAD_MESSAGE;
    const char *id = docker_json_text(docker_json_object(j, "Actor"), "ID");
    if (!*id)
        id = docker_json_text(j, "id");
    if (!*id || strlen(id) >= sizeof(out->id))
        return ERR_BAD_MESSAGE;
    strcpy_cut(out->id, sizeof(out->id), id);
    return read_action(j, out->action, sizeof(out->action)) ? 0 : ERR_BAD_MESSAGE;
}

/* ---- going down and up ---- */

static void go_down(struct docker_events *w, const struct err *e)
{
    http_call_cancel(w->call);
    w->call = NULL;
    buf_reset(&w->line);
    w->state = DOCKER_WATCH_WAITING;
    timer_start(&w->retry, w->delay);
    w->delay = w->delay * 2 > DOCKER_RETRY_MAX ? DOCKER_RETRY_MAX : w->delay * 2;
    if (w->was_told_down)
        return;
    w->was_told_down = true;
    w->told.on_down(e, w->told.user);
}

static void go_up(struct docker_events *w)
{
    w->state = DOCKER_WATCH_UP;
    timer_cancel(&w->retry);
    w->delay = DOCKER_RETRY_MIN;
    w->was_told_down = false;
    w->told.on_up(w->told.user);
}

void docker_events_suspect(struct docker_events *w, const struct err *e)
{
    if (w->state == DOCKER_WATCH_UP)
        go_down(w, e);
}

static void opening_took_too_long(struct docker_events *w)
{
    struct err e;
    err_set(&e, ERR_UNAVAILABLE, "%s: events: no answer within %lld ms",
            http_client_path(w->http), (long long)(w->open_timeout / CLOCK_MILLISECOND));
    go_down(w, &e);
}

/* While the engine is up there is nothing to try, but somebody new to tell. */
static void retry_due(void *user)
{
    struct docker_events *w = user;
    if (w->state == DOCKER_WATCH_UP)
        w->told.on_up(w->told.user);
    else if (w->state == DOCKER_WATCH_OPENING)
        opening_took_too_long(w);
    else
        ask(w);
}

/* ---- the stream ---- */

/* An event that is lost for want of memory is made up for by going down and up, since
 * then everything is looked at anew. */
static void take_line(struct docker_events *w, const char *line, size_t n)
{
    struct docker_event event;
    int r = docker_event_parse(line, n, &event);
    struct err e;
    if (r == ERR_NO_MEMORY) {
        err_no_memory(&e);
        go_down(w, &e);
    } else if (!r) {
        w->told.on_container(event.id, event.action, w->told.user);
    }
}

/* The owner may end the watch in any event. */
static void take_lines(struct docker_events *w)
{
    char *end;
    while (w->line.len && (end = memchr(w->line.data, '\n', w->line.len))) {
        size_t n = (size_t)(end - w->line.data);
        take_line(w, w->line.data, n);
        if (w->state != DOCKER_WATCH_UP)
            return;
        buf_consume(&w->line, n + 1);
    }
}

static void stream_head(struct http_call *call, const struct http_head *head, void *user)
{
    struct docker_events *w = user;
    struct err e;
    if (head->status == 200) {
        go_up(w);
        return;
    }
    err_set(&e, ERR_UNAVAILABLE, "%s: events: HTTP %d", http_client_path(w->http),
            head->status);
    go_down(w, &e);
}

static void stream_body(struct http_call *call, const void *data, size_t n, void *user)
{
    struct docker_events *w = user;
    struct err e;
    if (w->line.len + n > DOCKER_EVENT_MAX) {
        err_set(&e, ERR_UNAVAILABLE, "%s: events: a line is too long",
                http_client_path(w->http));
        go_down(w, &e);
    } else if (buf_append(&w->line, data, n)) {
        err_no_memory(&e);
        go_down(w, &e);
    } else {
        take_lines(w);
    }
}

static void stream_end(struct http_call *call, int code, const struct err *e, void *user)
{
    struct docker_events *w = user;
    struct err ended;
    w->call = NULL;
    if (code == ERR_CANCELED)
        return;
    if (!code)
        err_set(&ended, ERR_UNAVAILABLE, "%s: the engine closed its events",
                http_client_path(w->http));
    go_down(w, code ? e : &ended);
}

static void open_stream(struct docker_events *w)
{
    static const struct http_call_events events = {stream_head, stream_body, stream_end};
    char target[128];
    snprintf(target, sizeof(target),
             "%s/events?filters=%%7B%%22type%%22%%3A%%5B%%22container%%22%%5D%%7D",
             w->version->prefix);
    struct http_request q = {.method = "GET", .target = target};
    struct err e;
    w->state = DOCKER_WATCH_OPENING;
    if (http_client_request(w->http, &q, &events, w, &w->call, &e))
        go_down(w, &e);
    else
        timer_start(&w->retry, w->open_timeout);
}

/* ---- which engine is it ---- */

static int learn(struct docker_events *w, struct http_response *r, struct err *e)
{
    cleanup_json json_t *j = NULL;
    if (r->head->status != 200)
        return docker_error(r->head->status, r->body.data, r->body.len, e);
    int code = docker_parse(r->body.data, r->body.len, &j, e);
    code = code ?: docker_version_from_json(j, w->version, e);
    code = code ?: engine_limits_read(http_client_path(w->http), w->limits, e);
    if (!code)
        w->limits->fills_unset = w->version->kind == DOCKER_PODMAN;
    return code;
}

static void asked(struct http_response *r, int code, const struct err *e, void *user)
{
    struct docker_events *w = user;
    struct err failed;
    w->call = NULL;
    if (code == ERR_CANCELED)
        return;
    if (code)
        go_down(w, e);
    else if (learn(w, r, &failed))
        go_down(w, &failed);
    else
        open_stream(w);
}

static void ask(struct docker_events *w)
{
    struct http_request q = {
        .method = "GET", .target = "/version", .timeout = VERSION_TIMEOUT};
    struct err e;
    w->state = DOCKER_WATCH_ASKING;
    if (http_client_fetch(w->http, &q, VERSION_BODY_MAX, asked, w, &w->call, &e))
        go_down(w, &e);
}

/* ---- life ---- */

void docker_events_init(struct docker_events *w, uv_loop_t *loop,
                        struct http_client *http, struct docker_version *version,
                        struct engine_limits *limits)
{
    *w = (struct docker_events){
        .http = http,
        .version = version,
        .limits = limits,
        .delay = DOCKER_RETRY_MIN,
        .open_timeout = DOCKER_OPEN_TIMEOUT,
    };
    timer_init(&w->retry, loop, retry_due, w);
}

static void ignore_up(void *user)
{
}

static void ignore_down(const struct err *e, void *user)
{
}

static void ignore_container(const char *id, const char *action, void *user)
{
}

/* The first failure may be told at once, so the start is left to the timer. */
void docker_events_start(struct docker_events *w, const struct engine_events *told)
{
    static const struct engine_events nobody = {ignore_up, ignore_down, ignore_container,
                                                NULL};
    w->told = told ? *told : nobody;
    w->was_told_down = false;
    if (w->state == DOCKER_WATCH_IDLE)
        w->state = DOCKER_WATCH_WAITING;
    if (w->state == DOCKER_WATCH_UP || w->state == DOCKER_WATCH_WAITING)
        timer_start(&w->retry, 0);
}

bool docker_events_is_up(const struct docker_events *w)
{
    return w->state == DOCKER_WATCH_UP;
}

void docker_events_close(struct docker_events *w, struct loop_close *c)
{
    w->state = DOCKER_WATCH_IDLE;
    http_call_cancel(w->call);
    w->call = NULL;
    buf_deinit(&w->line);
    timer_close(&w->retry, c);
}
