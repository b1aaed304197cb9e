/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/* What a plugin says of itself when it registers. */

/* How many plugins one engine has, of all kinds together. */
#define PLUGINS_MAX 64

/* Names stand in tables, logs and answers; upstream's only rule is that there is one. */
#define PLUGIN_NAME_MAX 255
#define PLUGIN_VERSION_MAX 255

/* ERR_INVALID_ARGUMENT for a name that is empty, too long, or has control characters. */
int plugin_check_name(const char *name, struct err *e) MUST_CHECK;

/*
 * A version is semver with a "v" before it; as in Go's packages, minor and patch may be
 * left out when nothing follows ("v1", "v1.2", "v1.2.3-rc.1+x").
 * ERR_INVALID_ARGUMENT otherwise.
 */
int plugin_check_version(const char *version, struct err *e) MUST_CHECK;
