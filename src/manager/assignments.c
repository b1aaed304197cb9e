/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one node was told, kept so that the next message says only what is new. Changes
 * are noted by id as they happen, so that a message costs what changed and not what the
 * node has.
 */
#include <inttypes.h>

#include "base/mem.h"
#include "base/str.h"
#include "manager/dependencies.h"
#include "manager/manager.h"

struct assignments {
    char *node_id;
    uint64_t sequence;          /* of the last message; 0 before the first */
    bool is_behind;             /* some change wasn't noted: look at all tasks */
    struct map changed;         /* ids of tasks that changed since the last message */
    struct map tasks;           /* task id -> const struct object *, as it was told */
    struct dependencies needed; /* secrets and configs of those that aren't over */
};

struct assignments *assignments_new(const char *node_id)
{
    struct assignments *a = calloc(1, sizeof(*a));
    if (!a)
        return NULL;
    a->is_behind = true;
    dependencies_init(&a->needed);
    a->node_id = mem_dup(node_id, strlen(node_id));
    if (!a->node_id) {
        free(a);
        return NULL;
    }
    return a;
}

/* Forgets what the node was told. */
static void begin_anew(struct assignments *a)
{
    for (size_t i = 0; i < a->tasks.len; i++)
        object_unref(a->tasks.entries[i].value);
    map_deinit(&a->tasks);
    map_deinit(&a->changed);
    dependencies_deinit(&a->needed);
    a->is_behind = true;
    a->sequence = 0;
}

void assignments_free(struct assignments *a)
{
    if (!a)
        return;
    begin_anew(a);
    free(a->node_id);
    free(a);
}

static bool is_mine(const struct assignments *a, const struct object *o)
{
    return o && o->kind == OBJECT_TASK && str_equal(o->task->node_id, a->node_id);
}

bool assignments_is_concerned(struct assignments *a, const struct store_change *c)
{
    if (!is_mine(a, c->before) && !is_mine(a, c->after))
        return false;
    if (!a->is_behind && map_put(&a->changed, object_id(store_change_object(c)), a, NULL))
        a->is_behind = true;
    return true;
}

/* ---- the message ---- */

static int add_change(Swarm__AssignmentsMessage *m, Swarm__Assignment *item,
                      Swarm__AssignmentChange__AssignmentAction action)
{
    cleanup_message Swarm__Assignment *owned = item;
    cleanup_message Swarm__AssignmentChange *change =
        message_new(&swarm__assignment_change__descriptor);
    if (!change)
        return ERR_NO_MEMORY;
    change->action = action;
    change->assignment = TAKE(owned);
    if (message_append(&m->n_changes, &m->changes, change))
        return ERR_NO_MEMORY;
    change = NULL;
    return 0;
}

/* An object as an assignment, which takes it over. */
static Swarm__Assignment *wrap(enum object_kind kind, ProtobufCMessage *object)
{
    cleanup_message ProtobufCMessage *owned = object;
    Swarm__Assignment *item = message_new(&swarm__assignment__descriptor);
    if (!item || !object)
        return item;
    switch (kind) {
    case OBJECT_TASK:
        item->item_case = SWARM__ASSIGNMENT__ITEM_TASK;
        item->task = (Swarm__Task *)TAKE(owned);
        break;
    case OBJECT_SECRET:
        item->item_case = SWARM__ASSIGNMENT__ITEM_SECRET;
        item->secret = (Swarm__Secret *)TAKE(owned);
        break;
    default:
        item->item_case = SWARM__ASSIGNMENT__ITEM_CONFIG;
        item->config = (Swarm__Config *)TAKE(owned);
    }
    return item;
}

static int add_update(Swarm__AssignmentsMessage *m, const struct object *o)
{
    ProtobufCMessage *copy = message_copy(o->message);
    Swarm__Assignment *item = copy ? wrap(o->kind, copy) : NULL;
    return item ? add_change(m, item, SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__UPDATE)
                : ERR_NO_MEMORY;
}

/* A removed object is told by its id alone. */
static int add_remove(Swarm__AssignmentsMessage *m, enum object_kind kind, const char *id)
{
    ProtobufCMessage *object = message_new(object_descriptor(kind));
    if (!object)
        return ERR_NO_MEMORY;
    Swarm__Assignment *item = wrap(kind, object);
    if (!item)
        return ERR_NO_MEMORY;
    char **field = kind == OBJECT_TASK     ? &item->task->id
                   : kind == OBJECT_SECRET ? &item->secret->id
                                           : &item->config->id;
    if (message_set_string(field, id)) {
        message_free(&item->base);
        return ERR_NO_MEMORY;
    }
    return add_change(m, item, SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__REMOVE);
}

/* ---- tasks ---- */

/* Equal but for what the node itself reported and for the store's own notes. */
static bool is_same_work(const Swarm__Task *a, const Swarm__Task *b)
{
    Swarm__Task x = *a, y = *b;
    x.status = y.status = NULL;
    x.meta = y.meta = NULL;
    return message_equal(&x.base, &y.base);
}

static bool is_over(const Swarm__Task *t)
{
    return t->status->state > SWARM__TASK_STATE__RUNNING;
}

/* Must the node be told of the task as it is now? */
static bool is_news(const struct object *told, const struct object *now)
{
    if (!told)
        return true;
    if (now->task->status->state <= SWARM__TASK_STATE__ASSIGNED &&
        object_version(told) != object_version(now))
        return true;
    return !is_same_work(told->task, now->task);
}

static const struct object *assigned_task(const struct assignments *a,
                                          const struct store_view *v, const char *id)
{
    const struct object *o = store_get(v, OBJECT_TASK, id);
    return is_mine(a, o) && o->task->status->state >= SWARM__TASK_STATE__ASSIGNED ? o
                                                                                  : NULL;
}

static int forget_task(struct assignments *a, const char *id,
                       Swarm__AssignmentsMessage *m)
{
    cleanup_object const struct object *told = map_remove(&a->tasks, id);
    if (!told)
        return 0;
    if (!is_over(told->task))
        dependencies_release(&a->needed, told->task);
    return add_remove(m, OBJECT_TASK, id);
}

static int update_task(struct assignments *a, const char *id, const struct object *now,
                       Swarm__AssignmentsMessage *m)
{
    const struct object *told = map_get(&a->tasks, id);
    bool needs = !is_over(now->task), needed = told && !is_over(told->task);
    if (needs && !needed && dependencies_add(&a->needed, now->task))
        return ERR_NO_MEMORY;
    if (needed && !needs)
        dependencies_release(&a->needed, told->task);
    if (is_news(told, now) && add_update(m, now))
        return ERR_NO_MEMORY;
    if (map_put(&a->tasks, id, (void *)(uintptr_t)now, NULL))
        return ERR_NO_MEMORY;
    object_ref(now);
    object_unref(told);
    return 0;
}

static int check_task(struct assignments *a, const struct store_view *v, const char *id,
                      Swarm__AssignmentsMessage *m)
{
    const struct object *now = assigned_task(a, v, id);
    return now ? update_task(a, id, now, m) : forget_task(a, id, m);
}

/* Notes everything that the node has or was told. */
static int note_all(struct assignments *a, const struct store_view *v)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    int r = store_find(v, OBJECT_TASK, STORE_BY_NODE, a->node_id, &tasks);
    for (size_t i = 0; !r && i < tasks.len; i++)
        r = map_put(&a->changed, tasks.objects[i]->task->id, a, NULL);
    for (size_t i = 0; !r && i < a->tasks.len; i++)
        r = map_put(&a->changed, a->tasks.entries[i].key, a, NULL);
    return r;
}

/* ---- dependencies ---- */

/* A dependency that isn't in the store can't be sent; the task fails at the node. */
static int add_dependency(struct assignments *a, const struct store_view *v,
                          struct dependency *d, Swarm__AssignmentsMessage *m)
{
    const struct object *o = store_get(v, d->kind, d->id);
    if (d->users && !d->is_told && o) {
        d->is_told = true;
        return add_update(m, o);
    }
    if (!d->users && d->is_told) {
        d->is_told = false;
        return add_remove(m, d->kind, d->id);
    }
    return 0;
}

static int add_dependencies(struct assignments *a, const struct store_view *v,
                            Swarm__AssignmentsMessage *m)
{
    int r = 0;
    struct dependency *d;
    while (!r && (d = dependencies_next_changed(&a->needed))) {
        r = add_dependency(a, v, d, m);
        if (!d->users)
            dependencies_forget(&a->needed, d);
    }
    return r;
}

/* ---- update ---- */

static int fill(struct assignments *a, const struct store_view *v,
                Swarm__AssignmentsMessage *m)
{
    int r = a->is_behind ? note_all(a, v) : 0;
    for (size_t i = 0; !r && i < a->changed.len; i++)
        r = check_task(a, v, a->changed.entries[i].key, m);
    return r ? r : add_dependencies(a, v, m);
}

static int number(struct assignments *a, Swarm__AssignmentsMessage *m)
{
    cleanup_free char *before = str_format("%" PRIu64, a->sequence);
    cleanup_free char *after = str_format("%" PRIu64, a->sequence + 1);
    if (!before || !after || message_set_string(&m->results_in, after) ||
        (a->sequence && message_set_string(&m->applies_to, before)))
        return ERR_NO_MEMORY;
    m->type = a->sequence ? SWARM__ASSIGNMENTS_MESSAGE__TYPE__INCREMENTAL
                          : SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE;
    a->sequence++;
    return 0;
}

static int update(struct assignments *a, const struct store_view *v,
                  Swarm__AssignmentsMessage **out)
{
    cleanup_message Swarm__AssignmentsMessage *m =
        message_new(&swarm__assignments_message__descriptor);
    if (!m || fill(a, v, m))
        return ERR_NO_MEMORY;
    bool has_news = !a->sequence || m->n_changes;
    if (has_news && number(a, m))
        return ERR_NO_MEMORY;
    map_deinit(&a->changed);
    a->is_behind = false;
    *out = has_news ? TAKE(m) : NULL;
    return 0;
}

int assignments_update(struct assignments *a, const struct store_view *v,
                       Swarm__AssignmentsMessage **out)
{
    int r = update(a, v, out);
    if (r)
        begin_anew(a);
    return r;
}
