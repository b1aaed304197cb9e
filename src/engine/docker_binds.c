/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dockerd refuses a bind of a path that isn't there; Podman makes the path, on the host,
 * as an empty folder. For Podman the look is ours, through the engine's own view of the
 * file system.
 */
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_create.h"

static int check_bind(const Swarm__Mount *m, pid_t pid, struct err *e)
{
    cleanup_free char *path = pid ? str_format("/proc/%d/root%s", (int)pid, m->source)
                                  : str_format("%s", m->source);
    if (!path)
        return err_no_memory(e);
    if (access(path, F_OK) == 0 || errno != ENOENT)
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "invalid mount config for type \"bind\": bind source path does not "
                   "exist: %s",
                   m->source);
}

int docker_check_binds(const struct engine_container *c, enum docker_kind kind, pid_t pid,
                       struct err *e)
{
    const Swarm__ContainerSpec *spec = c->task->spec->container;
    for (size_t i = 0; i < spec->n_mounts && kind == DOCKER_PODMAN; i++) {
        const Swarm__Mount *m = spec->mounts[i];
        bool is_made = m->bind_options && m->bind_options->createmountpoint;
        if (m->type != SWARM__MOUNT__TYPE__BIND || m->source[0] != '/' || is_made)
            continue;
        int r = check_bind(m, pid, e);
        if (r)
            return r;
    }
    return 0;
}
