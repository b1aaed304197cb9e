/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/backend_private.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

struct backend_log_stream {
    struct log_subscription *subscription; /* NULL once it is refused */
    struct defer refusal;
    struct err err;
    backend_log_message message;
    void (*end)(int r, const struct err *e, void *user);
    void *user;
};

static void on_log_message(const Swarm__LogMessage *message, void *user)
{
    struct backend_log_stream *l = user;
    l->message(message, l->user);
}

static void on_log_end(int r, const struct err *e, void *user)
{
    struct backend_log_stream *l = user;
    l->end(r, e, l->user);
    free(l);
}

static void on_log_refused(void *user)
{
    struct backend_log_stream *l = user;
    on_log_end(l->err.code, &l->err, l);
}

static int add_stream(Swarm__LogSubscriptionOptions *o, Swarm__LogStream stream)
{
    Swarm__LogStream *streams =
        reallocarray(o->streams, o->n_streams + 1, sizeof(*streams));
    if (!streams)
        return ERR_NO_MEMORY;
    o->streams = streams;
    o->streams[o->n_streams++] = stream;
    return 0;
}

/* The protocol counts lines from the end in negative numbers, with one less: -1 is none,
 * -11 the last ten; 0 is all. */
static int64_t protocol_tail(int64_t tail)
{
    return tail < 0 ? 0 : -tail - 1;
}

static int fill_options(Swarm__LogSubscriptionOptions *o, const struct backend_logs *what)
{
    o->follow = what->follow;
    o->tail = protocol_tail(what->tail);
    if (what->since && message_set_time(&o->since, what->since))
        return ERR_NO_MEMORY;
    if (what->stdout_on && add_stream(o, SWARM__LOG_STREAM__LOG_STREAM_STDOUT))
        return ERR_NO_MEMORY;
    return what->stderr_on ? add_stream(o, SWARM__LOG_STREAM__LOG_STREAM_STDERR) : 0;
}

static int fill_selector(Swarm__LogSelector *s, const struct backend_logs *what)
{
    char *id = strdup(what->service_id ? what->service_id : what->task_id);
    if (!id)
        return ERR_NO_MEMORY;
    int r = what->service_id ? message_append(&s->n_service_ids, &s->service_ids, id)
                             : message_append(&s->n_task_ids, &s->task_ids, id);
    if (r)
        free(id);
    return r;
}

static int subscribe(struct node_backend *b, struct backend_log_stream *l,
                     const struct backend_logs *what, struct err *e)
{
    static const struct log_subscriber subscriber = {on_log_message, on_log_end};
    struct cluster *c;
    int r = node_backend_cluster(&b->backend, &c, e);
    if (r)
        return r;
    cleanup_message Swarm__LogSelector *selector =
        message_new(&swarm__log_selector__descriptor);
    cleanup_message Swarm__LogSubscriptionOptions *options =
        message_new(&swarm__log_subscription_options__descriptor);
    if (!selector || !options || fill_selector(selector, what) ||
        fill_options(options, what))
        return err_no_memory(e);
    return log_broker_subscribe(cluster_log_broker(c), TAKE(selector), TAKE(options),
                                &subscriber, l, &l->subscription, e);
}

struct backend_log_stream *
backend_logs_start(struct backend *backend, const struct backend_logs *what,
                   backend_log_message message,
                   void (*end)(int r, const struct err *e, void *user), void *user)
{
    struct node_backend *b = node_backend_of(backend);
    struct backend_log_stream *l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    *l = (struct backend_log_stream){.message = message, .end = end, .user = user};
    if (subscribe(b, l, what, &l->err)) {
        defer_init(&l->refusal, on_log_refused, l);
        defer_start(&l->refusal, &b->defers);
    }
    return l;
}

void backend_logs_cancel(struct backend *backend, struct backend_log_stream *l)
{
    (void)backend;
    if (l->subscription)
        log_broker_cancel(l->subscription);
    else
        defer_cancel(&l->refusal);
    free(l);
}

void backend_logs_pause(struct backend *backend, struct backend_log_stream *l,
                        bool is_paused)
{
    (void)backend;
    if (l->subscription)
        log_broker_pause(l->subscription, is_paused);
}
