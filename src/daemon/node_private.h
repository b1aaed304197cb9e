/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/agent.h"
#include "daemon/node.h"
#include "engine/engine.h"
#include "loop/loop.h"

/*
 * The files of the node: node.c (its ways: start, init, leave, close), node_parts.c (what
 * it is made of), node_confirm.c (init of a swarm that is there).
 */
struct node {
    uv_loop_t *loop;
    const struct config *config;
    const char *engine_socket;
    char *state_path;
    char *folder; /* the cluster's */
    char *secrets_dir;
    struct node_state state;
    struct node_watch watch;
    struct defer_queue defers;
    struct defer finish;
    struct loop_close closing;

    struct cluster *cluster;
    struct rpc_channel *channel;
    struct engine *engine;
    struct agent *agent;
    struct bootstrap bootstrap;
    char address[64]; /* of this node, without a port */
    struct buf ca_pem, ca_subject, ca_spki;
    bool is_serving; /* the parts above are all there, and it isn't on its way out */

    bool is_busy;
    node_done done;
    void *done_user;
    struct err result;
    bool is_ending;                /* the parts are being closed */
    void (*ended)(struct node *n); /* what follows then */

    void (*closed)(void *user);
    void *closed_user;
};

/* ---- node_parts.c ---- */

/* Closes the parts, whichever there are, then goes on with `ended`. A stop that comes
 * while they are being closed takes the place of what was to follow. */
void node_end(struct node *n, void (*ended)(struct node *n));

/* Takes up service of the cluster that is open: finds out who this node is, starts the
 * manager's services and the agent. After an error node_end closes what was started. */
int node_serve(struct node *n, struct err *e) MUST_CHECK;
