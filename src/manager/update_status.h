/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/slots.h"

/* Private to the manager: what a service says about its update, with SwarmKit's texts. */

bool update_is_rollback(const Swarm__Service *s);
bool update_is_active(const Swarm__Service *s);
bool update_is_paused(const Swarm__Service *s);

/* UPDATING "update in progress". */
int update_status_begin(struct round *r) MUST_CHECK;

/* COMPLETED "update completed", or ROLLBACK_COMPLETED "rollback completed". */
int update_status_complete(struct round *r) MUST_CHECK;

/* PAUSED "update paused due to failure or early termination of task ID", or
 * ROLLBACK_PAUSED "rollback paused due to ...". */
int update_status_pause(struct round *r, const char *task_id) MUST_CHECK;

/* Puts the former spec in place: ROLLBACK_STARTED "update rolled back due to failure or
 * early termination of task ID". */
int update_status_roll_back(struct round *r, const char *task_id) MUST_CHECK;

/* Begins a status anew, in a service that is being changed. */
int update_status_set(Swarm__Service *s, Swarm__UpdateStatus__UpdateState state,
                      const char *message, int64_t now) MUST_CHECK;
