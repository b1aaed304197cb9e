/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/docker_api.h"

/*
 * References to secrets in the environment of tasks ("KEY=se://id"): they stand in the
 * container as they are, coffer-runtime resolves them when it starts, with the secrets
 * engine of this node's root, as its record says (oci/record.h).
 */

/*
 * Adds the references of a task, and where values of them lie, to an empty record, and
 * completes the body of its container for the runtime where there are some.
 * ERR_FAILED_PRECONDITION when the engine hasn't got coffer-runtime (as its last /info
 * said), ERR_UNIMPLEMENTED where there is no folder for records.
 */
int docker_references_complete(const struct docker_api *api,
                               const struct engine_container *container, json_t *body,
                               struct record *out, struct err *e) MUST_CHECK;
