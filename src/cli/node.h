/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/command.h"

extern const struct command node_commands[];

/* The id of the node that the daemon is: a new string. */
int node_self(struct cli *c, char **id, struct err *e) MUST_CHECK;
