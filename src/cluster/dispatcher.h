/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "cluster/proposer.h"
#include "crypto/crypto.h"
#include "net/rpc.h"

/*
 * The Dispatcher service of a manager: sessions of nodes, their liveness by heartbeat,
 * what each node has to run (pushed in the same turn of the loop in which it was
 * committed), and what nodes report about it.
 */
struct dispatcher;

struct dispatcher_config {
    uv_loop_t *loop;
    struct store *store;
    struct proposer *proposer;
    const struct keyring *keys; /* opens payloads on their way out */
    struct rpc_server *server;  /* the service is added to it */
    const char *manager_addr;   /* what nodes are told to connect to; copied */
};

/* A node that is silent for this many heartbeat periods is down; after a change of the
 * leader, for twice as long. */
#define DISPATCHER_GRACE_PERIODS 3

/* All pointers are borrowed and outlive the dispatcher. */
int dispatcher_new(const struct dispatcher_config *config, struct dispatcher **out,
                   struct err *e) MUST_CHECK;

/* What nodes are told to connect to from their next message on. Copied. */
void dispatcher_set_address(struct dispatcher *d, const char *manager_addr);

/* Ends all sessions with ERR_UNAVAILABLE. The proposer must be closed before
 * dispatcher_free, since it calls back. */
void dispatcher_stop(struct dispatcher *d);
void dispatcher_free(struct dispatcher *d, void (*closed)(void *user), void *user);
