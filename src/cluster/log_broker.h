/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "net/rpc.h"
#include "store/store.h"
#include "swarm/logbroker.pb-c.h"

/*
 * The LogBroker service of a manager: it asks the nodes that run the selected tasks for
 * their output (ListenSubscriptions) and hands on what they publish (PublishLogs). When
 * the output is to be followed, a node is also asked once it gets a selected task later,
 * or is back.
 */
struct log_broker;
struct log_subscription;

/* How many subscriptions there may be at once. */
#define LOG_SUBSCRIPTIONS_MAX 256

struct log_subscriber {
    /* One message of a container's output; lent. */
    void (*on_message)(const Swarm__LogMessage *message, void *user);
    /* Everything was said: each node that was asked has ended its part. What is to be
     * followed has no end of its own: that comes only when no node publishes any more
     * although it listens still. The subscription is gone. */
    void (*on_end)(int r, const struct err *e, void *user);
};

int log_broker_new(uv_loop_t *loop, struct store *store, struct rpc_server *server,
                   struct log_broker **out, struct err *e) MUST_CHECK;

/* Starts a subscription; selector and options move in. Callbacks come from the loop.
 * ERR_RESOURCE_EXHAUSTED. */
int log_broker_subscribe(struct log_broker *b, Swarm__LogSelector *selector,
                         Swarm__LogSubscriptionOptions *options,
                         const struct log_subscriber *subscriber, void *user,
                         struct log_subscription **out, struct err *e) MUST_CHECK;

/*
 * Has the nodes hold back their output until it is to come again; other subscriptions go
 * on. One more message of each node, which was being read, may still come.
 */
void log_broker_pause(struct log_subscription *s, bool is_paused);

/* Ends a subscription from this side: no callback follows. */
void log_broker_cancel(struct log_subscription *s);

/* Ends all subscriptions with ERR_UNAVAILABLE, then frees the broker and calls closed. */
void log_broker_close(struct log_broker *b, void (*closed)(void *user), void *user);
