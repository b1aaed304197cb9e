/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `swarm leave`. From its first moment on nothing can be written any more, for it would
 * be acknowledged and then erased. An engine that is away isn't waited for long: this
 * node then remembers who it was, and removes those containers when the engine is back.
 */
#include "daemon/node_private.h"

#include "base/log.h"
#include "base/mem.h"

static void remember(struct node_state *left, const char *node_id)
{
    if (!node_state_add_former(left, node_id))
        log_error("containers with the label com.docker.swarm.node.id=%s may remain: too "
                  "many swarms were left without an engine",
                  node_id);
}

static void on_left(struct node *n)
{
    struct err e = {0};
    struct node_state left = {.membership = NODE_LEFT};
    memcpy(left.former, n->state.former, sizeof(left.former));
    if (n->has_remains)
        remember(&left, n->state.node_id);
    int r = node_state_save(n->state_path, &left, &e);
    if (!r)
        r = cluster_remove_files(n->folder, &e);
    n->state = left;
    node_finish(n, r, &e);
    node_sweep(n);
}

static void on_tasks_removed(void *user)
{
    struct node *n = user;
    if (n->is_stopping)
        return;
    n->has_remains = agent_has_remains(n->agent);
    node_end(n, on_left);
}

void node_leave_swarm(struct node *n, node_done done, void *user)
{
    node_begin(n, done, user);
    node_withdraw(n);
    agent_remove_all(n->agent, on_tasks_removed, n);
}

/* ---- what was left ---- */

static void on_swept(void *user)
{
    struct node *n = user;
    struct err e;
    log_info("nothing is left of the swarm in which this node was %s",
             n->state.former[0]);
    node_state_drop_former(&n->state);
    if (node_state_save(n->state_path, &n->state, &e))
        log_warn("%s", err_text(&e)); /* the next start finds nothing to remove */
    n->is_sweeping = false;
    node_sweep(n);
}

static int open_leftovers(struct node *n, struct err *e)
{
    struct engine *engine;
    int r = engine_docker_api_new(n->loop, n->engine_socket, &engine, e);
    return r ? r : leftovers_new(n->loop, engine, on_swept, n, &n->leftovers, e);
}

void node_sweep(struct node *n)
{
    struct err e;
    if (n->is_sweeping || n->is_stopping || !*n->state.former[0])
        return;
    if (!n->leftovers && open_leftovers(n, &e)) {
        log_error("containers of a swarm that was left remain until the next start: %s",
                  err_text(&e));
        return;
    }
    n->is_sweeping = true;
    leftovers_remove(n->leftovers, n->state.former[0]);
}
