/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/bootstrap.h"

#include "base/mem.h"
#include "base/str.h"
#include "cluster/ca_key.h"
#include "cluster/random_id.h"

/* What Docker shows where nothing else was asked (docker swarm init). */
#define DEFAULT_DATA_PATH_PORT 4789

static int prepare(struct bootstrap *b, const char *manager_addr, int64_t now,
                   struct err *e)
{
    random_id(b->cluster_id);
    random_id(b->node_id);
    strcpy_cut(b->manager_addr, sizeof(b->manager_addr), manager_addr);
    b->subnet_size = BOOTSTRAP_SUBNET_SIZE;
    b->data_path_port = DEFAULT_DATA_PATH_PORT;
    if (!b->spec)
        b->spec = message_new(&swarm__cluster_spec__descriptor);
    if (!b->spec || cluster_spec_set_defaults(b->spec))
        return err_no_memory(e);
    int r = ca_new_root(now, &b->root, e);
    if (r)
        return r;
    int64_t expiry =
        message_duration(b->spec->ca_config->node_cert_expiry, DEFAULT_NODE_CERT_EXPIRY);
    return ca_issue(&b->root, b->cluster_id, b->node_id, true, now, expiry, &b->node, e);
}

int bootstrap_init(struct bootstrap *b, Swarm__ClusterSpec *spec,
                   const char *manager_addr, int64_t now, struct err *e)
{
    *b = (struct bootstrap){.spec = spec};
    int r = prepare(b, manager_addr, now, e);
    if (r)
        bootstrap_deinit(b);
    return r;
}

void bootstrap_deinit(struct bootstrap *b)
{
    certificate_deinit(&b->root);
    certificate_deinit(&b->node);
    message_free((ProtobufCMessage *)TAKE(b->spec));
}

/* ---- the cluster object ---- */

static int draw_token(const struct bootstrap *b, char **out)
{
    char token[JOIN_TOKEN_SIZE];
    token_new(&b->root.cert_pem, token);
    int r = message_set_string(out, token);
    mem_wipe(token, sizeof(token));
    return r;
}

static int fill_root_ca(Swarm__RootCA *ca, const struct bootstrap *b)
{
    ca->join_tokens = message_new(&swarm__join_tokens__descriptor);
    if (!ca->join_tokens || draw_token(b, &ca->join_tokens->worker) ||
        draw_token(b, &ca->join_tokens->manager) ||
        message_set_bytes(&ca->ca_cert, b->root.cert_pem.data, b->root.cert_pem.len))
        return ERR_NO_MEMORY;
    return message_set_bytes(&ca->ca_key, b->root.key_pem.data, b->root.key_pem.len) ||
                   ca_key_seal(b->keys, b->cluster_id, &ca->ca_key, NULL)
               ? ERR_NO_MEMORY
               : 0;
}

static int fill_cluster(Swarm__Cluster *cluster, struct bootstrap *b)
{
    cluster->spec = (Swarm__ClusterSpec *)message_copy(&b->spec->base);
    cluster->root_ca = message_new(&swarm__root_ca__descriptor);
    cluster->subnet_size = b->subnet_size;
    cluster->vxlan_udp_port = b->data_path_port;
    if (!cluster->spec || !cluster->root_ca ||
        message_set_string(&cluster->id, b->cluster_id))
        return ERR_NO_MEMORY;
    return fill_root_ca(cluster->root_ca, b);
}

static int create_cluster(struct store_tx *tx, struct bootstrap *b, struct err *e)
{
    cleanup_message Swarm__Cluster *cluster = message_new(&swarm__cluster__descriptor);
    struct object *object;
    if (!cluster || fill_cluster(cluster, b) ||
        object_new(OBJECT_CLUSTER, TAKE(cluster), &object))
        return err_no_memory(e);
    return store_tx_create(tx, object, e);
}

/* ---- the first node ---- */

static int fill_manager_status(Swarm__Node *node, const struct bootstrap *b)
{
    node->manager_status = message_new(&swarm__manager_status__descriptor);
    if (!node->manager_status)
        return ERR_NO_MEMORY;
    node->manager_status->leader = true;
    node->manager_status->reachability =
        SWARM__RAFT_MEMBER_STATUS__REACHABILITY__REACHABLE;
    return message_set_string(&node->manager_status->addr, b->manager_addr);
}

static int fill_certificate(Swarm__Node *node, const struct bootstrap *b)
{
    node->certificate = message_new(&swarm__certificate__descriptor);
    if (!node->certificate)
        return ERR_NO_MEMORY;
    node->certificate->role = SWARM__NODE_ROLE__MANAGER;
    node->certificate->status = message_new(&swarm__issuance_status__descriptor);
    if (!node->certificate->status)
        return ERR_NO_MEMORY;
    node->certificate->status->state = SWARM__ISSUANCE_STATUS__STATE__ISSUED;
    if (message_set_string(&node->certificate->cn, b->node_id))
        return ERR_NO_MEMORY;
    return message_set_bytes(&node->certificate->certificate, b->node.cert_pem.data,
                             b->node.cert_pem.len);
}

static int fill_node(Swarm__Node *node, const struct bootstrap *b)
{
    node->spec = message_new(&swarm__node_spec__descriptor);
    if (!node->spec || message_set_string(&node->id, b->node_id))
        return ERR_NO_MEMORY;
    node->spec->desired_role = SWARM__NODE_ROLE__MANAGER;
    node->spec->membership = SWARM__NODE_SPEC__MEMBERSHIP__ACCEPTED;
    node->spec->availability = b->availability;
    node->role = SWARM__NODE_ROLE__MANAGER;
    return fill_manager_status(node, b) ? ERR_NO_MEMORY : fill_certificate(node, b);
}

static int create_node(struct store_tx *tx, const struct bootstrap *b, struct err *e)
{
    cleanup_message Swarm__Node *node = message_new(&swarm__node__descriptor);
    struct object *object;
    if (!node || fill_node(node, b) || object_new(OBJECT_NODE, TAKE(node), &object))
        return err_no_memory(e);
    return store_tx_create(tx, object, e);
}

int bootstrap_run(struct store_tx *tx, const struct manager_env *env, void *bootstrap,
                  struct err *e)
{
    (void)env;
    struct bootstrap *b = bootstrap;
    if (store_cluster(store_tx_view(tx)))
        return err_set(e, ERR_ALREADY_EXISTS, "there is a cluster already");
    int r = create_cluster(tx, b, e);
    return r ? r : create_node(tx, b, e);
}
