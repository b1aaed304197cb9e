/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's events and the swarm's in one stream. The engine is asked only when the
 * filters could let something of its own through; its lines are passed on whole.
 *
 *     WAITING  the engine was asked: the answer begins when its does
 *     PAST     the engine tells what was before the request: its lines
 *              are merged with the swarm's by their time, and what the
 *              swarm tells meanwhile waits
 *     OPEN     lines of both; ends with `until`, with the engine, or
 *              with the client
 *
 * The engine doesn't say where its past ends. That is at its end, which comes by itself
 * when `until` has passed; else at its first line from after the request, or when it has
 * said nothing for a while. (To ask for the past alone, up to now, is no way: Podman then
 * may end before it has told all.)
 */
#include "api/events.h"

#include "api/event.h"
#include "api/events_past.h"
#include "api/handlers.h"
#include "api/stream.h"
#include "api/time.h"
#include "base/str.h"
#include "loop/clock.h"
#include "loop/loop.h"

/* One line of the engine's. */
#define LINE_MAX_BYTES (1024 * 1024)

struct events {
    struct api_stream stream;
    struct api_filters filters;
    struct http_call *call; /* the engine's stream */
    int status;             /* of its answer, 0 before that */
    struct buf line;        /* of the engine's, not whole yet; or its error */
    struct timer until_timer, past_timer;
    int64_t since, until; /* 0: not asked for */
    int64_t now;          /* where the past ends */
    bool is_past;
    struct api_events_past past;
    struct buf later; /* the swarm's, from now on, during the past */
    struct loop_close closing;
};

/* ---- the end ---- */

static void on_freed(void *user)
{
    struct events *ev = user;
    buf_deinit(&ev->line);
    buf_deinit(&ev->later);
    api_events_past_deinit(&ev->past);
    api_filters_deinit(&ev->filters);
    free(ev);
}

static void release(struct events *ev)
{
    http_call_cancel(ev->call);
    ev->call = NULL;
    loop_close_init(&ev->closing, on_freed, ev);
    timer_close(&ev->until_timer, &ev->closing);
    timer_close(&ev->past_timer, &ev->closing);
    loop_close_end(&ev->closing);
}

static void on_closed(struct api_stream *s)
{
    release(CONTAINER_OF(s, struct events, stream));
}

/* Answers with something else than events. */
static void refuse(struct events *ev, int status, const char *type,
                   const struct buf *body)
{
    const struct http_header header = {"Content-Type", type};
    struct http_exchange *x = api_stream_release(&ev->stream);
    http_exchange_respond(x, status, &header, 1, body->data, body->len);
    release(ev);
}

/* ---- the swarm's ---- */

/* False when the stream is over. */
static bool send_event(struct events *ev, const struct api_event *event)
{
    cleanup_buf struct buf text = BUF_INIT;
    if (!api_event_is_match(event, &ev->filters))
        return true;
    if (!api_event_write(event, &text)) {
        if (!ev->is_past)
            return api_stream_write(&ev->stream, text.data, text.len);
        if (ev->later.len + text.len <= API_STREAM_QUEUE_MAX &&
            !buf_append(&ev->later, text.data, text.len))
            return true;
    }
    api_stream_cut(&ev->stream);
    return false;
}

/* Sends what the swarm has of the past up to that time. */
static bool send_past(struct events *ev, int64_t time)
{
    const char *lines;
    size_t n = api_events_past_take(&ev->past, time, &lines);
    return !n || api_stream_write(&ev->stream, lines, n);
}

/* The past is told: what came since then follows. */
static bool end_past(struct events *ev)
{
    ev->is_past = false;
    timer_cancel(&ev->past_timer);
    if (!send_past(ev, INT64_MAX))
        return false;
    if (ev->later.len && !api_stream_write(&ev->stream, ev->later.data, ev->later.len))
        return false;
    buf_deinit(&ev->later);
    return true;
}

static void on_past_silent(void *user)
{
    (void)end_past(user); /* without it, the stream is over */
}

void api_events_tell(struct api *a, const struct store_change *change)
{
    struct api_event *event;
    if (api_event_new(change, clock_now(), &event) || !event)
        return; /* without memory for it, it isn't told */
    LIST_FOR_EACH (link, &a->streams) {
        struct api_stream *s = CONTAINER_OF(link, struct api_stream, link);
        if (s->closed == on_closed && !s->is_ending)
            (void)send_event(CONTAINER_OF(s, struct events, stream), event);
    }
    if (event->kind == OBJECT_TASK)
        api_event_free(event);
    else
        api_event_history_add(&a->history, event);
}

/* ---- the engine's ---- */

/* All that was asked for is past: silence means nothing, the end comes. */
static bool ends_by_itself(const struct events *ev)
{
    return ev->until && ev->until <= ev->now;
}

static void on_head(struct http_call *call, const struct http_head *head, void *user)
{
    struct events *ev = user;
    ev->status = head->status;
    if (head->status != 200)
        return;
    api_stream_begin(&ev->stream, "application/json");
    if (ev->is_past && !ends_by_itself(ev))
        timer_start(&ev->past_timer, API_EVENTS_PAST_SILENCE);
}

/* Passes on one line, after what the swarm has from before it. */
static bool send_line(struct events *ev, const char *line, size_t n)
{
    int64_t time = ev->is_past ? api_events_line_time(line, n) : 0;
    if (time > ev->now ? !end_past(ev) : ev->is_past && !send_past(ev, time))
        return false;
    return api_stream_write(&ev->stream, line, n);
}

/* Passes on the whole lines of what has come. */
static void send_lines(struct events *ev)
{
    size_t done = 0;
    while (done < ev->line.len) {
        const char *line = ev->line.data + done;
        const char *end = memchr(line, '\n', ev->line.len - done);
        if (!end)
            break;
        size_t n = (size_t)(end - line) + 1;
        if (!send_line(ev, line, n))
            return;
        done += n;
    }
    if (done)
        buf_consume(&ev->line, done);
}

static void on_body(struct http_call *call, const void *data, size_t n, void *user)
{
    struct events *ev = user;
    if (timer_is_running(&ev->past_timer))
        timer_start(&ev->past_timer, API_EVENTS_PAST_SILENCE);
    if (ev->line.len + n > LINE_MAX_BYTES || buf_append(&ev->line, data, n))
        api_stream_cut(&ev->stream);
    else if (ev->status == 200 && !ev->stream.is_ending)
        send_lines(ev);
}

static void refuse_with(struct events *ev, int status, const char *message)
{
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    api_json_begin(&w, &text);
    api_json_open(&w, '{');
    api_json_member(&w, "message", message);
    api_json_close(&w, '}');
    if (api_json_end(&w))
        api_stream_end(&ev->stream);
    else
        refuse(ev, status, "application/json", &text);
}

static void on_end(struct http_call *call, int code, const struct err *e, void *user)
{
    struct events *ev = user;
    ev->call = NULL;
    if (ev->status == 200) {
        if (!end_past(ev))
            return;
        /* Until the time that was asked for, the swarm's go on. */
        if (code || !timer_is_running(&ev->until_timer))
            api_stream_end(&ev->stream);
    } else if (ev->status) {
        refuse(ev, ev->status, "application/json", &ev->line);
    } else {
        refuse_with(ev, 503, err_text(e));
    }
}

static void ask_engine(struct events *ev)
{
    static const struct http_call_events callbacks = {on_head, on_body, on_end};
    cleanup_buf struct buf target = BUF_INIT;
    struct err e = {0};
    int r = api_events_engine_target(&ev->filters, ev->since, ev->until, &target);
    const struct http_request request = {.method = "GET", .target = buf_str(&target)};
    if (r)
        err_no_memory(&e);
    else
        r = http_client_request(ev->stream.api->client, &request, &callbacks, ev,
                                &ev->call, &e);
    if (r)
        refuse_with(ev, 503, err_text(&e));
}

/* ---- the request ---- */

static void on_until(void *user)
{
    struct events *ev = user;
    if (!ev->call)
        api_stream_end(&ev->stream); /* else the engine's end is waited for */
}

static int read_time(const struct api_request *q, const char *key, int64_t *out,
                     struct err *e)
{
    const char *text = api_request_query(q, key);
    if (str_is_empty(text) || api_time_parse(text, out))
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT, "invalid value for %s: %s", key, text);
}

static int read_request(const struct api_request *q, struct events *ev, struct err *e)
{
    int r = read_time(q, "since", &ev->since, e);
    if (!r)
        r = read_time(q, "until", &ev->until, e);
    if (!r && ev->until && ev->since > ev->until)
        r = err_set(e, ERR_INVALID_ARGUMENT,
                    "`since` time (%s) cannot be after `until` time (%s)",
                    api_request_query(q, "since"), api_request_query(q, "until"));
    return r ? r
             : api_filters_parse(&ev->filters, api_request_query(q, "filters"), NULL, e);
}

static void start(struct api_request *q, struct events *ev)
{
    struct api *a = q->api;
    timer_init(&ev->until_timer, a->loop, on_until, ev);
    timer_init(&ev->past_timer, a->loop, on_past_silent, ev);
    api_stream_init(&ev->stream, a, q->x, on_closed);
    api_request_free(q);
    if (ev->until)
        timer_start(&ev->until_timer, ev->until - ev->now);
    if (api_events_concern_engine(&ev->filters)) {
        ask_engine(ev);
        return;
    }
    api_stream_begin(&ev->stream, "application/json");
    (void)end_past(ev); /* without it, the stream is over */
}

void api_events(struct api_request *q)
{
    struct err e = {0};
    struct events *ev = calloc(1, sizeof(*ev));
    int r = ev ? read_request(q, ev, &e) : err_no_memory(&e);
    if (!r) {
        ev->now = clock_now();
        ev->is_past = (ev->since || ev->until) && ev->since <= ev->now;
    }
    if (!r && ev->is_past &&
        api_events_past_load(&ev->past, &q->api->history, &ev->filters, ev->since,
                             ev->until))
        r = err_no_memory(&e);
    if (!r) {
        start(q, ev);
        return;
    }
    if (ev)
        on_freed(ev);
    api_request_error(q, &e);
}
