/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "store/store.h"
#include "swarm/logbroker.pb-c.h"

/* Whose output a log request is about. Private to this folder. */

bool log_selection_has(const Swarm__LogSelector *selector, const char *service_id,
                       const char *task_id);

/* Puts the ids of the nodes that have a selected task into `nodes`; the values aren't
 * NULL. ERR_NO_MEMORY. */
int log_selection_nodes(const Swarm__LogSelector *selector, const struct store_view *v,
                        struct map *nodes) MUST_CHECK;
