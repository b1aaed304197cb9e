/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/slots.h"

/*
 * Private to the manager: rolling updates. `live` are the numbers of the slots that the
 * service keeps.
 */
int updater_run(struct round *r, const uint64_t *live, size_t n) MUST_CHECK;

/*
 * Counts failures of the update under way, before anything else is done about the tasks
 * that failed. Sets *again when it put the former spec back in place, so that the service
 * must be looked at anew.
 */
int updater_watch(struct round *r, bool *again) MUST_CHECK;

/* NULL is fine. */
void update_free(struct update *u);
