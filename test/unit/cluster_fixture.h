/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager_world.h"

#include "cluster/proposer.h"
#include "cluster/secret_payload.h"
#include "memory_storage.h"
#include "net/node_protocol.h"
#include "net/rpc_local.h"

/*
 * A manager's site for the tests of its services: the real store and proposer over a
 * storage in memory, a server, and nodes' channels to it. Nothing waits for time: the
 * loop turns until what the test waits for has happened.
 */
#define SITE_CLUSTER "cluster00000000000000000a"
#define SITE_NODE "node0000000000000000000aa"
#define SITE_OTHER_NODE "node0000000000000000000bb"
#define SITE_CALL_MESSAGES 1024

struct site {
    uv_loop_t loop;
    struct memory_storage memory;
    struct keyring *keys;
    struct sealed *sealed;
    struct store *store;
    struct proposer *proposer;
    struct rpc_server *server;
    struct rpc_channel *node, *other_node; /* of SITE_NODE, SITE_OTHER_NODE */
    struct loop_close closing;
    bool is_closed;
    struct err err;
};

#define SITE_UNTIL(site, condition)                                                      \
    do {                                                                                 \
        while (!(condition))                                                             \
            uv_run(&(site)->loop, UV_RUN_ONCE);                                          \
    } while (0)

/* ---- proposals ---- */

struct site_proposal {
    int (*run)(struct store_tx *tx, const struct manager_env *env, void *user,
               struct err *e);
    void *user;
    bool is_done;
    int code;
    struct err err;
};

static inline int site_run(struct store_tx *tx, const struct manager_env *env, void *user,
                           struct err *e)
{
    struct site_proposal *p = user;
    return p->run(tx, env, p->user, e);
}

static inline void site_proposed(int r, const struct err *e, void *user)
{
    struct site_proposal *p = user;
    p->is_done = true;
    p->code = r;
    if (r)
        p->err = *e;
}

/* Proposes a change and waits for its outcome. */
static inline int site_propose(struct site *s, proposal_run run, void *user)
{
    struct site_proposal p = {.run = run, .user = user};
    assert_int_equal(proposer_submit(s->proposer, site_run, site_proposed, &p, &s->err),
                     0);
    SITE_UNTIL(s, p.is_done);
    s->err = p.err;
    return p.code;
}

static inline int site_run_create(struct store_tx *tx, const struct manager_env *env,
                                  void *user, struct err *e)
{
    return store_tx_create(tx, user, e);
}

static inline void site_create(struct site *s, struct object *o)
{
    assert_int_equal(site_propose(s, site_run_create, o), 0);
}

static inline const struct object *site_get(const struct site *s, enum object_kind kind,
                                            const char *id)
{
    return store_get(store_view(s->store), kind, id);
}

/* ---- objects ---- */

static inline void site_add_cluster(struct site *s, int64_t heartbeat_period)
{
    struct object *o = fixture_object(OBJECT_CLUSTER, SITE_CLUSTER, "default");
    Swarm__ClusterSpec *spec = o->cluster->spec;
    assert_int_equal(cluster_spec_set_defaults(spec), 0);
    if (heartbeat_period)
        world_duration(&spec->dispatcher->heartbeat_period, heartbeat_period);
    o->cluster->root_ca = world_new(&swarm__root_ca__descriptor);
    assert_int_equal(message_set_bytes(&o->cluster->root_ca->ca_cert, "the root", 8), 0);
    site_create(s, o);
}

static inline void site_add_node(struct site *s, const char *id,
                                 Swarm__NodeStatus__State state)
{
    struct object *o = fixture_object(OBJECT_NODE, id, id);
    o->node->status->state = state;
    site_create(s, o);
}

struct site_spec {
    enum object_kind kind;
    const char *id;
    void *spec;
};

static inline int site_run_control(struct store_tx *tx, const struct manager_env *env,
                                   void *user, struct err *e)
{
    struct site_spec *q = user;
    return control_create(tx, env, q->kind, q->id, TAKE(q->spec), NULL, e);
}

/* Creates a secret as the API does: sealed for its id. Id and name are the same. */
static inline void site_add_secret(struct site *s, const char *id, const char *value)
{
    Swarm__SecretSpec *spec = world_new(&swarm__secret_spec__descriptor);
    spec->annotations = world_new(&swarm__annotations__descriptor);
    fixture_set(&spec->annotations->name, id);
    assert_int_equal(message_set_bytes(&spec->data, value, strlen(value)), 0);
    assert_int_equal(secret_payload_seal(s->keys, id, &spec->data, &s->err), 0);
    struct site_spec q = {OBJECT_SECRET, id, spec};
    assert_int_equal(site_propose(s, site_run_control, &q), 0);
}

/* Creates a service of one replica that uses a secret (NULL: none). */
static inline void site_add_service(struct site *s, const char *name, const char *secret)
{
    Swarm__ServiceSpec *spec = world_spec(name, 1);
    if (secret)
        world_use_secret(spec, secret, secret);
    struct site_spec q = {OBJECT_SERVICE, name, spec};
    assert_int_equal(site_propose(s, site_run_control, &q), 0);
}

struct site_removal {
    enum object_kind kind;
    const char *id;
};

static inline int site_run_remove(struct store_tx *tx, const struct manager_env *env,
                                  void *user, struct err *e)
{
    const struct site_removal *q = user;
    return control_remove(tx, env, q->kind, q->id, true, e);
}

static inline void site_remove(struct site *s, enum object_kind kind, const char *id)
{
    struct site_removal q = {kind, id};
    assert_int_equal(site_propose(s, site_run_remove, &q), 0);
}

/* The first task of a service, lent. */
static inline const Swarm__Task *site_task(const struct site *s, const char *service)
{
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    assert_int_equal(
        store_find(store_view(s->store), OBJECT_TASK, STORE_BY_SERVICE, service, &all),
        0);
    return all.len ? all.objects[0]->task : NULL;
}

/* ---- calls ---- */

/* A call and all that came of it. */
struct site_call {
    struct rpc_call *call;
    size_t n;
    ProtobufCMessage *messages[SITE_CALL_MESSAGES];
    bool is_ended;
    int code;
    char text[256];
};

static inline void site_on_message(struct rpc_call *call, ProtobufCMessage *message,
                                   void *user)
{
    struct site_call *c = user;
    assert_true(c->n < SITE_CALL_MESSAGES);
    c->messages[c->n++] = message;
}

static inline void site_on_end(struct rpc_call *call, int code, const struct err *e,
                               void *user)
{
    struct site_call *c = user;
    assert_false(c->is_ended);
    c->call = NULL;
    c->is_ended = true;
    c->code = code;
    strcpy_cut(c->text, sizeof(c->text), e ? e->text : "");
}

static inline void site_call(struct rpc_channel *channel, const struct rpc_method *method,
                             const ProtobufCMessage *request, struct site_call *c)
{
    static const struct rpc_call_events events = {.on_message = site_on_message,
                                                  .on_end = site_on_end};
    *c = (struct site_call){0};
    assert_int_equal(rpc_call_start(channel, method, request, &events, c, &c->call, NULL),
                     0);
}

/* Cancels what is left of a call and frees what it brought. */
static inline void site_call_deinit(struct site_call *c)
{
    rpc_call_cancel(TAKE(c->call));
    for (size_t i = 0; i < c->n; i++)
        message_free(c->messages[i]);
    c->n = 0;
}

#define cleanup_call CLEANUP(site_call_deinit)

static inline int site_wait_end(struct site *s, struct site_call *c)
{
    SITE_UNTIL(s, c->is_ended);
    return c->code;
}

static inline ProtobufCMessage *site_wait_message(struct site *s, struct site_call *c,
                                                  size_t i)
{
    SITE_UNTIL(s, c->n > i || c->is_ended);
    assert_true(c->n > i);
    return c->messages[i];
}

/* Lets everything happen that happens without further ado. */
static inline void site_settle(struct site *s)
{
    for (int turn = 0; turn < 20; turn++)
        uv_run(&s->loop, UV_RUN_NOWAIT);
}

/* ---- life ---- */

static inline void site_on_closed(void *user)
{
    struct site *s = user;
    s->is_closed = true;
}

static inline struct rpc_channel *site_channel(struct site *s, const char *node_id)
{
    struct rpc_peer peer = {0};
    struct rpc_channel *channel = NULL;
    strcpy_cut(peer.node_id, sizeof(peer.node_id), node_id);
    strcpy_cut(peer.cluster_id, sizeof(peer.cluster_id), SITE_CLUSTER);
    assert_int_equal(rpc_local_channel_new(&s->loop, s->server, &peer, &channel, &s->err),
                     0);
    return channel;
}

static inline void site_open_store(struct site *s)
{
    assert_int_equal(sealed_open(&s->memory.storage, s->keys, &s->sealed), 0);
    s->store = store_new();
    assert_non_null(s->store);
    int r = sealed_load(s->sealed, s->store, &s->err);
    assert_true(r == 0 || r == ERR_NOT_FOUND);
    assert_int_equal(proposer_new(&s->loop, s->store, s->sealed, &s->proposer, &s->err),
                     0);
}

static inline void site_open(struct site *s)
{
    *s = (struct site){0};
    assert_int_equal(crypto_init(&s->err), 0);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    memory_storage_init(&s->memory, &s->loop);
    assert_int_equal(keyring_new(&s->keys), 0);
    site_open_store(s);
    s->server = rpc_server_new();
    assert_non_null(s->server);
    s->node = site_channel(s, SITE_NODE);
    s->other_node = site_channel(s, SITE_OTHER_NODE);
}

static inline void site_close_proposer(struct site *s)
{
    if (!s->proposer)
        return;
    s->is_closed = false;
    proposer_close(TAKE(s->proposer), site_on_closed, s);
    SITE_UNTIL(s, s->is_closed);
}

/* The manager starts anew with what is in the storage. */
static inline void site_restart(struct site *s)
{
    site_close_proposer(s);
    struct map rows = s->memory.rows;
    s->memory.rows = (struct map)MAP_INIT;
    sealed_close(TAKE(s->sealed));
    store_free(TAKE(s->store));
    s->memory.rows = rows;
    site_open_store(s);
}

static inline void site_close_channel(struct site *s, struct rpc_channel **channel)
{
    s->is_closed = false;
    rpc_local_channel_close(TAKE(*channel), site_on_closed, s);
    SITE_UNTIL(s, s->is_closed);
}

/* What was served is closed already, and so is the proposer when that needed it. */
static inline void site_close(struct site *s)
{
    site_close_proposer(s);
    site_close_channel(s, &s->node);
    site_close_channel(s, &s->other_node);
    rpc_server_free(s->server);
    sealed_close(s->sealed);
    store_free(s->store);
    keyring_free(s->keys);
    s->is_closed = false;
    loop_close_init(&s->closing, site_on_closed, s);
    defer_queue_close(&s->memory.defers, &s->closing);
    loop_close_end(&s->closing);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
}
