/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/slots.h"

/*
 * Private to the manager: removes tasks nobody needs any more from the store. Those that
 * are desired REMOVE go once they are over. Of the others, a slot keeps as many as the
 * cluster's history limit says, the newest ones; and beyond that those by which a policy
 * with max_attempts counts, as long as it does.
 */
int reaper_run(struct round *r) MUST_CHECK;
