/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "engined/session.h"
#include "net/stream.h"
#include "wire/connect.h"
#include "wire/unary.h"
#include "wire/yamux.h"

struct session {
    struct stream stream;
    uv_loop_t *loop;
    struct timer timer; /* for yamux's deadline and those of the calls */
    struct defer_queue defers;
    struct defer end;
    struct yamux *yamux;
    const struct session_events *events;
    void *user;
    struct list calls;    /* session_call */
    struct list incoming; /* session_incoming */
    size_t n_incoming;
    struct err why; /* set once it is over */
    bool is_over;
    bool is_closing;
    struct loop_close closing;
    struct loop_close *parent;
    struct buf early; /* fed at first */
    struct defer begin;
    char read_buffer[STREAM_READ_SIZE];
};

/* Either direction: the two ends of an exchange on a stream. */
struct session_exchange {
    struct yamux_stream *stream;
    struct buf out; /* what is still to be written */
    size_t written;
    struct unary in;
    bool is_incoming;
};

struct session_call {
    struct session_exchange x;
    struct list link;
    struct session *s;
    int64_t deadline; /* monotonic */
    const ProtobufCMessageDescriptor *answer;
    session_called *cb;
    void *user;
};

struct session_incoming {
    struct session_exchange x;
    struct list link;
    struct session *s;
    struct connect_request request;
    bool is_called; /* on_call came */
};

/* Sets the timer anew, after a deadline may have changed. */
void session_set_timer(struct session *s);

/* Sends what the yamux session has for the socket. After anything that writes. */
void session_flush(struct session *s);

/* The connection is over; told from the loop. Only the first reason counts. */
void session_fail(struct session *s, const struct err *why);

/* Writes on; 0 or an error: the stream is dead. An answer ends the stream. A call of ours
 * doesn't before its answer was read: to a server in Go the end of a stream is that of
 * who asked, and it breaks off what it does for the call. */
int session_exchange_write(struct session_exchange *x, struct err *e) MUST_CHECK;

/* Reads what arrived. *is_complete: the message is there. */
int session_exchange_read(struct session_exchange *x, bool is_finished, bool *is_complete,
                          struct err *e) MUST_CHECK;
void session_exchange_deinit(struct session_exchange *x);

/* Events of a stream. */
void session_call_event(struct session_call *call, unsigned events);
void session_incoming_event(struct session_incoming *in, unsigned events);

/* A stream that the plugin opened. */
void session_incoming_new(struct session *s, struct yamux_stream *stream,
                          unsigned events);

/* Ends a call that failed, told to its owner. */
void session_call_fail(struct session_call *call, const struct err *why);

/* Frees a call without a word. */
void session_call_drop(struct session_call *call);
void session_incoming_drop(struct session_incoming *in);
