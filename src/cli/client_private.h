/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <curl/curl.h>

#include "cli/client.h"

/* What the client and its streams share. */

/* Resets a handle and points it at a path of the API. */
int client_prepare(const struct client *c, CURL *curl, const char *path,
                   struct err *e) MUST_CHECK;

/* The error for a transfer that failed. */
int client_curl_error(const struct client *c, CURL *curl, CURLcode code, struct err *e);
