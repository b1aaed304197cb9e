/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/slots.h"

#include "base/str.h"
#include "manager/constraint.h"
#include "manager/new_task.h"

/* ---- slots ---- */

static int slot_append(struct slot *s, const struct object *task)
{
    if (s->len == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 4;
        const struct object **tasks =
            reallocarray(s->tasks, cap, sizeof(const struct object *));
        if (!tasks)
            return ERR_NO_MEMORY;
        s->tasks = tasks;
        s->cap = cap;
    }
    s->tasks[s->len++] = task;
    return 0;
}

static void slot_deinit(struct slot *s)
{
    for (size_t i = 0; i < s->len; i++)
        object_unref(s->tasks[i]);
    free(s->tasks);
}

/* The index of the first slot whose number isn't below. */
static size_t lower_bound(const struct round *r, uint64_t number)
{
    size_t low = 0, high = r->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->slots[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int insert_slot(struct round *r, size_t at, uint64_t number)
{
    if (r->len == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 16;
        struct slot *slots = reallocarray(r->slots, cap, sizeof(*slots));
        if (!slots)
            return err_no_memory(r->pass->e);
        r->slots = slots;
        r->cap = cap;
    }
    memmove(r->slots + at + 1, r->slots + at, (r->len - at) * sizeof(*r->slots));
    r->slots[at] = (struct slot){.number = number};
    r->len++;
    return 0;
}

struct slot *round_find_slot(const struct round *r, uint64_t number)
{
    size_t i = lower_bound(r, number);
    return i < r->len && r->slots[i].number == number ? &r->slots[i] : NULL;
}

int round_slot(struct round *r, uint64_t number, struct slot **out)
{
    size_t i = lower_bound(r, number);
    if (i == r->len || r->slots[i].number != number) {
        int e = insert_slot(r, i, number);
        if (e)
            return e;
    }
    *out = &r->slots[i];
    return 0;
}

bool round_may_add_task(struct round *r)
{
    if (r->pass->tasks_left)
        return true;
    round_wake(r, r->pass->env->now);
    return false;
}

int slot_add_task(struct round *r, struct slot *s, Swarm__TaskState desired)
{
    struct pass *p = r->pass;
    struct object *task;
    const struct object *written;
    if (new_task(r->service, store_cluster(p->view), s->number, desired, p->env, &task))
        return err_no_memory(p->e);
    int e = pass_create(p, task, &written);
    if (e)
        return e;
    p->tasks_left--;
    if (slot_append(s, written)) {
        object_unref(written);
        return err_no_memory(p->e);
    }
    return 0;
}

int slot_set_desired(struct round *r, struct slot *s, size_t i, Swarm__TaskState desired)
{
    const Swarm__Task *t = slot_task(s, i);
    if (t->desired_state >= desired)
        return 0;
    struct object *copy;
    int e = pass_edit(r->pass, s->tasks[i], &copy);
    if (e)
        return e;
    copy->task->desired_state = desired;
    if (desired > SWARM__TASK_STATE__RUNNING &&
        t->status->state < SWARM__TASK_STATE__ASSIGNED &&
        task_set_status(copy->task, SWARM__TASK_STATE__SHUTDOWN, t->status->message, "",
                        r->pass->env->now)) {
        object_unref(copy);
        return err_no_memory(r->pass->e);
    }
    const struct object *written;
    e = pass_update(r->pass, copy, &written);
    if (e)
        return e;
    object_unref(s->tasks[i]);
    s->tasks[i] = written;
    return 0;
}

int slot_remove_task(struct round *r, struct slot *s, size_t i)
{
    int e = pass_remove_task(r->pass, s->tasks[i]);
    if (e)
        return e;
    object_unref(s->tasks[i]);
    memmove(s->tasks + i, s->tasks + i + 1, (s->len - i - 1) * sizeof(s->tasks[0]));
    s->len--;
    return 0;
}

/* ---- rounds ---- */

static int64_t created_at(const struct object *o)
{
    return message_time(o->task->meta->created_at, 0);
}

/* By slot, then by age. */
static int compare(const void *a, const void *b)
{
    const struct object *x = *(const struct object *const *)a;
    const struct object *y = *(const struct object *const *)b;
    if (x->task->slot != y->task->slot)
        return x->task->slot < y->task->slot ? -1 : 1;
    if (created_at(x) != created_at(y))
        return created_at(x) < created_at(y) ? -1 : 1;
    return strcmp(x->task->id, y->task->id);
}

static int load_tasks(struct round *r)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    if (store_find(r->pass->view, OBJECT_TASK, STORE_BY_SERVICE, r->state->id, &tasks))
        return err_no_memory(r->pass->e);
    if (tasks.len)
        qsort(tasks.objects, tasks.len, sizeof(tasks.objects[0]), compare);
    for (size_t i = 0; i < tasks.len; i++) {
        struct slot *s;
        int e = round_slot(r, tasks.objects[i]->task->slot, &s);
        if (e)
            return e;
        if (slot_append(s, tasks.objects[i]))
            return err_no_memory(r->pass->e);
        object_ref(tasks.objects[i]);
    }
    return 0;
}

int round_load(struct round *r, struct pass *p, struct service_state *s)
{
    *r = (struct round){.pass = p, .state = s, .next = CLOCK_NEVER};
    const struct object *service = store_get(p->view, OBJECT_SERVICE, s->id);
    if (service) {
        r->holds_service = object_ref(service);
        r->service = service->service;
    }
    return load_tasks(r);
}

void round_deinit(struct round *r)
{
    for (size_t i = 0; i < r->len; i++)
        slot_deinit(&r->slots[i]);
    free(r->slots);
    object_unref(r->holds_service);
    *r = (struct round){0};
}

void round_wake(struct round *r, int64_t t)
{
    if (t < r->next)
        r->next = t;
}

int round_update_service(struct round *r, struct object *copy)
{
    const struct object *written;
    int e = pass_update(r->pass, copy, &written);
    if (e)
        return e;
    object_unref(r->holds_service);
    r->holds_service = written;
    r->service = written->service;
    return 0;
}

/* ---- tasks ---- */

const Swarm__Node *task_node(const struct round *r, const Swarm__Task *t)
{
    if (str_is_empty(t->node_id))
        return NULL;
    const struct object *o = store_get(r->pass->view, OBJECT_NODE, t->node_id);
    return o ? o->node : NULL;
}

bool task_is_over(const Swarm__Task *t)
{
    return t->status->state > SWARM__TASK_STATE__RUNNING ||
           (t->status->state < SWARM__TASK_STATE__ASSIGNED &&
            t->desired_state > SWARM__TASK_STATE__RUNNING);
}

/* A change of placement alone leaves a task where it is if its node is still allowed. */
bool task_is_outdated(const struct round *r, const Swarm__Task *t)
{
    if (task_is_current(t, r->service))
        return false;
    if (!task_is_current_but_placement(t, r->service))
        return true;
    const Swarm__Node *n = task_node(r, t);
    return !n || !constraints_allow(r->service->spec->task->placement, n);
}
