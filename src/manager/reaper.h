/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/slots.h"

/*
 * Private to the manager: removes tasks nobody needs any more from the store. Those that
 * are desired REMOVE go once they are over. Of the others, a slot keeps as many as the
 * cluster's history limit says (a policy with max_attempts keeps what it must count), the
 * newest ones.
 */
int reaper_run(struct round *r) MUST_CHECK;
