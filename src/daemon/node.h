/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "cluster/cluster.h"
#include "daemon/config.h"
#include "daemon/node_state.h"

/*
 * This machine as a node: in no swarm, or in one as its manager and as an agent, which
 * meet only through the node protocol. Joins the parts and carries the node through
 * start, init, leave and stop.
 */
struct node;

/* engine_socket is the path of the engine's API. The node is in no swarm until
 * node_start's callback says otherwise. */
int node_new(uv_loop_t *loop, const struct config *config, const char *engine_socket,
             struct node **out, struct err *e) MUST_CHECK;

/*
 * What was asked for is done (r = 0), or why not. Comes exactly once, from the loop. One
 * request at a time: none may be made while node_is_busy.
 */
typedef void (*node_done)(int r, const struct err *e, void *user);

/* How long a start or an init waits, once all is there, until this node has registered
 * with its manager as an agent. It can't before the engine has described itself: an
 * engine that is away isn't waited for. */
#define NODE_SETTLE_TIMEOUT (5 * CLOCK_SECOND)

/* Takes up what the node was when it stopped; a fresh one becomes a swarm of one, unless
 * config says no. */
void node_start(struct node *n, node_done done, void *user);

/* Makes a new swarm of a node that is in none. spec moves in; NULL: defaults. */
struct node_init {
    const char *advertise_addr; /* an address or an interface, "[:port]"; or "" */
    Swarm__NodeSpec__Availability availability;
    Swarm__ClusterSpec *spec;
};
void node_init_swarm(struct node *n, const struct node_init *init, node_done done,
                     void *user);

/* The same of a node that is in a swarm which it has made by itself: the swarm becomes
 * the user's, with spec, availability and address as asked ("": it keeps its address).
 * Objects, ids, tokens and certificates stay. A value that isn't valid is refused before
 * anything changes. */
void node_confirm_swarm(struct node *n, const struct node_init *init, node_done done,
                        void *user);

/* Leaves the swarm, which can be neither seen nor written from here on: ends its tasks,
 * removes their secrets, then all state. The node stays out until told otherwise. What an
 * engine that is away (AGENT_ENGINE_PATIENCE) keeps of the tasks' containers is removed
 * when it is back, also by a later start or beside a new swarm. */
void node_leave_swarm(struct node *n, node_done done, void *user);

/* A stop is coming: what is under way and may take long (a start, an init, a leave) ends
 * soon, with ERR_CANCELED unless it was as good as done, so that nobody has to wait for
 * it. From here on the node is busy. A swarm that it is in is still served. */
void node_cancel(struct node *n);

/* Ends everything but the tasks, which the next start adopts; frees the node. A request
 * that is under way ends with ERR_CANCELED before `closed` is called. */
void node_close(struct node *n, void (*closed)(void *user), void *user);

/* The manager, or NULL when the node is in no swarm (or on its way in or out). */
struct cluster *node_cluster(struct node *n);
const struct node_state *node_state(const struct node *n);

/* The host part of the manager's address; "" when in no swarm. */
const char *node_address(const struct node *n);

/* Is a start, init, confirmation or leave under way, or a stop coming? */
bool node_is_busy(const struct node *n);

/* The root certificate (PEM), its issuer's name and public key (DER), for TLSInfo; empty
 * when in no swarm. */
const struct buf *node_ca_pem(const struct node *n);
const struct buf *node_ca_subject(const struct node *n);
const struct buf *node_ca_spki(const struct node *n);

/* Called whenever a swarm has begun, and before it ends: for who watches its store. */
struct node_watch {
    void (*on_begin)(struct cluster *c, void *user);
    void (*on_end)(struct cluster *c, void *user);
    void *user;
};
void node_set_watch(struct node *n, const struct node_watch *watch);
