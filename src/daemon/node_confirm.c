/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `swarm init` of the swarm that this node has made by itself: the cluster and the node
 * get what was asked for in one transaction, all else stays. The note that the swarm is
 * the user's own follows once that is durable. A crash between the two, or a note that
 * can't be written, costs nothing: the user wasn't told that it is done and asks again.
 */
#include "daemon/node_private.h"

#include "base/mem.h"
#include "base/str.h"
#include "manager/control.h"

static int update_cluster(struct store_tx *tx, const struct manager_env *env,
                          Swarm__ClusterSpec *spec, struct err *e)
{
    const struct store_view *v = store_tx_view(tx);
    const char *id = store_cluster(v)->id;
    struct control_update how = {.version =
                                     object_version(store_get(v, OBJECT_CLUSTER, id))};
    return control_update(tx, env, OBJECT_CLUSTER, id, &how, spec, NULL, e);
}

/* Its status tells the address, too, until it registers the next time. */
static int set_address(Swarm__Node *self, const char *addr)
{
    char host[ADDRESS_SIZE];
    address_host(addr, host, sizeof(host));
    if (self->manager_status && message_set_string(&self->manager_status->addr, addr))
        return ERR_NO_MEMORY;
    return self->status ? message_set_string(&self->status->addr, host) : 0;
}

static int update_self(struct node *n, struct store_tx *tx, struct err *e)
{
    const struct object *old =
        store_get(store_tx_view(tx), OBJECT_NODE, n->state.node_id);
    cleanup_object struct object *copy = NULL;
    if (!old)
        return err_set(e, ERR_NOT_FOUND, "node %s not found", n->state.node_id);
    if (object_copy(old, &copy) || set_address(copy->node, n->confirmed.manager_addr))
        return err_no_memory(e);
    copy->node->spec->availability = n->confirmed_availability;
    return store_tx_update(tx, TAKE(copy), e);
}

static int run(struct store_tx *tx, const struct manager_env *env, void *user,
               struct err *e)
{
    struct node *n = user;
    int r = update_cluster(tx, env, TAKE(n->confirmed_spec), e);
    return r ? r : update_self(n, tx, e);
}

static void confirmed(int r, const struct err *e, void *user)
{
    struct node *n = user;
    struct err failed;
    message_free((ProtobufCMessage *)TAKE(n->confirmed_spec));
    if (!r) {
        strcpy_cut(n->state.manager_addr, sizeof(n->state.manager_addr),
                   n->confirmed.manager_addr);
        r = node_state_save(n->state_path, &n->confirmed, &failed);
        e = &failed;
    }
    if (!r)
        n->state.is_auto = false;
    address_host(n->state.manager_addr, n->address, sizeof(n->address));
    cluster_set_address(n->cluster, n->state.manager_addr);
    if (!n->closed)
        node_finish(n, r, e);
}

/* spec moves in. */
static int prepare(struct node *n, const struct node_init *init, Swarm__ClusterSpec *spec,
                   struct err *e)
{
    n->confirmed = n->state;
    n->confirmed.is_auto = false;
    n->confirmed_availability = init->availability;
    n->confirmed_spec = spec ? spec : message_new(&swarm__cluster_spec__descriptor);
    if (!n->confirmed_spec || cluster_spec_set_defaults(n->confirmed_spec))
        return err_no_memory(e);
    int r = cluster_spec_validate(n->confirmed_spec, e);
    if (r || str_is_empty(init->advertise_addr))
        return r;
    return address_resolve(init->advertise_addr, n->confirmed.manager_addr,
                           sizeof(n->confirmed.manager_addr), e);
}

void node_confirm_swarm(struct node *n, const struct node_init *init, node_done done,
                        void *user)
{
    struct err e = {0};
    node_begin(n, done, user);
    /* The commit itself is what nodes are told of, so the address comes before it. */
    int r = prepare(n, init, init->spec, &e);
    if (!r) {
        cluster_set_address(n->cluster, n->confirmed.manager_addr);
        r = proposer_submit(cluster_proposer(n->cluster), run, confirmed, n, &e);
    }
    if (!r)
        return;
    cluster_set_address(n->cluster, n->state.manager_addr);
    message_free((ProtobufCMessage *)TAKE(n->confirmed_spec));
    node_finish(n, r, &e);
}
