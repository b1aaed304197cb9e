/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include <jansson.h>

#include "api/backend.h"
#include "net/http_server.h"

/*
 * The Docker Engine API. What is about the swarm is answered from the backend; all else
 * is passed through to the container engine, but for a few requests that are looked at
 * or rewritten on the way (rewrite.c).
 *
 * Beyond Docker's API: `GET /events?filters={"type":["task"]}` also tells, as events of
 * scope swarm, when a task changes: {"Type":"task","Action":"create|update|remove",
 * "Actor":{"ID","Attributes":{"name","service.id","node.id","slot","state",
 * "desired-state","err"}}}. They come only when that type is asked for, and are not kept
 * for `since`.
 */

#define API_VERSION "1.41"
#define API_VERSION_MIN "1.12"

/* Bodies that are read here are no larger; a larger one is answered with 413. */
#define API_BODY_MAX (4 * 1024 * 1024)

/* The command line sends up to twice a config's limit. */
#define API_SECRET_BODY_MAX (2800 * 1024)

/* Answers of the engine's that are read here (/info, /version, a manifest). */
#define API_ENGINE_ANSWER_MAX (4 * 1024 * 1024)

/* How long the engine may take over them. */
#define API_ENGINE_TIMEOUT (10 * CLOCK_SECOND)

/* A registry that can't be reached must not hold up a service: clients go on without its
 * answer. */
#define API_DISTRIBUTION_TIMEOUT (3 * CLOCK_SECOND)

/* What may wait for a slow reader of events; past it, he is cut off. Logs are held back
 * at their source long before. */
#define API_STREAM_QUEUE_MAX (8 * 1024 * 1024)

/*
 * `GET /events?since=` is answered in one order of time by engine and swarm. The engine
 * doesn't say where its past ends and its present begins. When `until` has passed, its
 * end is waited for; else its past is taken to end at its first event from after the
 * request, or when it has said nothing for so long. An engine that hesitates longer in
 * the midst of its past loses nothing, but what it tells then stands behind events of the
 * swarm that are later.
 */
#define API_EVENTS_PAST_SILENCE (500 * CLOCK_MILLISECOND)

struct api;

struct api_config {
    uv_loop_t *loop;
    struct backend *backend;
    const char *engine_socket; /* copied */
    /* Completes the body of a container's creation for this host's engine. NULL: it is
     * passed on as it is. */
    int (*complete_create)(void *user, json_t *body, struct err *e);
    void *user;
    /* The folder of the records for coffer-runtime (oci/record.h), copied; NULL: what
     * looks like a reference to a secret is passed on as any text. */
    const char *references;
    /* The folder of the files that coffer-runtime makes (oci/files.h), copied: what is
     * left there of containers that are gone is removed. May be NULL. */
    const char *files;
    bool has_runtime; /* it is the engine's default runtime: cofferd configured it */
    bool falls_back;  /* an empty variable KEY may be the secret KEY */
};

int api_new(const struct api_config *config, struct api **out, struct err *e) MUST_CHECK;

/* The handler for the HTTP server, with the api as its user. */
void api_handler(struct http_exchange *x, void *api);

/* The headers of each answer (http_server_options). */
const struct http_header *api_headers(size_t *n);

/* A container is gone: what is left of it (its record, its files) is removed. */
void api_forget(struct api *a, const char *container);

/* The same for all that are gone, when the engine can say which those are: whenever it is
 * there again, since what happened meanwhile nobody said. */
void api_sweep(struct api *a);

/* Ends the streams (logs, events) that are open, and from then on refuses new requests:
 * before the server is closed, which then needn't wait for them. */
void api_stop(struct api *a);

/* Frees the API once the server is closed, so that no exchange is left. The backend must
 * still be there. Then cb is called (may be NULL). */
void api_close(struct api *a, void (*cb)(void *user), void *user);
