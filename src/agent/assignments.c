/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assignment messages: secrets first, then configs, then the tasks that use them. The
 * payloads are moved out of the message, so that there is one copy in memory and no more.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/worker.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

/* ---- look-ups for tasks ---- */

/* A secret that a driver made for one task alone bears both ids. */
const Swarm__Secret *worker_secret(void *user, const char *id, const char *task_id)
{
    struct worker *w = user;
    const Swarm__Secret *s = map_get(&w->secrets, id);
    if (s)
        return s;
    cleanup_free char *both = str_format("%s.%s", id, task_id);
    return both ? map_get(&w->secrets, both) : NULL;
}

const Swarm__Config *worker_config(void *user, const char *id)
{
    struct worker *w = user;
    return map_get(&w->configs, id);
}

/* ---- secrets and configs ---- */

void worker_free_objects(struct map *objects)
{
    for (size_t i = 0; i < objects->len; i++)
        message_free(objects->entries[i].value);
    map_deinit(objects);
}

/* The object moves into the map; the id of what is removed out of it. */
static void put_object(struct map *objects, const char *id, ProtobufCMessage *object,
                       bool is_removed)
{
    void *old = NULL;
    if (is_removed) {
        old = map_remove(objects, id);
        message_free(object);
    } else if (objects->len >= WORKER_OBJECTS_MAX || map_put(objects, id, object, &old)) {
        log_error("%s can't be kept: no memory or too many", id);
        message_free(object);
    }
    message_free(old);
}

static bool is_removal(const Swarm__AssignmentChange *c)
{
    return c->action == SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__REMOVE;
}

static void apply_secrets(struct worker *w, Swarm__AssignmentsMessage *m)
{
    for (size_t i = 0; i < m->n_changes; i++) {
        Swarm__Assignment *a = m->changes[i]->assignment;
        if (!a || a->item_case != SWARM__ASSIGNMENT__ITEM_SECRET || !a->secret)
            continue;
        Swarm__Secret *s = TAKE(a->secret);
        put_object(&w->secrets, s->id, &s->base, is_removal(m->changes[i]));
    }
}

static void apply_configs(struct worker *w, Swarm__AssignmentsMessage *m)
{
    for (size_t i = 0; i < m->n_changes; i++) {
        Swarm__Assignment *a = m->changes[i]->assignment;
        if (!a || a->item_case != SWARM__ASSIGNMENT__ITEM_CONFIG || !a->config)
            continue;
        Swarm__Config *c = TAKE(a->config);
        put_object(&w->configs, c->id, &c->base, is_removal(m->changes[i]));
    }
}

/* ---- tasks ---- */

static void add_task(struct worker *w, const Swarm__Task *assigned)
{
    struct task *t = NULL;
    struct err e;
    if (!object_id_is_valid(assigned->id)) {
        log_error("a task with an invalid id was assigned");
        return;
    }
    int r = w->tasks.len >= WORKER_OBJECTS_MAX
                ? err_set(&e, ERR_RESOURCE_EXHAUSTED, "too many tasks")
                : task_new(&w->context, assigned, &t, &e);
    if (!r && map_put(&w->tasks, assigned->id, t, NULL)) {
        task_close(t, &w->closing);
        r = err_no_memory(&e);
    }
    if (r)
        log_error("task %s: %s", assigned->id, err_text(&e));
}

static void apply_task(struct worker *w, const Swarm__AssignmentChange *c)
{
    const Swarm__Task *assigned = c->assignment->task;
    struct task *t = map_get(&w->tasks, assigned->id);
    if (is_removal(c)) {
        if (t)
            task_remove(t);
    } else if (t) {
        task_desire(t, assigned->desired_state);
    } else {
        add_task(w, assigned);
    }
}

static bool has_task(const Swarm__AssignmentChange *c)
{
    return c->assignment && c->assignment->item_case == SWARM__ASSIGNMENT__ITEM_TASK &&
           c->assignment->task;
}

/* Tasks of ours that the complete list doesn't name are no longer assigned. */
static void remove_others(struct worker *w, const Swarm__AssignmentsMessage *m)
{
    struct map named = MAP_INIT;
    bool is_whole = true;
    for (size_t i = 0; i < m->n_changes && is_whole; i++) {
        if (has_task(m->changes[i]) && !is_removal(m->changes[i]))
            is_whole = map_put(&named, m->changes[i]->assignment->task->id, w, NULL) == 0;
    }
    for (size_t i = 0; i < w->tasks.len && is_whole;) {
        struct task *t = w->tasks.entries[i].value;
        if (!map_get(&named, task_id(t)))
            task_remove(t);
        if (i < w->tasks.len && w->tasks.entries[i].value == t)
            i++;
    }
    map_deinit(&named);
}

void worker_apply(struct worker *w, Swarm__AssignmentsMessage *m)
{
    bool is_complete = m->type == SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE;
    if (is_complete) {
        worker_free_objects(&w->secrets);
        worker_free_objects(&w->configs);
    }
    apply_secrets(w, m);
    apply_configs(w, m);
    for (size_t i = 0; i < m->n_changes; i++) {
        if (has_task(m->changes[i]))
            apply_task(w, m->changes[i]);
    }
    if (is_complete)
        remove_others(w, m);
}
