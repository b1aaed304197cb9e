/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives tasks what they need of the cluster before a node is looked for: NEW -> PENDING.
 * Without networks of the cluster there is nothing to wait for.
 */
#include "manager/new_task.h"
#include "manager/pass.h"

static int allocate(struct pass *p, const char *id)
{
    const struct object *task = store_get(p->view, OBJECT_TASK, id);
    struct object *copy;
    int e = pass_edit(p, task, &copy);
    if (e)
        return e;
    if (task_set_status(copy->task, SWARM__TASK_STATE__PENDING, "pending task scheduling",
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
