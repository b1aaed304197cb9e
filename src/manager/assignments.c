/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one node was told, kept so that the next message says only what is new. Changes
 * are noted by id as they happen, so that a message costs what changed and not what the
 * node has.
 *
 * What doesn't fit into one message comes in several. A task that the node can't have
 * begun with comes last, after all that it needs:
 *
 *   COMPLETE     tasks that the node has; secrets and configs until it is full
 *   INCREMENTAL  more secrets and configs ...
 *   INCREMENTAL  the last of them; tasks that are new to the node
 */
#include <inttypes.h>

#include "base/mem.h"
#include "base/str.h"
#include "manager/assignment_message.h"
#include "manager/dependencies.h"

/* A task of the node. */
struct assigned {
    struct list due;           /* in assignments.due; in no list once it was told */
    const struct object *task; /* as it was looked at last; a reference */
    bool is_told;              /* the node knows it */
};

struct assignments {
    char *node_id;
    uint64_t sequence;          /* of the last message; 0 before the first */
    bool is_behind;             /* some change wasn't noted: look at all tasks */
    struct map changed;         /* ids of tasks that changed since the last message */
    struct map tasks;           /* task id -> struct assigned */
    struct list due;            /* of assigned: to be told once their needs were */
    struct dependencies needed; /* secrets and configs of those that aren't over */
};

struct assignments *assignments_new(const char *node_id)
{
    struct assignments *a = calloc(1, sizeof(*a));
    if (!a)
        return NULL;
    a->is_behind = true;
    list_init(&a->due);
    dependencies_init(&a->needed);
    a->node_id = mem_dup(node_id, strlen(node_id));
    if (!a->node_id) {
        free(a);
        return NULL;
    }
    return a;
}

static void assigned_free(struct assigned *t)
{
    list_remove(&t->due);
    object_unref(t->task);
    free(t);
}

/* Forgets what the node was told. */
static void begin_anew(struct assignments *a)
{
    for (size_t i = 0; i < a->tasks.len; i++)
        assigned_free(a->tasks.entries[i].value);
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

/* ---- tasks ---- */

/* Equal but for what the node itself reported and for the store's own notes. */
static bool is_same_work(const Swarm__Task *a, const Swarm__Task *b)
{
    Swarm__Task x = *a, y = *b;
    x.status = y.status = NULL;
    x.meta = y.meta = NULL;
    return message_equal(&x.base, &y.base);
}

static bool needs_dependencies(const struct object *o)
{
    return o && o->task->status->state <= SWARM__TASK_STATE__RUNNING;
}

/* The node has said that it took the task, so it must hear of it in the first message:
 * what isn't in there, it removes. */
static bool is_begun(const struct object *o)
{
    return o->task->status->state > SWARM__TASK_STATE__ASSIGNED;
}

/* Taken, but not running yet: it may still ask for what it needs. */
static bool is_preparing(const struct object *o)
{
    return is_begun(o) && o->task->status->state < SWARM__TASK_STATE__RUNNING;
}

/* Must the node be told of the task as it is now? */
static bool is_news(const struct object *told, const struct object *now)
{
    if (!told)
        return true;
    if (!is_begun(now) && object_version(told) != object_version(now))
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
                       struct assignment_message *m)
{
    struct assigned *t = map_remove(&a->tasks, id);
    if (!t)
        return 0;
    bool is_told = t->is_told;
    if (needs_dependencies(t->task))
        dependencies_release(&a->needed, t->task->task);
    assigned_free(t);
    return is_told ? assignment_message_remove(m, OBJECT_TASK, id) : 0;
}

/* The task of this id, a new one when there is none. */
static struct assigned *get_task(struct assignments *a, const char *id)
{
    struct assigned *t = map_get(&a->tasks, id);
    if (t)
        return t;
    t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    list_init(&t->due);
    if (map_put(&a->tasks, id, t, NULL)) {
        free(t);
        return NULL;
    }
    return t;
}

/* Takes over what the task is now, and counts what it needs. */
static int look_at(struct assignments *a, struct assigned *t, const struct object *now)
{
    bool needs = needs_dependencies(now), needed = needs_dependencies(t->task);
    if (needs && !needed && dependencies_add(&a->needed, now->task))
        return ERR_NO_MEMORY;
    if (needed && !needs)
        dependencies_release(&a->needed, t->task->task);
    object_unref(t->task);
    t->task = object_ref(now);
    return 0;
}

static int tell(struct assigned *t, struct assignment_message *m)
{
    list_remove(&t->due);
    t->is_told = true;
    return assignment_message_update(m, t->task);
}

static int update_task(struct assignments *a, const char *id, const struct object *now,
                       struct assignment_message *m)
{
    struct assigned *t = get_task(a, id);
    if (!t)
        return ERR_NO_MEMORY;
    bool has_news = is_news(t->task, now);
    int r = look_at(a, t, now);
    if (r || !has_news)
        return r;
    if (t->is_told || is_begun(now))
        return tell(t, m);
    list_remove(&t->due);
    list_append(&a->due, &t->due);
    return 0;
}

static int check_task(struct assignments *a, const char *id, const struct object *now,
                      struct assignment_message *m)
{
    return now ? update_task(a, id, now, m) : forget_task(a, id, m);
}

/* Those that are being prepared come first, so that their needs do. */
static int check_tasks(struct assignments *a, const struct store_view *v,
                       struct assignment_message *m)
{
    int r = 0;
    for (int preparing = 1; preparing >= 0; preparing--)
        for (size_t i = 0; !r && i < a->changed.len; i++) {
            const char *id = a->changed.entries[i].key;
            const struct object *now = assigned_task(a, v, id);
            if ((now && is_preparing(now)) == preparing)
                r = check_task(a, id, now, m);
        }
    return r;
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
static int tell_dependency(const struct store_view *v, struct dependency *d,
                           struct assignment_message *m)
{
    const struct object *o = store_get(v, d->kind, d->id);
    if (d->users && !d->is_told && o) {
        d->is_told = true;
        return assignment_message_update(m, o);
    }
    if (!d->users && d->is_told) {
        d->is_told = false;
        return assignment_message_remove(m, d->kind, d->id);
    }
    return 0;
}

static int tell_dependencies(struct assignments *a, const struct store_view *v,
                             struct assignment_message *m)
{
    int r = 0;
    while (!r && !assignment_message_is_full(m) && dependencies_has_changed(&a->needed)) {
        struct dependency *d = dependencies_next_changed(&a->needed);
        r = tell_dependency(v, d, m);
        if (!d->users)
            dependencies_forget(&a->needed, d);
    }
    return r;
}

/* ---- update ---- */

static int tell_due(struct assignments *a, struct assignment_message *m)
{
    int r = 0;
    while (!r && !assignment_message_is_full(m) && !list_is_empty(&a->due))
        r = tell(LIST_FIRST(&a->due, struct assigned, due), m);
    return r;
}

static int fill(struct assignments *a, const struct store_view *v,
                struct assignment_message *m)
{
    int r = a->is_behind ? note_all(a, v) : 0;
    if (!r)
        r = check_tasks(a, v, m);
    if (!r)
        r = tell_dependencies(a, v, m);
    if (!r && !dependencies_has_changed(&a->needed))
        r = tell_due(a, m);
    return r;
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
    CLEANUP(assignment_message_deinit) struct assignment_message m;
    if (assignment_message_init(&m) || fill(a, v, &m))
        return ERR_NO_MEMORY;
    bool has_news = !a->sequence || m.message->n_changes;
    if (has_news && number(a, m.message))
        return ERR_NO_MEMORY;
    map_deinit(&a->changed);
    a->is_behind = false;
    *out = has_news ? TAKE(m.message) : NULL;
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

bool assignments_has_more(const struct assignments *a)
{
    return dependencies_has_changed(&a->needed) || !list_is_empty(&a->due);
}
