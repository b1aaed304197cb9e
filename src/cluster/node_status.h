/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cluster/proposer.h"

/*
 * What a manager writes about a node's connection: NodeStatus and, when it registers, its
 * description. Messages are SwarmKit's.
 */

/* A node registered: READY, with its description (copied) and the address it was seen at.
 * done as proposal_done. A description of more bytes than the limit is
 * ERR_INVALID_ARGUMENT. */
#define NODE_DESCRIPTION_LIMIT (256 * 1024)
int node_status_register(struct proposer *p, const char *node_id,
                         const Swarm__NodeDescription *description, const char *addr,
                         proposal_done done, void *user, struct err *e) MUST_CHECK;

/* The node is in another state now. A node that is gone from the store is no error. done
 * as proposal_done; without one a failure is logged. */
int node_status_set(struct proposer *p, const char *node_id,
                    Swarm__NodeStatus__State state, const char *message,
                    proposal_done done, void *user, struct err *e) MUST_CHECK;
