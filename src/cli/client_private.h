/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/client.h"

/* What the client and its streams share. */

#define CLIENT_SCHEME "unix://"

/* The address as it was given. */
const char *client_host(const struct client *c);

/* Appends a request for a path of the API, with its version. */
int client_write_request(const struct client *c, const char *method, const char *path,
                         const struct buf *body, struct buf *out,
                         struct err *e) MUST_CHECK;
