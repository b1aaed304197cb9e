/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "wire/http_reader.h"

/*
 * One HTTP/1.1 message at a time, whole: a server feeds it what arrives until a request
 * is complete and then answers; a client until the answer is. A machine without I/O, for
 * whatever carries the bytes: a yamux stream, a socket.
 *
 *     struct unary u;
 *     unary_init(&u, HTTP_REQUEST, max);
 *     ... unary_feed() until u.is_complete: u.reader.head and u.body are there ...
 *     unary_next(&u) for another one on the same connection
 *
 * Answers that come before the answer (100 to 199 but 101) are skipped.
 */
struct unary {
    struct http_reader reader; /* its head holds until the next message */
    struct buf body;
    size_t body_max;
    bool is_complete;
};

void unary_init(struct unary *u, enum http_parser_type type, size_t body_max);
void unary_deinit(struct unary *u);
#define cleanup_unary CLEANUP(unary_deinit)

void unary_next(struct unary *u);

/*
 * Reads on, up to the end of the message; *used bytes are done with. What is behind them
 * belongs to what follows. Not to be called when the message is complete.
 * ERR_BAD_MESSAGE, ERR_RESOURCE_EXHAUSTED (the head or the body is too long),
 * ERR_NO_MEMORY; of no further use then.
 */
int unary_feed(struct unary *u, const char *data, size_t n, size_t *used,
               struct err *e) MUST_CHECK;

/* The other side sends no more: that may complete an answer. ERR_UNAVAILABLE when nothing
 * had come, ERR_BAD_MESSAGE in the midst of a message. */
int unary_eof(struct unary *u, struct err *e) MUST_CHECK;
