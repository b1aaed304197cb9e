/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/map.h"
#include "cli/show.h"

/*
 * Has a service converged? Decided from what the API tells of the service, its up to date
 * tasks and the nodes; shown line by line. Pure but for what it shows.
 *
 * A replicated service has converged when each slot's task has been running for the
 * update's monitor time; a rollback and a pause end the wait too.
 */
struct progress {
    struct show *show;
    struct map slots; /* slot to place of its line, 1 and up */
    bool started, all_running;
    bool rollback, told_rollback;
    int64_t converged_at; /* CLOCK_NEVER: it hasn't */
    int64_t monitor;
};

enum progress_outcome {
    PROGRESS_GOING, /* look again when something happens, or at *again */
    PROGRESS_DONE,
};

void progress_init(struct progress *p, struct show *show);
void progress_deinit(struct progress *p);

/*
 * What is known now. *again: when to look again even if nothing happens; CLOCK_NEVER.
 * ERR_ABORTED when the update or the rollback was paused; ERR_UNIMPLEMENTED for a mode of
 * service that can't be waited for.
 */
int progress_update(struct progress *p, const json_t *service, const json_t *tasks,
                    const json_t *nodes, int64_t now, enum progress_outcome *outcome,
                    int64_t *again, struct err *e) MUST_CHECK;
