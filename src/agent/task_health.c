/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health checks: a task whose container has one runs only once it is healthy, and fails
 * when it becomes unhealthy. dockerd checks by itself and tells by events; Podman needs
 * somebody who asks it to, which is us.
 */
#include "agent/task.h"
#include "base/log.h"

static void arm(struct task *t)
{
    int64_t interval = t->health_interval > 0 ? t->health_interval : TASK_HEALTH_INTERVAL;
    if (t->health == ENGINE_HEALTH_NONE || t->context->runs_health_checks ||
        t->health_call || timer_is_running(&t->health_timer))
        return;
    timer_start(&t->health_timer, interval);
}

/* Nothing else to do but to wait: for a check, or for the end. */
void task_step_health(struct task *t)
{
    arm(t);
}

static bool is_checked(const struct task *t)
{
    return t->step == TASK_STEP_HEALTH || t->step == TASK_STEP_RUN;
}

void task_health_seen(struct task *t, enum engine_health health)
{
    if (t->step == TASK_STEP_LOOK && t->call)
        t->has_news = true;
    if (!is_checked(t) || t->call || health == ENGINE_HEALTH_NONE)
        return;
    t->health = health;
    if (health == ENGINE_HEALTH_UNHEALTHY) {
        t->is_unhealthy = true;
        task_go(t, TASK_STEP_STOP);
    } else if (health == ENGINE_HEALTH_HEALTHY && t->step == TASK_STEP_HEALTH) {
        task_go(t, TASK_STEP_RUN);
    }
    task_run(t);
}

static void check_done(int r, const struct err *e, enum engine_health health, void *user)
{
    struct task *t = user;
    t->health_call = NULL;
    if (!task_goes_on(t))
        return;
    if (r && r != ERR_UNAVAILABLE)
        log_warn("task %s: health check: %s", task_id(t), err_text(e));
    if (!r)
        task_health_seen(t, health);
    if (is_checked(t))
        arm(t);
}

void task_health_due(void *user)
{
    struct task *t = user;
    struct engine *g = t->context->engine;
    if (!is_checked(t))
        return;
    t->health_call = g->ops->health_check(g, task_container(t), check_done, t);
    if (!t->health_call)
        arm(t);
}
