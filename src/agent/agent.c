/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of an agent put together: the engine's news and the session's go to the
 * worker, the worker's statuses to the reporter, log requests to the publisher.
 */
#include "agent/agent.h"

#include <stdlib.h>
#include <string.h>

#include "agent/log_publisher.h"
#include "agent/session.h"
#include "agent/worker.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

struct agent {
    uv_loop_t *loop;
    struct engine *engine;
    struct rpc_channel *channel;
    char *node_id, *hostname;
    Swarm__NodeTLSInfo *tls_info; /* NULL: none is told */
    bool has_hostname;            /* the configuration's, not the engine's */
    struct defer_queue deferred;
    struct session session;
    struct session_events events;
    struct reporter reporter;
    struct worker worker;
    struct log_publisher logs;
    struct engine_call *info_call;
    struct timer info_retry;
    void (*on_session)(const Swarm__SessionMessage *m, void *user);
    void (*on_engine_down)(void *user);
    void *user;
    bool is_closed;
    struct loop_close closing;
    void (*closed)(void *user);
    void *closed_user;
};

/* ---- what the node is ---- */

static int fill_platform(Swarm__NodeDescription *d, const struct engine_info *info)
{
    d->platform = message_new(&swarm__platform__descriptor);
    d->resources = message_new(&swarm__resources__descriptor);
    if (!d->platform || !d->resources)
        return ERR_NO_MEMORY;
    d->resources->nano_cpus = info->nano_cpus;
    d->resources->memory_bytes = info->memory_bytes;
    int r = message_set_string(&d->platform->architecture, info->arch);
    return r ?: message_set_string(&d->platform->os, info->os);
}

static int fill_engine(Swarm__NodeDescription *d, const struct engine_info *info)
{
    d->engine = message_new(&swarm__engine_description__descriptor);
    if (!d->engine)
        return ERR_NO_MEMORY;
    int r = message_set_string(&d->engine->engine_version, info->version);
    for (size_t i = 0; i < info->n_plugins && !r; i++) {
        Swarm__PluginDescription *p = message_new(&swarm__plugin_description__descriptor);
        if (!p)
            return ERR_NO_MEMORY;
        r = message_set_string(&p->type, info->plugins[i].type);
        r = r ?: message_set_string(&p->name, info->plugins[i].name);
        r = r ?: message_append(&d->engine->n_plugins, &d->engine->plugins, p);
        if (r)
            message_free(&p->base);
    }
    return r;
}

static int describe(const struct agent *a, const struct engine_info *info,
                    Swarm__NodeDescription **out)
{
    cleanup_message Swarm__NodeDescription *d =
        message_new(&swarm__node_description__descriptor);
    if (!d)
        return ERR_NO_MEMORY;
    int r = message_set_string(&d->hostname, a->hostname);
    r = r ?: fill_platform(d, info);
    r = r ?: fill_engine(d, info);
    if (!r && a->tls_info) {
        d->tls_info = (Swarm__NodeTLSInfo *)message_copy(&a->tls_info->base);
        r = d->tls_info ? 0 : ERR_NO_MEMORY;
    }
    if (!r)
        *out = TAKE(d);
    return r;
}

static int take_hostname(struct agent *a, const struct engine_info *info)
{
    if (a->has_hostname)
        return 0;
    char *copy = strdup(info->hostname);
    if (!copy)
        return ERR_NO_MEMORY;
    free(a->hostname);
    a->hostname = copy;
    a->worker.context.hostname = copy;
    return 0;
}

/* ---- the engine ---- */

static void engine_told(int r, const struct err *e, const struct engine_info *info,
                        void *user)
{
    struct agent *a = user;
    Swarm__NodeDescription *d = NULL;
    a->info_call = NULL;
    if (a->is_closed) {
        loop_close_release(&a->closing);
        return;
    }
    if (r == ERR_UNAVAILABLE)
        return;
    if (r) {
        log_warn("the container engine doesn't describe itself: %s", err_text(e));
        timer_start(&a->info_retry, TASK_RETRY_MAX);
        return;
    }
    worker_engine_up(&a->worker, info);
    log_publisher_engine_up(&a->logs);
    if (take_hostname(a, info) || describe(a, info, &d)) {
        log_error("no memory to describe the node");
        timer_start(&a->info_retry, TASK_RETRY_MIN);
        return;
    }
    session_describe(&a->session, d);
}

static void engine_up(void *user)
{
    struct agent *a = user;
    if (a->info_call)
        return;
    a->info_call = a->engine->ops->info(a->engine, engine_told, a);
    if (!a->info_call)
        timer_start(&a->info_retry, TASK_RETRY_MIN);
}

static void engine_down(const struct err *e, void *user)
{
    struct agent *a = user;
    log_warn("the container engine is away: %s", err_text(e));
    worker_engine_down(&a->worker);
    if (a->on_engine_down)
        a->on_engine_down(a->user);
}

static void container_changed(const char *id, const char *action, void *user)
{
    struct agent *a = user;
    worker_container_event(&a->worker, id, action);
}

/* ---- the session ---- */

static void session_opened(const char *session_id, void *user)
{
    struct agent *a = user;
    struct err e;
    if (reporter_session(&a->reporter, a->channel, session_id)) {
        err_no_memory(&e);
        session_fail(&a->session, &e);
        return;
    }
    worker_report_all(&a->worker);
    log_publisher_session(&a->logs, a->channel);
}

static void session_told(const Swarm__SessionMessage *m, void *user)
{
    struct agent *a = user;
    if (a->on_session)
        a->on_session(m, a->user);
}

static void assigned(Swarm__AssignmentsMessage *m, void *user)
{
    struct agent *a = user;
    struct err e;
    if (worker_assign(&a->worker, m, &e))
        session_fail(&a->session, &e);
}

static void session_lost(const struct err *e, void *user)
{
    struct agent *a = user;
    log_info("session with the manager lost: %s", err_text(e));
    reporter_session_end(&a->reporter);
    log_publisher_session_end(&a->logs);
}

static void report_failed(int code, const struct err *e, void *user)
{
    struct agent *a = user;
    session_fail(&a->session, e);
}

static void task_changed(void *user, struct task *t)
{
    struct agent *a = user;
    log_publisher_task_changed(&a->logs, t);
}

/* ---- life ---- */

static const struct session_events session_events_template = {
    .on_open = session_opened,
    .on_message = session_told,
    .on_assignments = assigned,
    .on_lost = session_lost,
};

static void free_agent(struct agent *a)
{
    free(a->node_id);
    free(a->hostname);
    message_free((ProtobufCMessage *)a->tls_info);
    free(a);
}

static int fill(struct agent *a, const struct agent_config *c)
{
    a->loop = c->loop;
    a->engine = c->engine;
    a->on_session = c->on_session;
    a->on_engine_down = c->on_engine_down;
    a->user = c->user;
    a->has_hostname = !str_is_empty(c->hostname);
    a->node_id = strdup(c->node_id);
    a->hostname = strdup(a->has_hostname ? c->hostname : "");
    if (c->tls_info)
        a->tls_info = (Swarm__NodeTLSInfo *)message_copy(&c->tls_info->base);
    bool has_tls_info = a->tls_info || !c->tls_info;
    return a->node_id && a->hostname && has_tls_info ? 0 : ERR_NO_MEMORY;
}

int agent_new(const struct agent_config *config, struct agent **out, struct err *e)
{
    struct agent *a = calloc(1, sizeof(*a));
    if (!a)
        return err_no_memory(e);
    int r = fill(a, config) ? err_no_memory(e) : 0;
    r = r
            ?: worker_init(&a->worker, a->loop, a->engine, a->node_id,
                           config->secrets_dir, &a->reporter, e);
    if (r) {
        free_agent(a);
        return r;
    }
    a->worker.context.hostname = a->hostname;
    a->worker.on_change = task_changed;
    a->worker.change_user = a;
    a->events = session_events_template;
    a->events.user = a;
    defer_queue_init(&a->deferred, a->loop);
    timer_init(&a->info_retry, a->loop, engine_up, a);
    session_init(&a->session, a->loop, config->seed, &a->events);
    reporter_init(&a->reporter, &a->deferred, report_failed, a);
    log_publisher_init(&a->logs, &a->worker);
    const struct engine_events events = {engine_up, engine_down, container_changed, a};
    a->engine->ops->start(a->engine, &events);
    *out = a;
    return 0;
}

/* What goes over a former channel is ended: who opened it may close it. */
void agent_start(struct agent *a, struct rpc_channel *channel)
{
    reporter_session_end(&a->reporter);
    log_publisher_session_end(&a->logs);
    a->channel = channel;
    session_start(&a->session, channel);
}

void agent_remove_all(struct agent *a, void (*done)(void *user), void *user)
{
    session_stop(&a->session);
    reporter_session_end(&a->reporter);
    log_publisher_session_end(&a->logs);
    worker_remove_all(&a->worker, done, user);
}

bool agent_has_remains(const struct agent *a)
{
    return a->worker.has_remains;
}

static void all_closed(void *user)
{
    struct agent *a = user;
    void (*closed)(void *user) = a->closed;
    void *closed_user = a->closed_user;
    free_agent(a);
    if (closed)
        closed(closed_user);
}

void agent_close(struct agent *a, void (*closed)(void *user), void *user)
{
    a->is_closed = true;
    a->closed = closed;
    a->closed_user = user;
    a->engine->ops->start(a->engine, NULL);
    loop_close_init(&a->closing, all_closed, a);
    session_close(&a->session, &a->closing);
    reporter_deinit(&a->reporter);
    log_publisher_close(&a->logs, &a->closing);
    if (a->info_call) {
        loop_close_hold(&a->closing);
        engine_cancel(a->info_call);
    }
    timer_close(&a->info_retry, &a->closing);
    loop_close_hold(&a->closing);
    worker_close(&a->worker, loop_close_release, &a->closing);
    defer_queue_close(&a->deferred, &a->closing);
    loop_close_end(&a->closing);
}
