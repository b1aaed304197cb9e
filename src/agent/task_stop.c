/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end: the stop signal, the grace period, SIGKILL; then the container and the files
 * go, and only then the task is reported as shut down.
 */
#include "agent/task.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    STAGE_NONE,
    STAGE_ASKED,  /* the stop signal was sent */
    STAGE_KILLED, /* SIGKILL */
};

/* ---- stopping ---- */

static const char *stop_signal(const struct task *t)
{
    const char *asked = t->spec->spec->container->stop_signal;
    if (!str_is_empty(asked))
        return asked;
    return *t->stop_signal ? t->stop_signal : "SIGTERM";
}

int64_t task_grace_period(const struct task *t)
{
    return message_duration(t->spec->spec->container->stop_grace_period,
                            DEFAULT_STOP_GRACE_PERIOD);
}

static void kill_done(int r, const struct err *e, void *user)
{
    struct task *t = user;
    t->call = NULL;
    if (!task_goes_on(t))
        return;
    if (r == ERR_UNAVAILABLE) {
        t->stop_stage = STAGE_NONE;
        t->is_awaiting_engine = true;
    } else if (r) {
        log_warn("task %s: stop: %s", task_id(t), err_text(e));
    }
    if (r != ERR_UNAVAILABLE && !t->watch)
        task_go(t, TASK_STEP_LOOK);
    task_run(t);
}

static void send_signal(struct task *t, unsigned stage, const char *name, int64_t grace)
{
    struct engine *g = t->context->engine;
    t->stop_stage = stage;
    timer_start(&t->grace, grace);
    t->call = g->ops->kill(g, task_container(t), name, kill_done, t);
}

void task_step_stop(struct task *t)
{
    if (t->stop_stage == STAGE_NONE)
        send_signal(t, STAGE_ASKED, stop_signal(t), task_grace_period(t));
}

void task_grace_over(void *user)
{
    struct task *t = user;
    if (t->step != TASK_STEP_STOP || t->call) {
        timer_start(&t->grace, TASK_RETRY_MIN);
        return;
    }
    if (t->stop_stage != STAGE_KILLED) {
        send_signal(t, STAGE_KILLED, "SIGKILL", TASK_KILL_TIMEOUT);
        return;
    }
    log_warn("task %s: its container doesn't end after SIGKILL", task_id(t));
    t->stop_stage = STAGE_ASKED; /* the signal may not have come through: once more */
    task_go(t, TASK_STEP_LOOK);
    timer_start(&t->grace, TASK_KILL_TIMEOUT);
    task_run(t);
}

/* ---- removing ---- */

static void gone(struct task *t)
{
    timer_cancel(&t->grace);
    timer_cancel(&t->health_timer);
    exit_watch_close(TAKE(t->watch));
    t->was_created = false;
    task_end(t, SWARM__TASK_STATE__SHUTDOWN, "shutdown");
}

static void remove_done(int r, const struct err *e, void *user)
{
    struct task *t = user;
    t->call = NULL;
    if (!task_goes_on(t))
        return;
    if (!r) {
        gone(t);
    } else if (!task_retry_after(t, r, e)) {
        log_warn("task %s: remove: %s", task_id(t), err_text(e));
        task_retry_in(t, TASK_RETRY_MAX);
    }
    task_run(t);
}

void task_step_remove(struct task *t)
{
    struct engine *g = t->context->engine;
    if (!t->was_created) {
        gone(t);
        return;
    }
    t->call = g->ops->remove(g, task_container(t), remove_done, t);
    if (!t->call)
        task_retry_in(t, TASK_RETRY_MIN);
}

static void wipe_later(struct task *t)
{
    task_retry_in(t, t->wipe_delay);
    t->wipe_delay *= 2;
    if (t->wipe_delay > TASK_RETRY_MAX)
        t->wipe_delay = TASK_RETRY_MAX;
}

/* Its container stays for its logs until the task is no longer assigned; its files go
 * now, and until they have the task is neither over to the manager nor gone. */
void task_step_over(struct task *t)
{
    timer_cancel(&t->grace);
    timer_cancel(&t->health_timer);
    timer_cancel(&t->retry);
    if (t->is_removed && t->was_created) {
        task_go(t, TASK_STEP_REMOVE);
        return;
    }
    task_wipe(t);
    if (t->has_files)
        wipe_later(t);
    else if (t->end)
        task_report(t, t->end, t->end_message);
}
