/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/node_status.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"

/* What is to be written, kept until it is. */
struct change {
    char node_id[OBJECT_ID_SIZE];
    char addr[64];
    char message[128];
    Swarm__NodeStatus__State state;
    Swarm__NodeDescription *description; /* NULL: leave it */
    proposal_done done;
    void *user;
};

static void change_free(struct change *c)
{
    message_free((ProtobufCMessage *)c->description);
    free(c);
}

static int ensure_status(Swarm__Node *node)
{
    if (!node->status)
        node->status = message_new(&swarm__node_status__descriptor);
    return node->status ? 0 : ERR_NO_MEMORY;
}

static int fill(Swarm__Node *node, struct change *c)
{
    if (ensure_status(node))
        return ERR_NO_MEMORY;
    node->status->state = c->state;
    if (message_set_string(&node->status->message, c->message))
        return ERR_NO_MEMORY;
    if (!c->description)
        return 0;
    message_free((ProtobufCMessage *)node->description);
    node->description = TAKE(c->description);
    return message_set_string(&node->status->addr, c->addr);
}

static int run(struct store_tx *tx, const struct manager_env *env, void *user,
               struct err *e)
{
    (void)env;
    struct change *c = user;
    const struct object *old = store_get(store_tx_view(tx), OBJECT_NODE, c->node_id);
    if (!old)
        return c->description ? err_set(e, ERR_NOT_FOUND, "node %s not found", c->node_id)
                              : 0;
    struct object *node;
    if (object_copy(old, &node))
        return err_no_memory(e);
    if (fill(node->node, c)) {
        object_unref(node);
        return err_no_memory(e);
    }
    return store_tx_update(tx, node, e);
}

static void finished(int r, const struct err *e, void *user)
{
    struct change *c = user;
    if (c->done)
        c->done(r, e, c->user);
    else if (r && r != ERR_CANCELED)
        log_warn("node %s: status not saved: %s", c->node_id, err_text(e));
    change_free(c);
}

static int submit(struct proposer *p, struct change *c, struct err *e)
{
    int r = proposer_submit(p, run, finished, c, e);
    if (r)
        change_free(c);
    return r;
}

int node_status_register(struct proposer *p, const char *node_id,
                         const Swarm__NodeDescription *description, const char *addr,
                         proposal_done done, void *user, struct err *e)
{
    if (protobuf_c_message_get_packed_size(&description->base) > NODE_DESCRIPTION_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "a node's description must not have more than %d bytes",
                       NODE_DESCRIPTION_LIMIT);
    struct change *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    *c = (struct change){
        .state = SWARM__NODE_STATUS__STATE__READY, .done = done, .user = user};
    strcpy_cut(c->node_id, sizeof(c->node_id), node_id);
    strcpy_cut(c->addr, sizeof(c->addr), addr);
    c->description = (Swarm__NodeDescription *)message_copy(&description->base);
    if (!c->description) {
        free(c);
        return err_no_memory(e);
    }
    return submit(p, c, e);
}

int node_status_set(struct proposer *p, const char *node_id,
                    Swarm__NodeStatus__State state, const char *message,
                    proposal_done done, void *user, struct err *e)
{
    struct change *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    *c = (struct change){.state = state, .done = done, .user = user};
    strcpy_cut(c->node_id, sizeof(c->node_id), node_id);
    strcpy_cut(c->message, sizeof(c->message), message);
    return submit(p, c, e);
}
