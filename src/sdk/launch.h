/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What an engine tells a plugin that it starts: {"name": ..., "timeout": nanoseconds to
 * register within, "fd": its end of the connection}, as JSON in an environment variable.
 */
#define SDK_LAUNCH_VARIABLE "DOCKER_SECRETS_ENGINE_PLUGIN_LAUNCH_CFG"

struct sdk_launch {
    char *name;
    int64_t timeout;
    int fd; /* -1 when nobody said anything: the plugin was started by hand */
};

/*
 * Takes it out of the environment, so that no program of the plugin's sees it; for the
 * same reason the descriptor, which becomes non-blocking, is closed by exec. All zero and
 * fd -1 when there is no such variable. ERR_INVALID_ARGUMENT for a name that is none, a
 * timeout below 1, a descriptor that is below 3, not open or no socket; nothing is read
 * into anything else then. ERR_NO_MEMORY.
 */
int sdk_launch_take(struct sdk_launch *out, struct err *e) MUST_CHECK;
void sdk_launch_deinit(struct sdk_launch *l);
#define cleanup_sdk_launch CLEANUP(sdk_launch_deinit)
