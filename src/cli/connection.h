/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* What goes over the daemon's socket: blocking calls on a descriptor, HTTP/1.1. */

/* The most that is read at once. */
#define CONNECTION_PIECE 16384

/* host is "unix:///path". ERR_UNAVAILABLE when nobody listens, ERR_PERMISSION_DENIED. */
int connection_open(const char *host, int *out, struct err *e) MUST_CHECK;

/* Appends a whole request; body may be NULL. */
int connection_write_request(struct buf *out, const char *method, const char *target,
                             const struct buf *body, struct err *e) MUST_CHECK;

/* A daemon that takes no more may have answered already: that is no error here. */
int connection_send(int fd, const struct buf *request, const char *host,
                    struct err *e) MUST_CHECK;

/* Waits for bytes, at most CONNECTION_PIECE of them; *n is 0 at the end. */
int connection_receive(int fd, char *piece, size_t *n, const char *host,
                       struct err *e) MUST_CHECK;

/* The error for what didn't work on a connection: "the connection to the daemon at ...".
 * ERR_UNAVAILABLE, or ERR_NO_MEMORY when the code says that. */
int connection_broken(const char *host, int code, const char *why, struct err *e);
