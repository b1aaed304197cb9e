/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a change in the store means for the manager: which services it must look at, which
 * tasks wait, what runs where. All of it states what is, nothing counts events; so a
 * change that is seen twice does no harm.
 */
#include "manager/state.h"

#include "base/mem.h"
#include "base/str.h"
#include "manager/updater.h"

/* ---- services ---- */

static struct service_state *service_make(struct manager *m, const char *id)
{
    struct service_state *s = map_get(&m->services, id);
    if (s)
        return s;
    s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    list_init(&s->dirty);
    s->id = mem_dup(id, strlen(id));
    if (!s->id || map_put(&m->services, id, s, NULL)) {
        free(s->id);
        free(s);
        return NULL;
    }
    return s;
}

int state_mark_service(struct manager *m, const char *service_id)
{
    if (str_is_empty(service_id))
        return 0;
    struct service_state *s = service_make(m, service_id);
    if (!s)
        return ERR_NO_MEMORY;
    list_remove(&s->dirty);
    list_append(&m->dirty, &s->dirty);
    return 0;
}

void state_forget_service(struct manager *m, struct service_state *s)
{
    list_remove(&s->dirty);
    agenda_remove(&m->wakes, &s->wake);
    map_remove(&m->services, s->id);
    update_free(s->update);
    free(s->id);
    free(s);
}

/* ---- tasks ---- */

static int set_in(struct map *ids, const char *id, bool wanted)
{
    if (wanted)
        return map_put(ids, id, ids, NULL);
    map_remove(ids, id);
    return 0;
}

static bool is_waiting(const Swarm__Task *t, Swarm__TaskState state)
{
    return t && t->status->state == state &&
           t->desired_state <= SWARM__TASK_STATE__RUNNING;
}

/* A task that waits for a node, and for which one was looked for already, stays in
 * `pending` alone. */
static int queue(struct manager *m, const char *id, const Swarm__Task *after)
{
    bool is_pending =
        is_waiting(after, SWARM__TASK_STATE__PENDING) && str_is_empty(after->node_id);
    if (set_in(&m->new_tasks, id, is_waiting(after, SWARM__TASK_STATE__NEW)))
        return ERR_NO_MEMORY;
    if (is_pending && map_get(&m->pending, id))
        return 0;
    if (set_in(&m->pending, id, is_pending) || set_in(&m->untried, id, is_pending))
        return ERR_NO_MEMORY;
    return 0;
}

int observe_own(struct manager *m, const struct store_change *c)
{
    const struct object *o = store_change_object(c);
    int r = queue(m, o->task->id, c->after ? c->after->task : NULL);
    return r ? r : ledger_set_task(&m->ledger, o->task, !c->after, &m->has_room);
}

enum phase {
    BEFORE_RUNNING,
    RUNNING,
    OVER,
};

static enum phase phase_of(const Swarm__Task *t)
{
    if (t->status->state < SWARM__TASK_STATE__RUNNING)
        return BEFORE_RUNNING;
    return t->status->state == SWARM__TASK_STATE__RUNNING ? RUNNING : OVER;
}

/* Is it news for the task's service? Most reports aren't: a task on its way to running
 * changes nothing, unless a rolling update waits for it. */
static bool is_news(const struct manager *m, const struct store_change *c)
{
    if (!c->before || !c->after)
        return true;
    const Swarm__Task *before = c->before->task, *after = c->after->task;
    if (before->desired_state != after->desired_state ||
        !str_equal(before->node_id, after->node_id))
        return true;
    if (phase_of(before) == phase_of(after))
        return false;
    const struct service_state *s = map_get(&m->services, after->service_id);
    return phase_of(after) == OVER || !s || s->awaits_start;
}

static int observe_task(struct manager *m, const struct store_change *c)
{
    int r = observe_own(m, c);
    if (!r && is_news(m, c))
        r = state_mark_service(m, store_change_object(c)->task->service_id);
    return r;
}

/* ---- nodes ---- */

static bool is_down(const Swarm__Node *n)
{
    return n->status->state == SWARM__NODE_STATUS__STATE__DOWN;
}

static void forget_loss(struct manager *m, const char *id)
{
    struct lost_node *lost = map_remove(&m->lost_nodes, id);
    if (!lost)
        return;
    agenda_remove(&m->losses, &lost->give_up);
    free(lost->id);
    free(lost);
}

/* The clock starts at the last change of the node that is seen, which is the one that
 * says that it is down, or a later one after a restart. */
static int note_loss(struct manager *m, const Swarm__Node *n)
{
    if (map_get(&m->lost_nodes, n->id))
        return 0;
    struct lost_node *lost = calloc(1, sizeof(*lost));
    if (lost)
        lost->id = mem_dup(n->id, strlen(n->id));
    if (!lost || !lost->id || map_put(&m->lost_nodes, n->id, lost, NULL)) {
        if (lost)
            free(lost->id);
        free(lost);
        return ERR_NO_MEMORY;
    }
    return agenda_set(&m->losses, &lost->give_up,
                      message_time(n->meta->updated_at, 0) + NODE_LOST_AFTER);
}

static int mark_services_on(struct manager *m, const struct store_view *v,
                            const char *node_id)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    int r = store_find(v, OBJECT_TASK, STORE_BY_NODE, node_id, &tasks);
    for (size_t i = 0; !r && i < tasks.len; i++)
        r = state_mark_service(m, tasks.objects[i]->task->service_id);
    return r;
}

/* Whether the node's tasks may stay depends on its state and its availability. */
static bool is_move(const struct store_change *c)
{
    if (!c->before || !c->after)
        return true;
    const Swarm__Node *before = c->before->node, *after = c->after->node;
    return before->status->state != after->status->state ||
           before->spec->availability != after->spec->availability;
}

/* A change that may bear on where tasks may run. */
static bool is_other_place(const struct store_change *c)
{
    if (!c->before || !c->after)
        return false;
    const Swarm__Node *before = c->before->node, *after = c->after->node;
    return before->role != after->role ||
           !str_equal(before->status->addr, after->status->addr) ||
           !message_equal(&before->spec->base, &after->spec->base) ||
           !message_equal((const ProtobufCMessage *)before->description,
                          (const ProtobufCMessage *)after->description);
}

static int observe_node(struct manager *m, const struct store_view *v,
                        const struct store_change *c)
{
    const Swarm__Node *after = c->after ? c->after->node : NULL;
    const char *id = store_change_object(c)->node->id;
    m->has_room = true;
    int r = 0;
    if (after && is_down(after))
        r = note_loss(m, after);
    else
        forget_loss(m, id);
    if (!r && is_move(c))
        r = mark_services_on(m, v, id);
    if (!r && is_other_place(c))
        r = map_put(&m->changed_nodes, id, m, NULL);
    if (!after)
        ledger_forget_node(&m->ledger, id);
    return r;
}

/* ---- all ---- */

/* The cluster's history limit holds for every service. */
static int mark_all(struct manager *m, const struct store_view *v)
{
    cleanup_object_list struct object_list services = OBJECT_LIST_INIT;
    int r = store_find(v, OBJECT_SERVICE, STORE_ALL, NULL, &services);
    for (size_t i = 0; !r && i < services.len; i++)
        r = state_mark_service(m, services.objects[i]->service->id);
    return r;
}

static bool is_other_limit(const struct store_change *c)
{
    const Swarm__OrchestrationConfig *before =
        c->before ? c->before->cluster->spec->orchestration : NULL;
    const Swarm__OrchestrationConfig *after =
        c->after ? c->after->cluster->spec->orchestration : NULL;
    return !message_equal((const ProtobufCMessage *)before,
                          (const ProtobufCMessage *)after);
}

int observe_change(struct manager *m, const struct store_view *v,
                   const struct store_change *c)
{
    const struct object *o = store_change_object(c);
    switch (o->kind) {
    case OBJECT_SERVICE:
        return state_mark_service(m, o->service->id);
    case OBJECT_TASK:
        return observe_task(m, c);
    case OBJECT_NODE:
        return observe_node(m, v, c);
    case OBJECT_CLUSTER:
        return is_other_limit(c) ? mark_all(m, v) : 0;
    default:
        return 0;
    }
}

/* What is to be known of a node when nothing was observed before. */
static int learn_node(struct manager *m, const Swarm__Node *n)
{
    int r = is_down(n) ? note_loss(m, n) : 0;
    return r ? r : map_put(&m->changed_nodes, n->id, m, NULL);
}

static int observe_kind(struct manager *m, const struct store_view *v,
                        enum object_kind kind)
{
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    int r = store_find(v, kind, STORE_ALL, NULL, &all);
    for (size_t i = 0; !r && i < all.len; i++) {
        struct store_change c = {.action = STORE_CREATE, .after = all.objects[i]};
        if (kind == OBJECT_NODE)
            r = learn_node(m, c.after->node);
        else
            r = observe_change(m, v, &c);
    }
    return r;
}

int observe_all(struct manager *m, const struct store_view *v)
{
    m->has_room = true;
    int r = observe_kind(m, v, OBJECT_NODE);
    if (!r)
        r = observe_kind(m, v, OBJECT_SERVICE);
    return r ? r : observe_kind(m, v, OBJECT_TASK);
}
