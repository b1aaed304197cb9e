/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "engined/config.h"

/*
 * The secrets engine of one user: listens, serves clients and plugins, until
 * SIGTERM, SIGINT or SIGHUP, or, started on demand, until nothing was asked for some
 * time. Returns when all is closed. A second engine on demand finds the first one there,
 * and that is success.
 */
int engine_run(const struct config *config, struct err *e) MUST_CHECK;
