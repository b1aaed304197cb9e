/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/json.h"
#include "api/private.h"
#include "api/table.h"

/*
 * A request that is answered here. The router makes it; it is gone with its answer, so a
 * handler ends with exactly one of the answers below, or hands the request on as the
 * `user` of something asynchronous that does.
 */
struct api_request {
    struct api *api;
    struct http_exchange *x;
    char *id;       /* what the path names, decoded; NULL when it names nothing */
    unsigned minor; /* of the API's version that the client speaks */
    const struct store_view *view; /* for those that need a manager; valid until the next
                                      return to the loop */
    json_t *body;                  /* for those that have one: an object */
    unsigned flags;                /* the router's */
    void (*handle)(struct api_request *q);
    struct http_call *call; /* to the engine */
    void (*fetched)(struct api_request *q, struct http_response *r, const struct err *e);
};

void api_request_free(struct api_request *q);

/* ---- the query ---- */

const char *api_request_query(const struct api_request *q, const char *key);
bool api_request_flag(const struct api_request *q, const char *key);

/* The version that an update is for. ERR_INVALID_ARGUMENT "invalid service version '':
 * ...", as Go's strconv tells it. */
int api_request_version(const struct api_request *q, const char *kind, uint64_t *out,
                        struct err *e) MUST_CHECK;

/* ---- answers ---- */

void api_request_empty(struct api_request *q, int status);
void api_request_text(struct api_request *q, int status, const char *type,
                      const struct buf *body);

/* Answers with JSON text that a writer has made. */
void api_request_json(struct api_request *q, int status, struct api_json_out *w);

/* {"message":"..."}: of an error as it is; as the cluster's errors are told ("rpc error:
 * code = NotFound desc = ..."); of any status. */
void api_request_error(struct api_request *q, const struct err *e);
void api_request_rpc_error(struct api_request *q, const struct err *e);
void api_request_message(struct api_request *q, int status, const char *message);

/* One object as its table has it. */
void api_request_object(struct api_request *q, const struct api_table *table,
                        const struct object *o);

/* A list of objects. */
void api_request_list(struct api_request *q, const struct api_table *table,
                      const struct object_list *list);

/* ---- ends of what the backend was asked (backend_done) ---- */

void api_request_created(int r, const struct err *e, const struct object *o, void *user);
void api_request_done(int r, const struct err *e, const struct object *o, void *user);
void api_request_removed(int r, const struct err *e, const struct object *o, void *user);

/* ---- asking the engine ---- */

/* Fetches an answer of the engine's: `fetched` comes once, r or e being NULL; not at all
 * when the client goes away meanwhile. */
void api_request_fetch(struct api_request *q, const char *target, int64_t timeout,
                       void (*fetched)(struct api_request *q, struct http_response *r,
                                       const struct err *e));
