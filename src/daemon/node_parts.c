/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a node that is in a swarm: opened one after the other, closed in the
 * reverse order, each when the one before says it is closed.
 */
#include "daemon/node_private.h"

#include "base/mem.h"
#include "base/str.h"
#include "net/rpc_local.h"

/* ---- closing the parts ---- */

static void on_cluster_closed(void *user)
{
    struct node *n = user;
    n->cluster = NULL;
    buf_deinit(&n->ca_pem);
    buf_deinit(&n->ca_subject);
    buf_deinit(&n->ca_spki);
    n->is_ending = false;
    n->ended(n);
}

static void close_cluster(struct node *n)
{
    if (n->cluster)
        cluster_close(n->cluster, on_cluster_closed, n);
    else
        on_cluster_closed(n);
}

static void on_engine_closed(void *user)
{
    struct node *n = user;
    n->engine = NULL;
    close_cluster(n);
}

static void on_channel_closed(void *user)
{
    struct node *n = user;
    n->channel = NULL;
    if (n->engine)
        n->engine->ops->close(n->engine, on_engine_closed, n);
    else
        on_engine_closed(n);
}

static void on_agent_closed(void *user)
{
    struct node *n = user;
    n->agent = NULL;
    if (n->channel)
        rpc_local_channel_close(n->channel, on_channel_closed, n);
    else
        on_channel_closed(n);
}

void node_withdraw(struct node *n)
{
    if (n->is_serving && n->watch.on_end)
        n->watch.on_end(n->cluster, n->watch.user);
    n->is_serving = false;
}

void node_end(struct node *n, void (*ended)(struct node *n))
{
    n->ended = ended;
    if (n->is_ending)
        return;
    n->is_ending = true;
    node_withdraw(n);
    if (n->agent)
        agent_close(n->agent, on_agent_closed, n);
    else
        on_agent_closed(n);
}

/* ---- opening ---- */

static int describe_ca(struct node *n, struct err *e)
{
    const Swarm__Cluster *cluster = store_cluster(store_view(cluster_store(n->cluster)));
    const ProtobufCBinaryData *pem = &cluster->root_ca->ca_cert;
    if (buf_append(&n->ca_pem, pem->data, pem->len))
        return err_no_memory(e);
    return ca_describe(&n->ca_pem, &n->ca_subject, &n->ca_spki, e);
}

/* A database of another swarm than the one this node knows itself in was put there by
 * hand. */
static int check_identity(struct node *n, struct err *e)
{
    const struct store_view *v = store_view(cluster_store(n->cluster));
    const Swarm__Cluster *cluster = store_cluster(v);
    if (n->state.membership != NODE_MEMBER)
        return 0;
    if (str_equal(cluster->id, n->state.cluster_id) &&
        store_get(v, OBJECT_NODE, n->state.node_id))
        return 0;
    return err_set(e, ERR_DATA_LOSS,
                   "%s is of another swarm than %s says this node is in", n->folder,
                   n->state_path);
}

static int find_self(struct node *n, const Swarm__Node **out, struct err *e)
{
    const struct store_view *v = store_view(cluster_store(n->cluster));
    cleanup_object_list struct object_list nodes = OBJECT_LIST_INIT;
    if (n->state.membership == NODE_MEMBER) {
        *out = store_get(v, OBJECT_NODE, n->state.node_id)->node;
        return 0;
    }
    if (store_find(v, OBJECT_NODE, STORE_ALL, NULL, &nodes))
        return err_no_memory(e);
    if (nodes.len == 0)
        return err_set(e, ERR_DATA_LOSS, "%s has a swarm without a node", n->folder);
    *out = nodes.objects[0]->node;
    return 0;
}

/* The address is the store's, so that a note that couldn't be written changes nothing. */
static int take_identity(struct node *n, struct err *e)
{
    const Swarm__Node *self = NULL;
    int r = find_self(n, &self, e);
    if (r)
        return r;
    const struct store_view *v = store_view(cluster_store(n->cluster));
    n->state.membership = NODE_MEMBER;
    strcpy_cut(n->state.node_id, sizeof(n->state.node_id), self->id);
    strcpy_cut(n->state.cluster_id, sizeof(n->state.cluster_id), store_cluster(v)->id);
    strcpy_cut(n->state.manager_addr, sizeof(n->state.manager_addr),
               self->manager_status ? self->manager_status->addr : "");
    return 0;
}

/* Lent, for the time of the call that it is given to. */
static Swarm__NodeTLSInfo tls_info_of(const struct node *n)
{
    Swarm__NodeTLSInfo info = SWARM__NODE_TLSINFO__INIT;
    info.trust_root = (ProtobufCBinaryData){n->ca_pem.len, (uint8_t *)n->ca_pem.data};
    info.cert_issuer_subject =
        (ProtobufCBinaryData){n->ca_subject.len, (uint8_t *)n->ca_subject.data};
    info.cert_issuer_public_key =
        (ProtobufCBinaryData){n->ca_spki.len, (uint8_t *)n->ca_spki.data};
    return info;
}

static void on_session(const Swarm__SessionMessage *m, void *user)
{
    node_settled(user);
}

static void on_engine_down(void *user)
{
    node_settled(user);
}

/* Where cofferd's own API puts its records, too. */
static int use_references(struct node *n, struct err *e)
{
    cleanup_free char *folder = str_format("%s/references", n->config->state_dir);
    return folder ? engine_docker_api_set_references(n->engine, folder, e)
                  : err_no_memory(e);
}

static int start_agent(struct node *n, struct err *e)
{
    struct rpc_peer self = {.is_manager = true};
    strcpy_cut(self.node_id, sizeof(self.node_id), n->state.node_id);
    strcpy_cut(self.cluster_id, sizeof(self.cluster_id), n->state.cluster_id);
    int r =
        rpc_local_channel_new(n->loop, cluster_server(n->cluster), &self, &n->channel, e);
    if (!r)
        r = engine_docker_api_new(n->loop, n->engine_socket, &n->engine, e);
    if (!r)
        r = use_references(n, e);
    if (r)
        return r;
    uint64_t seed;
    crypto_random(&seed, sizeof(seed));
    Swarm__NodeTLSInfo tls_info = tls_info_of(n);
    struct agent_config config = {
        .loop = n->loop,
        .tls_info = &tls_info,
        .engine = n->engine,
        .node_id = n->state.node_id,
        .secrets_dir = n->secrets_dir,
        .seed = seed,
        .on_session = on_session,
        .on_engine_down = on_engine_down,
        .user = n,
    };
    r = agent_new(&config, &n->agent, e);
    if (!r)
        agent_start(n->agent, n->channel);
    return r;
}

static int serve(struct node *n, struct err *e)
{
    int r = check_identity(n, e);
    if (!r)
        r = take_identity(n, e);
    if (!r)
        r = describe_ca(n, e);
    address_host(n->state.manager_addr, n->address, sizeof(n->address));
    if (!r)
        r = cluster_serve(n->cluster, n->state.manager_addr, e);
    return r ? r : start_agent(n, e);
}

/* That it is a member is noted when it has become one. */
int node_serve(struct node *n, struct err *e)
{
    struct node_state before = n->state;
    int r = serve(n, e);
    if (!r && before.membership != NODE_MEMBER)
        r = node_state_save(n->state_path, &n->state, e);
    if (r) {
        n->state = before;
        return r;
    }
    n->is_serving = true;
    if (n->watch.on_begin)
        n->watch.on_begin(n->cluster, n->watch.user);
    return 0;
}
