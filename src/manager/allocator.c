/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives tasks what they need of the cluster before a node is looked for: NEW -> PENDING.
 * There are only the networks that every node has by itself, so there is nothing to wait
 * for.
 */
#include "base/mem.h"
#include "manager/new_task.h"
#include "manager/pass.h"

static int describe(Swarm__NetworkSpec *spec, const char *name)
{
    spec->annotations = message_new(&swarm__annotations__descriptor);
    spec->driver_config = message_new(&swarm__driver__descriptor);
    return !spec->annotations || !spec->driver_config ||
                   message_set_string(&spec->annotations->name, name) ||
                   message_set_string(&spec->driver_config->name, network_driver(name))
               ? ERR_NO_MEMORY
               : 0;
}

static int attach(Swarm__Task *task, const char *name)
{
    cleanup_message Swarm__NetworkAttachment *a =
        message_new(&swarm__network_attachment__descriptor);
    if (!a || !(a->network = message_new(&swarm__network__descriptor)) ||
        !(a->network->spec = message_new(&swarm__network_spec__descriptor)) ||
        message_set_string(&a->network->id, name) || describe(a->network->spec, name) ||
        message_append(&task->n_networks, &task->networks, a))
        return ERR_NO_MEMORY;
    a = NULL;
    return 0;
}

static int attach_all(Swarm__Task *task)
{
    const Swarm__TaskSpec *spec = task->spec;
    int r = 0;
    for (size_t i = 0; i < spec->n_networks && !r; i++)
        r = attach(task, spec->networks[i]->target);
    return r;
}

static int allocate(struct pass *p, const char *id)
{
    const struct object *task = store_get(p->view, OBJECT_TASK, id);
    struct object *copy;
    int e = pass_edit(p, task, &copy);
    if (e)
        return e;
    if (attach_all(copy->task) ||
        task_set_status(copy->task, SWARM__TASK_STATE__PENDING, "pending task scheduling",
                        "", p->env->now)) {
        object_unref(copy);
        return err_no_memory(p->e);
    }
    return pass_update(p, copy, NULL);
}

int allocator_run(struct pass *p)
{
    /* Each one leaves the queue when it is written; the last one leaves it cheapest. */
    while (p->m->new_tasks.len) {
        int e = allocate(p, p->m->new_tasks.entries[p->m->new_tasks.len - 1].key);
        if (e)
            return e;
    }
    return 0;
}
