/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "swarm/dispatcher.pb-c.h"

/*
 * The manager's decisions, as pure code: (view of the store, time, randomness given in)
 * -> changes in a transaction. Two halves:
 *
 * control.h is what a user asks for, checked against the store and written: create,
 * update, remove of secrets, configs, services, nodes, the cluster.
 *
 * manager_run() is the control loop of the leader: orchestrator (replicated services),
 * updater (rolling updates), restart (delays and attempts), reaper (history), allocator,
 * scheduler. It runs inside the same transaction as what made it necessary, so a new
 * service and its scheduled tasks are one commit.
 *
 * Everything the loop knows beyond the store (delays that run, updates under way) it can
 * rebuild from the store, so a new leader, a restart or a failed commit needs only
 * manager_reset().
 */

/* What pure code can't know by itself. */
struct manager_env {
    int64_t now; /* real time, ns */
    /* Random bytes for ids; seeded in a simulation. */
    void (*random)(void *rng, void *out, size_t n);
    void *rng;
};

/* Writes a new object id. */
void manager_new_id(const struct manager_env *env, char id[OBJECT_ID_SIZE]);

struct manager;

struct manager *manager_new(void);
void manager_free(struct manager *m);

/* Forgets what was observed; the next run looks at everything in the view. */
void manager_reset(struct manager *m);

/*
 * Brings the cluster nearer to what is asked for, given tx (whose changes since the last
 * run are new to it; tx is built on the committed store) and the time. Writes to tx.
 * Called for each transaction before it is committed, and when the time of
 * manager_deadline() has come. A failed run leaves tx as it was. After an error, or
 * when the commit fails: manager_reset().
 *
 * One run makes a limited number of tasks; when there are more to make, the deadline is
 * now.
 */
int manager_run(struct manager *m, struct store_tx *tx, const struct manager_env *env,
                struct err *e) MUST_CHECK;

/* When it wants to run again if nothing happens before; CLOCK_NEVER when it needn't. */
int64_t manager_deadline(const struct manager *m);

/* ---- what a node must have (assignments.c) ---- */

/*
 * The assignments of one node, as the dispatcher sends them: its tasks in state ASSIGNED
 * or later, and the secrets and configs that those of them refer to which aren't over.
 *
 * The set remembers what the node was told. assignments_update() returns the message that
 * brings the node from there to what the view has: at first COMPLETE, then INCREMENTAL
 * (NULL when there is nothing new). Secrets in it are as the view has them, payload
 * sealed: the dispatcher opens them on the way out. After ERR_NO_MEMORY the set is as
 * new, and the next message COMPLETE.
 *
 * A message that has ASSIGNMENTS_MESSAGE_SIZE bytes of objects takes no more secrets,
 * configs and new tasks (those that the node has already must all be in the COMPLETE
 * one); while assignments_has_more(), the next update tells more of them, though nothing
 * changes meanwhile. A new task comes with or after the last object that it needs.
 */
#define ASSIGNMENTS_MESSAGE_SIZE (32 * 1024 * 1024)
struct assignments;
struct assignments *assignments_new(const char *node_id);
void assignments_free(struct assignments *a);
int assignments_update(struct assignments *a, const struct store_view *v,
                       Swarm__AssignmentsMessage **out) MUST_CHECK;
bool assignments_has_more(const struct assignments *a);

/* Tells the set of a change in the store; every change must be told, from its first
 * message on. True when the change is about a task of the node, so that an update is due.
 */
bool assignments_is_concerned(struct assignments *a, const struct store_change *c);

/*
 * Takes a node's report about one of its tasks into tx. Unknown tasks are ignored, and so
 * is a state that lies behind the one that is known. A task of another node is
 * ERR_PERMISSION_DENIED "cannot update a task not assigned this node"; a state that isn't
 * a node's to report is ERR_INVALID_ARGUMENT, and so is a
 * status with more ports, or more bytes without its texts, than the limits say. Texts are
 * cut to TASK_STATUS_TEXT_LIMIT.
 */
#define TASK_STATUS_TEXT_LIMIT 4096
#define TASK_STATUS_SIZE_LIMIT (128 * 1024)
#define TASK_STATUS_PORTS_LIMIT 1024
int task_status_report(struct store_tx *tx, const char *node_id, const char *task_id,
                       const Swarm__TaskStatus *status, int64_t now,
                       struct err *e) MUST_CHECK;
