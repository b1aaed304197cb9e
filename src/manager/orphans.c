/* SPDX-License-Identifier: Apache-2.0 */
/* A node that stays away for long enough takes its tasks with it: they are ORPHANED. */
#include "manager/new_task.h"
#include "manager/pass.h"

static bool is_on_node(const Swarm__Task *t)
{
    return t->status->state >= SWARM__TASK_STATE__ASSIGNED &&
           t->status->state <= SWARM__TASK_STATE__RUNNING;
}

static int orphan(struct pass *p, const struct object *task)
{
    cleanup_object struct object *copy = NULL;
    int e = pass_edit(p, task, &copy);
    if (e)
        return e;
    if (task_set_status(copy->task, SWARM__TASK_STATE__ORPHANED,
                        task->task->status->message, task->task->status->err,
                        p->env->now))
        return err_no_memory(p->e);
    e = pass_update(p, TAKE(copy), NULL);
    if (!e && state_mark_service(p->m, task->task->service_id))
        e = err_no_memory(p->e);
    return e;
}

static int give_up(struct pass *p, const char *node_id)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    if (store_find(p->view, OBJECT_TASK, STORE_BY_NODE, node_id, &tasks))
        return err_no_memory(p->e);
    int e = 0;
    for (size_t i = 0; !e && i < tasks.len; i++)
        if (is_on_node(tasks.objects[i]->task))
            e = orphan(p, tasks.objects[i]);
    return e;
}

int orphans_run(struct pass *p)
{
    struct agenda_item *item;
    while ((item = agenda_take_due(&p->m->losses, p->env->now))) {
        int e = give_up(p, CONTAINER_OF(item, struct lost_node, give_up)->id);
        if (e)
            return e;
    }
    return 0;
}
