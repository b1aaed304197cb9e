/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "manager/control_kinds.h"
#include "manager/new_task.h"

/* A removed node's certificate is refused for so long after it must have expired. */
#define BLACKLIST_MARGIN (7 * 24 * CLOCK_HOUR)

int node_control_create(const struct control *c, Swarm__Node *new)
{
    new->role = new->spec->desired_role;
    return 0;
}

/* ---- update ---- */

static int count_managers(const struct control *c, size_t *out)
{
    cleanup_object_list struct object_list nodes = OBJECT_LIST_INIT;
    if (store_find(c->view, OBJECT_NODE, STORE_ALL, NULL, &nodes))
        return err_no_memory(c->e);
    *out = 0;
    for (size_t i = 0; i < nodes.len; i++)
        *out += nodes.objects[i]->node->spec->desired_role == SWARM__NODE_ROLE__MANAGER;
    return 0;
}

static int check_role(const struct control *c, const Swarm__Node *node,
                      const Swarm__NodeSpec *spec)
{
    if (node->spec->desired_role == spec->desired_role)
        return 0;
    if (spec->desired_role == SWARM__NODE_ROLE__MANAGER)
        return err_set(c->e, ERR_UNIMPLEMENTED,
                       "promoting a node to manager is not supported yet");
    size_t managers = 0;
    int r = count_managers(c, &managers);
    if (r)
        return r;
    if (managers == 1)
        return err_set(c->e, ERR_FAILED_PRECONDITION,
                       "attempting to demote the last manager of the swarm");
    return err_set(c->e, ERR_UNIMPLEMENTED, "demoting a manager is not supported yet");
}

int node_control_update(const struct control *c, Swarm__Node *copy,
                        ProtobufCMessage **spec)
{
    int r = check_role(c, copy, (Swarm__NodeSpec *)*spec);
    if (r)
        return r;
    /* Membership was decided when the node joined. Annotations are there for readers,
     * also when nothing was said of them. */
    Swarm__NodeSpec *old = copy->spec;
    copy->spec = (Swarm__NodeSpec *)TAKE(*spec);
    copy->spec->membership = old->membership;
    message_free(&old->base);
    if (!copy->spec->annotations)
        copy->spec->annotations = message_new(&swarm__annotations__descriptor);
    return copy->spec->annotations ? 0 : err_no_memory(c->e);
}

/* ---- remove ---- */

static int check_removal(const struct control *c, const Swarm__Node *n)
{
    if (n->spec->desired_role == SWARM__NODE_ROLE__MANAGER ||
        n->role == SWARM__NODE_ROLE__MANAGER)
        return err_set(
            c->e, ERR_FAILED_PRECONDITION,
            "node %s is a cluster manager and is a member of the raft cluster. "
            "It must be demoted to worker before removal",
            c->id);
    if (!c->force && n->status->state != SWARM__NODE_STATUS__STATE__DOWN)
        return err_set(c->e, ERR_FAILED_PRECONDITION,
                       "node %s is not down and can't be removed", c->id);
    return 0;
}

static int orphan(const struct control *c, const struct object *task)
{
    cleanup_object struct object *copy = NULL;
    if (object_copy(task, &copy) ||
        task_set_status(copy->task, SWARM__TASK_STATE__ORPHANED,
                        "Task belonged to a node that has been deleted", "", c->env->now))
        return err_no_memory(c->e);
    return store_tx_update(c->tx, TAKE(copy), c->e);
}

static int orphan_tasks(const struct control *c)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    if (store_find(c->view, OBJECT_TASK, STORE_BY_NODE, c->id, &tasks))
        return err_no_memory(c->e);
    int r = 0;
    for (size_t i = 0; !r && i < tasks.len; i++)
        if (tasks.objects[i]->task->status->state <= SWARM__TASK_STATE__RUNNING)
            r = orphan(c, tasks.objects[i]);
    return r;
}

/* Drops entries whose certificates have long expired. */
static void forget_expired(Swarm__Cluster *cluster, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < cluster->n_blacklisted_certificates; i++) {
        Swarm__BlacklistedCertificateEntry *entry = cluster->blacklisted_certificates[i];
        if (entry->value && message_time(entry->value->expiry, INT64_MAX) < now)
            message_free(&entry->base);
        else
            cluster->blacklisted_certificates[kept++] = entry;
    }
    cluster->n_blacklisted_certificates = kept;
}

static int add_to_blacklist(const struct control *c, Swarm__Cluster *cluster)
{
    const Swarm__CAConfig *ca = cluster->spec->ca_config;
    int64_t expiry =
        message_duration(ca ? ca->node_cert_expiry : NULL, DEFAULT_NODE_CERT_EXPIRY);
    cleanup_message Swarm__BlacklistedCertificateEntry *entry =
        message_new(&swarm__blacklisted_certificate_entry__descriptor);
    if (!entry || message_set_string(&entry->key, c->id))
        return ERR_NO_MEMORY;
    entry->value = message_new(&swarm__blacklisted_certificate__descriptor);
    if (!entry->value ||
        message_set_time(
            &entry->value->expiry,
            clock_after(clock_after(c->env->now, expiry), BLACKLIST_MARGIN)) ||
        message_append(&cluster->n_blacklisted_certificates,
                       &cluster->blacklisted_certificates, entry))
        return ERR_NO_MEMORY;
    entry = NULL;
    return 0;
}

static int blacklist(const struct control *c)
{
    cleanup_object_list struct object_list clusters = OBJECT_LIST_INIT;
    cleanup_object struct object *copy = NULL;
    if (store_find(c->view, OBJECT_CLUSTER, STORE_ALL, NULL, &clusters))
        return err_no_memory(c->e);
    if (!clusters.len)
        return 0;
    if (object_copy(clusters.objects[0], &copy))
        return err_no_memory(c->e);
    forget_expired(copy->cluster, c->env->now);
    if (add_to_blacklist(c, copy->cluster))
        return err_no_memory(c->e);
    return store_tx_update(c->tx, TAKE(copy), c->e);
}

int node_control_remove(const struct control *c, const struct object *o)
{
    int r = check_removal(c, o->node);
    if (!r)
        r = orphan_tasks(c);
    return r ? r : blacklist(c);
}
