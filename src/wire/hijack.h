/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "wire/http.h"
#include "wire/unary.h"

/*
 * How a plugin that connects by itself turns its connection to the engine into a bare
 * one: GET /hijack, answered by 101. The engines there are call themselves HTTP/0.0 in
 * that answer, so any version will do in it, and ours is to the letter the same. What
 * follows the empty line is yamux.
 */
#define HIJACK_PATH "/hijack"

/* The engine's answer. */
#define HIJACK_ANSWER                                                                    \
    "HTTP/0.0 101 Switching Protocols\r\n"                                               \
    "Connection: upgrade\r\n"                                                            \
    "Upgrade: tcp\r\n"                                                                   \
    "\r\n"

/* The longest refusal that is told. */
#define HIJACK_BODY_MAX 4096

/* ---- the plugin's side ---- */

int hijack_write_request(struct buf *out) MUST_CHECK;

struct hijack {
    struct buf head;
    struct unary refusal;
    bool is_refused;
    bool is_done; /* the connection is a bare one from here on */
};

void hijack_init(struct hijack *h);
void hijack_deinit(struct hijack *h);
#define cleanup_hijack CLEANUP(hijack_deinit)

/* Reads the answer, up to is_done; *used bytes are done with, the rest is yamux. Any
 * other answer than 101 is an error: its code by its status, its body as the text. */
int hijack_feed(struct hijack *h, const char *data, size_t n, size_t *used,
                struct err *e) MUST_CHECK;

/* The engine sends no more before it is done: always an error, which says what it can. */
int hijack_eof(struct hijack *h, struct err *e) MUST_CHECK;

/* ---- the engine's side ---- */

/* Does a request ask for it? */
bool hijack_is_request(const struct http_head *head);
