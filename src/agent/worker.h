/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/agent.h"
#include "agent/reference_start.h"
#include "agent/reporter.h"
#include "agent/task.h"
#include "base/map.h"
#include "swarm/dispatcher.pb-c.h"

/*
 * What this node was assigned: its tasks with the secrets and configs they need. The
 * worker makes the node look like that: tasks begin and end, containers and files that
 * belong to no task go.
 *
 * Nothing is touched before both are known: what the manager assigns (the first COMPLETE
 * list) and what runs already (the engine's list).
 */

/* Objects of one kind that a node is assigned; more are refused with a log line. */
#define WORKER_OBJECTS_MAX 100000

struct worker {
    struct task_context context;
    struct secret_fs fs;
    struct reporter *reporter; /* borrowed */
    struct map tasks;          /* id -> struct task */
    struct map again;          /* id -> Swarm__Task: back while it is being removed */
    struct reference_start starting; /* for all tasks */
    struct keyring *keys;            /* of this worker alone, never stored */
    struct map secrets;              /* id -> Swarm__Secret, its payload sealed */
    struct map configs;
    /* Task id -> struct container, until its task has begun. A second one of the same
     * task is under its own id. */
    struct map found;
    struct list strays; /* containers that are being removed */
    bool is_listed, is_assigned, was_swept;
    struct engine_call *list_call;
    struct timer list_retry, strays_retry;
    struct timer removal; /* until something goes */
    struct timer absence; /* how long the engine may be away meanwhile */
    struct loop_close closing;
    bool is_closed;
    /* The set of tasks or a task's container has changed. May be NULL. */
    void (*on_change)(void *user, struct task *t);
    void *change_user;
    void (*removed)(void *user); /* of worker_remove_all */
    void *removed_user;
    bool has_remains; /* it ended before all containers were gone */
};

int worker_init(struct worker *w, uv_loop_t *loop, struct engine *engine,
                const char *node_id, const char *secrets_dir, struct reporter *reporter,
                struct err *e) MUST_CHECK;

/* Takes assignments; the message moves in. After an error (ERR_NO_MEMORY) some of it may
 * be missing: the manager must be asked for the complete list again. */
int worker_assign(struct worker *w, Swarm__AssignmentsMessage *m,
                  struct err *e) MUST_CHECK;

/* Tells the reporter the status of every task again. */
void worker_report_all(struct worker *w);

void worker_engine_up(struct worker *w, const struct engine_info *info);
void worker_engine_down(struct worker *w);
void worker_container_event(struct worker *w, const char *container_id,
                            const char *action);

/* Lets go of everything, leaving tasks as they are. */
void worker_close(struct worker *w, void (*closed)(void *user), void *user);

/* ---- assignments.c ---- */

/* The message's objects, sorted into the worker's maps. ERR_NO_MEMORY. */
int worker_apply(struct worker *w, Swarm__AssignmentsMessage *m) MUST_CHECK;
void worker_free_objects(struct map *objects);
const Swarm__Secret *worker_secret(void *user, const char *id, const char *task_id);
const Swarm__Config *worker_config(void *user, const char *id);

/* A task is gone: it begins anew when it was assigned again meanwhile. */
void worker_task_gone(struct worker *w, const char *id);

/* Begins a task whose assignment came, if it is time. */
void worker_begin(struct worker *w, struct task *t);

/* ---- strays.c ---- */

/* A container of this node, as the engine listed it. */
struct container {
    struct list link; /* in strays */
    struct worker *worker;
    char *id, *task_id;
    enum task_found found;
    struct engine_call *call;
};

/* Was it made for a task? The label alone doesn't tell: `docker commit` copies it into
 * the image, and so into containers of users. Ours are also named "<...>.<task id>". */
bool container_is_ours(const struct engine_state *s);

int container_new(struct worker *w, const struct engine_state *s,
                  struct container **out) MUST_CHECK;
void container_free(struct container *c);

/* Of two containers of one task, the one of the higher rank is the task's. */
int container_rank(const struct container *c);

/* Everything that is known belongs to a task or is removed. */
void worker_sweep(struct worker *w);

/* Tries again to remove containers that no task has. */
void worker_retry_strays(struct worker *w);

/* ---- removal.c ---- */

/* As agent_remove_all has it. */
void worker_remove_all(struct worker *w, void (*done)(void *user), void *user);

/* Calls what waits for the end of everything, when that has come. */
void worker_check_removed(struct worker *w);

/* A task or a stray is gone: the rest is given its time anew. Ends with the check. */
void worker_something_went(struct worker *w);

/* The engine came or went. */
void worker_watch_absence(struct worker *w);

/* The timers' callback. */
void worker_removal_due(void *user);
