/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/dispatcher.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "cluster/node_session.h"
#include "cluster/node_status.h"
#include "cluster/random_id.h"
#include "cluster/status_report.h"
#include "net/node_protocol.h"
#include "swarm/dispatcher.pb-c.h"

/*
 * A node's way:
 *
 *   Session ---> registration is proposed ---> committed ---> session message
 *   Heartbeat -> its timer starts anew;        silence  ---> DOWN, streams end
 *   Assignments -> COMPLETE, then INCREMENTAL after each commit that concerns the node
 *   UpdateTaskStatus -> status_report.c
 *
 * Nothing that waits for a commit holds a pointer to a session: it holds ids, and looks
 * the session up again. Each call has one request; a caller that sends more is not heard:
 * the state of its exchange says that the first one came.
 */
struct dispatcher {
    struct dispatcher_config config;
    char manager_addr[ADDRESS_SIZE];
    struct map sessions; /* node id -> struct node_session */
    struct defer_queue defers;
    struct store_watch watch;
    struct loop_close closing;
    bool is_stopped;
    void (*closed)(void *user);
    void *closed_user;
};

/* What a proposal about a session needs to find it again. */
struct session_ref {
    struct dispatcher *d;
    char node_id[OBJECT_ID_SIZE];
    char session_id[OBJECT_ID_SIZE];
};

static int64_t heartbeat_period(const struct dispatcher *d)
{
    const Swarm__Cluster *cluster = store_cluster(store_view(d->config.store));
    if (!cluster || !cluster->spec->dispatcher)
        return DEFAULT_HEARTBEAT_PERIOD;
    int64_t period = message_duration(cluster->spec->dispatcher->heartbeat_period, 0);
    return period > 0 ? period : DEFAULT_HEARTBEAT_PERIOD;
}

/* ---- sessions ---- */

static struct session_ref *ref_new(const struct node_session *s)
{
    struct session_ref *ref = calloc(1, sizeof(*ref));
    if (!ref)
        return NULL;
    ref->d = s->dispatcher;
    strcpy_cut(ref->node_id, sizeof(ref->node_id), s->node_id);
    strcpy_cut(ref->session_id, sizeof(ref->session_id), s->id);
    return ref;
}

static void start_heartbeat(struct node_session *s, int periods)
{
    int64_t silence = 0;
    for (int i = 0; i < periods; i++)
        silence = clock_after(silence, heartbeat_period(s->dispatcher));
    timer_start(&s->heartbeat, silence);
}

/* A node that couldn't be written down as silent is silent for another while: it must not
 * keep its tasks for ever. */
static void on_down(int r, const struct err *e, void *user)
{
    struct session_ref *ref = user;
    struct node_session *s = map_get(&ref->d->sessions, ref->node_id);
    if (r && s && !s->id[0]) {
        log_warn("node %s: status not saved: %s", s->node_id, err_text(e));
        start_heartbeat(s, DISPATCHER_GRACE_PERIODS);
    }
    free(ref);
}

static void on_overdue(void *user)
{
    struct node_session *s = user;
    struct err e = {0};
    log_warn("node %s is down: no heartbeat", s->node_id);
    node_session_end_streams(s, ERR_ABORTED, "node must disconnect");
    s->id[0] = '\0';
    struct session_ref *ref = ref_new(s);
    int r = ref ? node_status_set(s->dispatcher->config.proposer, s->node_id,
                                  SWARM__NODE_STATUS__STATE__DOWN, "heartbeat failure",
                                  on_down, ref, &e)
                : err_no_memory(&e);
    if (!r)
        return;
    free(ref);
    log_warn("node %s: status not saved: %s", s->node_id, err_text(&e));
    start_heartbeat(s, DISPATCHER_GRACE_PERIODS);
}

/* One message of assignments at each turn of the loop: what takes them away gets its
 * turns, too. */
static void send_assignments(void *user)
{
    struct node_session *s = user;
    struct dispatcher *d = s->dispatcher;
    struct err e = {0};
    if (!node_session_send_assignments(s, store_view(d->config.store), d->config.keys,
                                       &d->defers, &e))
        return;
    log_error("node %s: %s", s->node_id, err_text(&e));
    node_session_end_streams(s, e.code, err_text(&e));
}

/* The session of a node, made when there is none yet. */
static struct node_session *session_of(struct dispatcher *d, const char *node_id)
{
    struct node_session *s = map_get(&d->sessions, node_id);
    if (s)
        return s;
    static const struct node_session_events events = {on_overdue, send_assignments};
    s = node_session_new(d, d->config.loop, node_id, &events, &d->closing);
    if (s && map_put(&d->sessions, node_id, s, NULL)) {
        node_session_close(s, ERR_NO_MEMORY, "out of memory");
        return NULL;
    }
    return s;
}

static int check_running(const struct dispatcher *d, struct err *e)
{
    return d->is_stopped ? err_set(e, ERR_UNAVAILABLE, "dispatcher is stopped") : 0;
}

/* The session that a request names, or NULL with the error the protocol has for it. */
static struct node_session *find_session(struct dispatcher *d,
                                         const struct rpc_exchange *x,
                                         const char *session_id, struct err *e)
{
    if (check_running(d, e))
        return NULL;
    struct node_session *s = map_get(&d->sessions, rpc_exchange_peer(x)->node_id);
    if (!s || !s->id[0]) {
        err_set(e, ERR_NOT_FOUND, "node not registered");
        return NULL;
    }
    if (!str_equal(s->id, session_id)) {
        err_set(e, ERR_INVALID_ARGUMENT, "session invalid");
        return NULL;
    }
    return s;
}

/* ---- Session ---- */

static void on_registered(int r, const struct err *e, void *user)
{
    struct session_ref *ref = user;
    struct dispatcher *d = ref->d;
    struct node_session *s = map_get(&d->sessions, ref->node_id);
    if (s && str_equal(s->id, ref->session_id)) {
        if (!r)
            r = node_session_send_node(s, store_view(d->config.store), d->manager_addr);
        if (r)
            node_session_end_streams(
                s, r, e ? err_text(e) : "the session message can't be sent");
    }
    free(ref);
}

static int register_node(struct dispatcher *d, struct node_session *s,
                         const Swarm__NodeDescription *description, struct err *e)
{
    struct session_ref *ref = ref_new(s);
    if (!ref)
        return err_no_memory(e);
    char addr[sizeof(d->manager_addr)];
    strcpy_cut(addr, sizeof(addr), d->manager_addr);
    char *port = strrchr(addr, ':');
    if (port)
        *port = '\0';
    int r = node_status_register(d->config.proposer, s->node_id, description, addr,
                                 on_registered, ref, e);
    if (r)
        free(ref);
    return r;
}

static int open_session(struct dispatcher *d, struct rpc_exchange *x,
                        const Swarm__SessionRequest *request, struct err *e)
{
    const char *node_id = rpc_exchange_peer(x)->node_id;
    int r = check_running(d, e);
    if (r)
        return r;
    if (!request->description)
        return err_set(e, ERR_INVALID_ARGUMENT, "node description is missing");
    if (!store_get(store_view(d->config.store), OBJECT_NODE, node_id))
        return err_set(e, ERR_NOT_FOUND, "node %s not found", node_id);
    struct node_session *s = session_of(d, node_id);
    if (!s)
        return err_no_memory(e);
    bool is_same = s->id[0] && str_equal(s->id, request->session_id);
    node_session_end_streams(s, ERR_ABORTED, "node must disconnect");
    if (!is_same) {
        random_id(s->id);
    }
    s->stream = x;
    s->node_version = 0;
    rpc_exchange_set_state(x, s);
    start_heartbeat(s, DISPATCHER_GRACE_PERIODS);
    r = register_node(d, s, request->description, e);
    if (r)
        s->stream = NULL;
    return r;
}

static void on_session(struct rpc_exchange *x, ProtobufCMessage *message, void *user)
{
    cleanup_message ProtobufCMessage *m = message;
    struct err e = {0};
    if (rpc_exchange_state(x))
        return;
    if (open_session(user, x, (const Swarm__SessionRequest *)m, &e))
        rpc_exchange_end(x, e.code, &e);
}

/* ---- Heartbeat ---- */

static void on_heartbeat(struct rpc_exchange *x, ProtobufCMessage *message, void *user)
{
    struct dispatcher *d = user;
    cleanup_message Swarm__HeartbeatRequest *request = (Swarm__HeartbeatRequest *)message;
    struct err e = {0};
    struct node_session *s = find_session(d, x, request->session_id, &e);
    if (!s) {
        rpc_exchange_end(x, e.code, &e);
        return;
    }
    start_heartbeat(s, DISPATCHER_GRACE_PERIODS);
    int64_t period = heartbeat_period(d);
    Swarm__Duration duration = SWARM__DURATION__INIT;
    duration.seconds = period / CLOCK_SECOND;
    duration.nanos = (int32_t)(period % CLOCK_SECOND);
    Swarm__HeartbeatResponse response = SWARM__HEARTBEAT_RESPONSE__INIT;
    response.period = &duration;
    rpc_exchange_end(x, rpc_exchange_send(x, &response.base), NULL);
}

/* ---- Assignments ---- */

static int open_assignments(struct dispatcher *d, struct rpc_exchange *x,
                            const Swarm__AssignmentsRequest *request, struct err *e)
{
    struct node_session *s = find_session(d, x, request->session_id, e);
    if (!s)
        return e->code;
    struct assignments *assignments = assignments_new(s->node_id);
    if (!assignments)
        return err_no_memory(e);
    if (s->assignments_stream)
        rpc_exchange_end(TAKE(s->assignments_stream), ERR_ABORTED, NULL);
    assignments_free(s->assignments);
    s->assignments = assignments;
    s->assignments_stream = x;
    rpc_exchange_set_state(x, s);
    send_assignments(s);
    return 0;
}

static void on_assignments(struct rpc_exchange *x, ProtobufCMessage *message, void *user)
{
    cleanup_message ProtobufCMessage *m = message;
    struct err e = {0};
    if (rpc_exchange_state(x))
        return;
    if (open_assignments(user, x, (const Swarm__AssignmentsRequest *)m, &e))
        rpc_exchange_end(x, e.code, &e);
}

/* ---- UpdateTaskStatus ---- */

static void on_task_status(struct rpc_exchange *x, ProtobufCMessage *message, void *user)
{
    struct dispatcher *d = user;
    Swarm__UpdateTaskStatusRequest *request = (Swarm__UpdateTaskStatusRequest *)message;
    struct err e = {0};
    if (rpc_exchange_state(x)) {
        message_free(message);
        return;
    }
    if (find_session(d, x, request->session_id, &e)) {
        status_report_start(d->config.proposer, x, request);
        return;
    }
    message_free(message);
    rpc_exchange_end(x, e.code, &e);
}

/* ---- streams that go away ---- */

static void on_stream_open(struct rpc_exchange *x, void *user)
{
    (void)user;
    rpc_exchange_set_state(x, NULL);
}

/* The loss of a stream is suspicion only: the heartbeat decides. */
static void on_stream_cancel(struct rpc_exchange *x, void *user)
{
    (void)user;
    struct node_session *s = rpc_exchange_state(x);
    if (!s)
        return;
    if (s->stream == x)
        s->stream = NULL;
    if (s->assignments_stream == x)
        s->assignments_stream = NULL;
}

/* ---- what was committed ---- */

static void on_change(const struct store_change *change, void *user)
{
    struct dispatcher *d = user;
    for (size_t i = 0; i < d->sessions.len; i++) {
        struct node_session *s = d->sessions.entries[i].value;
        if (s->assignments && assignments_is_concerned(s->assignments, change))
            s->is_concerned = true;
    }
    const struct object *o = store_change_object(change);
    if (o->kind != OBJECT_NODE || change->action != STORE_REMOVE)
        return;
    struct node_session *s = map_remove(&d->sessions, object_id(o));
    if (s)
        node_session_close(s, ERR_ABORTED, "the node was removed from the swarm");
}

static void on_commit(const struct store_view *view, void *user)
{
    struct dispatcher *d = user;
    for (size_t i = 0; i < d->sessions.len; i++) {
        struct node_session *s = d->sessions.entries[i].value;
        if (s->is_concerned)
            send_assignments(s);
        if (s->node_version && node_session_send_node(s, view, d->manager_addr))
            node_session_end_streams(s, ERR_UNAVAILABLE,
                                     "the session message can't be sent");
    }
}

/* ---- life ---- */

static void set_unknown(struct dispatcher *d, const char *node_id)
{
    struct err e = {0};
    if (node_status_set(d->config.proposer, node_id, SWARM__NODE_STATUS__STATE__UNKNOWN,
                        "Node moved to \"unknown\" state due to leadership change in "
                        "cluster",
                        NULL, NULL, &e))
        log_warn("node %s: status not saved: %s", node_id, err_text(&e));
}

/* Which nodes are there is unknown to a manager that has just started: each has twice the
 * usual grace to come back. */
static int expect_nodes(struct dispatcher *d)
{
    cleanup_object_list struct object_list nodes = OBJECT_LIST_INIT;
    if (store_find(store_view(d->config.store), OBJECT_NODE, STORE_ALL, NULL, &nodes))
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < nodes.len; i++) {
        const Swarm__Node *node = nodes.objects[i]->node;
        if (!node->status || node->status->state == SWARM__NODE_STATUS__STATE__DOWN)
            continue;
        struct node_session *s = session_of(d, node->id);
        if (!s)
            return ERR_NO_MEMORY;
        set_unknown(d, node->id);
        start_heartbeat(s, 2 * DISPATCHER_GRACE_PERIODS);
    }
    return 0;
}

static const struct rpc_service session_service = {
    &node_protocol_session, on_stream_open, on_session, NULL, on_stream_cancel,
};
static const struct rpc_service heartbeat_service = {
    &node_protocol_heartbeat, on_stream_open, on_heartbeat, NULL, NULL,
};
static const struct rpc_service assignments_service = {
    &node_protocol_assignments, on_stream_open, on_assignments, NULL, on_stream_cancel,
};
static const struct rpc_service task_status_service = {
    &node_protocol_update_task_status, on_stream_open, on_task_status, NULL,
    status_report_on_cancel,
};

static int add_services(struct dispatcher *d)
{
    static const struct rpc_service *const services[] = {
        &session_service,
        &heartbeat_service,
        &assignments_service,
        &task_status_service,
    };
    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        if (rpc_server_add(d->config.server, services[i], d))
            return ERR_NO_MEMORY;
    return 0;
}

static void on_closed(void *user)
{
    struct dispatcher *d = user;
    void (*closed)(void *) = d->closed;
    void *closed_user = d->closed_user;
    map_deinit(&d->sessions);
    free(d);
    if (closed)
        closed(closed_user);
}

int dispatcher_new(const struct dispatcher_config *config, struct dispatcher **out,
                   struct err *e)
{
    struct dispatcher *d = calloc(1, sizeof(*d));
    if (!d)
        return err_no_memory(e);
    d->config = *config;
    strcpy_cut(d->manager_addr, sizeof(d->manager_addr), config->manager_addr);
    d->watch =
        (struct store_watch){.on_change = on_change, .on_commit = on_commit, .user = d};
    loop_close_init(&d->closing, on_closed, d);
    defer_queue_init(&d->defers, config->loop);
    store_watch_add(config->store, &d->watch);
    if (add_services(d) || expect_nodes(d)) {
        dispatcher_stop(d);
        dispatcher_free(d, NULL, NULL);
        return err_no_memory(e);
    }
    *out = d;
    return 0;
}

void dispatcher_set_address(struct dispatcher *d, const char *manager_addr)
{
    strcpy_cut(d->manager_addr, sizeof(d->manager_addr), manager_addr);
}

void dispatcher_stop(struct dispatcher *d)
{
    if (d->is_stopped)
        return;
    d->is_stopped = true;
    store_watch_remove(&d->watch);
    for (size_t i = 0; i < d->sessions.len; i++)
        node_session_close(d->sessions.entries[i].value, ERR_UNAVAILABLE,
                           "dispatcher is stopped");
    map_deinit(&d->sessions);
    defer_queue_close(&d->defers, &d->closing);
}

void dispatcher_free(struct dispatcher *d, void (*closed)(void *user), void *user)
{
    d->closed = closed;
    d->closed_user = user;
    loop_close_end(&d->closing);
}
