/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "base/err.h"
#include "daemon/runtime.h"

/*
 * The engine of a node that was told no other: `podman system service`, started and kept
 * running by cofferd, with the system's own storage, so that `podman ps` shows the tasks,
 * too. Containers don't depend on the service: it may end and come back while they run.
 *
 * On a host that can't do what Podman takes for granted (no CAP_SYS_RESOURCE, hybrid
 * cgroups, no systemd) it gets a containers.conf in the run folder with the settings that
 * make it work there.
 *
 * Where coffer-runtime is installed, it is the runtime of all containers.
 */
struct podman;

/* The socket's path, lent: "RUN-DIR/podman.sock". */
const char *podman_socket(const struct podman *p);

/* runtime must outlive it. ready is called once: when the service listens for the first
 * time, or when its first run has ended without. */
int podman_start(uv_loop_t *loop, const char *run_dir, const struct runtime *runtime,
                 void (*ready)(void *user), void *user, struct podman **out,
                 struct err *e) MUST_CHECK;
void podman_close(struct podman *p, void (*closed)(void *user), void *user);
