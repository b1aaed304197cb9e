/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <uv.h>

#include "wire/http.h"

/*
 * An HTTP/1.1 server on unix sockets (and on any stream socket that is handed over).
 *
 * For each request the handler is called when the head is complete, with an *exchange*.
 * The exchange is the handler's until it ends it, at once or later, by exactly one of
 *
 *     http_exchange_respond    a whole answer
 *     http_exchange_end        the end of an answer begun with http_exchange_start
 *     http_exchange_abort      no (further) answer: the connection is cut
 *     http_exchange_forward    (http_forward.h) somebody else answers
 *     http_exchange_take       the connection leaves the server
 *
 * and must not be touched after that. It stays valid until then even when the client has
 * gone away meanwhile; what is written then is dropped. Callbacks come from the loop,
 * never from within a function that was called. Requests on one connection are handled
 * one after the other.
 *
 * What a request brings passes only through wiped memory.
 */

#define HTTP_SERVER_CONNECTIONS_MAX 1024

/* Connections of strangers (see the options) at a time; a further one is cut. */
#define HTTP_SERVER_STRANGERS_MAX 16

/* Sockets that one server listens on; a further one is ERR_RESOURCE_EXHAUSTED. */
#define HTTP_SERVER_LISTENERS_MAX 8

/* How long a client may take over one head, from its connect or the head's first byte on;
 * how long a connection may lie idle between requests, or a client may take nothing of an
 * answer that is complete. The time of a body has the limit of the options; nothing else
 * limits it, or that of an answer. */
#define HTTP_SERVER_HEAD_TIMEOUT (10 * CLOCK_SECOND)
#define HTTP_SERVER_IDLE_TIMEOUT (120 * CLOCK_SECOND)

/* What may wait in memory for a client that doesn't read: over this, pieces of an answer
 * are refused and its next request isn't read. One whole answer may come on top. */
#define HTTP_SERVER_QUEUE_MAX (1024 * 1024)

struct http_server;
struct http_exchange;

struct http_server_options {
    void (*handler)(struct http_exchange *x, void *user);
    void *user;
    /* Whom the handler is going to refuse, by the peer (NULL for a socket that has none)
     * and whether it came by an abstract name; may be NULL. Asked once, when it connects.
     * Strangers have a limit of their own and don't count as connections, so they keep
     * nobody else away; each gets one answer. */
    bool (*is_stranger)(const struct ucred *peer, bool is_abstract);
    /* Put into each answer that hasn't got a header of that name (a forwarded answer's
     * are replaced). Must outlive the server. */
    const struct http_header *headers;
    size_t n_headers;
    /* 0: the limits above. */
    size_t connections_max;
    int64_t head_timeout;
    int64_t idle_timeout;
    /* How many connections one user may have at a time; a further one is cut. How long
     * the body of a request may take that is collected; after that the client counts as
     * gone. 0: no limit. */
    size_t per_user_max;
    int64_t body_timeout;
};

int http_server_new(uv_loop_t *loop, const struct http_server_options *options,
                    struct http_server **out, struct err *e) MUST_CHECK;

/*
 * Listens at a path with exactly this mode and group (-1: as it comes). A socket that
 * stands there and that nobody answers on is removed; with somebody behind it that is
 * ERR_ALREADY_EXISTS with its path; another kind of file is never removed
 * (ERR_ALREADY_EXISTS). May be called several times.
 */
int http_server_listen(struct http_server *s, const char *path, mode_t mode, gid_t group,
                       struct err *e) MUST_CHECK;

/* Serves on a listening socket that was inherited; the descriptor moves in, also when
 * this fails. */
int http_server_adopt(struct http_server *s, int fd, struct err *e) MUST_CHECK;

/* How many connections there are now. */
size_t http_server_connections(const struct http_server *s);

/*
 * Stops listening (paths of ours are removed), closes idle connections, lets the others
 * end their exchange and cuts what is left after `grace`. Then the server is freed and cb
 * is called (may be NULL). Exchanges that the handler still holds when their connection
 * is cut are to be ended all the same; the server waits for that.
 */
void http_server_close(struct http_server *s, int64_t grace, void (*cb)(void *user),
                       void *user);

/* ---- the request ---- */

/* Valid until the exchange is ended. */
const struct http_head *http_exchange_head(const struct http_exchange *x);
const struct http_url *http_exchange_url(const struct http_exchange *x);

/* The process at the other end, as the kernel saw it connect; its pid is 0 when it can't
 * be seen from our namespace. False for a socket that has none (TCP). */
bool http_exchange_peer(const struct http_exchange *x, struct ucred *out);

/* What the options said of the peer. */
bool http_exchange_is_stranger(const struct http_exchange *x);

/* cb comes once if the client goes away before the exchange is ended. It still has to be
 * ended: there or later. NULL takes the callback back. */
void http_exchange_on_close(struct http_exchange *x,
                            void (*cb)(struct http_exchange *x, void *user), void *user);

/*
 * Collects the request's body. The callback gets it in a buffer that it may keep by
 * moving its contents; what it leaves is wiped. Codes: 0; ERR_RESOURCE_EXHAUSTED when the
 * body has more than max bytes (known at once when it is announced; answer 413, the
 * connection is closed after that); ERR_BAD_MESSAGE for malformed chunks;
 * ERR_UNAVAILABLE when the client went away (no close callback besides);
 * ERR_NO_MEMORY. In each case the handler ends the exchange. A client that waits for "100
 * Continue" gets it.
 */
void http_exchange_collect(struct http_exchange *x, size_t max,
                           void (*cb)(struct http_exchange *x, int code, struct buf *body,
                                      const struct err *e, void *user),
                           void *user);

/* ---- the answer ---- */

/* The answer, which hasn't begun, is to be the last one on its connection. */
void http_exchange_end_connection(struct http_exchange *x);

/* Answers whole and ends the exchange. Content-Length, Date and Connection are the
 * server's; for HEAD, 204 and 304 the body isn't sent. body may be NULL when n is 0; it
 * is sent or copied before this returns. */
void http_exchange_respond(struct http_exchange *x, int status,
                           const struct http_header *headers, size_t n_headers,
                           const void *body, size_t n);

/* The same with {"message":"..."} from an error and the status that its code has. */
void http_exchange_respond_error(struct http_exchange *x, const struct err *e);

/* The same with any status. */
void http_exchange_respond_message(struct http_exchange *x, int status,
                                   const char *message);

/* Begins an answer of unknown length. The head is sent at once. */
void http_exchange_start(struct http_exchange *x, int status,
                         const struct http_header *headers, size_t n_headers);

/*
 * Sends a piece of a begun answer; data is sent or copied before this returns. Returns 0,
 * ERR_UNAVAILABLE when the client is gone, ERR_RESOURCE_EXHAUSTED when more than
 * HTTP_SERVER_QUEUE_MAX bytes would wait (nothing of data is sent then), ERR_NO_MEMORY.
 */
int http_exchange_write(struct http_exchange *x, const void *data, size_t n) MUST_CHECK;

/* How many bytes wait for the client to read. A good writer pauses when there are any. */
size_t http_exchange_queued(const struct http_exchange *x);

/* cb comes each time when, after some waiting, all was sent. */
void http_exchange_on_drain(struct http_exchange *x,
                            void (*cb)(struct http_exchange *x, void *user), void *user);

void http_exchange_end(struct http_exchange *x);
void http_exchange_abort(struct http_exchange *x);

/*
 * Sends n bytes, a whole head that ends HTTP on this connection (at most a few hundred;
 * they must hold until the callback), and hands the connection over, for another
 * protocol. cb comes once, from the loop, also when the client goes meanwhile; the
 * exchange is over then. code 0: fd, which doesn't block, is cb's, and `early` has what
 * the client sent behind its request. ERR_UNAVAILABLE: the client is gone or reads
 * nothing; ERR_INVALID_ARGUMENT: the request has a body; the connection is cut then.
 */
void http_exchange_take(struct http_exchange *x, const void *answer, size_t n,
                        void (*cb)(int code, int fd, struct buf *early,
                                   const struct err *e, void *user),
                        void *user);
