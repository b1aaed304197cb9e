/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/command.h"
#include "cli/doctor/doctor.h"
#include "cli/engine_exec.h"
#include "cli/node.h"
#include "cli/payload.h"
#include "cli/service.h"
#include "cli/swarm.h"
#include "cli/system.h"

/* Commands that another program carries out; their flags are its own. */
#define BY_ENGINE(name, summary)                                                         \
    {                                                                                    \
        name, NULL, "...", summary " (by docker or podman)", 0, -1, true, TAKES_NOTHING, \
            NULL, engine_exec_run                                                        \
    }

static const struct command alone[] = {
    BY_ENGINE("commit", "Create a new image from a container's changes"),
    BY_ENGINE("container", "Manage containers"),
    {"doctor", NULL, "[OPTIONS]", "Check whether this machine is fit, and what to do", 0,
     0, false, TAKES_NOTHING, doctor_flags, doctor_run},
    {"events", NULL, "[OPTIONS]", "Get real time events from the server", 0, 0, false,
     TAKES_NOTHING, system_events_flags, system_run_events},
    BY_ENGINE("exec", "Execute a command in a running container"),
    BY_ENGINE("image", "Manage images"),
    BY_ENGINE("images", "List images"),
    {"info", NULL, "[OPTIONS]", "Display system-wide information", 0, 0, false,
     TAKES_NOTHING, system_info_flags, system_run_info},
    BY_ENGINE("inspect", "Return low-level information on objects"),
    BY_ENGINE("logs", "Fetch the logs of a container"),
    BY_ENGINE("ps", "List containers"),
    BY_ENGINE("rm", "Remove one or more containers"),
    BY_ENGINE("rmi", "Remove one or more images"),
    BY_ENGINE("run", "Create and run a new container from an image"),
    {"version", NULL, "[OPTIONS]", "Show the version information", 0, 0, false,
     TAKES_NOTHING, system_info_flags, system_run_version},
    {0},
};

const struct command_group command_groups[] = {
    {"config", "Manage configs", payload_config_commands},
    {"node", "Manage nodes", node_commands},
    {"secret", "Manage secrets", payload_secret_commands},
    {"service", "Manage services", service_commands},
    {"swarm", "Manage the swarm", swarm_commands},
    {NULL, NULL, alone},
    {0},
};

const struct command_group *command_group_find(const char *name)
{
    for (const struct command_group *g = command_groups; g->commands; g++)
        if (name ? str_equal(g->name, name) : !g->name)
            return g;
    return NULL;
}

const struct command *command_find(const struct command_group *g, const char *name)
{
    for (const struct command *c = g->commands; c->name; c++)
        if (str_equal(c->name, name) || str_equal(c->alias, name))
            return c;
    return NULL;
}
