/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

/*
 * yamux, version 0: many streams over one connection. A machine without I/O: it is fed
 * what arrived, tells what happened, and gives what is to be sent.
 *
 *     feed() ──▶ next()  stream and events ──▶ stream_read()
 *     stream_write() ──▶ drain() ──▶ the connection
 *     deadline() ──▶ a timer ──▶ tick()
 *
 * Frames are a head of 12 bytes (version, type, flags, stream, length; big-endian) and,
 * for data, so many bytes. The side that connected is the client and opens streams 1, 3,
 * 5...; the server 2, 4, 6... Bytes may be secrets: every buffer is wiped.
 *
 * The other side is hostile. What it may make us keep is bounded by the limits below.
 * What breaks the protocol ends the session: feeding returns the error, a go-away waits
 * to be drained, and each stream gets YAMUX_RESET.
 *
 * What makes the output grow needs draining afterwards: feed, tick, go_away and
 * everything about streams. One thread.
 */

/* Bytes that a side may send on a stream before the other has read (the protocol's
 * initial window; it stays at that). Also the longest data frame. */
#define YAMUX_WINDOW (256 * 1024)

/* Streams of both sides that live at a time. The other side's next is reset. */
#define YAMUX_STREAMS_MAX 256

/* Bytes received on all streams and not yet read. The stream that has more is reset. */
#define YAMUX_RECEIVED_MAX (16 * 1024 * 1024)

/* Output that waits to be drained: beyond the first number streams take no more; beyond
 * both the session ends, for the other side asks and doesn't read. */
#define YAMUX_OUTPUT_MAX (256 * 1024)
#define YAMUX_ANSWERS_MAX (64 * 1024)

/* A ping this often, an answer to it within; a stream that we are done with waits so long
 * for the other side's end. The reference implementation's numbers. */
#define YAMUX_KEEP_ALIVE (30 * CLOCK_SECOND)
#define YAMUX_PING_TIMEOUT (10 * CLOCK_SECOND)
#define YAMUX_CLOSE_TIMEOUT (5 * CLOCK_MINUTE)

enum yamux_role {
    YAMUX_CLIENT,
    YAMUX_SERVER,
};

/* What happened to a stream; one bit each. */
enum yamux_event {
    YAMUX_OPENED = 1,   /* the other side opened it; it is the caller's to release now */
    YAMUX_READABLE = 2, /* bytes arrived */
    YAMUX_FINISHED = 4, /* the other side sends no more; read what is there */
    YAMUX_WRITABLE = 8, /* a write that was cut short may go on */
    YAMUX_RESET = 16,   /* it is dead: nothing can be read or written any more */
};

struct yamux;
struct yamux_stream;

/* ---- the session ---- */

/* `now` is the caller's clock, as in tick. NULL when there is no memory. */
struct yamux *yamux_new(enum yamux_role role, int64_t now) MUST_CHECK;

/* Frees the session and all its streams; no stream may be used any more. */
void yamux_free(struct yamux *y);
void yamux_cleanup_free(struct yamux **y);
#define cleanup_yamux CLEANUP(yamux_cleanup_free)

/*
 * Takes in n bytes, whole. ERR_BAD_MESSAGE: the other side breaks the protocol;
 * ERR_RESOURCE_EXHAUSTED: it asks and doesn't read; ERR_UNAVAILABLE: it gave up;
 * ERR_NO_MEMORY. After an error of feed, tick or drain the session is over, and they
 * return that error again.
 */
int yamux_feed(struct yamux *y, const void *data, size_t n, struct err *e) MUST_CHECK;

/* The next stream with events, and these; NULL when there is none. */
struct yamux_stream *yamux_next(struct yamux *y, unsigned *events) MUST_CHECK;

/* Appends what is to be sent to out; moved without copying when out is empty. It also
 * works when the session is over: then out gets what is left, and the error is returned.
 * Streams that wait for room become writable: so drain when the last was sent, not
 * before, and nothing piles up. */
int yamux_drain(struct yamux *y, struct buf *out, struct err *e) MUST_CHECK;
bool yamux_has_output(const struct yamux *y);

/* The time has come to `now`: pings and time limits. ERR_DEADLINE_EXCEEDED: no answer to
 * a ping. To be called at the deadline, and as often as one likes. */
int yamux_tick(struct yamux *y, int64_t now, struct err *e) MUST_CHECK;
int64_t yamux_deadline(const struct yamux *y);

/* Tells the other side to open no more streams; what it opens still is reset. The streams
 * there are go on. */
int yamux_go_away(struct yamux *y, struct err *e) MUST_CHECK;

/* Did the other side tell us so? */
bool yamux_is_refusing(const struct yamux *y);

/* The connection is gone: each stream gets YAMUX_RESET. */
void yamux_lost(struct yamux *y);

/* Streams that aren't over, those included that were released and wait for their end. */
size_t yamux_n_streams(const struct yamux *y);

/* ---- streams ---- */

/* Opens a stream, which is the caller's to release. ERR_UNAVAILABLE: the session is over
 * or the other side is going away; ERR_RESOURCE_EXHAUSTED; ERR_NO_MEMORY. */
int yamux_stream_open(struct yamux *y, struct yamux_stream **out,
                      struct err *e) MUST_CHECK;

/* Takes up to n bytes to send; *taken tells how many. When it is fewer, YAMUX_WRITABLE
 * comes once there is room. ERR_UNAVAILABLE when the stream is dead. Not after close. */
int yamux_stream_write(struct yamux_stream *s, const void *data, size_t n, size_t *taken,
                       struct err *e) MUST_CHECK;

/* Appends all that was received to out; moved without copying when out is empty. Lets the
 * other side send on: who doesn't read holds it back. */
int yamux_stream_read(struct yamux_stream *s, struct buf *out, struct err *e) MUST_CHECK;

/* We send no more. */
int yamux_stream_close(struct yamux_stream *s, struct err *e) MUST_CHECK;

/* The stream is dead at once, on both sides. */
int yamux_stream_reset(struct yamux_stream *s, struct err *e) MUST_CHECK;

/*
 * The caller is done with the stream, which is not to be used any more. It is closed if
 * it wasn't; bytes that were not read, or come later, reset it. When that lacks memory
 * the session is over, as the next feed, tick or drain tells.
 */
void yamux_stream_release(struct yamux_stream *s);

uint32_t yamux_stream_id(const struct yamux_stream *s);

/* Something of the caller's; NULL at first. */
void yamux_stream_set_user(struct yamux_stream *s, void *user);
void *yamux_stream_user(const struct yamux_stream *s);
