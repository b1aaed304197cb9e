/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   list --> remove, one after the other --> list --> ... --> an empty list: done
 *
 * An engine that goes away is waited for, its return begins with a list; what can't be
 * removed is tried again after a while.
 */
#include "agent/leftovers.h"

#include <stdlib.h>

#include "agent/worker.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

struct leftovers {
    struct engine *engine;
    char node_id[OBJECT_ID_SIZE]; /* "": nothing is to be removed */
    char **ids;                   /* of its containers that are yet to be removed */
    size_t n;
    bool has_failed; /* for one of them */
    bool is_closed;
    struct engine_call *call;
    struct timer retry;
    struct loop_close closing;
    void (*done)(void *user);
    void *user;
    void (*closed)(void *user);
    void *closed_user;
};

static void forget_ids(struct leftovers *l)
{
    while (l->n)
        free(l->ids[--l->n]);
    free(TAKE(l->ids));
}

/* ---- removing ---- */

static void remove_next(struct leftovers *l);
static void look(void *user);

static void removed(int r, const struct err *e, void *user)
{
    struct leftovers *l = user;
    l->call = NULL;
    if (l->is_closed || r == ERR_UNAVAILABLE)
        return;
    if (r)
        log_warn("remove container %s of a swarm that was left: %s", l->ids[l->n - 1],
                 err_text(e));
    l->has_failed |= r != 0;
    free(l->ids[--l->n]);
    remove_next(l);
}

static void begun(struct leftovers *l, struct engine_call *call)
{
    l->call = call;
    if (!call)
        timer_start(&l->retry, TASK_RETRY_MIN);
}

static void remove_next(struct leftovers *l)
{
    if (l->n)
        begun(l, l->engine->ops->remove(l->engine, l->ids[l->n - 1], removed, l));
    else if (l->has_failed)
        timer_start(&l->retry, TASK_RETRY_MAX);
    else
        look(l);
}

/* ---- looking ---- */

static int keep_ids(struct leftovers *l, size_t n, const struct engine_state *states)
{
    l->ids = calloc(n + 1, sizeof(*l->ids));
    if (!l->ids)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (!container_is_ours(&states[i]))
            continue;
        l->ids[l->n] = strdup(states[i].id);
        if (!l->ids[l->n])
            return ERR_NO_MEMORY;
        log_info("container %s is of a swarm that this node has left", states[i].name);
        l->n++;
    }
    return 0;
}

static void listed(int r, const struct err *e, size_t n,
                   const struct engine_state *states, void *user)
{
    struct leftovers *l = user;
    l->call = NULL;
    if (l->is_closed || r == ERR_UNAVAILABLE)
        return;
    if (r || keep_ids(l, n, states)) {
        log_warn("list of containers of a swarm that was left: %s",
                 r ? err_text(e) : "no memory");
        timer_start(&l->retry, TASK_RETRY_MIN);
    } else if (l->n) {
        remove_next(l);
    } else {
        l->node_id[0] = '\0';
        l->done(l->user);
    }
}

static void look(void *user)
{
    struct leftovers *l = user;
    if (l->call || str_is_empty(l->node_id))
        return;
    timer_cancel(&l->retry);
    forget_ids(l);
    l->has_failed = false;
    begun(l, l->engine->ops->list(l->engine, l->node_id, listed, l));
}

/* ---- the engine ---- */

static void on_down(const struct err *e, void *user)
{
    (void)user; /* what is under way hears of it */
}

static void on_container(const char *id, const char *action, void *user)
{
    (void)user; /* they are listed again at the end */
}

/* ---- life ---- */

int leftovers_new(uv_loop_t *loop, struct engine *engine, void (*done)(void *user),
                  void *user, struct leftovers **out, struct err *e)
{
    struct leftovers *l = calloc(1, sizeof(*l));
    if (!l) {
        engine->ops->close(engine, NULL, NULL);
        return err_no_memory(e);
    }
    l->engine = engine;
    l->done = done;
    l->user = user;
    timer_init(&l->retry, loop, look, l);
    const struct engine_events events = {look, on_down, on_container, l};
    engine->ops->start(engine, &events);
    *out = l;
    return 0;
}

void leftovers_remove(struct leftovers *l, const char *node_id)
{
    strcpy_cut(l->node_id, sizeof(l->node_id), node_id);
    look(l);
}

static void all_closed(void *user)
{
    struct leftovers *l = user;
    void (*closed)(void *user) = l->closed;
    void *closed_user = l->closed_user;
    forget_ids(l);
    free(l);
    closed(closed_user);
}

void leftovers_close(struct leftovers *l, void (*closed)(void *user), void *user)
{
    l->is_closed = true;
    l->closed = closed;
    l->closed_user = user;
    l->engine->ops->start(l->engine, NULL);
    loop_close_init(&l->closing, all_closed, l);
    timer_close(&l->retry, &l->closing);
    loop_close_hold(&l->closing);
    l->engine->ops->close(l->engine, loop_close_release, &l->closing);
    loop_close_end(&l->closing);
}
