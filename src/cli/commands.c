/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/command.h"
#include "cli/node.h"
#include "cli/payload.h"
#include "cli/service.h"
#include "cli/swarm.h"

static const struct command alone[] = {
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
