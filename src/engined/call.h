/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/socket.h>

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"
#include "loop/loop.h"
#include "net/http_server.h"

/*
 * A call of a client's: Connect, over the engine's socket. Whoever serves it answers it,
 * now or later, by exactly one of call_answer and call_refuse. When the client goes away
 * or its own time limit passes the call ends by itself, and who serves it is told.
 */
struct call;

/* Reads the body of the request, and then serves; `serve` gets the call. What is no call
 * is answered here. */
void call_begin(uv_loop_t *loop, struct http_exchange *x, const struct ucred *peer,
                void (*serve)(struct call *call, void *user), void *user);

/* The process that calls. */
const struct ucred *call_peer(const struct call *call);

/* Of the request: "/package.Service/Method". */
const char *call_procedure(const struct call *call);

/* The call's message; free it with message_free. ERR_INVALID_ARGUMENT for one that is
 * none; ERR_NO_MEMORY. */
int call_read(const struct call *call, const ProtobufCMessageDescriptor *type,
              ProtobufCMessage **out, struct err *e) MUST_CHECK;

/* cancel comes once, from the loop, if the call ends by itself; it is gone then. */
void call_on_cancel(struct call *call, void (*cancel)(void *user), void *user);

void call_answer(struct call *call, const ProtobufCMessage *message);
void call_refuse(struct call *call, const struct err *why);

/* One of the two: refuses when r isn't 0. */
void call_end(struct call *call, int r, const ProtobufCMessage *message,
              const struct err *why);
