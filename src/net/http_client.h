/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "wire/http.h"

/*
 * An HTTP/1.1 client for one unix socket. Connections are kept and used again. Callbacks
 * come from the loop, never from within a function that was called; a call's on_end comes
 * exactly once, unless it was canceled: then nothing comes any more. Errors name the
 * socket and what failed. Requests and answers pass only through wiped memory.
 */

/* Connections at a time (a stream holds one as long as it lasts); further calls are
 * refused with ERR_RESOURCE_EXHAUSTED. */
#define HTTP_CLIENT_CONNECTIONS_MAX 1024

/* Connections that are kept for later, and for how long. */
#define HTTP_CLIENT_IDLE_MAX 8
#define HTTP_CLIENT_IDLE_TIMEOUT (30 * CLOCK_SECOND)

struct http_client;
struct http_call;

struct http_request {
    const char *method;                /* "GET" */
    const char *target;                /* encoded path and query */
    const struct http_header *headers; /* besides Host and Content-Length */
    size_t n_headers;
    const void *body; /* copied; NULL: none */
    size_t body_len;
    int64_t timeout; /* for the whole call; 0: none */
};

struct http_call_events {
    /* The answer's head (not those of 1xx). It holds during the callback. May be NULL. */
    void (*on_head)(struct http_call *call, const struct http_head *head, void *user);
    /* A piece of the answer's body. May be NULL. */
    void (*on_body)(struct http_call *call, const void *data, size_t n, void *user);
    /*
     * The answer is complete (code 0) or the call failed: ERR_UNAVAILABLE (nobody there,
     * or the connection was lost), ERR_PERMISSION_DENIED, ERR_BAD_MESSAGE,
     * ERR_DEADLINE_EXCEEDED, ERR_NO_MEMORY, ERR_CANCELED (the client was closed). The
     * call is gone when this returns.
     */
    void (*on_end)(struct http_call *call, int code, const struct err *e, void *user);
};

int http_client_new(uv_loop_t *loop, const char *path, struct http_client **out,
                    struct err *e) MUST_CHECK;

const char *http_client_path(const struct http_client *client);

/* Ends all calls (on_end with ERR_CANCELED), frees the client, calls cb (may be NULL). */
void http_client_close(struct http_client *client, void (*cb)(void *user), void *user);

/*
 * Starts a call. *out (may be NULL) is valid until on_end returns or the cancel. A
 * request that got onto a kept connection just as the other side closed it is sent once
 * more on a new one, if not a byte of an answer came and its method is idempotent.
 */
int http_client_request(struct http_client *client, const struct http_request *request,
                        const struct http_call_events *events, void *user,
                        struct http_call **out, struct err *e) MUST_CHECK;

/* No callback comes after this. NULL is fine. */
void http_call_cancel(struct http_call *call);

/* Stops and resumes reading the answer: on_body pauses while its reader can't keep up. */
void http_call_pause(struct http_call *call);
void http_call_resume(struct http_call *call);

/* A whole answer. All of it holds during the callback; body may be moved out. */
struct http_response {
    const struct http_head *head;
    struct buf body;
};

/*
 * Starts a call and collects its answer. cb comes once: with code 0 and the answer (of
 * whatever status), or with an error and r NULL; ERR_RESOURCE_EXHAUSTED for a body of
 * more than max bytes. Cancel with http_call_cancel.
 */
int http_client_fetch(struct http_client *client, const struct http_request *request,
                      size_t max,
                      void (*cb)(struct http_response *r, int code, const struct err *e,
                                 void *user),
                      void *user, struct http_call **out, struct err *e) MUST_CHECK;
