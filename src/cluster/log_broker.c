/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/log_broker.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "cluster/log_selection.h"
#include "cluster/log_share.h"
#include "cluster/random_id.h"
#include "loop/loop.h"
#include "net/node_protocol.h"

/*
 * A subscription knows how many nodes still owe it their end. A node that stops
 * listening, or whose publishing stream breaks, is taken as ended, so that a reader never
 * waits for a node that is gone.
 *
 *   subscribe -> ask each listening node that has selected tasks -> messages
 *             -> close from each -> on_end
 *
 * What is followed goes on without any node: a task that gets a node, and a node that
 * listens (again), have it asked. A node that is asked again begins where the task is
 * that came least far; what came before of the others is left out (log_share.c).
 */
struct log_broker {
    struct store *store;
    struct store_watch watch;
    struct list listeners;     /* struct listener */
    struct list publications;  /* struct publication */
    struct list subscriptions; /* struct log_subscription */
    size_t n_subscriptions;
    struct defer_queue defers;
    struct loop_close closing;
    void (*closed)(void *user);
    void *closed_user;
};

/* A node's open ListenSubscriptions call. */
struct listener {
    struct list link;
    struct rpc_exchange *x;
    char node_id[OBJECT_ID_SIZE];
};

/* A node's open PublishLogs call, from its first message on. The subscription that it is
 * for may be gone. */
struct publication {
    struct list link;
    struct rpc_exchange *x;
    char subscription_id[OBJECT_ID_SIZE];
};

struct log_subscription {
    struct list link;
    struct log_broker *broker;
    char id[OBJECT_ID_SIZE];
    Swarm__LogSelector *selector;
    Swarm__LogSubscriptionOptions *options;
    struct map shares; /* struct log_share by node id */
    size_t n_pending;
    bool is_paused;
    struct log_subscriber subscriber;
    void *user;
    struct defer end;
    struct err reason;
};

/* ---- subscriptions ---- */

static void free_shares(struct log_subscription *s)
{
    for (size_t i = 0; i < s->shares.len; i++) {
        log_share_deinit(s->shares.entries[i].value);
        free(s->shares.entries[i].value);
    }
    map_deinit(&s->shares);
}

static void subscription_free(struct log_subscription *s)
{
    log_broker_pause(s, false);
    list_remove(&s->link);
    s->broker->n_subscriptions--;
    defer_cancel(&s->end);
    free_shares(s);
    message_free((ProtobufCMessage *)s->selector);
    message_free((ProtobufCMessage *)s->options);
    free(s);
}

static void on_end(void *user)
{
    struct log_subscription *s = user;
    struct log_subscriber subscriber = s->subscriber;
    void *subscriber_user = s->user;
    struct err reason = s->reason;
    subscription_free(s);
    subscriber.on_end(reason.code, reason.code ? &reason : NULL, subscriber_user);
}

static void end_soon(struct log_subscription *s, int code, const char *why)
{
    if (code)
        err_set(&s->reason, code, "%s", why);
    defer_start(&s->end, &s->broker->defers);
}

static struct log_subscription *find_subscription(struct log_broker *b, const char *id)
{
    LIST_FOR_EACH (link, &b->subscriptions) {
        struct log_subscription *s = CONTAINER_OF(link, struct log_subscription, link);
        if (str_equal(s->id, id))
            return s;
    }
    return NULL;
}

static bool follows(const struct log_subscription *s)
{
    return s->options->follow;
}

static bool is_pending(const struct log_subscription *s, const char *node_id)
{
    const struct log_share *share = map_get(&s->shares, node_id);
    return share && share->is_pending;
}

/* True for the last one. */
static bool end_share(struct log_subscription *s, const char *node_id)
{
    if (!is_pending(s, node_id))
        return false;
    struct log_share *share = map_get(&s->shares, node_id);
    share->is_pending = false;
    return --s->n_pending == 0;
}

static void node_ended(struct log_subscription *s, const char *node_id)
{
    if (end_share(s, node_id))
        end_soon(s, 0, "");
}

static void node_went_away(struct log_subscription *s, const char *node_id)
{
    if (end_share(s, node_id) && !follows(s))
        end_soon(s, 0, "");
}

void log_broker_pause(struct log_subscription *s, bool is_paused)
{
    void (*change)(struct rpc_exchange *) =
        is_paused ? rpc_exchange_pause : rpc_exchange_resume;
    s->is_paused = is_paused;
    LIST_FOR_EACH (link, &s->broker->publications) {
        struct publication *p = CONTAINER_OF(link, struct publication, link);
        if (str_equal(p->subscription_id, s->id))
            change(p->x);
    }
}

/* ---- asking nodes ---- */

static int send_subscription(struct listener *l, const struct log_subscription *s,
                             Swarm__LogSubscriptionOptions *options, bool close)
{
    Swarm__SubscriptionMessage m = SWARM__SUBSCRIPTION_MESSAGE__INIT;
    char id[OBJECT_ID_SIZE];
    strcpy_cut(id, sizeof(id), s->id);
    m.id = id;
    m.selector = s->selector;
    m.options = options;
    m.close = close;
    return rpc_exchange_send(l->x, &m.base);
}

/* A node that can't be told any more has nothing to stop. */
static void stop_asking(struct listener *l, const struct log_subscription *s)
{
    if (send_subscription(l, s, s->options, true))
        log_debug("node %s is gone, its logs end", l->node_id);
}

static struct log_share *get_share(struct log_subscription *s, const char *node_id)
{
    struct log_share *share = map_get(&s->shares, node_id);
    if (share)
        return share;
    share = calloc(1, sizeof(*share));
    if (share && map_put(&s->shares, node_id, share, NULL)) {
        free(share);
        return NULL;
    }
    return share;
}

/* A node that can't be told has ended already. */
static int ask_node(struct log_subscription *s, struct listener *l)
{
    Swarm__LogSubscriptionOptions options;
    Swarm__Timestamp since = SWARM__TIMESTAMP__INIT;
    struct log_share *share = get_share(s, l->node_id);
    if (!share)
        return ERR_NO_MEMORY;
    if (share->is_pending)
        return 0;
    if (log_share_resume(share, l->node_id, s->selector, s->options,
                         store_view(s->broker->store), &since, &options))
        return ERR_NO_MEMORY;
    if (send_subscription(l, s, &options, false))
        return 0;
    share->is_pending = true;
    s->n_pending++;
    return 0;
}

static int ask_nodes(struct log_subscription *s)
{
    struct map nodes = MAP_INIT;
    int r = log_selection_nodes(s->selector, store_view(s->broker->store), &nodes);
    LIST_FOR_EACH (link, &s->broker->listeners) {
        struct listener *l = CONTAINER_OF(link, struct listener, link);
        if (!r && map_get(&nodes, l->node_id))
            r = ask_node(s, l);
    }
    map_deinit(&nodes);
    return r;
}

static void forget_task(struct log_broker *b, const Swarm__Task *task)
{
    LIST_FOR_EACH (link, &b->subscriptions) {
        struct log_subscription *s = CONTAINER_OF(link, struct log_subscription, link);
        struct log_share *share = map_get(&s->shares, task->node_id);
        if (share)
            log_share_forget(share, task->id);
    }
}

/* The newest of a node: one whose connection broke unseen may still be there. */
static struct listener *find_listener(struct log_broker *b, const char *node_id)
{
    struct listener *newest = NULL;
    LIST_FOR_EACH (link, &b->listeners) {
        struct listener *l = CONTAINER_OF(link, struct listener, link);
        if (str_equal(l->node_id, node_id))
            newest = l;
    }
    return newest;
}

/* Has a node asked for the output of a task, by those that follow it. */
static void ask_for_task(struct log_broker *b, struct listener *l,
                         const Swarm__Task *task)
{
    LIST_FOR_EACH (link, &b->subscriptions) {
        struct log_subscription *s = CONTAINER_OF(link, struct log_subscription, link);
        if (follows(s) && !is_pending(s, l->node_id) &&
            log_selection_has(s->selector, task->service_id, task->id) && ask_node(s, l))
            end_soon(s, ERR_NO_MEMORY, "out of memory");
    }
}

/* A task that is followed may have got its node just now. A commit may change thousands
 * of tasks: no others are looked up for one of them. */
static void on_task_change(const struct store_change *change, void *user)
{
    struct log_broker *b = user;
    const struct object *o = store_change_object(change);
    if (o->kind != OBJECT_TASK || list_is_empty(&b->subscriptions))
        return;
    if (change->action == STORE_REMOVE) {
        forget_task(b, o->task);
        return;
    }
    struct listener *l = o->task->node_id[0] ? find_listener(b, o->task->node_id) : NULL;
    if (l)
        ask_for_task(b, l, o->task);
}

static void end_followed(struct log_broker *b)
{
    LIST_FOR_EACH (link, &b->subscriptions) {
        struct log_subscription *s = CONTAINER_OF(link, struct log_subscription, link);
        if (follows(s))
            end_soon(s, ERR_NO_MEMORY, "out of memory");
    }
}

/* A node that listens (again) may have output that is followed. */
static void ask_followed(struct log_broker *b, struct listener *l)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    if (list_is_empty(&b->subscriptions))
        return;
    if (store_find(store_view(b->store), OBJECT_TASK, STORE_BY_NODE, l->node_id, &tasks))
        end_followed(b);
    for (size_t i = 0; i < tasks.len; i++)
        ask_for_task(b, l, tasks.objects[i]->task);
}

int log_broker_subscribe(struct log_broker *b, Swarm__LogSelector *selector,
                         Swarm__LogSubscriptionOptions *options,
                         const struct log_subscriber *subscriber, void *user,
                         struct log_subscription **out, struct err *e)
{
    bool is_full = b->n_subscriptions >= LOG_SUBSCRIPTIONS_MAX;
    struct log_subscription *s = is_full ? NULL : calloc(1, sizeof(*s));
    if (!s) {
        message_free(&selector->base);
        message_free(&options->base);
        return is_full
                   ? err_set(e, ERR_RESOURCE_EXHAUSTED,
                             "%d log requests are open already", LOG_SUBSCRIPTIONS_MAX)
                   : err_no_memory(e);
    }
    *s = (struct log_subscription){
        .broker = b, .selector = selector, .options = options, .user = user};
    s->subscriber = *subscriber;
    random_id(s->id);
    defer_init(&s->end, on_end, s);
    list_append(&b->subscriptions, &s->link);
    b->n_subscriptions++;
    if (ask_nodes(s)) {
        subscription_free(s);
        return err_no_memory(e);
    }
    if (s->n_pending == 0 && !follows(s))
        end_soon(s, 0, "");
    *out = s;
    return 0;
}

void log_broker_cancel(struct log_subscription *s)
{
    LIST_FOR_EACH (link, &s->broker->listeners) {
        struct listener *l = CONTAINER_OF(link, struct listener, link);
        if (is_pending(s, l->node_id))
            stop_asking(l, s);
    }
    subscription_free(s);
}

/* ---- ListenSubscriptions ---- */

static void on_stream_open(struct rpc_exchange *x, void *user)
{
    (void)user;
    rpc_exchange_set_state(x, NULL);
}

static void on_listen(struct rpc_exchange *x, ProtobufCMessage *message, void *user)
{
    struct log_broker *b = user;
    message_free(message);
    if (rpc_exchange_state(x))
        return;
    struct listener *l = calloc(1, sizeof(*l));
    if (!l) {
        rpc_exchange_end(x, ERR_NO_MEMORY, NULL);
        return;
    }
    l->x = x;
    strcpy_cut(l->node_id, sizeof(l->node_id), rpc_exchange_peer(x)->node_id);
    list_append(&b->listeners, &l->link);
    rpc_exchange_set_state(x, l);
    ask_followed(b, l);
}

static void on_listen_cancel(struct rpc_exchange *x, void *user)
{
    struct log_broker *b = user;
    struct listener *l = rpc_exchange_state(x);
    if (!l)
        return;
    LIST_FOR_EACH (link, &b->subscriptions)
        node_went_away(CONTAINER_OF(link, struct log_subscription, link), l->node_id);
    list_remove(&l->link);
    free(l);
}

/* ---- PublishLogs ---- */

/* Notes what came; only of tasks that are the node's, since each takes memory. */
static int note(struct log_subscription *s, const char *node_id,
                const Swarm__LogMessage *m, bool *is_new)
{
    const char *id = m->context->task_id;
    const struct object *o = store_get(store_view(s->broker->store), OBJECT_TASK, id);
    *is_new = true;
    if (!o || !str_equal(o->task->node_id, node_id))
        return 0;
    return log_share_note(map_get(&s->shares, node_id), id, message_time(m->timestamp, 0),
                          is_new);
}

/* A reader may cancel from within its callback: the subscription is looked up again for
 * each message. NULL when it is gone, or about to be. */
static struct log_subscription *hand_on(struct log_broker *b, const char *node_id,
                                        const Swarm__PublishLogsMessage *m)
{
    struct log_subscription *s = find_subscription(b, m->subscription_id);
    for (size_t i = 0; s && i < m->n_messages; i++) {
        const Swarm__LogContext *c = m->messages[i]->context;
        if (!c || !log_selection_has(s->selector, c->service_id, c->task_id))
            continue;
        bool is_new;
        if (note(s, node_id, m->messages[i], &is_new)) {
            end_soon(s, ERR_NO_MEMORY, "out of memory");
            return NULL;
        }
        if (is_new)
            s->subscriber.on_message(m->messages[i], s->user);
        s = find_subscription(b, m->subscription_id);
    }
    return s;
}

/* Which subscription a stream publishes to is known from its first message on. */
static struct publication *publication_get(struct log_broker *b, struct rpc_exchange *x,
                                           const char *id)
{
    struct publication *p = rpc_exchange_state(x);
    if (p)
        return p;
    p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->x = x;
    strcpy_cut(p->subscription_id, sizeof(p->subscription_id), id);
    list_append(&b->publications, &p->link);
    rpc_exchange_set_state(x, p);
    struct log_subscription *s = find_subscription(b, id);
    if (s && s->is_paused)
        rpc_exchange_pause(x);
    return p;
}

/* What a node publishes counts only for the subscription that its stream is for, and that
 * it was asked for. */
static void on_publish(struct rpc_exchange *x, ProtobufCMessage *message, void *user)
{
    struct log_broker *b = user;
    cleanup_message Swarm__PublishLogsMessage *m = (Swarm__PublishLogsMessage *)message;
    const char *node_id = rpc_exchange_peer(x)->node_id;
    const struct publication *p = publication_get(b, x, m->subscription_id);
    if (!p) {
        rpc_exchange_end(x, ERR_NO_MEMORY, NULL);
        return;
    }
    struct log_subscription *s = find_subscription(b, m->subscription_id);
    if (!s || !str_equal(s->id, p->subscription_id) || !is_pending(s, node_id))
        return;
    s = hand_on(b, node_id, m);
    if (s && m->close)
        node_ended(s, node_id);
}

static void publication_free(struct publication *p)
{
    list_remove(&p->link);
    free(p);
}

/* However a stream ends, its node has nothing more to say. */
static void publishing_ended(struct log_broker *b, struct rpc_exchange *x)
{
    struct publication *p = rpc_exchange_state(x);
    struct log_subscription *s = p ? find_subscription(b, p->subscription_id) : NULL;
    if (s)
        node_ended(s, rpc_exchange_peer(x)->node_id);
    if (p)
        publication_free(p);
}

static void on_publish_finish(struct rpc_exchange *x, void *user)
{
    publishing_ended(user, x);
    Swarm__PublishLogsResponse response = SWARM__PUBLISH_LOGS_RESPONSE__INIT;
    rpc_exchange_end(x, rpc_exchange_send(x, &response.base), NULL);
}

static void on_publish_cancel(struct rpc_exchange *x, void *user)
{
    publishing_ended(user, x);
}

/* ---- life ---- */

static const struct rpc_service listen_service = {
    &node_protocol_listen_subscriptions,
    on_stream_open,
    on_listen,
    NULL,
    on_listen_cancel,
};
static const struct rpc_service publish_service = {
    &node_protocol_publish_logs, on_stream_open,    on_publish,
    on_publish_finish,           on_publish_cancel,
};

int log_broker_new(uv_loop_t *loop, struct store *store, struct rpc_server *server,
                   struct log_broker **out, struct err *e)
{
    struct log_broker *b = calloc(1, sizeof(*b));
    if (!b)
        return err_no_memory(e);
    b->store = store;
    b->watch = (struct store_watch){.on_change = on_task_change, .user = b};
    list_init(&b->watch.link);
    list_init(&b->listeners);
    list_init(&b->publications);
    list_init(&b->subscriptions);
    if (rpc_server_add(server, &listen_service, b) ||
        rpc_server_add(server, &publish_service, b)) {
        free(b);
        return err_no_memory(e);
    }
    defer_queue_init(&b->defers, loop);
    store_watch_add(store, &b->watch);
    *out = b;
    return 0;
}

static void on_closed(void *user)
{
    struct log_broker *b = user;
    void (*closed)(void *) = b->closed;
    void *closed_user = b->closed_user;
    free(b);
    closed(closed_user);
}

static void end_all(struct log_broker *b)
{
    while (!list_is_empty(&b->subscriptions)) {
        struct log_subscription *s =
            LIST_FIRST(&b->subscriptions, struct log_subscription, link);
        err_set(&s->reason, ERR_UNAVAILABLE, "the manager is stopping");
        on_end(s);
    }
    while (!list_is_empty(&b->listeners)) {
        struct listener *l = LIST_FIRST(&b->listeners, struct listener, link);
        list_remove(&l->link);
        rpc_exchange_end(l->x, ERR_UNAVAILABLE, NULL);
        free(l);
    }
    while (!list_is_empty(&b->publications)) {
        struct publication *p = LIST_FIRST(&b->publications, struct publication, link);
        rpc_exchange_end(p->x, ERR_UNAVAILABLE, NULL);
        publication_free(p);
    }
}

void log_broker_close(struct log_broker *b, void (*closed)(void *user), void *user)
{
    b->closed = closed;
    b->closed_user = user;
    store_watch_remove(&b->watch);
    end_all(b);
    loop_close_init(&b->closing, on_closed, b);
    defer_queue_close(&b->defers, &b->closing);
    loop_close_end(&b->closing);
}
