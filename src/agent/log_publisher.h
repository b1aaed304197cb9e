/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/worker.h"
#include "net/rpc.h"
#include "swarm/logbroker.pb-c.h"

/*
 * `service logs`: the manager subscribes to the output of some of this node's tasks, and
 * gets it line by line until it had enough. When it doesn't take a subscription's lines
 * as they come, that subscription's output waits in the engine.
 */

/* Subscriptions at a time; further ones are answered with an end at once. */
#define LOG_SUBSCRIPTIONS_MAX 64

/* Bytes of output that leave the node in one slice of time; what is more waits in the
 * engine. 10 MB a second, as Docker's. */
#define LOG_SLICE (100 * CLOCK_MILLISECOND)
#define LOG_SLICE_BYTES 1000000

struct log_publisher {
    struct worker *worker;
    struct rpc_channel *channel; /* NULL: no session */
    struct rpc_call *listen;
    struct list subscriptions;
    size_t n_subscriptions;
    size_t slice_bytes;
    struct timer slice;
    struct loop_close *closing;
};

void log_publisher_init(struct log_publisher *p, struct worker *worker);

void log_publisher_session(struct log_publisher *p, struct rpc_channel *channel);
void log_publisher_session_end(struct log_publisher *p);

/* A task got a container, perhaps: one that a subscription waits for. */
void log_publisher_task_changed(struct log_publisher *p, const struct task *t);

/* The engine is back: what is followed goes on where it was cut off. */
void log_publisher_engine_up(struct log_publisher *p);

void log_publisher_close(struct log_publisher *p, struct loop_close *c);
