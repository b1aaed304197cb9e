/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/private.h"

/*
 * A streamed answer (logs, events), embedded in its owner. What the client doesn't read
 * in time waits here, up to API_STREAM_QUEUE_MAX; after that he is cut off. An owner that
 * can hold back its source does so when the stream is full, until `drained`. When the
 * exchange is over, for whatever reason, `closed` is called once and the stream is not
 * touched again.
 */
struct api_stream {
    struct list link;
    struct api *api;
    struct http_exchange *x;
    struct buf pending;
    bool has_begun, is_ending;
    void (*closed)(struct api_stream *s);
    /* All was sent after some had to wait. Set by the owner; may be NULL. */
    void (*drained)(struct api_stream *s);
};

void api_stream_init(struct api_stream *s, struct api *a, struct http_exchange *x,
                     void (*closed)(struct api_stream *s));

/* Sends the head; what was written before follows. type may be NULL. */
void api_stream_begin(struct api_stream *s, const char *type);

/* False when the stream is over: the client was too slow, or there is no memory. Its
 * owner is gone then. */
bool api_stream_write(struct api_stream *s, const void *data, size_t n) MUST_CHECK;

/* Does anything wait for the client? */
bool api_stream_is_full(const struct api_stream *s);

/* Ends it once all is sent. One that hasn't begun is cut. */
void api_stream_end(struct api_stream *s);

/* Ends it at once and unfinished, which the client can tell from a good end. */
void api_stream_cut(struct api_stream *s);

/* Ends it with an answer of another kind: it must not have begun. */
struct http_exchange *api_stream_release(struct api_stream *s);
