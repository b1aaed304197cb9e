/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* The largest engine.conf. */
#define SETTINGS_MAX 65536

/*
 * Takes the lines "name = ..." out of a text of such lines and adds one with this value;
 * all others stay as they are, comments too. ERR_NO_MEMORY. Pure.
 */
int settings_replace(const char *text, const char *name, const char *value,
                     struct buf *out) MUST_CHECK;

/* The same for the engine's settings file, which is made if need be. */
int settings_write(const char *name, const char *value, struct err *e) MUST_CHECK;
