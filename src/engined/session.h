/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "loop/loop.h"

/*
 * A connection with a plugin: calls in both directions (Connect over HTTP/1.1), each on a
 * stream of its own (yamux). The engine is yamux's server.
 *
 * Callbacks come from the loop, never from within a function here. Once on_end came, and
 * in any case after session_close, nothing comes any more.
 */
struct session;
struct session_call;     /* one of ours */
struct session_incoming; /* one of the plugin's */

struct session_events {
    /* The plugin calls this procedure. It is to be answered by one of session_answer and
     * session_refuse before the loop turns again: a call that the plugin breaks off is
     * gone without a word. */
    void (*on_call)(struct session_incoming *call, const char *procedure, void *user);
    /* The connection is over, for this reason. Calls that were under way have been told
     * before. */
    void (*on_end)(const struct err *why, void *user);
};

/* How many calls of a plugin may wait for their answers. */
#define SESSION_INCOMING_MAX 16

/*
 * Speaks on a connected socket. fd moves in, also when this fails; `early` are n bytes
 * that were read from it before.
 */
int session_new(uv_loop_t *loop, int fd, const void *early, size_t n,
                const struct session_events *events, void *user, struct session **out,
                struct err *e) MUST_CHECK;

/* Cuts the connection and frees the session; the callbacks of calls don't come. Before,
 * it ends the streams as far as the plugin reads: one in Go whose streams don't end waits
 * two seconds for them. NULL is fine. */
void session_close(struct session *s, struct loop_close *c);

/* Tells all calls of ours that they failed, at once: before the session is closed. */
void session_end_calls(struct session *s, const struct err *why);

/* ---- our calls ---- */

/* code: 0, and `answer` is a message of the type asked for, which the callback may take
 * (set *answer to NULL); else what failed. ERR_DEADLINE_EXCEEDED after the timeout. */
typedef void session_called(int code, ProtobufCMessage **answer, const struct err *e,
                            void *user);

/*
 * Calls a procedure ("/package.Service/Method"). timeout in nanoseconds. The callback
 * comes once, unless the call is canceled.
 */
int session_call(struct session *s, const char *procedure,
                 const ProtobufCMessage *message,
                 const ProtobufCMessageDescriptor *answer, int64_t timeout,
                 session_called *cb, void *user, struct session_call **out,
                 struct err *e) MUST_CHECK;

/* No callback comes; the plugin sees its stream reset. */
void session_call_cancel(struct session_call *call);

/* ---- the plugin's calls ---- */

/* The call's message. ERR_INVALID_ARGUMENT for one that is none; ERR_NO_MEMORY. Free it
 * with message_free. */
int session_read(const struct session_incoming *call,
                 const ProtobufCMessageDescriptor *type, ProtobufCMessage **out,
                 struct err *e) MUST_CHECK;

void session_answer(struct session_incoming *call, const ProtobufCMessage *message);
void session_refuse(struct session_incoming *call, const struct err *why);
