/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "loop/loop.h"
#include "net/rpc.h"
#include "swarm/dispatcher.pb-c.h"

/*
 * A node's session with its manager: registration, heartbeats, the stream of assignments.
 * When any of them fails the session is lost and the next one is opened after a random
 * while, as the protocol says.
 */

/* The first word of a manager must come within this. */
#define SESSION_TIMEOUT (5 * CLOCK_SECOND)
#define SESSION_HEARTBEAT_TIMEOUT (5 * CLOCK_SECOND)

/* backoff = first + 2 x backoff, at most so long; the wait is a random part of it. */
#define SESSION_BACKOFF_FIRST (100 * CLOCK_MILLISECOND)
#define SESSION_BACKOFF_MAX (8 * CLOCK_SECOND)

/* Periods that a manager may ask for are brought within these. */
#define SESSION_PERIOD_MIN (100 * CLOCK_MILLISECOND)
#define SESSION_PERIOD_MAX (10 * CLOCK_MINUTE)

struct session_events {
    /* Registered: statuses may be sent under session_id. */
    void (*on_open)(const char *session_id, void *user);
    /* What the manager says about the cluster, the first time and at changes. Lent. */
    void (*on_message)(const Swarm__SessionMessage *m, void *user);
    /* Assignments that fit the ones before. The message moves in. */
    void (*on_assignments)(Swarm__AssignmentsMessage *m, void *user);
    void (*on_lost)(const struct err *e, void *user);
    void *user;
};

struct session {
    const struct session_events *events;
    struct rpc_channel *channel;         /* NULL: not started */
    Swarm__NodeDescription *description; /* NULL: not known yet */
    struct rpc_call *stream, *heartbeat, *assignments;
    struct timer retry; /* the next session; until its first message: the timeout */
    struct timer pulse; /* the next heartbeat; while one is out: its timeout */
    char *id;           /* of the last session, "" at first */
    bool is_open;       /* registered */
    char *results_in;   /* of the last assignments, NULL before the first */
    int64_t backoff;
    uint64_t random;
};

void session_init(struct session *s, uv_loop_t *loop, uint64_t seed,
                  const struct session_events *events);

/* Begins as soon as the node's description is known too. */
void session_start(struct session *s, struct rpc_channel *channel);

/* What the node is; moves in. A change begins a new session. */
void session_describe(struct session *s, Swarm__NodeDescription *description);

/* Something else that belongs to the session failed. */
void session_fail(struct session *s, const struct err *e);

/* Ends it from this side. */
void session_stop(struct session *s);
void session_close(struct session *s, struct loop_close *c);
