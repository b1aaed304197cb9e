/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

/* ---- statuses ---- */

static void report(struct worker *w, struct task *t)
{
    Swarm__TaskStatus *status;
    if (!*t->message)
        return;
    if (task_status(t, &status) || reporter_put(w->reporter, task_id(t), status))
        log_error("task %s: no memory to report its status", task_id(t));
}

static void on_status(void *user, struct task *t)
{
    struct worker *w = user;
    log_info("task %s: %s%s%s", t->name, task_state_name(t->state),
             t->error.code ? ": " : "", t->error.code ? err_text(&t->error) : "");
    if (!t->is_removed)
        report(w, t);
    if (w->on_change)
        w->on_change(w->change_user, t);
}

static void on_gone(void *user, struct task *t)
{
    struct worker *w = user;
    char id[OBJECT_ID_SIZE];
    strcpy_cut(id, sizeof(id), task_id(t));
    map_remove(&w->tasks, id);
    reporter_drop(w->reporter, id);
    task_close(t, &w->closing);
    worker_task_gone(w, id);
    worker_something_went(w);
}

void worker_report_all(struct worker *w)
{
    for (size_t i = 0; i < w->tasks.len; i++)
        report(w, w->tasks.entries[i].value);
}

/* ---- beginning ---- */

void worker_begin(struct worker *w, struct task *t)
{
    if (!w->is_listed || t->is_begun)
        return;
    struct container *c = map_remove(&w->found, task_id(t));
    task_begin(t, c ? c->found : TASK_FOUND_NOTHING, c ? c->id : NULL);
    container_free(c);
}

/* A task may end and go while it begins, so each is looked up anew. */
static void begin_all(struct worker *w)
{
    for (size_t i = 0; i < w->tasks.len;) {
        struct task *t = w->tasks.entries[i].value;
        worker_begin(w, t);
        if (i < w->tasks.len && w->tasks.entries[i].value == t)
            i++;
    }
    worker_sweep(w);
    worker_check_removed(w);
}

int worker_assign(struct worker *w, Swarm__AssignmentsMessage *m, struct err *e)
{
    bool is_complete = m->type == SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE;
    int r = worker_apply(w, m);
    message_free(&m->base);
    if (r)
        return err_no_memory(e);
    if (is_complete)
        w->is_assigned = true;
    begin_all(w);
    return 0;
}

/* ---- the engine's list ---- */

/*
 * Two containers may be a task's, by label and by name. The one that runs is the task's,
 * else the one that has run; the other, kept under its own id, which is no task's, is
 * swept away. Containers of users, with a copied label, are none of ours.
 */
static int keep_found(struct worker *w, const struct engine_state *s)
{
    struct container *c = NULL;
    if (!container_is_ours(s))
        return 0;
    int r = container_new(w, s, &c);
    if (r)
        return r;
    struct container *other = map_get(&w->found, c->task_id);
    bool is_better = !other || container_rank(c) > container_rank(other);
    if (other)
        r = map_put(&w->found, is_better ? other->id : c->id, is_better ? other : c,
                    NULL);
    if (!r && is_better)
        r = map_put(&w->found, c->task_id, c, NULL);
    if (r)
        container_free(c);
    return r;
}

static void forget_found(struct worker *w)
{
    for (size_t i = 0; i < w->found.len; i++)
        container_free(w->found.entries[i].value);
    map_deinit(&w->found);
}

static int keep_all(struct worker *w, size_t n, const struct engine_state *states)
{
    int r = 0;
    for (size_t i = 0; i < n && !r; i++)
        r = keep_found(w, &states[i]);
    return r;
}

static void listed(int r, const struct err *e, size_t n,
                   const struct engine_state *states, void *user)
{
    struct worker *w = user;
    w->list_call = NULL;
    if (w->is_closed) {
        loop_close_release(&w->closing);
        return;
    }
    if (r == ERR_UNAVAILABLE)
        return;
    struct err failed;
    if (!r && keep_all(w, n, states)) {
        r = err_no_memory(&failed);
        e = &failed;
    }
    if (r) {
        log_warn("list of containers: %s", err_text(e));
        forget_found(w);
        timer_start(&w->list_retry, TASK_RETRY_MIN);
        return;
    }
    w->is_listed = true;
    begin_all(w);
}

static void list_due(void *user)
{
    struct worker *w = user;
    struct engine *g = w->context.engine;
    if (w->is_listed || w->list_call)
        return;
    w->list_call = g->ops->list(g, w->context.node_id, listed, w);
    if (!w->list_call)
        timer_start(&w->list_retry, TASK_RETRY_MIN);
}

/* ---- the engine's ups and downs ---- */

static void check_fs(struct worker *w, pid_t pid)
{
    struct err e;
    w->context.fs_error.code = 0;
    if (secret_fs_check_engine(&w->fs, pid, &e)) {
        w->context.fs_error = e;
        log_error("%s", err_text(&e));
    }
}

void worker_engine_up(struct worker *w, const struct engine_info *info)
{
    w->context.is_engine_up = true;
    w->context.runs_health_checks = info->runs_health_checks;
    worker_watch_absence(w);
    check_fs(w, info->pid);
    list_due(w);
    for (size_t i = 0; i < w->tasks.len;) {
        struct task *t = w->tasks.entries[i].value;
        if (t->is_begun)
            task_engine_up(t);
        if (i < w->tasks.len && w->tasks.entries[i].value == t)
            i++;
    }
    worker_retry_strays(w);
}

void worker_engine_down(struct worker *w)
{
    w->context.is_engine_up = false;
    worker_watch_absence(w);
}

static struct task *task_of_container(struct worker *w, const char *id)
{
    for (size_t i = 0; i < w->tasks.len; i++) {
        struct task *t = w->tasks.entries[i].value;
        if (str_equal(t->container_id, id))
            return t;
    }
    return NULL;
}

void worker_container_event(struct worker *w, const char *container_id,
                            const char *action)
{
    struct task *t = task_of_container(w, container_id);
    if (t && t->is_begun)
        task_container_event(t, action);
}

/* ---- life ---- */

static void strays_due(void *user)
{
    worker_retry_strays(user);
}

int worker_init(struct worker *w, uv_loop_t *loop, struct engine *engine,
                const char *node_id, const char *secrets_dir, struct reporter *reporter,
                struct err *e)
{
    *w = (struct worker){
        .context =
            {
                .loop = loop,
                .engine = engine,
                .node_id = node_id,
                .hostname = "",
                .runs_health_checks = true,
                .secret = worker_secret,
                .config = worker_config,
                .on_status = on_status,
                .on_gone = on_gone,
                .user = w,
            },
        .reporter = reporter,
    };
    int r = crypto_init(e);
    if (!r && keyring_new(&w->keys))
        r = err_no_memory(e);
    r = r ?: secret_fs_open(&w->fs, secrets_dir, e);
    if (r) {
        keyring_free(w->keys);
        return r;
    }
    if (secret_fs_may_be_swapped(&w->fs))
        log_warn("%s can be swapped out to disk: this kernel has neither tmpfs with "
                 "noswap nor ramfs; switch swap off or encrypt it",
                 w->fs.path);
    w->context.fs = &w->fs;
    w->context.keys = w->keys;
    reference_start_init(&w->starting, loop);
    w->context.starting = &w->starting;
    list_init(&w->strays);
    timer_init(&w->list_retry, loop, list_due, w);
    timer_init(&w->strays_retry, loop, strays_due, w);
    timer_init(&w->removal, loop, worker_removal_due, w);
    timer_init(&w->absence, loop, worker_removal_due, w);
    loop_close_init(&w->closing, NULL, NULL);
    return 0;
}

static void close_strays(struct worker *w)
{
    while (!list_is_empty(&w->strays)) {
        struct container *c = LIST_FIRST(&w->strays, struct container, link);
        list_remove(&c->link);
        if (!c->call) {
            container_free(c);
            continue;
        }
        loop_close_hold(&w->closing);
        engine_cancel(c->call);
    }
}

void worker_close(struct worker *w, void (*closed)(void *user), void *user)
{
    w->is_closed = true;
    w->closing.cb = closed;
    w->closing.user = user;
    for (size_t i = 0; i < w->tasks.len; i++)
        task_close(w->tasks.entries[i].value, &w->closing);
    map_deinit(&w->tasks);
    reference_start_close(&w->starting);
    worker_free_objects(&w->again);
    worker_free_objects(&w->secrets);
    worker_free_objects(&w->configs);
    forget_found(w);
    close_strays(w);
    if (w->list_call) {
        loop_close_hold(&w->closing);
        engine_cancel(w->list_call);
    }
    timer_close(&w->list_retry, &w->closing);
    timer_close(&w->strays_retry, &w->closing);
    timer_close(&w->removal, &w->closing);
    timer_close(&w->absence, &w->closing);
    keyring_free(TAKE(w->keys));
    secret_fs_close(&w->fs);
    loop_close_end(&w->closing);
}
