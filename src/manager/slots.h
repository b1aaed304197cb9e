/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/pass.h"

/*
 * Private to the manager: one look at one replicated service. Its tasks are grouped by
 * slot, oldest first; what the parts write shows in the groups at once.
 */
struct slot {
    uint64_t number;
    const struct object **tasks; /* each holds a reference */
    size_t len, cap;
};

struct round {
    struct pass *pass;
    struct service_state *state;
    const struct object *holds_service; /* a reference; NULL when the service is gone */
    const Swarm__Service *service;
    struct slot *slots; /* sorted by number */
    size_t len, cap;
    int64_t next; /* when the service wants to be looked at again */
};

/* Looks up the service and its tasks. */
int round_load(struct round *r, struct pass *p, struct service_state *s) MUST_CHECK;
void round_deinit(struct round *r);

/* At `t` at the latest the service must be looked at again. */
void round_wake(struct round *r, int64_t t);

/* The slot of this number: NULL when there is none, or made then. Slots move when another
 * one is made. */
struct slot *round_find_slot(const struct round *r, uint64_t number);
int round_slot(struct round *r, uint64_t number, struct slot **out) MUST_CHECK;

static inline const Swarm__Task *slot_task(const struct slot *s, size_t i)
{
    return s->tasks[i]->task;
}

/* May this run make one more task? If not, the next one is due at once. */
bool round_may_add_task(struct round *r);

/* Makes a new task in a slot. */
int slot_add_task(struct round *r, struct slot *s, Swarm__TaskState desired) MUST_CHECK;

/* Changes what is desired of a task, if that is a step forward. One that has no node and
 * is no longer wanted is over with that. */
int slot_set_desired(struct round *r, struct slot *s, size_t i,
                     Swarm__TaskState desired) MUST_CHECK;

/* Removes a task from the store and the slot. */
int slot_remove_task(struct round *r, struct slot *s, size_t i) MUST_CHECK;

/* Writes the service anew; copy moves in. */
int round_update_service(struct round *r, struct object *copy) MUST_CHECK;

/* ---- what holds for a task ---- */

/* The node it is on; NULL when it has none or it is gone. Lent by the view. */
const Swarm__Node *task_node(const struct round *r, const Swarm__Task *t);

/* Ended, or never going to begin. */
bool task_is_over(const Swarm__Task *t);

/* Is it asked to run (or to get ready for it)? */
static inline bool task_is_wanted(const Swarm__Task *t)
{
    return t->desired_state <= SWARM__TASK_STATE__RUNNING;
}

/* Must it be replaced because the service asks for something else now? */
bool task_is_outdated(const struct round *r, const Swarm__Task *t);
