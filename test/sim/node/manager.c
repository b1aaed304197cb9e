/* SPDX-License-Identifier: Apache-2.0 */
/* The manager's parts, put together and taken apart as cluster/cluster.c does it. */
#include "stage.h"

#include "base/mem.h"

#define MANAGER_ADDR "10.0.0.1:2377"

static void on_change(const struct store_change *c, void *user)
{
    check_change(user, c);
}

static void open_store(struct stage *s)
{
    struct err e = {0};
    CHECK(sealed_open(&s->disk.storage, s->keys, &s->sealed) == 0);
    s->store = store_new();
    CHECK(s->store);
    int r = sealed_load(s->sealed, s->store, &e);
    CHECK(r == 0 || (r == ERR_NOT_FOUND && s->disk.rows.len == 0));
    s->watch = (struct store_watch){.on_change = on_change, .user = s};
    store_watch_add(s->store, &s->watch);
    CHECK(proposer_new(&s->loop, s->store, s->sealed, &s->proposer, &e) == 0);
    s->rekey = rekey_new(&s->loop, s->proposer, s->store, s->sealed, s->keys, s->keyfile);
    CHECK(s->rekey);
}

/* ---- the first time ---- */

static Swarm__Cluster *new_cluster(void)
{
    Swarm__Cluster *c = message_new(&swarm__cluster__descriptor);
    CHECK(c && message_set_string(&c->id, STAGE_CLUSTER) == 0);
    c->spec = message_new(&swarm__cluster_spec__descriptor);
    CHECK(c->spec && cluster_spec_set_defaults(c->spec) == 0);
    return c;
}

static Swarm__Node *new_node(void)
{
    Swarm__Node *n = message_new(&swarm__node__descriptor);
    CHECK(n && message_set_string(&n->id, STAGE_NODE) == 0);
    return n;
}

static int run_begin(struct store_tx *tx, const struct manager_env *env, void *user,
                     struct err *e)
{
    struct object *cluster, *node;
    CHECK(object_new(OBJECT_CLUSTER, new_cluster(), &cluster) == 0);
    CHECK(object_new(OBJECT_NODE, new_node(), &node) == 0);
    CHECK(store_tx_create(tx, cluster, e) == 0);
    return store_tx_create(tx, node, e);
}

static void on_begun(int r, const struct err *e, void *user)
{
    bool *is_done = user;
    *is_done = true;
}

static void begin_cluster(struct stage *s)
{
    while (!store_cluster(store_view(s->store))) {
        bool is_done = false;
        CHECK(proposer_submit(s->proposer, run_begin, on_begun, &is_done, NULL) == 0);
        stage_wait(s, &is_done);
    }
}

/* ---- up and down ---- */

void manager_up(struct stage *s)
{
    struct err e = {0};
    open_store(s);
    begin_cluster(s);
    check_promises(s);
    s->server = rpc_server_new();
    CHECK(s->server);
    CHECK(log_broker_new(&s->loop, s->store, s->server, &s->log_broker, &e) == 0);
    struct dispatcher_config config = {
        .loop = &s->loop,
        .store = s->store,
        .proposer = s->proposer,
        .keys = s->keys,
        .server = s->server,
        .manager_addr = MANAGER_ADDR,
    };
    CHECK(dispatcher_new(&config, &s->dispatcher, &e) == 0);
    rekey_start(s->rekey);
}

static void set(void *flag)
{
    *(bool *)flag = true;
}

void manager_down(struct stage *s)
{
    bool is_closed = false;
    dispatcher_stop(s->dispatcher);
    proposer_close(TAKE(s->proposer), set, &is_closed);
    stage_wait(s, &is_closed);
    CHECK(s->n_waiting == 0);
    is_closed = false;
    rekey_close(TAKE(s->rekey), set, &is_closed);
    stage_wait(s, &is_closed);
    is_closed = false;
    log_broker_close(TAKE(s->log_broker), set, &is_closed);
    stage_wait(s, &is_closed);
    is_closed = false;
    dispatcher_free(TAKE(s->dispatcher), set, &is_closed);
    stage_wait(s, &is_closed);
    rpc_server_free(TAKE(s->server));
    sealed_close(TAKE(s->sealed));
    store_free(TAKE(s->store));
}
