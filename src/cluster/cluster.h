/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "cluster/bootstrap.h"
#include "cluster/log_broker.h"
#include "cluster/proposer.h"
#include "crypto/crypto.h"
#include "net/rpc.h"
#include "store/store.h"

/*
 * The manager of a node: its store with what makes it durable, the control loop, and the
 * services that nodes call. It lives in a folder:
 *
 *   store.db         sealed objects (SQLite)
 *   keys             the keyring that opens them, see crypto/keyfile
 *   certificates/    swarm-root-ca.crt, swarm-node.crt, swarm-node.key
 */
struct cluster;

struct cluster_config {
    uv_loop_t *loop;
    const char *folder;
};

/* Opens the folder and loads what is there; makes the folder when it isn't there. A
 * damaged or foreign file is an error that names it. The store of a new one is empty. The
 * control loop doesn't run yet. */
int cluster_open(const struct cluster_config *config, struct cluster **out,
                 struct err *e) MUST_CHECK;

/* Is there a cluster in it? */
bool cluster_exists(const struct cluster *c);

/* Creates the cluster and writes this node's certificates; done comes from the loop when
 * all is durable. *b stays the caller's and lives until then. */
int cluster_bootstrap(struct cluster *c, struct bootstrap *b, proposal_done done,
                      void *user, struct err *e) MUST_CHECK;

/* Starts the services; agents may call from now on. manager_addr is what nodes are told
 * to connect to. */
int cluster_serve(struct cluster *c, const char *manager_addr, struct err *e) MUST_CHECK;

/* Another address than the one it was started with, while it serves. */
void cluster_set_address(struct cluster *c, const char *manager_addr);

struct store *cluster_store(struct cluster *c);
struct proposer *cluster_proposer(struct cluster *c);
struct keyring *cluster_keys(struct cluster *c);
struct rpc_server *cluster_server(struct cluster *c);
struct log_broker *cluster_log_broker(struct cluster *c);

/* Draws a new data key; what was sealed with older ones is sealed anew in the background,
 * then they are forgotten. */
int cluster_rotate_key(struct cluster *c, struct err *e) MUST_CHECK;

/* Ends the sessions, waits for the commit under way, closes the files and frees all of
 * it. */
void cluster_close(struct cluster *c, void (*closed)(void *user), void *user);

/* Removes the files of a cluster that is closed: for leaving a swarm. */
int cluster_remove_files(const char *folder, struct err *e) MUST_CHECK;
