/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/command.h"

/*
 * The commands for containers and images are the engine's business: this process becomes
 * docker's (or Podman's) own command line, pointed at our daemon's socket.
 */
int engine_exec_run(struct cli *c, struct err *e) MUST_CHECK;
