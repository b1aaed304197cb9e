/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "net/http_server.h"

/*
 * Passes an exchange through to another HTTP server on a unix socket, on a connection of
 * its own: the head without its hop-by-hop headers, both bodies as they come and no
 * faster than the slower side reads, "100 Continue", an upgraded or hijacked connection
 * as raw bytes both ways with each side's end of writing passed on. It has no time limit.
 * When one side goes away the other is closed.
 */
struct http_forward {
    const char *path; /* the upstream's socket */
    /* Sent in place of the request's own target. NULL: as it is. */
    const char *target;
    /* Sent in place of the request's own body, which must have been collected. Copied. */
    bool has_body;
    const void *body;
    size_t body_len;
    /* What `body` is, for a request that doesn't say so itself. NULL: nothing is said. */
    const char *content_type;
    /* Sees the head of the answer before it is passed on. May be NULL. */
    void (*on_head)(struct http_exchange *x, const struct http_head *head, void *user);
    /* The exchange is over: code 0, or why it was cut short. May be NULL. x is only a
     * name at that point. */
    void (*on_end)(struct http_exchange *x, int code, const struct err *e, void *user);
    void *user;
};

/*
 * Ends the exchange in the handler's hands. When the upstream can't be reached the client
 * gets 503, when it fails before it has answered 502, each with a message that names it.
 * A request whose body was collected needs has_body.
 */
void http_exchange_forward(struct http_exchange *x, const struct http_forward *forward);
