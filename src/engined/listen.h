/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "engined/config.h"
#include "net/http_server.h"

/*
 * The sockets of an engine. Its own one is RUN-FOLDER/engine.sock; Docker's two, the
 * abstract name and the file in the cache folder, are there for its clients and left to
 * who has them already; an engine with a COFFER_HOME, which is one of several of its
 * user, takes them only when the settings say so. With a socket in the settings, or
 * sockets that were handed over by the service manager, only those count.
 *
 * Who begins holds a lock until it listens, so of several at once one becomes the engine.
 */

/* ERR_ALREADY_EXISTS: an engine serves the own socket. */
int listen_start(struct http_server *server, const struct config *config,
                 struct err *e) MUST_CHECK;

/* Makes a folder that only we can use, and those it is in. */
int listen_make_folder(const char *path, struct err *e) MUST_CHECK;
