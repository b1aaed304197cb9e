/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node_private.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

/*
 *          node_start, node_init_swarm
 *   in no swarm ----------------> open files -> (new: bootstrap) -> serve -> settle
 *        ^                                                                     |
 *        |                            node_leave_swarm                         v
 *        +--- files removed <- parts closed <- tasks removed <------------- member
 *
 * One of these ways at a time (is_busy). A failure on the way in closes what was opened.
 */

/* ---- the end of a way ---- */

static void on_finish(void *user)
{
    struct node *n = user;
    struct err result = n->result;
    n->is_busy = n->is_finished = false;
    n->done(result.code, result.code ? &result : NULL, n->done_user);
}

void node_finish(struct node *n, int code, const struct err *e)
{
    n->result = (struct err){0};
    if (code) {
        n->result.code = code;
        if (e)
            n->result = *e;
    }
    n->is_finished = true;
    defer_start(&n->finish, &n->defers);
}

void node_begin(struct node *n, node_done done, void *user)
{
    assert(!n->is_busy && !n->is_stopping);
    n->is_busy = true;
    n->done = done;
    n->done_user = user;
}

/* ---- the way in ---- */

static void failed(struct node *n)
{
    struct err e = n->result;
    node_finish(n, e.code, &e);
}

static void fail(struct node *n, const struct err *e)
{
    n->result = *e;
    node_end(n, failed);
}

void node_settled(struct node *n)
{
    if (!n->is_settling)
        return;
    n->is_settling = false;
    timer_cancel(&n->settle);
    node_finish(n, 0, NULL);
}

static void on_settle_timeout(void *user)
{
    log_warn("this node has not registered with its manager yet; going on without");
    node_settled(user);
}

/* The way in is gone when the node takes part in the swarm, as far as that is up to it.
 */
static void settle(struct node *n)
{
    n->is_settling = true;
    timer_start(&n->settle, NODE_SETTLE_TIMEOUT);
}

static void serve_or_fail(struct node *n)
{
    struct err e = {0};
    if (node_serve(n, &e))
        fail(n, &e);
    else
        settle(n);
}

static int open_cluster(struct node *n, struct err *e)
{
    struct cluster_config config = {.loop = n->loop, .folder = n->folder};
    return cluster_open(&config, &n->cluster, e);
}

static void on_bootstrapped(int r, const struct err *e, void *user)
{
    struct node *n = user;
    bootstrap_deinit(&n->bootstrap);
    if (n->is_stopping)
        return;
    if (r)
        fail(n, e);
    else
        serve_or_fail(n);
}

/* spec moves in. */
static int bootstrap(struct node *n, const char *advertise_addr,
                     Swarm__NodeSpec__Availability availability, Swarm__ClusterSpec *spec,
                     struct err *e)
{
    char addr[sizeof(n->state.manager_addr)];
    int r = address_resolve(advertise_addr, addr, sizeof(addr), e);
    if (r) {
        message_free((ProtobufCMessage *)spec);
        return r;
    }
    r = bootstrap_init(&n->bootstrap, spec, addr, clock_now(), e);
    if (r)
        return r;
    n->bootstrap.availability = availability;
    r = cluster_bootstrap(n->cluster, &n->bootstrap, on_bootstrapped, n, e);
    if (r)
        bootstrap_deinit(&n->bootstrap);
    return r;
}

/* What the request doesn't say, the settings may. */
static const char *advertise_addr_of(const struct node *n, const struct node_init *init)
{
    return str_is_empty(init->advertise_addr) ? n->config->advertise_addr
                                              : init->advertise_addr;
}

void node_init_swarm(struct node *n, const struct node_init *init, node_done done,
                     void *user)
{
    node_begin(n, done, user);
    n->state.is_auto = false;
    struct err e = {0};
    Swarm__ClusterSpec *spec = init->spec;
    /* What a leave that was cut short has left behind. */
    int r = cluster_remove_files(n->folder, &e);
    if (!r)
        r = open_cluster(n, &e);
    if (!r)
        r = bootstrap(n, advertise_addr_of(n, init), init->availability, TAKE(spec), &e);
    message_free((ProtobufCMessage *)spec);
    if (r)
        fail(n, &e);
}

/* ---- start ---- */

static int check_store(const struct node *n, struct err *e)
{
    if (n->state.membership != NODE_MEMBER || cluster_exists(n->cluster))
        return 0;
    return err_set(
        e, ERR_DATA_LOSS,
        "%s has lost its contents, though this node is in a swarm; put it back from "
        "a backup, or remove %s to begin anew",
        n->folder, n->state_path);
}

/* A crash may have come between a swarm's first commit and the note that this node is in
 * it: then it is there already. */
static void start_fresh(struct node *n)
{
    struct err e = {0};
    n->state.is_auto = true;
    int r = open_cluster(n, &e);
    if (!r && cluster_exists(n->cluster))
        serve_or_fail(n);
    else if (!r)
        r = bootstrap(n, n->config->advertise_addr,
                      SWARM__NODE_SPEC__AVAILABILITY__ACTIVE, NULL, &e);
    if (r)
        fail(n, &e);
}

static void start_member(struct node *n)
{
    struct err e = {0};
    int r = open_cluster(n, &e);
    if (!r)
        r = check_store(n, &e);
    if (r)
        fail(n, &e);
    else
        serve_or_fail(n);
}

void node_start(struct node *n, node_done done, void *user)
{
    struct err e = {0};
    node_begin(n, done, user);
    if (node_state_load(n->state_path, &n->state, &e)) {
        node_finish(n, e.code, &e);
        return;
    }
    node_sweep(n);
    if (n->state.membership == NODE_MEMBER)
        start_member(n);
    else if (n->state.membership == NODE_FRESH && n->config->auto_init)
        start_fresh(n);
    else
        node_finish(n, 0, NULL);
}

/* ---- life ---- */

static void node_free(struct node *n)
{
    free(n->state_path);
    free(n->folder);
    free(n->secrets_dir);
    free(n);
}

static int make_paths(struct node *n)
{
    n->state_path = str_format("%s/node.json", n->config->state_dir);
    n->folder = str_format("%s/swarm", n->config->state_dir);
    n->secrets_dir = str_format("%s/secrets", n->config->run_dir);
    return n->state_path && n->folder && n->secrets_dir ? 0 : ERR_NO_MEMORY;
}

static void on_closed(void *user)
{
    struct node *n = user;
    void (*closed)(void *) = n->closed;
    void *closed_user = n->closed_user;
    node_free(n);
    closed(closed_user);
}

static void close_rest(void *user)
{
    struct node *n = user;
    loop_close_init(&n->closing, on_closed, n);
    timer_close(&n->settle, &n->closing);
    defer_queue_close(&n->defers, &n->closing);
    if (n->leftovers) {
        loop_close_hold(&n->closing);
        leftovers_close(n->leftovers, loop_close_release, &n->closing);
    }
    loop_close_end(&n->closing);
}

int node_new(uv_loop_t *loop, const struct config *config, const char *engine_socket,
             struct node **out, struct err *e)
{
    struct node *n = calloc(1, sizeof(*n));
    if (!n)
        return err_no_memory(e);
    n->loop = loop;
    n->config = config;
    n->engine_socket = engine_socket;
    if (make_paths(n)) {
        node_free(n);
        return err_no_memory(e);
    }
    defer_queue_init(&n->defers, loop);
    defer_init(&n->finish, on_finish, n);
    defer_init(&n->last, close_rest, n);
    timer_init(&n->settle, loop, on_settle_timeout, n);
    *out = n;
    return 0;
}

static void canceled(struct node *n)
{
    struct err e;
    if (n->is_busy && !n->is_finished)
        node_finish(n, err_set(&e, ERR_CANCELED, "this node is being stopped"), &e);
}

/* What is being closed already ends by itself, and a confirmation is one commit. */
void node_cancel(struct node *n)
{
    n->is_stopping = true;
    if (n->is_settling)
        node_settled(n);
    else if (n->is_busy && !n->is_finished && !n->is_serving && !n->is_ending)
        node_end(n, canceled);
}

/* Whoever waits for the end of a way hears of it before the node is gone: callbacks come
 * in the order in which they were deferred. */
static void on_parts_closed(struct node *n)
{
    canceled(n);
    defer_start(&n->last, &n->defers);
}

void node_close(struct node *n, void (*closed)(void *user), void *user)
{
    n->closed = closed;
    n->closed_user = user;
    n->is_stopping = true;
    n->is_settling = false;
    timer_cancel(&n->settle);
    node_end(n, on_parts_closed);
}

struct cluster *node_cluster(struct node *n)
{
    return n->is_serving ? n->cluster : NULL;
}

const struct node_state *node_state(const struct node *n)
{
    return &n->state;
}

const char *node_address(const struct node *n)
{
    return n->address;
}

bool node_is_busy(const struct node *n)
{
    return n->is_busy || n->is_stopping;
}

const struct buf *node_ca_pem(const struct node *n)
{
    return &n->ca_pem;
}

const struct buf *node_ca_subject(const struct node *n)
{
    return &n->ca_subject;
}

const struct buf *node_ca_spki(const struct node *n)
{
    return &n->ca_spki;
}

void node_set_watch(struct node *n, const struct node_watch *watch)
{
    n->watch = *watch;
}
