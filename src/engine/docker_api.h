/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/clock.h"
#include "base/list.h"
#include "engine/docker_events.h"
#include "engine/docker_limits.h"
#include "engine/docker_logs.h"
#include "engine/docker_pull.h"
#include "engine/docker_state.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "net/http_client.h"
#include "oci/offer.h"
#include "oci/record.h"

/*
 * The Docker Engine API's client, shared by its files: docker_api.c (the life of the
 * whole, connecting), docker_call.c (the life of one call), docker_ops.c,
 * docker_record.c, docker_image_ops.c, docker_remove.c and docker_logs_op.c (the calls).
 */

/* How long an engine may take, generously: one that is slower is taken for stuck. */
#define DOCKER_TIMEOUT (30 * CLOCK_SECOND)
#define DOCKER_TIMEOUT_SLOW (5 * CLOCK_MINUTE) /* create, start, remove, list */
#define DOCKER_TIMEOUT_PULL (2 * CLOCK_HOUR)

/* Calls under way at a time; more end with ERR_RESOURCE_EXHAUSTED. */
#define DOCKER_CALLS_MAX 4096

/* Requests that keep an engine busy (create, start, remove) under way at a time; further
 * ones wait for their turn, and their timeouts only begin then. More at once make no
 * engine faster, but every other answer late, until it would be taken for stuck. */
#define DOCKER_HEAVY_MAX 32

struct docker_api {
    struct engine base;
    uv_loop_t *loop;
    struct http_client *http;
    struct docker_version version;
    struct engine_limits limits;
    char *references; /* the folder of records (oci/record.h), or NULL */
    struct work_queue records;
    enum offer offer; /* as the last /info said */
    struct docker_events events;
    struct defer_queue deferred;
    struct list calls;
    size_t n_calls;
    struct list waiting;     /* calls with a heavy request, in order */
    size_t n_heavy;          /* under way */
    int64_t removal_timeout; /* DOCKER_TIMEOUT_SLOW; a test may have less */
    bool is_closing;
    struct defer close_soon;
    struct loop_close closing;
    void (*closed)(void *user);
    void *closed_user;
};

/* What a call gives its caller on success. */
union docker_result {
    const struct engine_info *info;
    const char *id;
    const struct engine_state *state;
    struct {
        const struct engine_state *states;
        size_t n;
    } list;
    enum engine_health health;
};

struct docker_call;

/* Goes on with the call after an answer of whatever status. Ends it or sends the next
 * request. */
typedef void (*docker_step)(struct docker_call *c, int status, const void *body,
                            size_t n);

/* A request; target and body are its own. */
struct docker_request {
    const char *method;
    char *target; /* after the API's prefix; NULL: no memory */
    char *body;   /* text, wiped; NULL: none */
    const char *auth;
    int64_t timeout;
    size_t max; /* of the answer; none when it is streamed */
    bool is_heavy;
    bool may_take_long; /* its time-out is an answer, of status 0; the engine is well */
    /* Takes the answer as it comes, with the call as its user; NULL: a step takes it. */
    const struct http_call_events *events;
};

struct docker_call {
    struct engine_call base;
    struct docker_api *api;
    struct list link;
    struct docker_request request;
    struct list turn;       /* in api->waiting */
    bool is_heavy;          /* counted in api->n_heavy */
    bool may_take_long;     /* the request under way */
    struct http_call *http; /* the request under way, or NULL */
    docker_step step;
    /* Calls the caller's function, whose type only the operation knows. */
    void (*deliver)(struct docker_call *c, int r, const struct err *e,
                    const union docker_result *result);
    union {
        engine_done plain;
        engine_info_done info;
        engine_create_done create;
        engine_inspect_done inspect;
        engine_list_done list;
        engine_health_done health;
    } done;
    void *user;
    struct defer soon; /* ends the call with `error` */
    struct err error;
    char *text;           /* what the operation keeps: an image, a container's id */
    struct record record; /* of the container that is created: its references */
    struct docker_writing *writing; /* of that record, or NULL */
    char *auth;
    struct docker_pull pull;  /* of image_ensure() */
    struct docker_logs *logs; /* of logs(), and who gets them */
    engine_log_data data;
};

/* A new call, or NULL when there is no memory (then nothing will be called). */
struct docker_call *docker_call_new(struct docker_api *api, void *user);

/* Sends a request of the call, which moves in, at once or when its turn comes; an answer
 * goes to `step` (NULL for one that is streamed). A failure ends the call, later. A call
 * with a heavy request has no other. */
void docker_call_send(struct docker_call *c, const struct docker_request *q,
                      docker_step step);

/* The same for a GET; the target moves in (NULL: no memory). */
void docker_call_get(struct docker_call *c, char *target, int64_t timeout, size_t max,
                     docker_step step);

/* Delivers to a caller that only wants to know how it went: a call's `deliver`. */
void docker_call_plain(struct docker_call *c, int r, const struct err *e,
                       const union docker_result *result);

/* Ends the call and frees it. */
void docker_call_end(struct docker_call *c, int r, const struct err *e,
                     const union docker_result *result);

/* Ends it from the loop, later. */
void docker_call_fail(struct docker_call *c, const struct err *e);

/* Ends it with what an answer of another status than expected says. */
void docker_call_refused(struct docker_call *c, int status, const void *body, size_t n);

/* The answer's failure as the call's: what means that the engine is away is
 * ERR_UNAVAILABLE, and makes docker_events look. */
void docker_call_lost(struct docker_call *c, int code, const struct err *e);

/* "/containers/ID/what?query", the id encoded; NULL when there is no memory. */
char *docker_target(const char *before, const char *id, const char *after);

extern const struct engine_ops docker_ops;
struct engine_call *docker_image_ensure(struct engine *g, const char *image,
                                        const char *auth, engine_done done, void *user);
struct engine_call *docker_remove(struct engine *g, const char *id, engine_done done,
                                  void *user);
struct engine_call *docker_logs_start(struct engine *g, const char *id,
                                      const struct engine_log_options *options,
                                      engine_log_data data, engine_done done, void *user);
void docker_api_start(struct engine *g, const struct engine_events *events);
void docker_api_close(struct engine *g, void (*closed)(void *user), void *user);
