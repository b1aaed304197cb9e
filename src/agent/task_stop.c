/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end: the stop signal, the grace period, SIGKILL; then the container and the files
 * go, and only then the task is reported as shut down.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent/task.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/clock.h"

enum {
    STAGE_NONE,
    STAGE_ASKED,  /* the stop signal was sent */
    STAGE_KILLED, /* SIGKILL */
};

/* ---- reporting ---- */

void task_report(struct task *t, Swarm__TaskState state, const char *message)
{
    if (state < t->state || (state == t->state && *t->message))
        return;
    t->state = state;
    t->message = message;
    t->changed_at = clock_now();
    t->context->on_status(t->context->user, t);
}

void task_fail(struct task *t, const struct err *e)
{
    bool was_started = t->state >= SWARM__TASK_STATE__STARTING;
    task_wipe(t);
    t->error = *e;
    if (!*t->message)
        t->message = was_started ? "started" : "preparing";
    task_report(t, was_started ? SWARM__TASK_STATE__FAILED : SWARM__TASK_STATE__REJECTED,
                t->message);
    task_go(t, TASK_STEP_OVER);
}

static int add_ports(const struct task *t, Swarm__TaskStatus *s)
{
    s->port_status = message_new(&swarm__port_status__descriptor);
    if (!s->port_status)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < t->n_ports; i++) {
        Swarm__PortConfig *p = message_new(&swarm__port_config__descriptor);
        if (!p)
            return ERR_NO_MEMORY;
        p->protocol = t->ports[i].protocol;
        p->target_port = t->ports[i].target;
        p->published_port = t->ports[i].published;
        p->publish_mode = SWARM__PORT_CONFIG__PUBLISH_MODE__HOST;
        if (message_append(&s->port_status->n_ports, &s->port_status->ports, p)) {
            message_free(&p->base);
            return ERR_NO_MEMORY;
        }
    }
    return 0;
}

static int add_container(const struct task *t, Swarm__TaskStatus *s)
{
    if (!t->container_id || t->state < SWARM__TASK_STATE__STARTING)
        return 0;
    s->container = message_new(&swarm__container_status__descriptor);
    if (!s->container)
        return ERR_NO_MEMORY;
    s->runtime_status_case = SWARM__TASK_STATUS__RUNTIME_STATUS_CONTAINER;
    s->container->pid = t->state <= SWARM__TASK_STATE__RUNNING ? t->pid : 0;
    s->container->exit_code = t->exit_code;
    return message_set_string(&s->container->container_id, t->container_id);
}

int task_status(const struct task *t, Swarm__TaskStatus **out)
{
    cleanup_message Swarm__TaskStatus *s = message_new(&swarm__task_status__descriptor);
    if (!s)
        return ERR_NO_MEMORY;
    s->state = t->state;
    int r = message_set_string(&s->message, t->message);
    r = r ?: message_set_string(&s->err, t->error.code ? err_text(&t->error) : "");
    r = r ?: message_set_time(&s->timestamp, t->changed_at);
    r = r ?: add_container(t, s);
    if (!r && t->n_ports)
        r = add_ports(t, s);
    if (!r)
        *out = TAKE(s);
    return r;
}

/* ---- files ---- */

void task_wipe(struct task *t)
{
    struct err e;
    secret_files_deinit(&t->files);
    if (!t->has_files)
        return;
    if (secret_files_remove(t->context->fs, task_id(t), &e))
        log_error("task %s: %s", task_id(t), err_text(&e));
    else
        t->has_files = false;
}

/* ---- stopping ---- */

static const char *stop_signal(const struct task *t)
{
    const char *asked = t->spec->spec->container->stop_signal;
    if (!str_is_empty(asked))
        return asked;
    return *t->stop_signal ? t->stop_signal : "SIGTERM";
}

static int64_t grace_period(const struct task *t)
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
        send_signal(t, STAGE_ASKED, stop_signal(t), grace_period(t));
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
    task_wipe(t);
    if (t->state < SWARM__TASK_STATE__COMPLETE)
        task_report(t, SWARM__TASK_STATE__SHUTDOWN, "shutdown");
    task_go(t, TASK_STEP_OVER);
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

static void wipe_again(struct task *t)
{
    task_wipe(t);
    if (!t->has_files)
        return;
    task_retry_in(t, t->wipe_delay);
    t->wipe_delay *= 2;
    if (t->wipe_delay > TASK_RETRY_MAX)
        t->wipe_delay = TASK_RETRY_MAX;
}

/* Its container stays for its logs until the task is no longer assigned; its files go
 * now, and until they have the task isn't gone. */
void task_step_over(struct task *t)
{
    timer_cancel(&t->grace);
    timer_cancel(&t->health_timer);
    timer_cancel(&t->retry);
    if (t->is_removed && t->was_created)
        task_go(t, TASK_STEP_REMOVE);
    else if (t->has_files)
        wipe_again(t);
}
