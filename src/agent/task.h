/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/exit_watch.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "crypto/crypto.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "objects/objects.h"
#include "secretfs/secret_files.h"

/*
 * One task on this node, from its assignment to its end: a machine whose steps are in
 * task_machine.c (the table), task_prepare.c, task_run.c and task_stop.c. A step either
 * names the next one or begins something and waits for its callback.
 *
 * What it says about itself goes to its owner through `events`; all functions are called
 * from the loop's thread.
 */
struct task;

/* Temporary failures are tried again after this, growing. */
#define TASK_RETRY_MIN (1 * CLOCK_SECOND)
#define TASK_RETRY_MAX (30 * CLOCK_SECOND)

/* The process has ended, the engine hasn't noticed: it is asked again after this, growing
 * to TASK_RETRY_MIN. */
#define TASK_EXIT_RECHECK (5 * CLOCK_MILLISECOND)

/* How long a killed process may take to go. */
#define TASK_KILL_TIMEOUT (10 * CLOCK_SECOND)

/* How often a container is checked whose specification doesn't say. */
#define TASK_HEALTH_INTERVAL (30 * CLOCK_SECOND)

struct reference_call;
struct reference_start;

/* The values of a task's secrets that are references, while its files are made. */
struct task_references {
    size_t n, next; /* secrets, and the one that is looked at */
    struct buf *values;
    struct reference_call *call; /* for that */
};

/* What all tasks of a node share; lent to each. */
struct task_context {
    uv_loop_t *loop;
    struct engine *engine;
    struct secret_fs *fs;
    struct reference_start *starting; /* of the secrets engine */
    const struct keyring *keys;       /* that secrets' payloads are sealed with */
    const char *node_id;
    const char *hostname;
    bool is_engine_up;
    bool runs_health_checks; /* the engine, by itself */
    struct err fs_error;     /* why the engine can't see the secrets; code 0: it can */

    /* What a task refers to, NULL when this node wasn't given it. A secret's payload is
     * sealed (payload.h). */
    const Swarm__Secret *(*secret)(void *user, const char *id, const char *task_id);
    const Swarm__Config *(*config)(void *user, const char *id);
    /* The task's status has changed. */
    void (*on_status)(void *user, struct task *t);
    /* The task was removed: nothing of it is left. It must be closed now. */
    void (*on_gone)(void *user, struct task *t);
    void *user;
};

enum task_step {
    TASK_STEP_ACCEPT,
    TASK_STEP_IMAGE,
    TASK_STEP_FILES,
    TASK_STEP_CREATE,
    TASK_STEP_READY,
    TASK_STEP_START,
    TASK_STEP_LOOK,
    TASK_STEP_HEALTH,
    TASK_STEP_RUN,
    TASK_STEP_STOP,
    TASK_STEP_REMOVE,
    TASK_STEP_OVER,
    TASK_STEPS,
};

struct task {
    const struct task_context *context;
    struct list link; /* the owner's */
    Swarm__Task *spec;
    char *name; /* of the container */
    enum task_step step;
    bool is_begun;
    bool is_due; /* the step is to be entered */
    bool is_running_step;
    bool is_awaiting_engine;
    bool is_removed;         /* no longer assigned */
    bool was_created;        /* a container may exist */
    bool was_created_before; /* that, when the last try to create one began */
    bool was_started;        /* it may have run */
    bool is_unhealthy;
    struct err start_error; /* the engine's, which may be wrong; code 0: none */
    bool has_files;
    Swarm__TaskState desired;

    /* What its end will be reported as when its files have gone; NEW: nothing. */
    Swarm__TaskState end;
    const char *end_message;

    /* What is reported. */
    Swarm__TaskState state;
    const char *message;
    struct err error;
    int64_t changed_at;
    char *container_id;
    int32_t pid, exit_code;
    size_t n_ports;
    struct engine_port *ports;

    /* What is under way. */
    struct engine_call *call;
    struct task_references references;
    struct secret_files files;
    bool has_news; /* since the engine was asked what became of the container */
    struct exit_watch *watch;
    int32_t ended_pid; /* seen to have ended */
    unsigned stop_stage;
    char stop_signal[32];
    enum engine_health health;
    int64_t health_interval;
    struct engine_call *health_call;
    struct timer retry, grace, health_timer;
    int64_t retry_delay, wipe_delay;
    bool is_closed;
    struct loop_close closing, *closed;
};

/* How the list of containers showed a task's at the agent's start. */
enum task_found {
    TASK_FOUND_NOTHING,
    TASK_FOUND_CREATED,
    TASK_FOUND_RUNNING,
    TASK_FOUND_ENDED,
};

/* Makes a task from its assignment (copied). It does nothing before task_begin. */
int task_new(const struct task_context *context, const Swarm__Task *assigned,
             struct task **out, struct err *e) MUST_CHECK;

/* Begins it: from the beginning, or with the container that was found. */
void task_begin(struct task *t, enum task_found found, const char *container_id);

/* The manager's desire has changed; one that goes back is ignored. */
void task_desire(struct task *t, Swarm__TaskState desired);

/* The task is no longer assigned: it is stopped and everything of it removed; then
 * on_gone. */
void task_remove(struct task *t);

/* The engine answers again. */
void task_engine_up(struct task *t);

/* The engine told an event of this task's container. */
void task_container_event(struct task *t, const char *action);

/* Lets go of the task without touching its container or files. c is told when its memory
 * is gone too. */
void task_close(struct task *t, struct loop_close *c);

const char *task_id(const struct task *t);

/* How long its process may take to end when it is asked to. */
int64_t task_grace_period(const struct task *t);

/* Its status as a message; free with message_free. */
int task_status(const struct task *t, Swarm__TaskStatus **out) MUST_CHECK;

/* ---- for the machine's own files ---- */

/* The next step. */
void task_go(struct task *t, enum task_step step);

/* Runs the steps that are due. Callbacks end with it. */
void task_run(struct task *t);

bool task_is_stopping(const struct task *t);

/* Every callback of a call asks first: false when the task was closed meanwhile. */
bool task_goes_on(struct task *t);

/* Reports a state; a state never goes back. */
void task_report(struct task *t, Swarm__TaskState state, const char *message);

/* Nothing of it runs any more: its files go, then that state is reported. */
void task_end(struct task *t, Swarm__TaskState state, const char *message);

/* The task is over because of e: rejected before it was started, failed from then on. */
void task_fail(struct task *t, const struct err *e);

/* A call failed. True when it only has to be tried again: the step is due again when the
 * engine is back, or after a while. */
bool task_retry_after(struct task *t, int r, const struct err *e);
void task_retry_in(struct task *t, int64_t delay);

/* Wipes and removes its files. */
void task_wipe(struct task *t);

/* What the container is called to the engine: its id, or its name while only that is
 * known. */
const char *task_container(const struct task *t);

/* Asks for the secrets that are references (task_references.c). While it is waiting, the
 * step comes again when it is to go on. */
int task_references_ask(struct task *t, bool *is_waiting, struct err *e) MUST_CHECK;

/* Where the values lie of the variables that are references to the swarm's own secrets,
 * once the files are written: a new array, whose texts are the task's. */
int task_references_given(struct task *t, struct engine_given **out, size_t *n,
                          struct err *e) MUST_CHECK;

/* Forgets their values and whom was asked. */
void task_references_drop(struct task *t);

void task_step_accept(struct task *t);
void task_step_image(struct task *t);
void task_step_files(struct task *t);
void task_step_create(struct task *t);
void task_step_ready(struct task *t);
void task_step_start(struct task *t);
void task_step_look(struct task *t);
void task_step_health(struct task *t);
void task_step_run(struct task *t);
void task_step_stop(struct task *t);
void task_step_remove(struct task *t);
void task_step_over(struct task *t);

/* Timers' callbacks. */
void task_grace_over(void *user);
void task_health_due(void *user);

/* A check of the container's health gave this. */
void task_health_seen(struct task *t, enum engine_health health);
