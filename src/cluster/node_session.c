/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/node_session.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cluster/secret_payload.h"
#include "swarm/dispatcher.pb-c.h"

/* How much a node should prefer this manager; SwarmKit's default weight of a remote. */
#define MANAGER_WEIGHT 10

struct node_session *node_session_new(struct dispatcher *d, uv_loop_t *loop,
                                      const char *node_id,
                                      const struct node_session_events *events,
                                      struct loop_close *parent)
{
    struct node_session *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    strcpy_cut(s->node_id, sizeof(s->node_id), node_id);
    s->dispatcher = d;
    s->parent = parent;
    loop_close_hold(parent);
    timer_init(&s->heartbeat, loop, events->overdue, s);
    defer_init(&s->more, events->more, s);
    return s;
}

static void on_closed(void *user)
{
    struct node_session *s = user;
    loop_close_release(s->parent);
    free(s);
}

static void end_stream(struct rpc_exchange **stream, int code, const struct err *e)
{
    struct rpc_exchange *x = TAKE(*stream);
    if (x)
        rpc_exchange_end(x, code, e);
}

void node_session_end_streams(struct node_session *s, int code, const char *why)
{
    struct err e = {0};
    err_set(&e, code, "%s", why);
    end_stream(&s->assignments_stream, code, &e);
    end_stream(&s->stream, code, &e);
    assignments_free(TAKE(s->assignments));
    defer_cancel(&s->more);
}

void node_session_close(struct node_session *s, int code, const char *why)
{
    node_session_end_streams(s, code, why);
    loop_close_init(&s->closing, on_closed, s);
    timer_close(&s->heartbeat, &s->closing);
    loop_close_end(&s->closing);
}

/* ---- the Session stream ---- */

static Swarm__WeightedPeer *this_manager(const char *node_id, const char *addr)
{
    Swarm__WeightedPeer *w = message_new(&swarm__weighted_peer__descriptor);
    if (!w)
        return NULL;
    w->weight = MANAGER_WEIGHT;
    w->peer = message_new(&swarm__peer__descriptor);
    if (!w->peer || message_set_string(&w->peer->node_id, node_id) ||
        message_set_string(&w->peer->addr, addr)) {
        message_free(&w->base);
        return NULL;
    }
    return w;
}

static int fill_session_message(Swarm__SessionMessage *m, const struct node_session *s,
                                const Swarm__Node *node, const struct store_view *v,
                                const char *manager_addr)
{
    const Swarm__Cluster *cluster = store_cluster(v);
    if (message_set_string(&m->session_id, s->id))
        return ERR_NO_MEMORY;
    m->node = (Swarm__Node *)message_copy(&node->base);
    if (!m->node)
        return ERR_NO_MEMORY;
    cleanup_message Swarm__WeightedPeer *manager = this_manager(s->node_id, manager_addr);
    if (!manager || message_append(&m->n_managers, &m->managers, manager))
        return ERR_NO_MEMORY;
    manager = NULL;
    if (!cluster || !cluster->root_ca)
        return 0;
    return message_set_bytes(&m->root_ca, cluster->root_ca->ca_cert.data,
                             cluster->root_ca->ca_cert.len);
}

int node_session_send_node(struct node_session *s, const struct store_view *v,
                           const char *manager_addr)
{
    const struct object *node = store_get(v, OBJECT_NODE, s->node_id);
    if (!s->stream || !node || object_version(node) == s->node_version)
        return 0;
    cleanup_message Swarm__SessionMessage *m =
        message_new(&swarm__session_message__descriptor);
    if (!m || fill_session_message(m, s, node->node, v, manager_addr))
        return ERR_NO_MEMORY;
    s->node_version = object_version(node);
    return rpc_exchange_send(s->stream, &m->base);
}

/* ---- the Assignments stream ---- */

static bool is_secret(const Swarm__AssignmentChange *change)
{
    return change->action == SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__UPDATE &&
           change->assignment->item_case == SWARM__ASSIGNMENT__ITEM_SECRET;
}

/* A secret that can't be opened is left out, so that only its own tasks fail, for want of
 * it. */
static void open_secrets(Swarm__AssignmentsMessage *m, const struct keyring *keys,
                         const char *node_id)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_changes; i++) {
        Swarm__AssignmentChange *change = m->changes[i];
        struct err e = {0};
        if (is_secret(change)) {
            Swarm__Secret *secret = change->assignment->secret;
            if (secret_payload_open(keys, secret->id, &secret->spec->data, &e)) {
                log_error("node %s doesn't get a secret: %s", node_id, err_text(&e));
                message_free(&change->base);
                continue;
            }
        }
        m->changes[n++] = change;
    }
    m->n_changes = n;
}

int node_session_send_assignments(struct node_session *s, const struct store_view *v,
                                  const struct keyring *keys, struct defer_queue *defers,
                                  struct err *e)
{
    s->is_concerned = false;
    if (!s->assignments_stream)
        return 0;
    cleanup_message Swarm__AssignmentsMessage *m = NULL;
    if (assignments_update(s->assignments, v, &m))
        return err_no_memory(e);
    if (!m)
        return 0;
    if (assignments_has_more(s->assignments))
        defer_start(&s->more, defers);
    open_secrets(m, keys, s->node_id);
    int r = rpc_exchange_send(s->assignments_stream, &m->base);
    return r ? err_set(e, r, "send assignments to node %s", s->node_id) : 0;
}
