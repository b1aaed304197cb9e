/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "engine/docker_create.h"

/* Does the engine with this pid (0: it can't be known; a socket unit's) run the health
 * checks of its containers without being asked? */
bool docker_runs_health_checks(enum docker_kind kind, pid_t pid);

/* Does Podman as this process ("/proc/123") leave them to timers of systemd? */
bool docker_has_timers(const char *process);
