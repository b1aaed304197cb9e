/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "daemon/config.h"

/*
 * cofferd as a whole: engine, node, API and its socket on one loop. Runs until SIGTERM or
 * SIGINT, then closes in order; tasks go on. The result is 0 after an orderly end.
 */
int daemon_run(const struct config *config, struct err *e) MUST_CHECK;
