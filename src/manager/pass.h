/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/state.h"

/*
 * Private to the manager: one run of the control loop, and how its parts write. What they
 * write is seen at once by the parts that follow.
 */
struct pass {
    struct manager *m;
    struct store_tx *tx;
    const struct store_view *view; /* of tx */
    const struct manager_env *env;
    size_t tasks_left; /* that may still be made in this run */
    struct err *e;
};

/* A run makes at most so many tasks, so that no commit gets too big; the next one goes on
 * at once. */
#define TASKS_PER_RUN 1000

/* A copy of an object, to be changed and given to pass_update. */
int pass_edit(struct pass *p, const struct object *o, struct object **copy) MUST_CHECK;

/* Write; obj moves in. *out, when not NULL, is a reference to what was written. */
int pass_create(struct pass *p, struct object *obj, const struct object **out) MUST_CHECK;
int pass_update(struct pass *p, struct object *obj, const struct object **out) MUST_CHECK;
int pass_remove_task(struct pass *p, const struct object *task) MUST_CHECK;

/* The parts that work on all services at once. */
int allocator_run(struct pass *p) MUST_CHECK;
int scheduler_run(struct pass *p) MUST_CHECK;

/* Tasks on nodes that changed and that don't suit them any more are REJECTED. */
int enforcer_run(struct pass *p) MUST_CHECK;

/* The tasks of nodes that were down for too long are ORPHANED. */
int orphans_run(struct pass *p) MUST_CHECK;

/* Looks at one service: its slots, restarts, rolling update, history. */
int replicated_run(struct pass *p, struct service_state *s) MUST_CHECK;
