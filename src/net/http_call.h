/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "loop/loop.h"
#include "net/http_client.h"
#include "net/stream.h"
#include "wire/http_reader.h"

/* What the client's files share: http_client.c (the connections), http_call.c (the
 * calls), http_fetch.c. Private to this folder. */

struct http_client {
    uv_loop_t *loop;
    char *path;
    char *read_buffer;
    struct list idle;        /* connections without a call, the latest last */
    struct list connections; /* all others */
    size_t n_connections;
    size_t n_idle;
    struct list calls;
    struct defer_queue defers;
    struct defer cancel_all;
    struct loop_close closing;
    bool is_closing;
    void (*close_cb)(void *user);
    void *close_user;
};

struct http_client_connection {
    struct list link;
    struct http_client *client;
    struct stream stream;
    uv_connect_t connect_request;
    struct http_reader reader;
    struct timer idle_timer;
    struct loop_close closing;
    struct buf input; /* arrived while the call was paused */
    struct http_call *call;
    bool is_connected;
    bool is_idle;
    bool is_closing;
};

struct http_fetch {
    void (*cb)(struct http_response *r, int code, const struct err *e, void *user);
    void *user;
    size_t max;
    struct http_response response;
};

struct http_call {
    struct list link;
    struct http_client *client;
    struct http_client_connection *connection;
    struct buf request; /* as it is on the wire; kept for a second try */
    char method[16];
    char *path; /* for texts: the target without its query */
    const struct http_call_events *events;
    void *user;
    struct timer deadline;
    struct defer resume;
    struct loop_close closing;
    struct http_fetch fetch;
    bool is_reused; /* the connection has served another call before */
    bool is_paused;
    bool is_over;
};

/* http_client.c: gives the call a connection and sends its request there, a kept one if
 * there is one and `fresh` doesn't forbid it. */
int http_client_connect(struct http_client *client, struct http_call *call, bool fresh,
                        struct err *e) MUST_CHECK;
void http_client_connection_close(struct http_client_connection *c);
/* The call is over and the connection in order: keeps it for the next. */
void http_client_connection_keep(struct http_client_connection *c);
/* The last call or connection may have gone: does a close go on? */
void http_client_check_closed(struct http_client *client);

/* http_call.c: what the connection tells the call. Each may end it. */
void http_call_connected(struct http_call *call);
void http_call_read(struct http_call *call, const char *data, size_t n);
void http_call_eof(struct http_call *call);
void http_call_lost(struct http_call *call, int errnum);

/* Makes a call and starts it. */
int http_call_start(struct http_client *client, const struct http_request *request,
                    const struct http_call_events *events, void *user,
                    struct http_call **out, struct err *e) MUST_CHECK;

/* Ends the call: on_end with this code, then it is gone. */
void http_call_fail(struct http_call *call, int code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
