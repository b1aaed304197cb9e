/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "manager/control.h"
#include "store_fixture.h"

/*
 * A cluster for the manager's tests: a store, the control loop, a clock that stands still
 * until it is told to move, and helpers that play the user and the nodes. Each helper is
 * one transaction: it writes, lets the control loop run, and commits.
 *
 * Ids of services, secrets and nodes are their names here, to be readable.
 */
struct world {
    struct store *store;
    struct manager *manager;
    struct store_tx *tx;
    int64_t now;
    uint64_t random;
    struct err e;
    char text[16384];
};

#define WORLD_START (1000000 * CLOCK_SECOND)

static inline void world_random(void *rng, void *out, size_t n)
{
    struct world *w = rng;
    for (size_t i = 0; i < n; i++) {
        w->random = w->random * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(w->random >> 33);
    }
}

static inline struct manager_env world_env(struct world *w)
{
    return (struct manager_env){.now = w->now, .random = world_random, .rng = w};
}

static inline void world_open(struct world *w)
{
    *w = (struct world){.store = store_new(), .manager = manager_new()};
    assert_non_null(w->store);
    assert_non_null(w->manager);
    w->now = WORLD_START;
}

static inline void world_close(struct world *w)
{
    store_tx_drop(w->tx);
    manager_free(w->manager);
    store_free(w->store);
}

static inline void world_begin(struct world *w)
{
    w->e = (struct err){0};
    w->tx = fixture_begin(w->store, w->now);
}

/* Lets the control loop run in the transaction, and commits. */
static inline void world_commit(struct world *w)
{
    struct manager_env env = world_env(w);
    assert_int_equal(manager_run(w->manager, w->tx, &env, &w->e), 0);
    store_tx_prepare(w->tx);
    store_apply(w->store, w->tx);
    w->tx = NULL;
}

/* Ends a transaction that was refused, which must have been with this error. */
static inline void world_refused(struct world *w, int r, int code, const char *text)
{
    assert_string_equal(w->e.text, text);
    assert_int_equal(r, code);
    store_tx_drop(w->tx);
    w->tx = NULL;
}

/* Lets time go by; the control loop runs when it wants to. */
static inline void world_wait(struct world *w, int64_t duration)
{
    int64_t end = w->now + duration;
    while (manager_deadline(w->manager) <= end) {
        if (manager_deadline(w->manager) > w->now)
            w->now = manager_deadline(w->manager);
        world_begin(w);
        world_commit(w);
    }
    w->now = end;
}

/* ---- objects ---- */

static inline void *world_new(const ProtobufCMessageDescriptor *type)
{
    void *m = message_new(type);
    assert_non_null(m);
    return m;
}

static inline void world_duration(Swarm__Duration **field, int64_t d)
{
    assert_int_equal(message_set_duration(field, d), 0);
}

static inline void world_add_node(struct world *w, const char *id)
{
    struct object *o = fixture_object(OBJECT_NODE, id, id);
    o->node->status->state = SWARM__NODE_STATUS__STATE__READY;
    world_begin(w);
    assert_int_equal(store_tx_create(w->tx, o, &w->e), 0);
    world_commit(w);
}

/* A copy of an object as it is now, to be changed and written. */
static inline struct object *world_edit(struct world *w, enum object_kind kind,
                                        const char *id)
{
    const struct object *o = store_get(store_view(w->store), kind, id);
    struct object *copy = NULL;
    assert_non_null(o);
    assert_int_equal(object_copy(o, &copy), 0);
    return copy;
}

static inline void world_write(struct world *w, struct object *o)
{
    world_begin(w);
    assert_int_equal(store_tx_update(w->tx, o, &w->e), 0);
    world_commit(w);
}

static inline void world_set_node(struct world *w, const char *id,
                                  Swarm__NodeStatus__State state,
                                  Swarm__NodeSpec__Availability availability)
{
    struct object *o = world_edit(w, OBJECT_NODE, id);
    o->node->status->state = state;
    o->node->spec->availability = availability;
    world_write(w, o);
}

/* The one cluster, with a history limit. */
static inline void world_add_cluster(struct world *w, int64_t history)
{
    struct object *o = fixture_object(OBJECT_CLUSTER, "c", "default");
    o->cluster->spec->orchestration = world_new(&swarm__orchestration_config__descriptor);
    o->cluster->spec->orchestration->task_history_retention_limit = history;
    world_begin(w);
    assert_int_equal(store_tx_create(w->tx, o, &w->e), 0);
    world_commit(w);
}

/* A replicated service of a container. */
static inline Swarm__ServiceSpec *world_spec(const char *name, uint64_t replicas)
{
    Swarm__ServiceSpec *spec = world_new(&swarm__service_spec__descriptor);
    spec->annotations = world_new(&swarm__annotations__descriptor);
    fixture_set(&spec->annotations->name, name);
    spec->task = world_new(&swarm__task_spec__descriptor);
    fixture_set(&fixture_container(spec->task)->image, "busybox");
    spec->mode_case = SWARM__SERVICE_SPEC__MODE_REPLICATED;
    spec->replicated = world_new(&swarm__replicated_service__descriptor);
    spec->replicated->replicas = replicas;
    return spec;
}

static inline Swarm__RestartPolicy *
world_policy(Swarm__ServiceSpec *spec, Swarm__RestartPolicy__RestartCondition condition)
{
    spec->task->restart = world_new(&swarm__restart_policy__descriptor);
    spec->task->restart->condition = condition;
    return spec->task->restart;
}

static inline Swarm__UpdateConfig *world_update_config(Swarm__UpdateConfig **field,
                                                       uint64_t parallelism)
{
    *field = world_new(&swarm__update_config__descriptor);
    (*field)->parallelism = parallelism;
    return *field;
}

static inline Swarm__Placement *world_constraint(Swarm__ServiceSpec *spec,
                                                 const char *text)
{
    if (!spec->task->placement)
        spec->task->placement = world_new(&swarm__placement__descriptor);
    Swarm__Placement *p = spec->task->placement;
    assert_int_equal(
        message_append(&p->n_constraints, &p->constraints, mem_dup(text, strlen(text))),
        0);
    return p;
}

static inline void world_use_secret(Swarm__ServiceSpec *spec, const char *id,
                                    const char *name)
{
    Swarm__ContainerSpec *c = fixture_container(spec->task);
    Swarm__SecretReference *ref = world_new(&swarm__secret_reference__descriptor);
    fixture_set(&ref->secret_id, id);
    fixture_set(&ref->secret_name, name);
    assert_int_equal(message_append(&c->n_secrets, &c->secrets, ref), 0);
}

/* ---- the user ---- */

/* What control_create answers; the transaction stays open unless it went well. */
static inline int world_try_create(struct world *w, enum object_kind kind, const char *id,
                                   void *spec)
{
    struct manager_env env = world_env(w);
    world_begin(w);
    int r = control_create(w->tx, &env, kind, id, spec, NULL, &w->e);
    if (!r)
        world_commit(w);
    return r;
}

static inline void world_create(struct world *w, Swarm__ServiceSpec *spec)
{
    char id[64];
    strcpy_cut(id, sizeof(id), spec->annotations->name);
    assert_int_equal(world_try_create(w, OBJECT_SERVICE, id, spec), 0);
}

static inline void world_add_secret(struct world *w, const char *name)
{
    Swarm__SecretSpec *spec = world_new(&swarm__secret_spec__descriptor);
    spec->annotations = world_new(&swarm__annotations__descriptor);
    fixture_set(&spec->annotations->name, name);
    assert_int_equal(message_set_bytes(&spec->data, "x", 1), 0);
    assert_int_equal(world_try_create(w, OBJECT_SECRET, name, spec), 0);
}

static inline const Swarm__Service *world_service(const struct world *w, const char *id)
{
    const struct object *o = store_get(store_view(w->store), OBJECT_SERVICE, id);
    return o ? o->service : NULL;
}

static inline int world_try_update(struct world *w, enum object_kind kind, const char *id,
                                   struct control_update how, void *spec)
{
    const struct object *o = store_get(store_view(w->store), kind, id);
    struct manager_env env = world_env(w);
    if (!how.version && o)
        how.version = object_version(o);
    world_begin(w);
    int r = control_update(w->tx, &env, kind, id, &how, spec, NULL, &w->e);
    if (!r)
        world_commit(w);
    return r;
}

/* The service's spec as it is, to be changed and given to world_update. */
static inline Swarm__ServiceSpec *world_spec_of(const struct world *w, const char *id)
{
    const Swarm__Service *s = world_service(w, id);
    assert_non_null(s);
    Swarm__ServiceSpec *copy = (Swarm__ServiceSpec *)message_copy(&s->spec->base);
    assert_non_null(copy);
    return copy;
}

static inline void world_update(struct world *w, const char *id, Swarm__ServiceSpec *spec)
{
    struct control_update how = {0};
    assert_int_equal(world_try_update(w, OBJECT_SERVICE, id, how, spec), 0);
}

static inline void world_set_image(struct world *w, const char *id, const char *image)
{
    Swarm__ServiceSpec *spec = world_spec_of(w, id);
    fixture_set(&spec->task->container->image, image);
    world_update(w, id, spec);
}

static inline void world_scale(struct world *w, const char *id, uint64_t replicas)
{
    Swarm__ServiceSpec *spec = world_spec_of(w, id);
    spec->replicated->replicas = replicas;
    world_update(w, id, spec);
}

static inline int world_try_remove(struct world *w, enum object_kind kind, const char *id,
                                   bool force)
{
    struct manager_env env = world_env(w);
    world_begin(w);
    int r = control_remove(w->tx, &env, kind, id, force, &w->e);
    if (!r)
        world_commit(w);
    return r;
}

static inline void world_remove(struct world *w, enum object_kind kind, const char *id)
{
    assert_int_equal(world_try_remove(w, kind, id, false), 0);
}

/* ---- tasks ---- */

static inline int world_by_slot(const void *a, const void *b)
{
    const Swarm__Task *x = (*(const struct object *const *)a)->task;
    const Swarm__Task *y = (*(const struct object *const *)b)->task;
    if (x->slot != y->slot)
        return x->slot < y->slot ? -1 : 1;
    int64_t s = message_time(x->meta->created_at, 0);
    int64_t t = message_time(y->meta->created_at, 0);
    return s != t ? (s < t ? -1 : 1) : strcmp(x->id, y->id);
}

/* All tasks of a service, by slot and age. */
static inline void world_tasks(const struct world *w, const char *service,
                               struct object_list *out)
{
    assert_int_equal(
        store_find(store_view(w->store), OBJECT_TASK, STORE_BY_SERVICE, service, out), 0);
    if (out->len)
        qsort(out->objects, out->len, sizeof(out->objects[0]), world_by_slot);
}

/* The newest task of a slot; lent by the store. */
static inline const Swarm__Task *world_task(const struct world *w, const char *service,
                                            uint64_t slot)
{
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    world_tasks(w, service, &l);
    const Swarm__Task *found = NULL;
    for (size_t i = 0; i < l.len; i++)
        if (l.objects[i]->task->slot == slot)
            found = l.objects[i]->task;
    assert_non_null(found);
    return found;
}

/* The node of a task says how it is. */
static inline void world_report_task(struct world *w, const Swarm__Task *t,
                                     Swarm__TaskState state, const char *message,
                                     const char *err)
{
    cleanup_message Swarm__TaskStatus *status =
        world_new(&swarm__task_status__descriptor);
    status->state = state;
    fixture_set(&status->message, message);
    fixture_set(&status->err, err);
    assert_int_equal(message_set_time(&status->timestamp, w->now), 0);
    world_begin(w);
    assert_int_equal(task_status_report(w->tx, t->node_id, t->id, status, w->now, &w->e),
                     0);
    world_commit(w);
}

static inline void world_run(struct world *w, const char *service, uint64_t slot)
{
    world_report_task(w, world_task(w, service, slot), SWARM__TASK_STATE__RUNNING,
                      "started", "");
}

static inline void world_fail(struct world *w, const char *service, uint64_t slot)
{
    world_report_task(w, world_task(w, service, slot), SWARM__TASK_STATE__FAILED,
                      "started", "task: non-zero exit (1)");
}

/* Lets each task do what is desired of it: run, or stop. Tasks that are to get ready do
 * that. */
static inline void world_obey(struct world *w, const char *service)
{
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    world_tasks(w, service, &l);
    for (size_t i = 0; i < l.len; i++) {
        const Swarm__Task *t = l.objects[i]->task;
        if (str_is_empty(t->node_id) || t->status->state > SWARM__TASK_STATE__RUNNING)
            continue;
        if (t->desired_state > SWARM__TASK_STATE__RUNNING)
            world_report_task(w, t, SWARM__TASK_STATE__SHUTDOWN, "shutdown", "");
        else if (t->desired_state == SWARM__TASK_STATE__RUNNING)
            world_report_task(w, t, SWARM__TASK_STATE__RUNNING, "started", "");
        else
            world_report_task(w, t, SWARM__TASK_STATE__READY, "prepared", "");
    }
}

/* The tasks of a service as a table, a line each: slot, desired state, state, node; the
 * oldest of a slot first. */
static inline const char *world_show(struct world *w, const char *service)
{
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    world_tasks(w, service, &l);
    size_t n = 0;
    w->text[0] = '\0';
    for (size_t i = 0; i < l.len && n < sizeof(w->text); i++) {
        const Swarm__Task *t = l.objects[i]->task;
        n += (size_t)snprintf(w->text + n, sizeof(w->text) - n, "%d %s %s %s\n",
                              (int)t->slot, task_state_name(t->desired_state),
                              task_state_name(t->status->state),
                              *t->node_id ? t->node_id : "-");
    }
    return w->text;
}

/* What the service says of its update: "updating: update in progress"; "-" for nothing.
 * Ids of tasks are left out. */
static inline const char *world_update_status(struct world *w, const char *service)
{
    static const char *const names[] = {
        "unknown",         "updating",          "paused", "completed", "rollback_started",
        "rollback_paused", "rollback_completed"};
    const Swarm__UpdateStatus *s = world_service(w, service)->update_status;
    if (!s)
        return "-";
    int n = snprintf(w->text, sizeof(w->text), "%s: %s", names[s->state], s->message);
    char *task = strstr(w->text, "of task ");
    if (task && n - (task + 8 - w->text) == OBJECT_ID_LENGTH)
        task[7] = '\0';
    return w->text;
}
