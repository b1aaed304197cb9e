/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <http_parser.h>

#include "wire/http.h"

/*
 * Reads HTTP/1.1 messages from bytes: a machine without I/O. It is fed what arrived and
 * gives one event at a time, so that its user can stop between any two of them. Pieces of
 * a body point into what was fed; the head is the reader's and holds until the next
 * message begins.
 *
 * It is stricter than the parser under it wherever two readers could disagree on where a
 * message ends: Content-Length and Transfer-Encoding together, any transfer coding but
 * "chunked" alone, odd characters in names and values are all refused.
 */
enum reader_event {
    READER_MORE, /* nothing to tell; feed on */
    READER_HEAD,
    READER_BODY, /* a piece of the body */
    READER_END,  /* the message is complete */
};

enum reader_body {
    READER_BODY_NONE,
    READER_BODY_LENGTH,
    READER_BODY_CHUNKED,
    READER_BODY_UNTIL_CLOSE, /* answers only */
};

struct http_reader {
    http_parser parser;
    struct http_head head;
    struct buf text; /* target, names and values, each with its NUL */
    struct {
        uint32_t name, value; /* where in text */
    } spans[HTTP_HEADERS_MAX];
    uint32_t last; /* what the parser reported last */
    bool is_head_request;
    bool is_started; /* a byte of this message has arrived */
    enum reader_event event;
    const char *data; /* of the event READER_BODY */
    size_t len;
    enum reader_body body;
    uint64_t length;     /* with READER_BODY_LENGTH */
    bool is_upgrade;     /* after the end of the message another protocol begins, if both
                            sides agree */
    bool keep_alive;     /* another message may follow */
    bool wants_line_end; /* what was just used must end with one */
    char previous;       /* the last byte that was used */
    int failure;
    const char *reason;
};

void http_reader_init(struct http_reader *r, enum http_parser_type type);
void http_reader_deinit(struct http_reader *r);

/* Makes ready for the next message. Of an answer it must be known whether the request
 * was HEAD: then it has no body, whatever it says. */
void http_reader_next(struct http_reader *r, bool is_head_request);

/*
 * Reads on, up to one event: *used bytes are done with (also for an event; it may be 0
 * with one). r->event tells which. Not to be called with nothing.
 * ERR_BAD_MESSAGE: what came isn't HTTP; ERR_RESOURCE_EXHAUSTED: the head is over a
 * limit; ERR_NO_MEMORY. After an error the reader is of no further use.
 */
int http_reader_feed(struct http_reader *r, const char *data, size_t n, size_t *used,
                     struct err *e) MUST_CHECK;

/* The other side sends no more. The event is READER_END when that ends a body, else
 * READER_MORE; ERR_BAD_MESSAGE in the midst of a message. */
int http_reader_eof(struct http_reader *r, struct err *e) MUST_CHECK;
