/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a task says about itself. Before it says that it is over its files go.
 */
#include <stdlib.h>

#include "agent/task.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/clock.h"

void task_report(struct task *t, Swarm__TaskState state, const char *message)
{
    if (state < t->state || (state == t->state && *t->message))
        return;
    t->state = state;
    t->message = message;
    t->changed_at = clock_now();
    t->context->on_status(t->context->user, t);
}

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

void task_end(struct task *t, Swarm__TaskState state, const char *message)
{
    if (!t->end && t->state < SWARM__TASK_STATE__COMPLETE) {
        t->end = state;
        t->end_message = message;
    }
    task_go(t, TASK_STEP_OVER);
}

void task_fail(struct task *t, const struct err *e)
{
    bool was_started = t->state >= SWARM__TASK_STATE__STARTING;
    const char *message = *t->message   ? t->message
                          : was_started ? "started"
                                        : "preparing";
    t->error = *e;
    task_end(t, was_started ? SWARM__TASK_STATE__FAILED : SWARM__TASK_STATE__REJECTED,
             message);
}

/* ---- as a message ---- */

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
    bool has_failed = t->error.code && t->state >= SWARM__TASK_STATE__COMPLETE;
    r = r ?: message_set_string(&s->err, has_failed ? err_text(&t->error) : "");
    r = r ?: message_set_time(&s->timestamp, t->changed_at);
    r = r ?: add_container(t, s);
    if (!r && t->n_ports)
        r = add_ports(t, s);
    if (!r)
        *out = TAKE(s);
    return r;
}
