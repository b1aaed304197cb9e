/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subscription has a stream of the engine's for each task that it selects, and one call
 * to the manager that carries them all. It ends when the manager says so, or when all
 * streams have ended and none is to be followed.
 */
#include "agent/log_publisher.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/node_protocol.h"

struct subscription {
    struct list link;
    struct log_publisher *publisher;
    Swarm__SubscriptionMessage *asked;
    struct rpc_call *publish;
    struct list streams;
    size_t n_active;
    bool is_full;  /* the manager doesn't take its lines as they come */
    bool is_ended; /* it only waits for its streams' last callbacks */
};

struct stream {
    struct list link;
    struct subscription *subscription;
    char *task_id, *service_id;
    int64_t last;             /* the time of the last line, 0: none yet */
    size_t n_last;            /* lines of that time that were sent */
    size_t n_again;           /* of them, those that will come again */
    bool is_rest;             /* it is finite: what is left after a followed one ended */
    struct engine_call *call; /* NULL: it has ended */
};

/* ---- ending ---- */

static void free_subscription(struct subscription *s)
{
    struct log_publisher *p = s->publisher;
    while (!list_is_empty(&s->streams)) {
        struct stream *t = LIST_FIRST(&s->streams, struct stream, link);
        list_remove(&t->link);
        free(t->task_id);
        free(t->service_id);
        free(t);
    }
    list_remove(&s->link);
    p->n_subscriptions--;
    message_free(&s->asked->base);
    free(s);
    if (p->closing)
        loop_close_release(p->closing);
}

/* No more is sent; the engine's streams are canceled, and the last one's end frees it. */
static void end_subscription(struct subscription *s)
{
    if (s->is_ended)
        return;
    s->is_ended = true;
    rpc_call_cancel(TAKE(s->publish));
    LIST_FOR_EACH (l, &s->streams)
        engine_cancel(CONTAINER_OF(l, struct stream, link)->call);
    if (s->n_active == 0)
        free_subscription(s);
}

/* ---- sending ---- */

static void give_up(struct subscription *s, const char *what, const struct err *e)
{
    log_warn("logs: %s: %s", what, err_text(e));
    end_subscription(s);
}

static bool follows(const struct subscription *s)
{
    return s->asked->options && s->asked->options->follow;
}

/* The last message says that nothing follows. */
static void send_last(struct subscription *s)
{
    Swarm__PublishLogsMessage m = SWARM__PUBLISH_LOGS_MESSAGE__INIT;
    struct err e;
    m.subscription_id = s->asked->id;
    m.close = true;
    if (rpc_call_send(s->publish, &m.base, &e)) {
        give_up(s, "last message", &e);
        return;
    }
    rpc_call_finish(s->publish);
}

static void finish_if_done(struct subscription *s)
{
    if (!s->is_ended && s->publish && s->n_active == 0 && !follows(s))
        send_last(s);
}

/* Each line starts with its time and a space. */
static size_t read_time(const char *data, size_t n, Swarm__Timestamp *out)
{
    char text[CLOCK_TEXT_SIZE];
    const char *space = memchr(data, ' ', n < sizeof(text) ? n : sizeof(text) - 1);
    int64_t t;
    if (!space)
        return 0;
    size_t len = (size_t)(space - data);
    memcpy(text, data, len);
    text[len] = '\0';
    if (!clock_parse_rfc3339(text, &t))
        return 0;
    out->seconds = t / CLOCK_SECOND;
    out->nanos = (int32_t)(t % CLOCK_SECOND);
    return len + 1;
}

/* Counts a line of that time, unless it was sent before the stream was opened again. */
static bool is_repeated(struct stream *t, int64_t at)
{
    if (at == t->last && t->n_again) {
        t->n_again--;
        return true;
    }
    if (at != t->last)
        t->n_last = t->n_again = 0;
    t->last = at;
    t->n_last++;
    return false;
}

static int send_line(struct stream *t, int stream, const char *data, size_t n,
                     struct err *e)
{
    struct subscription *s = t->subscription;
    Swarm__LogContext context = SWARM__LOG_CONTEXT__INIT;
    Swarm__Timestamp time = SWARM__TIMESTAMP__INIT;
    Swarm__LogMessage line = SWARM__LOG_MESSAGE__INIT;
    Swarm__LogMessage *lines[] = {&line};
    Swarm__PublishLogsMessage m = SWARM__PUBLISH_LOGS_MESSAGE__INIT;
    size_t skip = read_time(data, n, &time);
    if (skip && is_repeated(t, time.seconds * CLOCK_SECOND + time.nanos))
        return 0;
    context.service_id = t->service_id;
    context.task_id = t->task_id;
    context.node_id = (char *)(uintptr_t)s->publisher->worker->context.node_id;
    line.context = &context;
    line.timestamp = skip ? &time : NULL;
    line.stream = stream == 1 ? SWARM__LOG_STREAM__LOG_STREAM_STDOUT
                              : SWARM__LOG_STREAM__LOG_STREAM_STDERR;
    line.data.data = (uint8_t *)(uintptr_t)data + skip;
    line.data.len = n - skip;
    m.subscription_id = s->asked->id;
    m.n_messages = 1;
    m.messages = lines;
    return rpc_call_send(s->publish, &m.base, e);
}

/* ---- not too fast ---- */

static void hold_back(struct stream *t)
{
    const struct subscription *s = t->subscription;
    if (!t->call)
        return;
    if (s->is_full || timer_is_running(&s->publisher->slice))
        engine_pause(t->call);
    else
        engine_resume(t->call);
}

static void hold_back_all(struct subscription *s)
{
    LIST_FOR_EACH (l, &s->streams)
        hold_back(CONTAINER_OF(l, struct stream, link));
}

static void hold_back_everything(struct log_publisher *p)
{
    LIST_FOR_EACH (l, &p->subscriptions)
        hold_back_all(CONTAINER_OF(l, struct subscription, link));
}

static void slice_over(void *user)
{
    struct log_publisher *p = user;
    p->slice_bytes = 0;
    hold_back_everything(p);
}

/* After bytes of a subscription were sent. */
static void count(struct subscription *s, size_t n)
{
    struct log_publisher *p = s->publisher;
    p->slice_bytes += n;
    if (!s->is_full && rpc_call_is_full(s->publish)) {
        s->is_full = true;
        hold_back_all(s);
    }
    if (p->slice_bytes < LOG_SLICE_BYTES || timer_is_running(&p->slice))
        return;
    timer_start(&p->slice, LOG_SLICE);
    hold_back_everything(p);
}

static void publish_drain(struct rpc_call *call, void *user)
{
    struct subscription *s = user;
    s->is_full = false;
    hold_back_all(s);
}

/* ---- the engine's streams ---- */

static void stream_done(int r, const struct err *e, void *user);

static void stream_data(int stream, const void *data, size_t n, void *user)
{
    struct stream *t = user;
    struct err e;
    if (t->subscription->is_ended)
        return;
    if (send_line(t, stream, data, n, &e))
        give_up(t->subscription, "send", &e);
    else
        count(t->subscription, n);
}

static bool wants_stream(const Swarm__LogSubscriptionOptions *o, Swarm__LogStream stream)
{
    for (size_t i = 0; o && i < o->n_streams; i++) {
        if (o->streams[i] == stream)
            return true;
    }
    return !o || o->n_streams == 0;
}

static struct engine_log_options engine_options(const Swarm__LogSubscriptionOptions *o,
                                                const struct task *task)
{
    return (struct engine_log_options){
        .stdout_on = wants_stream(o, SWARM__LOG_STREAM__LOG_STREAM_STDOUT),
        .stderr_on = wants_stream(o, SWARM__LOG_STREAM__LOG_STREAM_STDERR),
        .follow = o && o->follow,
        .timestamps = true,
        .is_tty = task->spec->spec->container->tty,
        .tail = o && o->tail < 0 ? -(o->tail + 1) : -1,
        .since = o ? message_time(o->since, 0) : 0,
    };
}

/* One that has been open before goes on behind its last line. Times may be whole seconds
 * (Podman's are), so it begins with the last line's, and as many lines are left out. */
static void open_stream(struct stream *t, const struct task *task, bool is_rest)
{
    struct subscription *s = t->subscription;
    struct engine *g = s->publisher->worker->context.engine;
    struct engine_log_options o = engine_options(s->asked->options, task);
    t->n_again = t->n_last;
    t->is_rest = is_rest;
    o.follow = o.follow && !is_rest;
    if (t->last) {
        o.since = t->last;
        o.tail = -1;
    }
    if (t->task_id && t->service_id)
        t->call = g->ops->logs(g, task->container_id, &o, stream_data, stream_done, t);
    if (t->call)
        s->n_active++;
    else
        log_error("logs: no memory");
    hold_back(t);
}

static void start_stream(struct subscription *s, const struct task *task)
{
    struct stream *t = calloc(1, sizeof(*t));
    if (!t)
        return;
    t->subscription = s;
    t->task_id = strdup(task_id(task));
    t->service_id = strdup(task->spec->service_id);
    list_append(&s->streams, &t->link);
    open_stream(t, task, false);
}

/* ---- which tasks ---- */

static bool has_text(size_t n, char *const *texts, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (str_equal(texts[i], text))
            return true;
    }
    return false;
}

static bool selects(const struct subscription *s, const struct task *t)
{
    const Swarm__LogSelector *q = s->asked->selector;
    if (!q)
        return false;
    return has_text(q->n_task_ids, q->task_ids, task_id(t)) ||
           has_text(q->n_service_ids, q->service_ids, t->spec->service_id) ||
           has_text(q->n_node_ids, q->node_ids, t->context->node_id);
}

static bool has_stream(const struct subscription *s, const char *id)
{
    LIST_FOR_EACH (l, &s->streams) {
        if (str_equal(CONTAINER_OF(l, struct stream, link)->task_id, id))
            return true;
    }
    return false;
}

static bool has_output(const struct task *t)
{
    return t->was_created && t->container_id && t->spec->spec &&
           t->spec->spec->container && t->state >= SWARM__TASK_STATE__RUNNING;
}

/* Podman ends a stream that it follows soon after the container has, whether it has told
 * all or not: the rest is asked for once more. */
static bool read_rest(struct stream *t)
{
    struct subscription *s = t->subscription;
    const struct task *task = map_get(&s->publisher->worker->tasks, t->task_id);
    if (s->is_ended || t->is_rest || !follows(s) || !task || !has_output(task))
        return false;
    open_stream(t, task, true);
    return t->call != NULL;
}

static void stream_done(int r, const struct err *e, void *user)
{
    struct stream *t = user;
    struct subscription *s = t->subscription;
    t->call = NULL;
    s->n_active--;
    if (r && r != ERR_CANCELED)
        log_info("logs of task %s: %s", t->task_id, err_text(e));
    if (!r && read_rest(t))
        return;
    if (!s->is_ended)
        finish_if_done(s);
    else if (s->n_active == 0)
        free_subscription(s);
}

static void consider(struct subscription *s, const struct task *t)
{
    if (!s->is_ended && has_output(t) && selects(s, t) && !has_stream(s, task_id(t)))
        start_stream(s, t);
}

void log_publisher_task_changed(struct log_publisher *p, const struct task *t)
{
    LIST_FOR_EACH (l, &p->subscriptions) {
        struct subscription *s = CONTAINER_OF(l, struct subscription, link);
        if (follows(s))
            consider(s, t);
    }
}

/* The engine was away, and with it the streams that were to be followed. One whose
 * container has ended ends again. */
static void reopen_streams(struct subscription *s)
{
    LIST_FOR_EACH (l, &s->streams) {
        struct stream *t = CONTAINER_OF(l, struct stream, link);
        const struct task *task =
            t->task_id ? map_get(&s->publisher->worker->tasks, t->task_id) : NULL;
        if (!t->call && task && has_output(task))
            open_stream(t, task, false);
    }
}

void log_publisher_engine_up(struct log_publisher *p)
{
    LIST_FOR_EACH (l, &p->subscriptions) {
        struct subscription *s = CONTAINER_OF(l, struct subscription, link);
        if (!s->is_ended && follows(s))
            reopen_streams(s);
    }
}

/* ---- subscriptions ---- */

static void publish_message(struct rpc_call *call, ProtobufCMessage *message, void *user)
{
    message_free(message);
}

static void refused_end(struct rpc_call *call, int code, const struct err *e, void *user)
{
}

/* One that can't be served ends at once, so that its reader doesn't wait. */
static void refuse(struct log_publisher *p, char *id)
{
    static const struct rpc_call_events events = {
        .on_message = publish_message,
        .on_end = refused_end,
    };
    Swarm__PublishLogsMessage m = SWARM__PUBLISH_LOGS_MESSAGE__INIT;
    struct rpc_call *call;
    struct err e;
    m.subscription_id = id;
    m.close = true;
    if (rpc_call_start(p->channel, &node_protocol_publish_logs, &m.base, &events, NULL,
                       &call, &e))
        log_warn("logs: %s", err_text(&e));
    else
        rpc_call_finish(call);
}

static void publish_end(struct rpc_call *call, int code, const struct err *e, void *user)
{
    struct subscription *s = user;
    s->publish = NULL;
    if (code)
        log_info("logs: the manager ended them: %s", err_text(e));
    end_subscription(s);
}

static struct subscription *find(struct log_publisher *p, const char *id)
{
    LIST_FOR_EACH (l, &p->subscriptions) {
        struct subscription *s = CONTAINER_OF(l, struct subscription, link);
        if (!s->is_ended && str_equal(s->asked->id, id))
            return s;
    }
    return NULL;
}

static void start_streams(struct subscription *s)
{
    const struct map *tasks = &s->publisher->worker->tasks;
    for (size_t i = 0; i < tasks->len; i++)
        consider(s, tasks->entries[i].value);
    finish_if_done(s);
}

static void subscribe(struct log_publisher *p, Swarm__SubscriptionMessage *asked)
{
    static const struct rpc_call_events events = {
        .on_message = publish_message,
        .on_end = publish_end,
        .on_drain = publish_drain,
    };
    cleanup_message Swarm__SubscriptionMessage *owned = asked;
    struct err e;
    struct subscription *s =
        p->n_subscriptions < LOG_SUBSCRIPTIONS_MAX ? calloc(1, sizeof(*s)) : NULL;
    if (!s) {
        log_warn("logs: too many subscriptions or no memory");
        refuse(p, owned->id);
        return;
    }
    s->publisher = p;
    s->asked = TAKE(owned);
    list_init(&s->streams);
    list_append(&p->subscriptions, &s->link);
    p->n_subscriptions++;
    if (rpc_call_start(p->channel, &node_protocol_publish_logs, NULL, &events, s,
                       &s->publish, &e))
        give_up(s, "publish", &e);
    else
        start_streams(s);
}

static void listen_message(struct rpc_call *call, ProtobufCMessage *message, void *user)
{
    struct log_publisher *p = user;
    cleanup_message Swarm__SubscriptionMessage *m = (Swarm__SubscriptionMessage *)message;
    struct subscription *s = find(p, m->id);
    if (m->close && s)
        end_subscription(s);
    else if (!m->close && !s)
        subscribe(p, TAKE(m));
}

/* A manager without logs may say so; the session goes on. */
static void listen_end(struct rpc_call *call, int code, const struct err *e, void *user)
{
    struct log_publisher *p = user;
    p->listen = NULL;
    if (code && code != ERR_UNIMPLEMENTED)
        log_info("logs: the manager no longer asks for any: %s", err_text(e));
}

/* ---- life ---- */

void log_publisher_init(struct log_publisher *p, struct worker *worker)
{
    *p = (struct log_publisher){.worker = worker};
    list_init(&p->subscriptions);
    timer_init(&p->slice, worker->context.loop, slice_over, p);
}

void log_publisher_session(struct log_publisher *p, struct rpc_channel *channel)
{
    static const struct rpc_call_events events = {.on_message = listen_message,
                                                  .on_end = listen_end};
    Swarm__ListenSubscriptionsRequest q = SWARM__LISTEN_SUBSCRIPTIONS_REQUEST__INIT;
    struct err e;
    p->channel = channel;
    if (rpc_call_start(channel, &node_protocol_listen_subscriptions, &q.base, &events, p,
                       &p->listen, &e))
        log_warn("logs: %s", err_text(&e));
    else
        rpc_call_finish(p->listen);
}

void log_publisher_session_end(struct log_publisher *p)
{
    rpc_call_cancel(TAKE(p->listen));
    p->channel = NULL;
    LIST_FOR_EACH (l, &p->subscriptions)
        end_subscription(CONTAINER_OF(l, struct subscription, link));
}

void log_publisher_close(struct log_publisher *p, struct loop_close *c)
{
    log_publisher_session_end(p);
    p->closing = c;
    LIST_FOR_EACH (l, &p->subscriptions)
        loop_close_hold(c);
    timer_close(&p->slice, c);
}
