/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/log_broker.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
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
 */
struct log_broker {
    struct store *store;
    struct list listeners;     /* struct listener */
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

struct log_subscription {
    struct list link;
    struct log_broker *broker;
    char id[OBJECT_ID_SIZE];
    Swarm__LogSelector *selector;
    Swarm__LogSubscriptionOptions *options;
    struct map pending; /* node id -> subscription: nodes that haven't ended yet */
    struct log_subscriber subscriber;
    void *user;
    struct defer end;
    struct err reason;
};

/* ---- subscriptions ---- */

static void subscription_free(struct log_subscription *s)
{
    list_remove(&s->link);
    s->broker->n_subscriptions--;
    defer_cancel(&s->end);
    map_deinit(&s->pending);
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

static void node_ended(struct log_subscription *s, const char *node_id)
{
    if (map_remove(&s->pending, node_id) && s->pending.len == 0)
        end_soon(s, 0, "");
}

/* ---- which nodes have something to say ---- */

static bool contains(size_t n, char *const *ids, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal(ids[i], id))
            return true;
    return false;
}

/* A task without a node has no output. */
static int add_nodes_of(const struct object_list *tasks, struct map *nodes)
{
    for (size_t i = 0; i < tasks->len; i++) {
        const Swarm__Task *task = tasks->objects[i]->task;
        if (task->node_id[0] && map_put(nodes, task->node_id, nodes, NULL))
            return ERR_NO_MEMORY;
    }
    return 0;
}

static int selected_nodes(const struct log_subscription *s, struct map *nodes)
{
    const struct store_view *v = store_view(s->broker->store);
    const Swarm__LogSelector *selector = s->selector;
    for (size_t i = 0; i < selector->n_service_ids; i++) {
        cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
        if (store_find(v, OBJECT_TASK, STORE_BY_SERVICE, selector->service_ids[i],
                       &tasks) ||
            add_nodes_of(&tasks, nodes))
            return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < selector->n_task_ids; i++) {
        const struct object *task = store_get(v, OBJECT_TASK, selector->task_ids[i]);
        if (task && task->task->node_id[0] &&
            map_put(nodes, task->task->node_id, nodes, NULL))
            return ERR_NO_MEMORY;
    }
    return 0;
}

/* ---- asking nodes ---- */

static int send_subscription(struct listener *l, const struct log_subscription *s,
                             bool close)
{
    Swarm__SubscriptionMessage m = SWARM__SUBSCRIPTION_MESSAGE__INIT;
    char id[OBJECT_ID_SIZE];
    strcpy_cut(id, sizeof(id), s->id);
    m.id = id;
    m.selector = s->selector;
    m.options = s->options;
    m.close = close;
    return rpc_exchange_send(l->x, &m.base);
}

/* A node that can't be told any more has nothing to stop. */
static void stop_asking(struct listener *l, const struct log_subscription *s)
{
    if (send_subscription(l, s, true))
        log_debug("node %s is gone, its logs end", l->node_id);
}

static int ask_nodes(struct log_subscription *s)
{
    struct map nodes = MAP_INIT;
    int r = selected_nodes(s, &nodes);
    LIST_FOR_EACH (link, &s->broker->listeners) {
        struct listener *l = CONTAINER_OF(link, struct listener, link);
        if (r || !map_get(&nodes, l->node_id))
            continue;
        r = map_put(&s->pending, l->node_id, s, NULL);
        if (!r && send_subscription(l, s, false))
            map_remove(&s->pending, l->node_id);
    }
    map_deinit(&nodes);
    return r;
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
    if (s->pending.len == 0)
        end_soon(s, 0, "");
    *out = s;
    return 0;
}

void log_broker_cancel(struct log_subscription *s)
{
    LIST_FOR_EACH (link, &s->broker->listeners) {
        struct listener *l = CONTAINER_OF(link, struct listener, link);
        if (map_get(&s->pending, l->node_id))
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
}

static void on_listen_cancel(struct rpc_exchange *x, void *user)
{
    struct log_broker *b = user;
    struct listener *l = rpc_exchange_state(x);
    if (!l)
        return;
    LIST_FOR_EACH (link, &b->subscriptions)
        node_ended(CONTAINER_OF(link, struct log_subscription, link), l->node_id);
    list_remove(&l->link);
    free(l);
}

/* ---- PublishLogs ---- */

static bool is_selected(const struct log_subscription *s, const Swarm__LogContext *c)
{
    const Swarm__LogSelector *selector = s->selector;
    return contains(selector->n_task_ids, selector->task_ids, c->task_id) ||
           contains(selector->n_service_ids, selector->service_ids, c->service_id);
}

/* A reader may cancel from within its callback: the subscription is looked up again for
 * each message. NULL when it is gone. */
static struct log_subscription *hand_on(struct log_broker *b,
                                        const Swarm__PublishLogsMessage *m)
{
    struct log_subscription *s = find_subscription(b, m->subscription_id);
    for (size_t i = 0; s && i < m->n_messages; i++) {
        const Swarm__LogContext *context = m->messages[i]->context;
        if (!context || !is_selected(s, context))
            continue;
        s->subscriber.on_message(m->messages[i], s->user);
        s = find_subscription(b, m->subscription_id);
    }
    return s;
}

/* Which subscription a stream publishes to is known from its first message on; the name
 * is kept, since the subscription may go before the stream does. */
static int remember_subscription(struct rpc_exchange *x, const char *id)
{
    if (rpc_exchange_state(x))
        return 0;
    char *copy = strdup(id);
    if (!copy)
        return ERR_NO_MEMORY;
    rpc_exchange_set_state(x, copy);
    return 0;
}

/* What a node publishes counts only for a subscription that it was asked for. */
static void on_publish(struct rpc_exchange *x, ProtobufCMessage *message, void *user)
{
    struct log_broker *b = user;
    cleanup_message Swarm__PublishLogsMessage *m = (Swarm__PublishLogsMessage *)message;
    const char *node_id = rpc_exchange_peer(x)->node_id;
    if (remember_subscription(x, m->subscription_id)) {
        rpc_exchange_end(x, ERR_NO_MEMORY, NULL);
        return;
    }
    struct log_subscription *s = find_subscription(b, m->subscription_id);
    if (!s || !map_get(&s->pending, node_id))
        return;
    s = hand_on(b, m);
    if (s && m->close)
        node_ended(s, node_id);
}

/* However a stream ends, its node has nothing more to say. */
static void publishing_ended(struct log_broker *b, struct rpc_exchange *x)
{
    cleanup_free char *id = rpc_exchange_state(x);
    struct log_subscription *s = id ? find_subscription(b, id) : NULL;
    if (s)
        node_ended(s, rpc_exchange_peer(x)->node_id);
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
    list_init(&b->listeners);
    list_init(&b->subscriptions);
    if (rpc_server_add(server, &listen_service, b) ||
        rpc_server_add(server, &publish_service, b)) {
        free(b);
        return err_no_memory(e);
    }
    defer_queue_init(&b->defers, loop);
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
}

void log_broker_close(struct log_broker *b, void (*closed)(void *user), void *user)
{
    b->closed = closed;
    b->closed_user = user;
    end_all(b);
    loop_close_init(&b->closing, on_closed, b);
    defer_queue_close(&b->defers, &b->closing);
    loop_close_end(&b->closing);
}
