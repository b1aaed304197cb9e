/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "objects/objects.h"

/*
 * Remote procedure calls between an agent and a manager, as gRPC has them: a method is a
 * path, a call carries messages both ways and ends with a status. This header is what
 * callers and services see; what carries the bytes is behind it. Within one process that
 * is rpc_local.c, which hands over packed messages, so that nothing but the protocol's
 * contents crosses.
 *
 * All callbacks come from the loop, never from within a function that was called. on_end
 * comes exactly once for each call, unless the call was canceled by its own side: then
 * nothing comes any more.
 */

struct rpc_method {
    const char *path; /* "/docker.swarmkit.v1.Dispatcher/Session" */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *response;
};

/* Who is at the other end, as its certificate says. */
struct rpc_peer {
    char node_id[OBJECT_ID_SIZE];
    char cluster_id[OBJECT_ID_SIZE];
    bool is_manager;
};

/* ---- calling ---- */

struct rpc_channel;
struct rpc_call;

struct rpc_call_events {
    /* A message arrived; it is the callee's to free. */
    void (*on_message)(struct rpc_call *call, ProtobufCMessage *message, void *user);
    /* The other side ended the call: code 0, or an error with its text. The call is gone
     * after this returns. */
    void (*on_end)(struct rpc_call *call, int code, const struct err *e, void *user);
    /* A call that was full may be sent to again. May be NULL. */
    void (*on_drain)(struct rpc_call *call, void *user);
};

/* What may wait for a service that doesn't take it, before the call is full. */
#define RPC_WINDOW (64 * 1024)

/*
 * Starts a call and sends its first message (NULL: none yet). The message stays the
 * caller's. *out is valid until on_end or rpc_call_cancel.
 */
int rpc_call_start(struct rpc_channel *channel, const struct rpc_method *method,
                   const ProtobufCMessage *request, const struct rpc_call_events *events,
                   void *user, struct rpc_call **out, struct err *e) MUST_CHECK;

/* Sends one more message of a client stream. */
int rpc_call_send(struct rpc_call *call, const ProtobufCMessage *message,
                  struct err *e) MUST_CHECK;

/*
 * Does more wait for the service than RPC_WINDOW? Who sends a stream of messages stops
 * then and goes on at on_drain. A message sent all the same is taken, as far as the
 * channel's own limits allow.
 */
bool rpc_call_is_full(const struct rpc_call *call);

/* Says that no further message follows. */
void rpc_call_finish(struct rpc_call *call);

/* Ends the call from this side; no callback follows. NULL is fine. */
void rpc_call_cancel(struct rpc_call *call);

/* ---- serving ---- */

struct rpc_server;
struct rpc_exchange; /* the server's end of one call */

struct rpc_service {
    const struct rpc_method *method;
    /* A call came, with nothing read yet. user is what rpc_server_add was given; the
     * exchange's state is the service's own. May be NULL. */
    void (*on_open)(struct rpc_exchange *x, void *user);
    /* A message of the caller's; it is the service's to free. */
    void (*on_message)(struct rpc_exchange *x, ProtobufCMessage *message, void *user);
    /* The caller sends no more messages. May be NULL. */
    void (*on_finish)(struct rpc_exchange *x, void *user);
    /* The caller went away; x is gone after this returns. May be NULL. */
    void (*on_cancel)(struct rpc_exchange *x, void *user);
};

struct rpc_server *rpc_server_new(void);
void rpc_server_free(struct rpc_server *server);
int rpc_server_add(struct rpc_server *server, const struct rpc_service *service,
                   void *user) MUST_CHECK;

const struct rpc_peer *rpc_exchange_peer(const struct rpc_exchange *x);
void rpc_exchange_set_state(struct rpc_exchange *x, void *state);
void *rpc_exchange_state(const struct rpc_exchange *x);

/*
 * Takes no more of the caller's messages, nor their end, until the resume: they wait on
 * their way, and once there are too many the caller's side is full. That the caller goes
 * away is told all the same; what waited is dropped then. Other calls aren't held up.
 */
void rpc_exchange_pause(struct rpc_exchange *x);
void rpc_exchange_resume(struct rpc_exchange *x);

/* Sends one message to the caller. ERR_UNAVAILABLE when it is gone already,
 * ERR_RESOURCE_EXHAUSTED when too much is on its way, ERR_NO_MEMORY. */
int rpc_exchange_send(struct rpc_exchange *x, const ProtobufCMessage *message) MUST_CHECK;

/* Ends the call with a code and its text (e may be NULL). x is gone. */
void rpc_exchange_end(struct rpc_exchange *x, int code, const struct err *e);
