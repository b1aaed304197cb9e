/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "net/rpc.h"

/*
 * A channel to a server in the same process. Messages cross packed, in wiped buffers, so
 * that neither side ever sees the other's memory. What is sent is delivered on one of the
 * loop's next turns, in the order in which it was sent.
 */

/*
 * What may be on its way at a time, both directions of all calls together, with what
 * waits for a service that has paused: a node's streams of logs, each with what comes at
 * once after it is full (one read of the engine's output, in lines). Over it a
 * message is refused with ERR_RESOURCE_EXHAUSTED. It is also the only limit of a single
 * answer: a node's complete assignments can't be sent in parts, and have all its secrets
 * and configs. Requests are limited to MESSAGE_SIZE_LIMIT.
 */
#define RPC_LOCAL_MESSAGES_MAX 200000
#define RPC_LOCAL_BYTES_MAX (256 * 1024 * 1024)

/* Calls at a time. */
#define RPC_LOCAL_CALLS_MAX 1000

/* The server sees calls from `peer`. It must outlive the channel. */
int rpc_local_channel_new(uv_loop_t *loop, struct rpc_server *server,
                          const struct rpc_peer *peer, struct rpc_channel **out,
                          struct err *e) MUST_CHECK;

/* Ends all calls: their callers get on_end with ERR_UNAVAILABLE, the services on_cancel;
 * then frees the channel and calls cb (may be NULL). */
void rpc_local_channel_close(struct rpc_channel *channel, void (*cb)(void *user),
                             void *user);
