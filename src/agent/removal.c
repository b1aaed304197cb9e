/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of everything this node was assigned. The engine is given time for it, anew
 * with each container that goes, and little of it while it is away. When that is over the
 * files go all the same, and containers remain. An engine that comes and goes gets no
 * more time by that: a leave always ends.
 */
#include "agent/worker.h"
#include "base/log.h"
#include "secretfs/secret_tree.h"

/* What an engine that is there may take until the next container has gone. */
static int64_t patience(const struct worker *w)
{
    int64_t longest = 0;
    for (size_t i = 0; i < w->tasks.len; i++) {
        int64_t grace = task_grace_period(w->tasks.entries[i].value);
        longest = grace > longest ? grace : longest;
    }
    return clock_after(TASK_KILL_TIMEOUT + AGENT_ENGINE_PATIENCE, longest);
}

static void finish(struct worker *w)
{
    void (*done)(void *user) = w->removed;
    w->removed = NULL;
    timer_cancel(&w->removal);
    timer_cancel(&w->absence);
    done(w->removed_user);
}

void worker_check_removed(struct worker *w)
{
    if (w->removed && !w->tasks.len && list_is_empty(&w->strays) && w->was_swept)
        finish(w);
}

void worker_something_went(struct worker *w)
{
    if (w->removed)
        timer_start(&w->removal, patience(w));
    worker_check_removed(w);
}

void worker_watch_absence(struct worker *w)
{
    if (w->context.is_engine_up)
        timer_cancel(&w->absence);
    else if (w->removed && !timer_is_running(&w->absence))
        timer_start(&w->absence, AGENT_ENGINE_PATIENCE);
}

/* ---- giving up ---- */

static int wipe_dir(const char *name, void *user)
{
    struct worker *w = user;
    struct err e;
    int64_t bytes, files;
    if (secret_tree_remove(w->fs.fd, name, &bytes, &files, &e))
        log_error("%s/%s: %s", w->fs.path, name, err_text(&e));
    secret_fs_release(&w->fs, bytes, files);
    return 0;
}

static void tell_remains(const struct worker *w)
{
    for (size_t i = 0; i < w->tasks.len; i++) {
        const struct task *t = w->tasks.entries[i].value;
        log_warn("container %s may remain; its secrets were removed", t->name);
    }
    LIST_FOR_EACH (l, &w->strays)
        log_warn("container %s may remain", CONTAINER_OF(l, struct container, link)->id);
    if (!w->is_listed)
        log_warn("containers of earlier tasks may remain: the container engine couldn't "
                 "be asked");
}

void worker_removal_due(void *user)
{
    struct worker *w = user;
    struct err e;
    log_warn("the container engine %s: its containers aren't waited for any longer",
             w->context.is_engine_up ? "doesn't get on" : "is away");
    tell_remains(w);
    w->has_remains = true;
    if (secret_tree_list(w->fs.fd, wipe_dir, w, &e))
        log_error("%s: %s", w->fs.path, err_text(&e));
    finish(w);
}

/* ---- the beginning ---- */

void worker_remove_all(struct worker *w, void (*done)(void *user), void *user)
{
    w->removed = done;
    w->removed_user = user;
    w->is_assigned = true;
    worker_free_objects(&w->again);
    for (size_t i = 0; i < w->tasks.len;) {
        struct task *t = w->tasks.entries[i].value;
        task_remove(t);
        if (i < w->tasks.len && w->tasks.entries[i].value == t)
            i++;
    }
    worker_sweep(w);
    worker_watch_absence(w);
    worker_something_went(w);
}
