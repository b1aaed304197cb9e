/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A node and its manager in one process: a real agent on a fake engine, and a dispatcher
 * that does what the test says. Secrets lie on a real file system in memory, in a mount
 * namespace of the test's own; without the right to make one the tests are skipped.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "agent/agent.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/fake.h"
#include "loop/loop.h"
#include "net/node_protocol.h"
#include "net/rpc_local.h"
#include "swarm/dispatcher.pb-c.h"
#include "swarm/logbroker.pb-c.h"

#define NODE_ID "nnnnnnnnnnnnnnnnnnnnnnnnn"
#define SERVICE_ID "sssssssssssssssssssssssss"
#define TASK_1 "aaaaaaaaaaaaaaaaaaaaaaaa1"
#define TASK_2 "aaaaaaaaaaaaaaaaaaaaaaaa2"
#define SECRET_1 "ccccccccccccccccccccccccc"
#define CONFIG_1 "ddddddddddddddddddddddddd"
#define SECRET_TEXT "canary-of-the-secret"

/* Longer than anything here takes; a test that waits longer has failed. */
#define WORLD_TIMEOUT (20 * CLOCK_SECOND)

#define STATES_MAX 64

struct world {
    uv_loop_t loop;
    struct fake_engine *engine;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct agent *agent;
    char secrets[64];
    struct timer timeout;
    bool is_timed_out;

    /* the manager's end */
    struct rpc_exchange *session, *assignments, *listen, *publish;
    int sessions, heartbeats, opened_assignments, updates, closes;
    int sequence;
    bool is_silent; /* sessions get no answer */
    int deny_task;  /* TASK_1's or TASK_2's statuses are refused */
    int denial;     /* with this code; 0: ERR_PERMISSION_DENIED */
    char hostname[64];
    struct {
        char task_id[OBJECT_ID_SIZE];
        Swarm__TaskState state;
        char message[64], err[256];
        int32_t exit_code;
    } seen[STATES_MAX];
    size_t n_seen;
    struct buf logs;
    bool are_logs_closed;
    struct rpc_exchange *publishing; /* of the logs */
    bool pauses_logs;                /* at the next message */
    bool is_removed;
};

static inline void put(char **field, const char *value)
{
    assert_int_equal(message_set_string(field, value), 0);
}

/* ---- the manager ---- */

static inline void ignore_open(struct rpc_exchange *x, void *user)
{
}

static inline void session_came(struct rpc_exchange *x, ProtobufCMessage *m, void *user)
{
    struct world *w = user;
    Swarm__SessionRequest *q = (Swarm__SessionRequest *)m;
    strcpy_cut(w->hostname, sizeof(w->hostname), q->description->hostname);
    message_free(m);
    w->session = x;
    w->sessions++;
    if (w->is_silent)
        return;
    cleanup_message Swarm__SessionMessage *r =
        message_new(&swarm__session_message__descriptor);
    put(&r->session_id, "session");
    assert_int_equal(rpc_exchange_send(x, &r->base), 0);
}

static inline void session_left(struct rpc_exchange *x, void *user)
{
    struct world *w = user;
    if (w->session == x)
        w->session = NULL;
}

static inline void heartbeat_came(struct rpc_exchange *x, ProtobufCMessage *m, void *user)
{
    struct world *w = user;
    message_free(m);
    w->heartbeats++;
    cleanup_message Swarm__HeartbeatResponse *r =
        message_new(&swarm__heartbeat_response__descriptor);
    assert_int_equal(message_set_duration(&r->period, 100 * CLOCK_MILLISECOND), 0);
    assert_int_equal(rpc_exchange_send(x, &r->base), 0);
    rpc_exchange_end(x, 0, NULL);
}

static inline void assignments_came(struct rpc_exchange *x, ProtobufCMessage *m,
                                    void *user)
{
    struct world *w = user;
    message_free(m);
    w->assignments = x;
    w->opened_assignments++;
}

static inline void assignments_left(struct rpc_exchange *x, void *user)
{
    struct world *w = user;
    if (w->assignments == x)
        w->assignments = NULL;
}

static inline void keep_status(struct world *w,
                               const Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *u)
{
    assert_true(w->n_seen < STATES_MAX);
    strcpy_cut(w->seen[w->n_seen].task_id, OBJECT_ID_SIZE, u->task_id);
    w->seen[w->n_seen].state = u->status->state;
    strcpy_cut(w->seen[w->n_seen].message, 64, u->status->message);
    strcpy_cut(w->seen[w->n_seen].err, 256, u->status->err);
    if (u->status->container)
        w->seen[w->n_seen].exit_code = u->status->container->exit_code;
    w->n_seen++;
}

static inline void update_came(struct rpc_exchange *x, ProtobufCMessage *m, void *user)
{
    struct world *w = user;
    struct err e;
    Swarm__UpdateTaskStatusRequest *q = (Swarm__UpdateTaskStatusRequest *)m;
    const char *denied = w->deny_task == 1 ? TASK_1 : w->deny_task == 2 ? TASK_2 : "";
    bool is_denied = false;
    w->updates++;
    for (size_t i = 0; i < q->n_updates; i++)
        is_denied |= str_equal(q->updates[i]->task_id, denied);
    for (size_t i = 0; i < q->n_updates && !is_denied; i++)
        keep_status(w, q->updates[i]);
    message_free(m);
    if (is_denied) {
        err_set(&e, w->denial ? w->denial : ERR_PERMISSION_DENIED,
                "cannot update a task not assigned this node");
        rpc_exchange_end(x, e.code, &e);
        return;
    }
    Swarm__UpdateTaskStatusResponse r = SWARM__UPDATE_TASK_STATUS_RESPONSE__INIT;
    assert_int_equal(rpc_exchange_send(x, &r.base), 0);
    rpc_exchange_end(x, 0, NULL);
}

static inline void listen_came(struct rpc_exchange *x, ProtobufCMessage *m, void *user)
{
    struct world *w = user;
    message_free(m);
    w->listen = x;
}

static inline void logs_came(struct rpc_exchange *x, ProtobufCMessage *m, void *user)
{
    struct world *w = user;
    Swarm__PublishLogsMessage *q = (Swarm__PublishLogsMessage *)m;
    w->publishing = x;
    if (w->pauses_logs)
        rpc_exchange_pause(x);
    for (size_t i = 0; i < q->n_messages; i++) {
        const Swarm__LogMessage *l = q->messages[i];
        assert_int_equal(buf_printf(&w->logs, "%s %d %lld ", l->context->task_id,
                                    (int)l->stream,
                                    (long long)message_time(l->timestamp, 0)),
                         0);
        assert_int_equal(buf_append(&w->logs, l->data.data, l->data.len), 0);
    }
    w->are_logs_closed |= q->close;
    message_free(m);
}

static inline void left(struct rpc_exchange *x, void *user)
{
    struct world *w = user;
    if (w->listen == x)
        w->listen = NULL;
}

static const struct rpc_service world_services[] = {
    {&node_protocol_session, ignore_open, session_came, NULL, session_left},
    {&node_protocol_heartbeat, ignore_open, heartbeat_came, NULL, NULL},
    {&node_protocol_assignments, ignore_open, assignments_came, NULL, assignments_left},
    {&node_protocol_update_task_status, ignore_open, update_came, NULL, NULL},
    {&node_protocol_listen_subscriptions, ignore_open, listen_came, NULL, left},
    {&node_protocol_publish_logs, ignore_open, logs_came, NULL, NULL},
};

/* ---- objects ---- */

static inline Swarm__Task *task_make(const char *id, Swarm__TaskState desired)
{
    Swarm__Task *t = message_new(&swarm__task__descriptor);
    put(&t->id, id);
    put(&t->service_id, SERVICE_ID);
    t->slot = 1;
    t->desired_state = desired;
    t->service_annotations = message_new(&swarm__annotations__descriptor);
    put(&t->service_annotations->name, "web");
    t->status = message_new(&swarm__task_status__descriptor);
    t->status->state = SWARM__TASK_STATE__ASSIGNED;
    t->spec = message_new(&swarm__task_spec__descriptor);
    t->spec->runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    t->spec->container = message_new(&swarm__container_spec__descriptor);
    put(&t->spec->container->image, "busybox:latest");
    return t;
}

static inline Swarm__FileTarget *file_make(const char *target)
{
    Swarm__FileTarget *f = message_new(&swarm__file_target__descriptor);
    put(&f->name, target);
    put(&f->uid, "0");
    put(&f->gid, "0");
    f->mode = 0444;
    return f;
}

static inline void task_use_secret(Swarm__Task *t, const char *id, const char *target)
{
    Swarm__ContainerSpec *spec = t->spec->container;
    Swarm__SecretReference *r = message_new(&swarm__secret_reference__descriptor);
    put(&r->secret_id, id);
    put(&r->secret_name, "name");
    r->target_case = SWARM__SECRET_REFERENCE__TARGET_FILE;
    r->file = file_make(target);
    assert_int_equal(message_append(&spec->n_secrets, &spec->secrets, r), 0);
}

static inline void task_use_variable(Swarm__Task *t, const char *text)
{
    Swarm__ContainerSpec *c = t->spec->container;
    char *copy = strdup(text);
    assert_int_equal(message_append(&c->n_env, &c->env, copy), 0);
}

static inline void task_use_config(Swarm__Task *t, const char *id, const char *target)
{
    Swarm__ContainerSpec *spec = t->spec->container;
    Swarm__ConfigReference *r = message_new(&swarm__config_reference__descriptor);
    put(&r->config_id, id);
    put(&r->config_name, "name");
    r->target_case = SWARM__CONFIG_REFERENCE__TARGET_FILE;
    r->file = file_make(target);
    assert_int_equal(message_append(&spec->n_configs, &spec->configs, r), 0);
}

static inline Swarm__AssignmentsMessage *message_begin(void)
{
    return message_new(&swarm__assignments_message__descriptor);
}

static inline Swarm__Assignment *change_add(Swarm__AssignmentsMessage *m, bool is_removed)
{
    Swarm__AssignmentChange *c = message_new(&swarm__assignment_change__descriptor);
    c->action = is_removed ? SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__REMOVE
                           : SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__UPDATE;
    c->assignment = message_new(&swarm__assignment__descriptor);
    assert_int_equal(message_append(&m->n_changes, &m->changes, c), 0);
    return c->assignment;
}

static inline void add_task(Swarm__AssignmentsMessage *m, Swarm__Task *t)
{
    Swarm__Assignment *a = change_add(m, false);
    a->item_case = SWARM__ASSIGNMENT__ITEM_TASK;
    a->task = t;
}

static inline void remove_task(Swarm__AssignmentsMessage *m, const char *id)
{
    Swarm__Assignment *a = change_add(m, true);
    a->item_case = SWARM__ASSIGNMENT__ITEM_TASK;
    a->task = message_new(&swarm__task__descriptor);
    put(&a->task->id, id);
}

static inline void add_secret(Swarm__AssignmentsMessage *m, const char *id)
{
    Swarm__Assignment *a = change_add(m, false);
    a->item_case = SWARM__ASSIGNMENT__ITEM_SECRET;
    a->secret = message_new(&swarm__secret__descriptor);
    put(&a->secret->id, id);
    a->secret->spec = message_new(&swarm__secret_spec__descriptor);
    assert_int_equal(
        message_set_bytes(&a->secret->spec->data, SECRET_TEXT, strlen(SECRET_TEXT)), 0);
}

static inline void add_config(Swarm__AssignmentsMessage *m, const char *id)
{
    Swarm__Assignment *a = change_add(m, false);
    a->item_case = SWARM__ASSIGNMENT__ITEM_CONFIG;
    a->config = message_new(&swarm__config__descriptor);
    put(&a->config->id, id);
    a->config->spec = message_new(&swarm__config_spec__descriptor);
    assert_int_equal(message_set_bytes(&a->config->spec->data, "conf", 4), 0);
}

/* ---- turning the loop ---- */

static inline void world_timeout(void *user)
{
    ((struct world *)user)->is_timed_out = true;
}

#define TURN_UNTIL(w, condition)                                                         \
    do {                                                                                 \
        (w)->is_timed_out = false;                                                       \
        timer_start(&(w)->timeout, WORLD_TIMEOUT);                                       \
        while (!(condition) && !(w)->is_timed_out)                                       \
            uv_run(&(w)->loop, UV_RUN_ONCE);                                             \
        timer_cancel(&(w)->timeout);                                                     \
        assert_true(condition);                                                          \
    } while (0)

/* Sends the list and takes the message over. */
static inline void send_assignments(struct world *w, Swarm__AssignmentsMessage *m,
                                    bool is_complete)
{
    char text[16];
    TURN_UNTIL(w, w->assignments);
    m->type = is_complete ? SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE
                          : SWARM__ASSIGNMENTS_MESSAGE__TYPE__INCREMENTAL;
    if (!is_complete && str_is_empty(m->applies_to)) {
        snprintf(text, sizeof(text), "%d", w->sequence);
        put(&m->applies_to, text);
    }
    snprintf(text, sizeof(text), "%d", ++w->sequence);
    put(&m->results_in, text);
    assert_int_equal(rpc_exchange_send(w->assignments, &m->base), 0);
    message_free(&m->base);
}

/* The last state that was reported of a task. */
static inline Swarm__TaskState state_of(const struct world *w, const char *id)
{
    for (size_t i = w->n_seen; i-- > 0;) {
        if (str_equal(w->seen[i].task_id, id))
            return w->seen[i].state;
    }
    return SWARM__TASK_STATE__NEW;
}

static inline const char *err_of(const struct world *w, const char *id)
{
    for (size_t i = w->n_seen; i-- > 0;) {
        if (str_equal(w->seen[i].task_id, id))
            return w->seen[i].err;
    }
    return "";
}

static inline const char *message_of(const struct world *w, const char *id)
{
    for (size_t i = w->n_seen; i-- > 0;) {
        if (str_equal(w->seen[i].task_id, id))
            return w->seen[i].message;
    }
    return "";
}

#define WAIT_STATE(w, id, name)                                                          \
    TURN_UNTIL(w, state_of(w, id) == SWARM__TASK_STATE__##name)

/* ---- files ---- */

static inline bool has_file(const struct world *w, const char *below)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", w->secrets, below);
    return access(path, F_OK) == 0;
}

/* ---- life ---- */

/* A mount namespace of our own; false when that isn't allowed. */
static inline bool world_can_mount(void)
{
    static int answer = -1;
    if (answer < 0)
        answer = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return answer;
}

static inline void world_start_agent(struct world *w)
{
    struct err e;
    const struct agent_config config = {
        .loop = &w->loop,
        .engine = fake_engine_base(w->engine),
        .node_id = NODE_ID,
        .secrets_dir = w->secrets,
        .seed = 42,
    };
    assert_int_equal(agent_new(&config, &w->agent, &e), 0);
    agent_start(w->agent, w->channel);
}

static inline void world_closed(void *user)
{
    ((struct world *)user)->closes++;
}

static inline void world_stop_agent(struct world *w)
{
    int before = w->closes;
    agent_close(w->agent, world_closed, w);
    TURN_UNTIL(w, w->closes == before + 1);
    w->agent = NULL;
}

static inline int world_setup(void **state)
{
    if (!world_can_mount())
        skip();
    struct world *w = calloc(1, sizeof(*w));
    struct err e;
    const struct rpc_peer peer = {.node_id = NODE_ID};
    assert_int_equal(uv_loop_init(&w->loop), 0);
    timer_init(&w->timeout, &w->loop, world_timeout, w);
    strcpy_cut(w->secrets, sizeof(w->secrets), "/tmp/agent-test-XXXXXX");
    assert_non_null(mkdtemp(w->secrets));
    w->engine = fake_engine_new(&w->loop);
    w->server = rpc_server_new();
    for (size_t i = 0; i < ARRAY_SIZE(world_services); i++)
        assert_int_equal(rpc_server_add(w->server, &world_services[i], w), 0);
    assert_int_equal(rpc_local_channel_new(&w->loop, w->server, &peer, &w->channel, &e),
                     0);
    fake_engine_up(w->engine);
    world_start_agent(w);
    *state = w;
    return 0;
}

static inline int world_teardown(void **state)
{
    struct world *w = *state;
    struct loop_close closing;
    if (!w)
        return 0;
    if (w->agent)
        world_stop_agent(w);
    fake_engine_base(w->engine)->ops->close(fake_engine_base(w->engine), world_closed, w);
    rpc_local_channel_close(w->channel, world_closed, w);
    int before = w->closes;
    TURN_UNTIL(w, w->closes >= before + 2);
    loop_close_init(&closing, world_closed, w);
    timer_close(&w->timeout, &closing);
    loop_close_end(&closing);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    rpc_server_free(w->server);
    buf_deinit(&w->logs);
    umount2(w->secrets, MNT_DETACH);
    rmdir(w->secrets);
    free(w);
    return 0;
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
