/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/crun.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_limits.h"

#define CONTROLLERS_MAX 4096

/* Is this a cgroup v2 mount that has controllers? */
static bool has_controllers(const char *root, const char *mount)
{
    cleanup_buf struct buf controllers = BUF_INIT;
    cleanup_free char *path = str_format("%s%s/cgroup.controllers", root, mount);
    return path && !file_read(path, CONTROLLERS_MAX, &controllers, NULL) &&
           controllers.len > 1;
}

const char *crun_trouble(const char *root, bool may_lock)
{
    if (has_controllers(root, "/sys/fs/cgroup/unified"))
        return "some cgroup controllers are version 2 while others are version 1";
    /* For the program by which it confines a container's devices there. */
    if (!may_lock && has_controllers(root, "/sys/fs/cgroup"))
        return "it lifts the limit of locked memory, which needs CAP_SYS_RESOURCE or "
               "LimitMEMLOCK=infinity";
    return NULL;
}

static bool may_lock_memory(void)
{
    struct rlimit limit;
    return engine_limits_can_raise() || getrlimit(RLIMIT_MEMLOCK, &limit) ||
           limit.rlim_max == RLIM_INFINITY;
}

static const char *find_runc(void)
{
    static const char *const places[] = {"/usr/local/sbin/runc", "/usr/local/bin/runc",
                                         "/usr/sbin/runc", "/usr/bin/runc"};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

const char *crun_substitute(void)
{
    return crun_trouble("", may_lock_memory()) ? find_runc() : NULL;
}

void crun_warn(void)
{
    const char *why = crun_trouble("", may_lock_memory());
    if (why && !find_runc())
        log_warn("crun can't start containers on this host (%s): install runc", why);
}
