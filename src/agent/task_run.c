/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a created container to its end.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent/task.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

void task_step_ready(struct task *t)
{
    task_report(t, SWARM__TASK_STATE__READY, "prepared");
    if (t->desired >= SWARM__TASK_STATE__RUNNING)
        task_go(t, TASK_STEP_START);
}

/* ---- start ---- */

static void start_done(int r, const struct err *e, void *user)
{
    struct task *t = user;
    t->call = NULL;
    if (!task_goes_on(t))
        return;
    if (!r) {
        task_go(t, TASK_STEP_LOOK);
    } else if (!task_retry_after(t, r, e)) {
        err_set(&t->start_error, r, "starting container failed: %s", err_text(e));
        task_go(t, TASK_STEP_LOOK);
    }
    task_run(t);
}

/* Tried before and not heard of: the container may run. */
void task_step_start(struct task *t)
{
    struct engine *g = t->context->engine;
    if (t->was_started) {
        task_go(t, TASK_STEP_LOOK);
        return;
    }
    task_report(t, SWARM__TASK_STATE__STARTING, "starting");
    t->was_started = true;
    t->call = g->ops->start_container(g, task_container(t), start_done, t);
    if (t->call)
        return;
    t->was_started = false;
    task_retry_in(t, TASK_RETRY_MIN);
}

/* ---- look ---- */

static void process_ended(void *user)
{
    struct task *t = user;
    t->ended_pid = t->pid;
    exit_watch_close(TAKE(t->watch));
    if (t->call || t->step == TASK_STEP_LOOK)
        return;
    if (t->step == TASK_STEP_HEALTH || t->step == TASK_STEP_RUN ||
        t->step == TASK_STEP_STOP)
        task_go(t, TASK_STEP_LOOK);
    task_run(t);
}

/* Of the ports that the container has bound, those that the task asked for. */
static void take_ports(struct task *t, const struct engine_state *s)
{
    const Swarm__Endpoint *endpoint = t->spec->endpoint;
    if (!s->n_ports || !endpoint || t->ports)
        return;
    t->ports = calloc(s->n_ports, sizeof(*t->ports));
    for (size_t i = 0; t->ports && i < s->n_ports; i++) {
        for (size_t k = 0; k < endpoint->n_ports; k++) {
            const Swarm__PortConfig *p = endpoint->ports[k];
            if (p->publish_mode == SWARM__PORT_CONFIG__PUBLISH_MODE__HOST &&
                p->target_port == s->ports[i].target &&
                p->protocol == s->ports[i].protocol && t->n_ports < s->n_ports)
                t->ports[t->n_ports++] = s->ports[i];
        }
    }
}

static void look_again(struct task *t)
{
    task_retry_in(t, t->retry_delay);
    t->retry_delay *= 2;
    if (t->retry_delay > TASK_RETRY_MIN)
        t->retry_delay = TASK_RETRY_MIN;
}

/* Watches the container's process, when the engine tells it. One that is gone already
 * shows as ended soon. */
static bool watch(struct task *t, int32_t pid)
{
    struct err e;
    if ((t->watch && t->pid == pid) || pid <= 0)
        return true;
    exit_watch_close(TAKE(t->watch));
    t->pid = pid;
    int r = exit_watch_new(t->context->loop, pid, process_ended, t, &t->watch, &e);
    if (r == ERR_NOT_FOUND)
        t->ended_pid = pid;
    else if (r)
        log_warn("task %s: %s; its end is known by the engine's events only", task_id(t),
                 err_text(&e));
    return r != ERR_NOT_FOUND;
}

static void found_running(struct task *t, const struct engine_state *s)
{
    if ((s->pid > 0 && s->pid == t->ended_pid) || !watch(t, s->pid)) {
        look_again(t);
        return;
    }
    if (t->has_news) { /* which may be younger than this answer */
        t->is_due = true;
        return;
    }
    t->retry_delay = TASK_EXIT_RECHECK;
    take_ports(t, s);
    t->health_interval = s->health_interval;
    strcpy_cut(t->stop_signal, sizeof(t->stop_signal), s->stop_signal);
    t->is_unhealthy |= s->health == ENGINE_HEALTH_UNHEALTHY;
    t->health = s->health;
    if (task_is_stopping(t) || t->is_unhealthy || t->start_error.code)
        task_go(t, TASK_STEP_STOP);
    else if (t->state < SWARM__TASK_STATE__RUNNING && s->health == ENGINE_HEALTH_STARTING)
        task_go(t, TASK_STEP_HEALTH);
    else
        task_go(t, TASK_STEP_RUN);
}

/* The start failed, and so it isn't running, or not any more. */
static void found_not_started(struct task *t, const struct engine_state *s)
{
    exit_watch_close(TAKE(t->watch));
    timer_cancel(&t->grace);
    t->exit_code = s->exit_code;
    if (task_is_stopping(t))
        task_go(t, TASK_STEP_REMOVE);
    else
        task_fail(t, &t->start_error);
}

/* It was never started, or not any more after the machine's own restart. */
static void found_created(struct task *t)
{
    struct err e;
    t->was_started = false;
    if (task_is_stopping(t)) {
        task_go(t, TASK_STEP_REMOVE);
    } else if (t->state < SWARM__TASK_STATE__STARTING) {
        task_go(t, TASK_STEP_READY);
    } else if (t->state == SWARM__TASK_STATE__STARTING) {
        task_go(t, TASK_STEP_START);
    } else {
        err_set(&e, ERR_UNKNOWN, "task: the node was restarted");
        task_fail(t, &e);
    }
}

static void ended_badly(struct task *t, const struct engine_state *s)
{
    struct err e;
    const char *why = t->is_unhealthy ? "dockerexec: unhealthy container" : s->error;
    if (!s->exit_code)
        err_set(&e, ERR_UNKNOWN, "%s", why);
    else
        err_set(&e, ERR_UNKNOWN, "task: non-zero exit (%d)%s%s", s->exit_code,
                *why ? ": " : "", why);
    task_fail(t, &e);
}

static void found_ended(struct task *t, const struct engine_state *s)
{
    exit_watch_close(TAKE(t->watch));
    timer_cancel(&t->grace);
    t->exit_code = s->exit_code;
    /* Its life may have been too short to be seen, but it had one. */
    task_report(t, SWARM__TASK_STATE__STARTING, "starting");
    if (s->health == ENGINE_HEALTH_NONE)
        task_report(t, SWARM__TASK_STATE__RUNNING, "started");
    if (task_is_stopping(t)) {
        task_go(t, TASK_STEP_REMOVE);
    } else if (s->exit_code || t->is_unhealthy) {
        ended_badly(t, s);
    } else {
        task_end(t, SWARM__TASK_STATE__COMPLETE, "finished");
    }
}

static void found_nothing(struct task *t)
{
    struct err e;
    t->was_created = false;
    if (task_is_stopping(t)) {
        task_go(t, TASK_STEP_REMOVE);
        return;
    }
    err_set(&e, ERR_NOT_FOUND, "No such container: %s", t->name);
    task_fail(t, t->start_error.code ? &t->start_error : &e);
}

/* Asked for by its name, it may be another's; by its id, it may have got another name. */
static bool is_own(const struct task *t, const struct engine_state *s)
{
    return str_equal(s->task_id, task_id(t)) &&
           (str_equal(s->id, t->container_id) || str_equal(s->name, t->name));
}

static bool take_id(struct task *t, const struct engine_state *s)
{
    struct err e;
    if (!is_own(t, s)) {
        t->was_created = false;
        err_set(&e, ERR_ALREADY_EXISTS,
                "the container name %s is in use by another container", t->name);
        task_fail(t, &e);
        return false;
    }
    if (!t->container_id)
        t->container_id = strdup(s->id);
    return true;
}

static void found(struct task *t, const struct engine_state *s)
{
    if (!take_id(t, s))
        return;
    if (s->is_running)
        found_running(t, s);
    else if (t->start_error.code)
        found_not_started(t, s);
    else if (s->is_created_only)
        found_created(t);
    else
        found_ended(t, s);
}

static void look_done(int r, const struct err *e, const struct engine_state *s,
                      void *user)
{
    struct task *t = user;
    t->call = NULL;
    if (!task_goes_on(t))
        return;
    if (!r) {
        found(t, s);
    } else if (r == ERR_NOT_FOUND) {
        found_nothing(t);
    } else if (!task_retry_after(t, r, e)) {
        log_warn("task %s: inspect: %s", task_id(t), err_text(e));
        task_retry_in(t, TASK_RETRY_MIN);
    }
    task_run(t);
}

void task_step_look(struct task *t)
{
    struct engine *g = t->context->engine;
    t->has_news = false;
    t->call = g->ops->inspect(g, task_container(t), look_done, t);
    if (!t->call)
        task_retry_in(t, TASK_RETRY_MIN);
}

/* ---- running ---- */

void task_step_run(struct task *t)
{
    task_report(t, SWARM__TASK_STATE__RUNNING, "started");
    task_step_health(t);
}
