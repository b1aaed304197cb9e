/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assignment messages: secrets first, then configs, then the tasks that use them. The
 * objects are moved out of the message, and a secret's payload is sealed before anything
 * else happens: no plain copy stays.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/payload.h"
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
static int put_object(struct map *objects, const char *id, ProtobufCMessage *object,
                      bool is_removed)
{
    cleanup_message ProtobufCMessage *owned = object;
    void *old = NULL;
    if (is_removed) {
        old = map_remove(objects, id);
    } else if (objects->len >= WORKER_OBJECTS_MAX) {
        log_error("%s can't be kept: more than %d objects", id, WORKER_OBJECTS_MAX);
    } else {
        if (map_put(objects, id, object, &old))
            return ERR_NO_MEMORY;
        owned = NULL;
    }
    message_free(old);
    return 0;
}

static bool is_removal(const Swarm__AssignmentChange *c)
{
    return c->action == SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__REMOVE;
}

static int put_secret(struct map *secrets, const struct keyring *keys, Swarm__Secret *s,
                      bool is_removed)
{
    struct err e;
    int r = is_removed ? 0 : payload_seal(keys, s, &e);
    if (!r)
        return put_object(secrets, s->id, &s->base, is_removed);
    message_free(&s->base);
    if (r == ERR_NO_MEMORY)
        return r;
    log_error("a secret can't be kept: %s", err_text(&e));
    return 0;
}

static int apply_secrets(struct map *secrets, const struct keyring *keys,
                         Swarm__AssignmentsMessage *m)
{
    int r = 0;
    for (size_t i = 0; i < m->n_changes && !r; i++) {
        Swarm__Assignment *a = m->changes[i]->assignment;
        if (a && a->item_case == SWARM__ASSIGNMENT__ITEM_SECRET && a->secret)
            r = put_secret(secrets, keys, TAKE(a->secret), is_removal(m->changes[i]));
    }
    return r;
}

static int apply_configs(struct map *configs, Swarm__AssignmentsMessage *m)
{
    int r = 0;
    for (size_t i = 0; i < m->n_changes && !r; i++) {
        Swarm__Assignment *a = m->changes[i]->assignment;
        if (!a || a->item_case != SWARM__ASSIGNMENT__ITEM_CONFIG || !a->config)
            continue;
        Swarm__Config *c = TAKE(a->config);
        r = put_object(configs, c->id, &c->base, is_removal(m->changes[i]));
    }
    return r;
}

/* A complete list takes the old one's place as a whole, or not at all. */
static int replace_objects(struct worker *w, Swarm__AssignmentsMessage *m)
{
    struct map secrets = MAP_INIT, configs = MAP_INIT;
    int r = apply_secrets(&secrets, w->keys, m);
    r = r ?: apply_configs(&configs, m);
    worker_free_objects(r ? &secrets : &w->secrets);
    worker_free_objects(r ? &configs : &w->configs);
    if (!r) {
        w->secrets = secrets;
        w->configs = configs;
    }
    return r;
}

static int change_objects(struct worker *w, Swarm__AssignmentsMessage *m)
{
    int r = apply_secrets(&w->secrets, w->keys, m);
    return r ?: apply_configs(&w->configs, m);
}

/* ---- tasks ---- */

static int add_task(struct worker *w, const Swarm__Task *assigned)
{
    struct task *t = NULL;
    if (!object_id_is_valid(assigned->id)) {
        log_error("a task with an invalid id was assigned");
        return 0;
    }
    if (w->tasks.len >= WORKER_OBJECTS_MAX) {
        log_error("task %s: too many tasks", assigned->id);
        return 0;
    }
    int r = task_new(&w->context, assigned, &t, NULL);
    if (!r && map_put(&w->tasks, assigned->id, t, NULL)) {
        task_close(t, &w->closing);
        r = ERR_NO_MEMORY;
    }
    return r;
}

/* It begins anew when what is being removed is gone. */
static int keep_for_later(struct worker *w, const Swarm__Task *assigned)
{
    void *old = NULL;
    ProtobufCMessage *copy = message_copy(&assigned->base);
    if (!copy)
        return ERR_NO_MEMORY;
    int r = map_put(&w->again, assigned->id, copy, &old);
    message_free(r ? copy : old);
    return r;
}

void worker_task_gone(struct worker *w, const char *id)
{
    cleanup_message Swarm__Task *again = map_remove(&w->again, id);
    if (!again)
        return;
    if (add_task(w, again))
        log_error("task %s: no memory to begin it again", again->id);
    struct task *t = map_get(&w->tasks, again->id);
    if (t)
        worker_begin(w, t);
}

static void remove_task(struct worker *w, struct task *t)
{
    message_free(map_remove(&w->again, task_id(t)));
    task_remove(t);
}

static int apply_task(struct worker *w, const Swarm__AssignmentChange *c)
{
    const Swarm__Task *assigned = c->assignment->task;
    struct task *t = map_get(&w->tasks, assigned->id);
    if (is_removal(c)) {
        if (t)
            remove_task(w, t);
    } else if (t && t->is_removed) {
        return keep_for_later(w, assigned);
    } else if (t) {
        task_desire(t, assigned->desired_state);
    } else {
        return add_task(w, assigned);
    }
    return 0;
}

static bool has_task(const Swarm__AssignmentChange *c)
{
    return c->assignment && c->assignment->item_case == SWARM__ASSIGNMENT__ITEM_TASK &&
           c->assignment->task;
}

static int apply_tasks(struct worker *w, const Swarm__AssignmentsMessage *m)
{
    int r = 0;
    for (size_t i = 0; i < m->n_changes && !r; i++) {
        if (has_task(m->changes[i]))
            r = apply_task(w, m->changes[i]);
    }
    return r;
}

static int name_tasks(const Swarm__AssignmentsMessage *m, struct map *named)
{
    int r = 0;
    for (size_t i = 0; i < m->n_changes && !r; i++) {
        if (has_task(m->changes[i]) && !is_removal(m->changes[i]))
            r = map_put(named, m->changes[i]->assignment->task->id, named, NULL);
    }
    return r;
}

/* Tasks of ours that the complete list doesn't name are no longer assigned. */
static int remove_others(struct worker *w, const Swarm__AssignmentsMessage *m)
{
    struct map named = MAP_INIT;
    int r = name_tasks(m, &named);
    for (size_t i = 0; i < w->tasks.len && !r;) {
        struct task *t = w->tasks.entries[i].value;
        if (!map_get(&named, task_id(t)))
            remove_task(w, t);
        if (i < w->tasks.len && w->tasks.entries[i].value == t)
            i++;
    }
    map_deinit(&named);
    return r;
}

int worker_apply(struct worker *w, Swarm__AssignmentsMessage *m)
{
    bool is_complete = m->type == SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE;
    int r = is_complete ? replace_objects(w, m) : change_objects(w, m);
    r = r ?: apply_tasks(w, m);
    if (!r && is_complete)
        r = remove_others(w, m);
    return r;
}
