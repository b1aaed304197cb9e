/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of tasks that are no longer this node's: containers, and directories of
 * files.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/worker.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "secretfs/secret_tree.h"

bool container_is_ours(const struct engine_state *s)
{
    size_t n = strlen(s->name);
    return s->task_id && object_id_is_valid(s->task_id) && n > OBJECT_ID_LENGTH &&
           s->name[n - OBJECT_ID_LENGTH - 1] == '.' &&
           str_equal(s->name + n - OBJECT_ID_LENGTH, s->task_id);
}

int container_new(struct worker *w, const struct engine_state *s, struct container **out)
{
    struct container *c = calloc(1, sizeof(*c));
    if (!c)
        return ERR_NO_MEMORY;
    list_init(&c->link);
    c->worker = w;
    c->id = strdup(s->id);
    c->task_id = strdup(s->task_id);
    c->found = s->is_running        ? TASK_FOUND_RUNNING
               : s->is_created_only ? TASK_FOUND_CREATED
                                    : TASK_FOUND_ENDED;
    if (!c->id || !c->task_id) {
        container_free(c);
        return ERR_NO_MEMORY;
    }
    *out = c;
    return 0;
}

void container_free(struct container *c)
{
    if (!c)
        return;
    list_remove(&c->link);
    free(c->id);
    free(c->task_id);
    free(c);
}

int container_rank(const struct container *c)
{
    static const int ranks[] = {
        [TASK_FOUND_CREATED] = 1,
        [TASK_FOUND_ENDED] = 2,
        [TASK_FOUND_RUNNING] = 3,
    };
    return ranks[c->found];
}

/* ---- containers ---- */

static bool is_stray(struct worker *w, const char *task_id)
{
    LIST_FOR_EACH (l, &w->strays) {
        if (str_equal(CONTAINER_OF(l, struct container, link)->task_id, task_id))
            return true;
    }
    return false;
}

/* Files of a task that isn't over are its own matter; those that another container may
 * still use go with the last one. */
static void wipe(struct worker *w, const char *task_id)
{
    struct task *t = map_get(&w->tasks, task_id);
    struct err e;
    if (!object_id_is_valid(task_id) || (t && t->step != TASK_STEP_OVER) ||
        is_stray(w, task_id))
        return;
    if (secret_files_remove(&w->fs, task_id, &e))
        log_error("files of task %s: %s", task_id, err_text(&e));
}

static void removed(int r, const struct err *e, void *user)
{
    struct container *c = user;
    struct worker *w = c->worker;
    c->call = NULL;
    if (w->is_closed) {
        container_free(c);
        loop_close_release(&w->closing);
        return;
    }
    if (r) {
        log_warn("remove container %s of task %s: %s", c->id, c->task_id, err_text(e));
        if (r != ERR_UNAVAILABLE) /* then the engine's return is waited for */
            timer_start(&w->strays_retry, TASK_RETRY_MAX);
        return;
    }
    list_remove(&c->link);
    wipe(w, c->task_id);
    container_free(c);
    worker_something_went(w);
}

static void remove_now(struct worker *w, struct container *c)
{
    struct engine *g = w->context.engine;
    c->call = g->ops->remove(g, c->id, removed, c);
    if (!c->call)
        timer_start(&w->strays_retry, TASK_RETRY_MIN);
}

/* Removes a container that no task has, and then its files. */
static void remove_stray(struct worker *w, struct container *c)
{
    log_info("container %s belongs to no task of this node any more", c->id);
    list_append(&w->strays, &c->link);
    remove_now(w, c);
}

void worker_retry_strays(struct worker *w)
{
    LIST_FOR_EACH (l, &w->strays) {
        struct container *c = CONTAINER_OF(l, struct container, link);
        if (!c->call)
            remove_now(w, c);
    }
}

/* ---- files ---- */

/* Files of a task that is over have no use; those of a stray go with its container. */
static int sweep_dir(const char *name, void *user)
{
    struct worker *w = user;
    struct task *t = map_get(&w->tasks, name);
    struct err e;
    if ((t && t->step != TASK_STEP_OVER) || is_stray(w, name))
        return 0;
    int64_t bytes, files;
    if (secret_tree_remove(w->fs.fd, name, &bytes, &files, &e))
        log_error("%s/%s: %s", w->fs.path, name, err_text(&e));
    secret_fs_release(&w->fs, bytes, files);
    return 0;
}

void worker_sweep(struct worker *w)
{
    struct err e;
    if (!w->is_listed || !w->is_assigned || w->was_swept)
        return;
    w->was_swept = true;
    while (w->found.len) {
        const struct map_entry *last = &w->found.entries[w->found.len - 1];
        remove_stray(w, map_remove(&w->found, last->key));
    }
    if (secret_tree_list(w->fs.fd, sweep_dir, w, &e))
        log_error("%s: %s", w->fs.path, err_text(&e));
}
