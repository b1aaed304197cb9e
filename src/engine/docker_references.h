/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/docker_api.h"

/*
 * References to secrets in the environment of tasks ("KEY=se://id"): they stand in the
 * container as they are, coffer-runtime resolves them when it starts, with the secrets
 * engine of this node's root, as its record says (oci/record.h).
 */

/*
 * Completes the body of a container whose task has references, *has_any, for the runtime.
 * ERR_FAILED_PRECONDITION when the engine hasn't got coffer-runtime (as its last /info
 * said), ERR_UNIMPLEMENTED where there is no folder for records.
 */
int docker_references_complete(const struct docker_api *api, const Swarm__Task *task,
                               json_t *body, bool *has_any, struct err *e) MUST_CHECK;
