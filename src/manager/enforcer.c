/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a node changes, its tasks may be in the wrong place: their service's constraints
 * don't hold there any more, or what they reserve is more than the node has. Such a task
 * is REJECTED, whereupon the restart policy replaces it elsewhere.
 */
#include "base/str.h"
#include "manager/constraint.h"
#include "manager/new_task.h"
#include "manager/pass.h"

static bool is_here(const Swarm__Task *t)
{
    return t->status->state >= SWARM__TASK_STATE__ASSIGNED && task_is_runnable(t);
}

/* The service's constraints as they are now, not as they were when the task was made. */
static bool is_allowed(const struct pass *p, const Swarm__Node *n, const Swarm__Task *t)
{
    const struct object *service = store_get(p->view, OBJECT_SERVICE, t->service_id);
    const Swarm__TaskSpec *spec = service ? service->service->spec->task : t->spec;
    return constraints_allow(spec->placement, n);
}

/* Takes what the task reserves from what is left; false when that isn't enough. */
static bool take_share(const Swarm__Task *t, int64_t *cpus, int64_t *memory)
{
    const Swarm__ResourceRequirements *resources = t->spec->resources;
    const Swarm__Resources *r = resources ? resources->reservations : NULL;
    if (!r)
        return true;
    if (r->nano_cpus > *cpus || r->memory_bytes > *memory)
        return false;
    *cpus -= r->nano_cpus;
    *memory -= r->memory_bytes;
    return true;
}

static int reject(struct pass *p, const struct object *task)
{
    cleanup_object struct object *copy = NULL;
    int e = pass_edit(p, task, &copy);
    if (e)
        return e;
    if (task_set_status(copy->task, SWARM__TASK_STATE__REJECTED,
                        "task rejected by constraint enforcer",
                        "assigned node no longer meets constraints", p->env->now))
        return err_no_memory(p->e);
    e = pass_update(p, TAKE(copy), NULL);
    if (!e && state_mark_service(p->m, task->task->service_id))
        e = err_no_memory(p->e);
    return e;
}

static int enforce(struct pass *p, const Swarm__Node *n)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    const Swarm__Resources *has = n->description ? n->description->resources : NULL;
    int64_t cpus = has ? has->nano_cpus : 0, memory = has ? has->memory_bytes : 0;
    if (store_find(p->view, OBJECT_TASK, STORE_BY_NODE, n->id, &tasks))
        return err_no_memory(p->e);
    int e = 0;
    for (size_t i = 0; !e && i < tasks.len; i++) {
        const Swarm__Task *t = tasks.objects[i]->task;
        if (is_here(t) && (!is_allowed(p, n, t) || !take_share(t, &cpus, &memory)))
            e = reject(p, tasks.objects[i]);
    }
    return e;
}

/* The tasks of a drained node go anyway, those of a paused one stay. */
static bool is_active(const Swarm__Node *n)
{
    return n->spec->availability == SWARM__NODE_SPEC__AVAILABILITY__ACTIVE;
}

int enforcer_run(struct pass *p)
{
    struct map *ids = &p->m->changed_nodes;
    int e = 0;
    for (size_t i = 0; !e && i < ids->len; i++) {
        const struct object *o = store_get(p->view, OBJECT_NODE, ids->entries[i].key);
        cleanup_object const struct object *held = o ? object_ref(o) : NULL;
        if (held && is_active(held->node))
            e = enforce(p, held->node);
    }
    if (!e)
        map_deinit(ids);
    return e;
}
