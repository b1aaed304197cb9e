/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "base/err.h"
#include "engine/engine.h"
#include "net/rpc.h"
#include "swarm/dispatcher.pb-c.h"

/*
 * The agent of a node: keeps a session with a manager over an rpc channel, takes
 * assignments, runs tasks on the engine, puts their secrets and configs on the node's
 * secrets file system, and reports. It knows nothing of the manager but the protocol.
 */
struct agent;

struct agent_config {
    uv_loop_t *loop;
    struct engine *engine; /* borrowed; the agent sets its events */
    const char *node_id;
    const char *hostname;    /* of the node; NULL: the engine's */
    const char *secrets_dir; /* where the secrets file system is or will be mounted:
                                "/run/coffer/secrets" */
    uint64_t seed;           /* of the backoff's random numbers */
    /* Which certificate authority the node trusts, for its description. Copied. May be
     * NULL. */
    const Swarm__NodeTLSInfo *tls_info;
    /* What a manager says of the cluster when a session begins and when it changes:
     * managers, the root certificate, this node's object. Lent. May be NULL. */
    void (*on_session)(const Swarm__SessionMessage *m, void *user);
    /* The engine doesn't answer, so that a session that has not begun must wait for it.
     * May be NULL. */
    void (*on_engine_down)(void *user);
    void *user;
};

/* Prepares the agent and its secrets file system (secret_fs.h). Files of tasks that no
 * container uses are removed once the engine has been asked. */
int agent_new(const struct agent_config *config, struct agent **out,
              struct err *e) MUST_CHECK;

/* Connects it to a manager. The channel is borrowed; when a session ends, the agent opens
 * the next one by itself, with the protocol's backoff. Called again with another channel
 * it changes to that one: the former is unused from then on, and what it hadn't brought
 * to the manager goes over the new one. */
void agent_start(struct agent *a, struct rpc_channel *channel);

/* How long a leave waits for an engine that is away, or for one that is there beyond what
 * stopping the tasks takes; each container that goes gives the latter that time anew. */
#define AGENT_ENGINE_PATIENCE (5 * CLOCK_SECOND)

/*
 * Leaves: stops and removes all tasks' containers and their files, then calls done. For
 * `swarm leave`. The files are gone in any case, the containers only if the engine was
 * there for it.
 */
void agent_remove_all(struct agent *a, void (*done)(void *user), void *user);

/* May containers have remained? */
bool agent_has_remains(const struct agent *a);

/* Ends the session and frees everything, leaving tasks and their files as they are: a
 * later agent adopts them. */
void agent_close(struct agent *a, void (*closed)(void *user), void *user);
