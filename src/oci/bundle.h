/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/*
 * The bundle that the real runtime gets: a folder "coffer" within the engine's bundle,
 * with a config.json alone. The engine's own stays as it is, since engines read it again
 * (Podman's inspect shows what stands there); ours goes when the engine removes the
 * bundle. It holds references, never values.
 */

/* The absolute path of a bundle. ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. */
int bundle_path(const char *bundle, char **out, struct err *e) MUST_CHECK;

/* Writes the configuration, so that another reader sees the old one or the new one; *out
 * is the path of the new bundle. `bundle` is absolute. ERR_IO, ERR_NO_MEMORY. */
int bundle_make(const char *bundle, const struct buf *config, char **out,
                struct err *e) MUST_CHECK;
