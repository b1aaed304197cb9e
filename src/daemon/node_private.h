/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/agent.h"
#include "agent/leftovers.h"
#include "daemon/address.h"
#include "daemon/node.h"
#include "engine/engine.h"
#include "loop/loop.h"

/*
 * The files of the node: node.c (its ways: start, init, close), node_parts.c (what it is
 * made of), node_confirm.c (init of a swarm that is there), node_leave.c.
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
    struct defer finish, last;
    struct loop_close closing;

    struct cluster *cluster;
    struct rpc_channel *channel;
    struct engine *engine;
    struct agent *agent;
    struct bootstrap bootstrap;
    char address[ADDRESS_SIZE]; /* of this node, without a port */
    struct buf ca_pem, ca_subject, ca_spki;
    struct timer settle;
    bool is_settling; /* serving, but the agent hasn't registered yet */
    bool is_serving;  /* the parts above are all there, and it isn't on its way out */

    struct node_state confirmed; /* what a confirmation under way makes of it */
    Swarm__NodeSpec__Availability confirmed_availability;
    Swarm__ClusterSpec *confirmed_spec;

    bool has_remains;            /* containers, of the swarm that it leaves */
    struct leftovers *leftovers; /* NULL until there are any */
    bool is_sweeping;            /* they are being removed */

    bool is_stopping; /* nothing further begins */
    bool is_busy;
    bool is_finished; /* the outcome is known and about to be told */
    node_done done;
    void *done_user;
    struct err result;
    bool is_ending;                /* the parts are being closed */
    void (*ended)(struct node *n); /* what follows then */

    void (*closed)(void *user);
    void *closed_user;
};

/* ---- node.c ---- */

/* A request begins; no other is under way. */
void node_begin(struct node *n, node_done done, void *user);

/* It is over: tells the outcome, from the loop. e is copied. */
void node_finish(struct node *n, int code, const struct err *e);

/* The agent has registered with the manager, or won't for a while. */
void node_settled(struct node *n);

/* ---- node_parts.c ---- */

/* Closes the parts, whichever there are, then goes on with `ended`. A stop that comes
 * while they are being closed takes the place of what was to follow. */
void node_end(struct node *n, void (*ended)(struct node *n));

/* From here on the swarm can be neither seen nor written. */
void node_withdraw(struct node *n);

/* Takes up service of the cluster that is open: finds out who this node is, starts the
 * manager's services and the agent. After an error node_end closes what was started. */
int node_serve(struct node *n, struct err *e) MUST_CHECK;

/* ---- node_leave.c ---- */

/* Removes what former nodes' swarms have left on the engine, if there is anything and
 * this isn't under way. */
void node_sweep(struct node *n);
