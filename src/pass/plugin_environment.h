/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pass/environment.h"

/*
 * Takes away what docker put into the environment for its plugins, so that commands have
 * the environment of docker's caller: the variables DOCKER_CLI_PLUGIN_*, and the
 * attributes by which docker's telemetry tells its own commands apart
 * (OTEL_RESOURCE_ATTRIBUTES, "docker.cli.*"). ERR_NO_MEMORY.
 */
int plugin_environment_clean(struct environment *v, struct err *e) MUST_CHECK;
