/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/filters.h"
#include "api/private.h"

/* Tells a change in the store to the clients that listen, and keeps it for `since`. */
void api_events_tell(struct api *a, const struct store_change *change);

/* ---- what of a client's request is the engine's (events_engine.c) ---- */

/* Could an event of the engine's pass these filters? */
bool api_events_concern_engine(const struct api_filters *f);

/* The target to ask the engine with: the filters without what only the swarm has; since
 * and until in nanoseconds, 0: without. */
int api_events_engine_target(const struct api_filters *f, int64_t since, int64_t until,
                             struct buf *out) MUST_CHECK;
