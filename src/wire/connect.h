/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/http.h"

/*
 * Connect's unary calls over HTTP/1.1: POST /<package>.<Service>/<Method> with a bare
 * message as the body, answered by 200 and a message or by an error's status and
 * {"code": ..., "message": ...}. Heads and bodies in memory; no I/O. Bodies are read with
 * unary.h, whose limit should be CONNECT_MESSAGE_MAX.
 */

/* The longest message there is, also after inflating. */
#define CONNECT_MESSAGE_MAX ((size_t)4 * 1024 * 1024)

/* A timeout has at most ten digits, says the protocol. */
#define CONNECT_TIMEOUT_DIGITS 10

enum connect_codec {
    CONNECT_PROTO, /* application/proto */
    CONNECT_JSON,  /* application/json */
};

/* ---- codes ---- */

/* "not_found" for ERR_NOT_FOUND, its HTTP status there (404), and back; ERR_UNKNOWN for a
 * name that is none. Codes that Connect hasn't got travel as the nearest. */
const char *connect_code_name(int code);
int connect_code_status(int code);
int connect_code_from_name(const char *name);

/* The code of an answer that has a status but no error body, as the protocol says. */
int connect_code_of_status(int status);

/* Puts '?' in place of control characters and what isn't UTF-8. */
void connect_clean_text(char *text, size_t n);

/* ---- the client ---- */

struct connect_call {
    const char *procedure;  /* "/health.v1.VersionService/GetVersion" */
    const char *host;       /* "unix" */
    const char *user_agent; /* NULL: none */
    enum connect_codec codec;
    int64_t timeout;   /* nanoseconds; 0: none */
    bool accepts_gzip; /* else the answer comes plain */
    bool is_gzip;      /* compress the message */
    bool is_last;      /* Connection: close, as a call on a yamux stream is */
};

/* Appends head and body of a call to out. ERR_RESOURCE_EXHAUSTED for a message that is
 * too long; ERR_INVALID_ARGUMENT; ERR_NO_MEMORY. */
int connect_write_call(const struct connect_call *c, const void *message, size_t n,
                       struct buf *out, struct err *e) MUST_CHECK;

/*
 * Takes the message out of an answer whose body is whole; it may move body's memory to
 * message. An error that the other side told is returned as such, with its text;
 * ERR_BAD_MESSAGE for an answer that is none.
 */
int connect_read_answer(const struct http_head *head, struct buf *body,
                        enum connect_codec codec, struct buf *message,
                        struct err *e) MUST_CHECK;

/* ---- the server ---- */

/* Whether the head of a request to a procedure is to be refused by plain HTTP: 405, 415,
 * or 0 for no. Whether the path is one is for the caller to know (404). */
int connect_refusal(const struct http_head *head);

struct connect_request {
    enum connect_codec codec;
    int64_t timeout; /* nanoseconds; 0: none */
    bool accepts_gzip;
    struct buf message;
};

void connect_request_deinit(struct connect_request *r);
#define cleanup_connect_request CLEANUP(connect_request_deinit)

/*
 * Reads a request that isn't refused, whose body is whole (its memory may move) and
 * whose message has at most `max` bytes, also after inflating. Also when this fails r's
 * codec is set; the error is for connect_write_error: ERR_INVALID_ARGUMENT,
 * ERR_UNIMPLEMENTED (a compression we haven't got), ERR_RESOURCE_EXHAUSTED,
 * ERR_NO_MEMORY.
 */
int connect_read_request(const struct http_head *head, struct buf *body, size_t max,
                         struct connect_request *r, struct err *e) MUST_CHECK;

/* ---- answers, for a server that writes their heads itself ---- */

#define CONNECT_ANSWER_HEADERS_MAX 4

struct connect_answer {
    int status;
    struct http_header headers[CONNECT_ANSWER_HEADERS_MAX];
    size_t n_headers;
    const void *body; /* the message that was given, or memory */
    size_t n;
    struct buf memory;
};

/* Those that can fail leave nothing to free then. The message is borrowed, and compressed
 * when that is asked for and the client accepts it. */
int connect_answer(const struct connect_request *to, bool is_gzip, const void *message,
                   size_t n, struct connect_answer *out, struct err *e) MUST_CHECK;
int connect_answer_error(int code, const char *text, struct connect_answer *out,
                         struct err *e) MUST_CHECK;

/* The answers without Connect: 404, 405, 415. */
void connect_answer_refusal(int status, struct connect_answer *out);
void connect_answer_deinit(struct connect_answer *a);

/* ---- answers with their heads ---- */

/* What all of them have. */
struct connect_reply {
    const char *date; /* for the header of that name; NULL: none */
    bool is_gzip;     /* compress the message if the client accepts it */
    bool is_last;     /* Connection: close */
};

int connect_write_answer(const struct connect_request *to, const struct connect_reply *o,
                         const void *message, size_t n, struct buf *out,
                         struct err *e) MUST_CHECK;

int connect_write_error(const struct connect_reply *o, int code, const char *text,
                        struct buf *out, struct err *e) MUST_CHECK;

int connect_write_refusal(const struct connect_reply *o, int status, struct buf *out,
                          struct err *e) MUST_CHECK;
