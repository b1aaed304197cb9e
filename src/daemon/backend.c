/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/backend.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "daemon/backend_private.h"
#include "daemon/backend_request.h"

/* ---- watching ---- */

/* The next of a round over the watches, NULL at its end. Any watch may be removed
 * meanwhile, and one that is added waits for the next round. */
static struct store_watch *next_watch(struct node_backend *b, struct list *round)
{
    if (list_is_empty(round))
        return NULL;
    struct store_watch *w = LIST_FIRST(round, struct store_watch, link);
    list_remove(&w->link);
    list_append(&b->watches, &w->link);
    return w;
}

static void begin_round(struct node_backend *b, struct list *round)
{
    list_init(round);
    list_splice(round, &b->watches);
}

static void on_change(const struct store_change *change, void *user)
{
    struct list round;
    struct store_watch *w;
    begin_round(user, &round);
    while ((w = next_watch(user, &round)))
        w->on_change(change, w->user);
}

static void on_commit(const struct store_view *view, void *user)
{
    struct list round;
    struct store_watch *w;
    begin_round(user, &round);
    while ((w = next_watch(user, &round)))
        if (w->on_commit)
            w->on_commit(view, w->user);
}

static void on_swarm_begin(struct cluster *c, void *user)
{
    struct node_backend *b = user;
    store_watch_add(cluster_store(c), &b->store_watch);
}

static void on_swarm_end(struct cluster *c, void *user)
{
    (void)c;
    struct node_backend *b = user;
    store_watch_remove(&b->store_watch);
}

static void watch(struct backend *backend, struct store_watch *w)
{
    list_append(&node_backend_of(backend)->watches, &w->link);
}

static void unwatch(struct backend *backend, struct store_watch *w)
{
    (void)backend;
    list_remove(&w->link);
}

/* ---- reading ---- */

static void swarm(struct backend *backend, struct backend_swarm *out)
{
    struct node *n = node_backend_of(backend)->node;
    const struct node_state *state = node_state(n);
    struct cluster *c = node_cluster(n);
    *out = (struct backend_swarm){.state = SWARM_INACTIVE, .error = "", .node_id = ""};
    out->node_addr = out->manager_addr = out->root_ca_pem = "";
    if (!c)
        return;
    out->state = SWARM_ACTIVE;
    out->node_id = state->node_id;
    out->manager_addr = state->manager_addr;
    out->node_addr = node_address(n);
    out->is_manager = true;
    out->is_auto = state->is_auto;
    out->root_ca_pem = buf_str(node_ca_pem(n));
    out->ca_subject = node_ca_subject(n)->data;
    out->ca_subject_len = node_ca_subject(n)->len;
    out->ca_spki = node_ca_spki(n)->data;
    out->ca_spki_len = node_ca_spki(n)->len;
}

int node_backend_cluster(struct backend *backend, struct cluster **out, struct err *e)
{
    *out = node_cluster(node_backend_of(backend)->node);
    if (*out)
        return 0;
    return err_set(
        e, ERR_UNAVAILABLE,
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker "
        "swarm join\" to connect this node to swarm and try again.");
}

static int view(struct backend *backend, const struct store_view **out, struct err *e)
{
    struct cluster *c;
    int r = node_backend_cluster(backend, &c, e);
    if (!r)
        *out = store_view(cluster_store(c));
    return r;
}

/* ---- writing ---- */

static void submit(struct backend *backend, const struct backend_request *q)
{
    struct node_backend *b = node_backend_of(backend);
    struct cluster *c;
    struct err e = {0};
    if (node_backend_cluster(backend, &c, &e))
        backend_request_refuse(q, &e, &b->defers);
    else
        backend_request_submit(q, c, &b->defers);
}

static void create(struct backend *backend, enum object_kind kind, void *spec,
                   backend_done done, void *user)
{
    struct backend_request q = {
        .verb = BACKEND_CREATE, .kind = kind, .spec = spec, .done = done, .user = user};
    submit(backend, &q);
}

static void update(struct backend *backend, enum object_kind kind, const char *id,
                   const struct control_update *how, void *spec, backend_done done,
                   void *user)
{
    struct backend_request q = {.verb = BACKEND_UPDATE,
                                .kind = kind,
                                .how = *how,
                                .spec = spec,
                                .done = done,
                                .user = user};
    strcpy_cut(q.id, sizeof(q.id), id);
    submit(backend, &q);
}

static void remove_object(struct backend *backend, enum object_kind kind, const char *id,
                          bool force, backend_done done, void *user)
{
    struct backend_request q = {
        .verb = BACKEND_REMOVE, .kind = kind, .force = force, .done = done, .user = user};
    strcpy_cut(q.id, sizeof(q.id), id);
    submit(backend, &q);
}

/* ---- life ---- */

static const struct backend_ops ops = {
    .swarm = swarm,
    .view = view,
    .create = create,
    .update = update,
    .remove = remove_object,
    .init = backend_init_swarm,
    .leave = backend_leave_swarm,
    .watch = watch,
    .unwatch = unwatch,
    .logs = backend_logs_start,
    .logs_cancel = backend_logs_cancel,
    .logs_pause = backend_logs_pause,
};

int node_backend_new(uv_loop_t *loop, struct node *n, struct backend **out, struct err *e)
{
    struct node_backend *b = calloc(1, sizeof(*b));
    if (!b)
        return err_no_memory(e);
    b->backend.ops = &ops;
    b->node = n;
    b->store_watch =
        (struct store_watch){.on_change = on_change, .on_commit = on_commit, .user = b};
    list_init(&b->watches);
    defer_queue_init(&b->defers, loop);
    struct node_watch w = {on_swarm_begin, on_swarm_end, b};
    node_set_watch(n, &w);
    *out = &b->backend;
    return 0;
}

static void on_closed(void *user)
{
    struct node_backend *b = user;
    void (*closed)(void *) = b->closed;
    void *closed_user = b->closed_user;
    free(b);
    closed(closed_user);
}

static void on_answered(void *user)
{
    struct node_backend *b = user;
    loop_close_init(&b->closing, on_closed, b);
    defer_queue_close(&b->defers, &b->closing);
    loop_close_end(&b->closing);
}

/* Last in the queue: the answers that wait in it come first. */
void node_backend_close(struct backend *backend, void (*closed)(void *user), void *user)
{
    struct node_backend *b = node_backend_of(backend);
    b->closed = closed;
    b->closed_user = user;
    defer_init(&b->last, on_answered, b);
    defer_start(&b->last, &b->defers);
}
