/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/command.h"

/* The commands of secrets and configs, which differ in little. */
extern const struct command payload_secret_commands[];
extern const struct command payload_config_commands[];
