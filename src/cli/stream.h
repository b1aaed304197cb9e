/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/client.h"

/*
 * An answer that comes bit by bit: events, logs. On a connection of its own, so that
 * requests can be made meanwhile. SIGINT and SIGTERM are held back while a stream is open
 * that wants to hear of them, and told by stream_read.
 */
struct stream;

enum stream_news {
    STREAM_DATA,
    STREAM_END,
    STREAM_TIMEOUT,
    STREAM_INTERRUPTED, /* by the user */
};

/* Asks, and waits for the answer's head. An error status is told as client_call does;
 * ERR_CANCELED when the user interrupts before. */
int stream_open(struct client *c, const char *path, bool hears_signals,
                struct stream **out, struct err *e) MUST_CHECK;
void stream_close(struct stream *s);

/* Is it cofferd that answers, or another server of the same API? */
bool stream_is_cofferd(const struct stream *s);

/* Waits up to timeout (nanoseconds; CLOCK_NEVER: as long as it takes) for bytes and
 * appends them to out. */
int stream_read(struct stream *s, int64_t timeout, struct buf *out,
                enum stream_news *news, struct err *e) MUST_CHECK;

/* The next line that lies in a buffer, without its end, moved to `line`. False when there
 * is no whole one. */
int stream_take_line(struct buf *from, struct buf *line, bool *found) MUST_CHECK;
