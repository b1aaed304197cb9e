/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/crypto.h"
#include "manager/manager.h"

/* The size of its networks' subnets, as Docker shows it where nothing else was asked
 * (docker swarm init). */
#define BOOTSTRAP_SUBNET_SIZE 24

/*
 * A new cluster: its root certificate authority, join tokens and first node, which is
 * this one and a manager. What needs randomness and keys is prepared first; the objects
 * are then created in one transaction.
 */
struct bootstrap {
    char cluster_id[OBJECT_ID_SIZE];
    char node_id[OBJECT_ID_SIZE];
    struct certificate root;
    struct certificate node;
    char manager_addr[64];
    Swarm__NodeSpec__Availability availability;
    Swarm__ClusterSpec *spec; /* with defaults */
    uint32_t subnet_size, data_path_port;
    const struct keyring *keys; /* borrowed; must be set before bootstrap_run */
};

/* Draws ids and makes certificates. spec moves in (NULL: defaults), also on failure.
 * manager_addr is "host:port". */
int bootstrap_init(struct bootstrap *b, Swarm__ClusterSpec *spec,
                   const char *manager_addr, int64_t now, struct err *e) MUST_CHECK;
void bootstrap_deinit(struct bootstrap *b);

/* Creates the cluster, whose root's key is sealed, and its node; has the form of a
 * proposal, with the bootstrap as user. */
int bootstrap_run(struct store_tx *tx, const struct manager_env *env, void *bootstrap,
                  struct err *e) MUST_CHECK;
