/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

/*
 * The daemon's API over its unix socket: one connection, kept open. Calls block.
 *
 * What may hold a secret (request bodies) is wiped.
 */
struct client;

/* The API version that is asked for, unless the daemon refuses it: then the nearest one
 * that it takes. */
#define CLIENT_API_VERSION "1.41"
#define CLIENT_API_MINOR 41

/* The largest answer that is taken in whole. */
#define CLIENT_ANSWER_MAX (256U * 1024 * 1024)
/* The most values in one: numbers, strings, arrays and objects. */
#define CLIENT_VALUES_MAX (8U * 1024 * 1024)

/* host is "unix:///path". Nothing is sent yet. */
int client_new(const char *host, struct client **out, struct err *e) MUST_CHECK;
void client_free(struct client *c);

/*
 * One request. path begins behind the API's version ("/secrets"), its parts escaped
 * (path_printf). body may be NULL. *answer is the answer's body, NULL when it has none;
 * answer may be NULL.
 *
 * An error status becomes the code that fits it, with the text "Error response from
 * daemon: <message>"; ERR_UNAVAILABLE when nobody listens.
 */
int client_call(struct client *c, const char *method, const char *path,
                const struct buf *body, json_t **answer, struct err *e) MUST_CHECK;
int client_get(struct client *c, const char *path, json_t **answer,
               struct err *e) MUST_CHECK;

/* As client_call with a JSON body. */
int client_post(struct client *c, const char *path, const json_t *body, json_t **answer,
                struct err *e) MUST_CHECK;

/* The socket's path. */
const char *client_socket(const struct client *c);

/* printf for paths: what %s puts in is percent-escaped. Only %s and %% are known. */
int path_printf(struct buf *out, const char *fmt, ...) MUST_CHECK;

/* Decodes JSON text; ERR_BAD_MESSAGE. */
int client_decode(const struct buf *text, json_t **out, struct err *e) MUST_CHECK;

/* The error for an HTTP status and the body that came with it. */
int client_refusal(long status, const struct buf *body, struct err *e);
