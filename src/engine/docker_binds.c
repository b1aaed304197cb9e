/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dockerd refuses a bind of a path that isn't there; Podman makes the path, on the host,
 * as an empty folder. For Podman the look is ours, through the engine's own view of the
 * file system: its root, in which absolute links are resolved, too (openat2, Linux 5.6).
 * A kernel without, or a seccomp filter that doesn't know it, resolves them in our root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_create.h"

/* 0 or an errno value. */
static int look_below(int root, const char *path)
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    cleanup_fd int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    int error = fd < 0 ? errno : 0;
    if (error != ENOSYS && error != EPERM)
        return error;
    return faccessat(root, path + strspn(path, "/"), F_OK, 0) ? errno : 0;
}

/* The same, in the root of a process; 0: of ours. */
static int look(pid_t pid, const char *path)
{
    char name[64];
    snprintf(name, sizeof(name), "/proc/%d/root", (int)pid);
    cleanup_fd int root = open(pid ? name : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? errno : look_below(root, path);
}

/* Only a path that surely isn't there is refused: what else is wrong the engine tells. */
static int check_bind(const Swarm__Mount *m, pid_t pid, struct err *e)
{
    if (look(pid, m->source) != ENOENT)
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
