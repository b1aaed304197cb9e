/* SPDX-License-Identifier: Apache-2.0 */
/*
 *  ACCEPT -> IMAGE -> FILES -> CREATE -> READY -> START -> LOOK -> [HEALTH ->] RUN
 *                                ^                 ^        |                   |
 *                                |                 +--------+ <-- exit, events -+
 *                                v                          v
 *                              (LOOK when the name is taken: it may be our own)
 *
 *  From everywhere: a failure -> OVER; to be stopped -> STOP (it may run) -> LOOK ->
 *  REMOVE -> OVER. LOOK asks the engine what became of the container and goes wherever
 *  that leads; everything that is uncertain leads to LOOK.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agent/task.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/clock.h"

#define MAY(step) (1u << TASK_STEP_##step)
#define MAY_END (MAY(REMOVE) | MAY(OVER))

static const struct {
    const char *name;
    unsigned may_follow; /* the steps that it may go to */
    void (*enter)(struct task *t);
} steps[TASK_STEPS] = {
    [TASK_STEP_ACCEPT] = {"accept", MAY(IMAGE) | MAY_END, task_step_accept},
    [TASK_STEP_IMAGE] = {"image", MAY(FILES) | MAY_END, task_step_image},
    [TASK_STEP_FILES] = {"files", MAY(CREATE) | MAY_END, task_step_files},
    [TASK_STEP_CREATE] = {"create", MAY(READY) | MAY(LOOK) | MAY_END, task_step_create},
    [TASK_STEP_READY] = {"ready", MAY(START) | MAY_END, task_step_ready},
    [TASK_STEP_START] = {"start", MAY(LOOK) | MAY_END, task_step_start},
    [TASK_STEP_LOOK] = {"look",
                        MAY(READY) | MAY(START) | MAY(HEALTH) | MAY(RUN) | MAY(STOP) |
                            MAY_END,
                        task_step_look},
    [TASK_STEP_HEALTH] = {"health", MAY(LOOK) | MAY(RUN) | MAY(STOP), task_step_health},
    [TASK_STEP_RUN] = {"run", MAY(LOOK) | MAY(STOP), task_step_run},
    [TASK_STEP_STOP] = {"stop", MAY(LOOK) | MAY_END, task_step_stop},
    [TASK_STEP_REMOVE] = {"remove", MAY(OVER), task_step_remove},
    [TASK_STEP_OVER] = {"over", MAY(REMOVE), task_step_over},
};

void task_go(struct task *t, enum task_step step)
{
    assert(steps[t->step].may_follow & 1u << step);
    log_debug("task %s: %s -> %s", task_id(t), steps[t->step].name, steps[step].name);
    if (t->step == TASK_STEP_FILES)
        task_references_drop(t);
    t->step = step;
    t->is_due = true;
}

bool task_is_stopping(const struct task *t)
{
    return t->is_removed || t->desired >= SWARM__TASK_STATE__SHUTDOWN;
}

/* A task that is to stop doesn't begin anything new. One that may run is looked at before
 * it is stopped, so that its end will be noticed. */
static void turn_to_stop(struct task *t)
{
    if (!task_is_stopping(t))
        return;
    if (t->step == TASK_STEP_HEALTH || t->step == TASK_STEP_RUN)
        task_go(t, TASK_STEP_STOP);
    else if (t->step == TASK_STEP_START && t->was_started)
        task_go(t, TASK_STEP_LOOK);
    else if (t->step <= TASK_STEP_START)
        task_go(t, TASK_STEP_REMOVE);
}

void task_run(struct task *t)
{
    if (t->is_running_step)
        return;
    t->is_running_step = true;
    while (t->is_due && !t->is_closed) {
        t->is_due = false;
        t->is_awaiting_engine = false;
        turn_to_stop(t);
        t->is_due = false;
        steps[t->step].enter(t);
    }
    t->is_running_step = false;
    if (t->step == TASK_STEP_OVER && t->is_removed && !t->was_created && !t->has_files &&
        !t->is_closed)
        t->context->on_gone(t->context->user, t);
}

/* ---- what happens to it ---- */

/* Is it waiting in a step that a call of the engine's isn't needed to leave? */
static bool is_parked(const struct task *t)
{
    return !t->call && !timer_is_running(&t->retry);
}

static void look(struct task *t)
{
    if (t->step == TASK_STEP_LOOK && t->call) {
        t->has_news = true;
        return;
    }
    if (t->step == TASK_STEP_LOOK && timer_is_running(&t->retry)) {
        timer_cancel(&t->retry);
        t->is_due = true;
        task_run(t);
        return;
    }
    if (is_parked(t) && (t->step == TASK_STEP_HEALTH || t->step == TASK_STEP_RUN ||
                         t->step == TASK_STEP_STOP)) {
        task_go(t, TASK_STEP_LOOK);
        task_run(t);
    }
}

/* The steps before a container can exist are given up at once; pulling an image may take
 * long. The others end soon, and their outcome matters. A task that hasn't begun may have
 * a container that isn't known yet. */
static void hurry(struct task *t)
{
    if (!t->is_begun)
        return;
    if (t->step == TASK_STEP_IMAGE && t->call) {
        engine_cancel(t->call);
        return;
    }
    if (t->call)
        return;
    if (t->step == TASK_STEP_OVER && !t->is_removed)
        return;
    if (t->step == TASK_STEP_OVER)
        t->is_due = true;
    else if (t->step < TASK_STEP_STOP && t->step != TASK_STEP_LOOK) {
        timer_cancel(&t->retry);
        t->is_due = true;
    }
    task_run(t);
}

void task_desire(struct task *t, Swarm__TaskState desired)
{
    if (desired <= t->desired)
        return;
    t->desired = desired;
    if (task_is_stopping(t)) {
        hurry(t);
    } else if (t->step == TASK_STEP_READY) {
        t->is_due = true;
        task_run(t);
    }
}

void task_remove(struct task *t)
{
    if (t->is_removed)
        return;
    t->is_removed = true;
    hurry(t);
}

void task_engine_up(struct task *t)
{
    if (t->is_awaiting_engine) {
        t->is_awaiting_engine = false;
        t->is_due = true;
        task_run(t);
        return;
    }
    look(t);
}

void task_container_event(struct task *t, const char *action)
{
    if (str_equal(action, "die") || str_equal(action, "destroy"))
        look(t);
    else if (str_equal(action, "health_status: healthy"))
        task_health_seen(t, ENGINE_HEALTH_HEALTHY);
    else if (str_equal(action, "health_status: unhealthy"))
        task_health_seen(t, ENGINE_HEALTH_UNHEALTHY);
}

/* ---- trying again ---- */

static void retry_due(void *user)
{
    struct task *t = user;
    t->is_due = true;
    task_run(t);
}

void task_retry_in(struct task *t, int64_t delay)
{
    timer_start(&t->retry, delay);
}

bool task_retry_after(struct task *t, int r, const struct err *e)
{
    if (r == ERR_UNAVAILABLE) {
        t->is_awaiting_engine = true;
        return true;
    }
    if (r != ERR_NO_MEMORY && r != ERR_RESOURCE_EXHAUSTED)
        return false;
    log_warn("task %s: %s: %s", task_id(t), steps[t->step].name, err_text(e));
    task_retry_in(t, TASK_RETRY_MIN);
    return true;
}

/* ---- life ---- */

static Swarm__TaskState assigned_state(const Swarm__Task *spec)
{
    return spec->status ? spec->status->state : SWARM__TASK_STATE__ASSIGNED;
}

static int fill(struct task *t, const Swarm__Task *assigned)
{
    t->spec = (Swarm__Task *)message_copy(&assigned->base);
    t->name = task_container_name(assigned);
    return t->spec && t->name ? 0 : ERR_NO_MEMORY;
}

static void free_task(void *user)
{
    struct task *t = user;
    message_free(t->spec ? &t->spec->base : NULL);
    free(t->name);
    free(t->container_id);
    free(t->ports);
    secret_files_deinit(&t->files);
    if (t->closed)
        loop_close_release(t->closed);
    free(t);
}

int task_new(const struct task_context *context, const Swarm__Task *assigned,
             struct task **out, struct err *e)
{
    struct task *t = calloc(1, sizeof(*t));
    if (!t)
        return err_no_memory(e);
    if (fill(t, assigned)) {
        free_task(t);
        return err_no_memory(e);
    }
    t->context = context;
    t->desired = assigned->desired_state;
    t->state = assigned_state(assigned);
    t->message = "";
    t->retry_delay = TASK_EXIT_RECHECK;
    t->wipe_delay = TASK_RETRY_MIN;
    list_init(&t->link);
    timer_init(&t->retry, context->loop, retry_due, t);
    timer_init(&t->grace, context->loop, task_grace_over, t);
    timer_init(&t->health_timer, context->loop, task_health_due, t);
    *out = t;
    return 0;
}

/* Where a task of an earlier run of the agent goes on. What is created but not started
 * is made anew: its files may have gone with the machine's memory, and CREATE finds the
 * container. */
static enum task_step first_step(const struct task *t, enum task_found found)
{
    if (t->state >= SWARM__TASK_STATE__COMPLETE)
        return TASK_STEP_OVER;
    if (found == TASK_FOUND_RUNNING || found == TASK_FOUND_ENDED)
        return TASK_STEP_LOOK;
    if (found == TASK_FOUND_CREATED && t->state < SWARM__TASK_STATE__RUNNING)
        return TASK_STEP_ACCEPT;
    return t->state < SWARM__TASK_STATE__STARTING ? TASK_STEP_ACCEPT : TASK_STEP_LOOK;
}

void task_begin(struct task *t, enum task_found found, const char *container_id)
{
    t->is_begun = true;
    t->was_created = found != TASK_FOUND_NOTHING;
    t->has_files = true; /* perhaps: an earlier run's, even without a container */
    if (container_id && !t->container_id)
        t->container_id = strdup(container_id);
    t->step = first_step(t, found);
    t->was_started = t->step == TASK_STEP_LOOK;
    t->is_due = true;
    task_run(t);
}

/* Canceled calls still call back; the task is there until they have. */
void task_close(struct task *t, struct loop_close *c)
{
    t->is_closed = true;
    t->closed = c;
    loop_close_hold(c);
    list_remove(&t->link);
    exit_watch_close(TAKE(t->watch));
    task_references_drop(t);
    loop_close_init(&t->closing, free_task, t);
    if (t->call) {
        loop_close_hold(&t->closing);
        engine_cancel(t->call);
    }
    if (t->health_call) {
        loop_close_hold(&t->closing);
        engine_cancel(t->health_call);
    }
    timer_close(&t->retry, &t->closing);
    timer_close(&t->grace, &t->closing);
    timer_close(&t->health_timer, &t->closing);
    loop_close_end(&t->closing);
}

bool task_goes_on(struct task *t)
{
    if (!t->is_closed)
        return true;
    loop_close_release(&t->closing);
    return false;
}

const char *task_id(const struct task *t)
{
    return t->spec->id;
}

const char *task_container(const struct task *t)
{
    return t->container_id ? t->container_id : t->name;
}
