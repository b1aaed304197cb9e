/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "loop/loop.h"

/*
 * A connected socket: the one place where bytes move. Reads go through a buffer that all
 * streams of an owner share, and that is wiped after each read; writes are tried at once
 * and only what the kernel doesn't take is copied and waits. Events come from the loop,
 * never from within a function that was called; none comes after stream_close or after
 * on_error.
 */
#define STREAM_READ_SIZE (64 * 1024)

struct stream;

struct stream_events {
    void (*on_data)(struct stream *s, const char *data, size_t n);
    /* The other side writes no more; it may still read. */
    void (*on_eof)(struct stream *s);
    /* The connection is lost, in either direction; or the other side has gone for which
     * stream_await_hangup waits. */
    void (*on_error)(struct stream *s, int errnum);
    /* All that waited was written. */
    void (*on_drain)(struct stream *s);
};

struct stream {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
    } uv;
    uv_write_t write_request;
    struct buf queue;  /* waits for its turn */
    struct buf flight; /* libuv writes it */
    const struct stream_events *events;
    char *read_buffer; /* STREAM_READ_SIZE bytes, the owner's */
    uv_poll_t hangup;  /* of a copy of the descriptor */
    int hangup_fd;
    int errnum;
    bool is_awaiting_hangup;
    bool is_writing;
    bool is_failed;
    bool is_eof;
    bool is_paused;
    bool is_shut; /* no more is written after the queue */
};

/* The socket is made ready in s->uv by the owner (accepted, connected or opened). */
int stream_start(struct stream *s, const struct stream_events *events, char *read_buffer,
                 struct err *e) MUST_CHECK;

/* Bytes as a piece for stream_write, which only reads them. */
uv_buf_t stream_piece(const void *data, size_t n);

/* Writes the pieces, in order. 0, or ERR_UNAVAILABLE when the connection is lost,
 * ERR_NO_MEMORY (it is lost then too): on_error follows in both cases. */
int stream_write(struct stream *s, const uv_buf_t *pieces, unsigned n) MUST_CHECK;

/* Bytes that wait to be written. */
size_t stream_queued(const struct stream *s);

void stream_pause(struct stream *s);
void stream_resume(struct stream *s);

/* Ends our direction once all is written. */
void stream_shutdown(struct stream *s);

/* After the end of the other side's direction: has it gone altogether? */
bool stream_is_hung_up(const struct stream *s);

/* From on_eof on: tells on_error once it has gone. Without memory or descriptors nothing
 * is told, as before the next write. */
void stream_await_hangup(struct stream *s);

/* Makes it fail soon, from the loop. */
void stream_fail(struct stream *s, int errnum);

void stream_close(struct stream *s, struct loop_close *c);
