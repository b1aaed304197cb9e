/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "loop/loop.h"
#include "net/rpc.h"
#include "swarm/dispatcher.pb-c.h"

/*
 * Brings the tasks' statuses to the manager: of each task the newest only, in the order
 * in which they changed, many in one call, one call at a time. What couldn't be brought
 * waits for the next session.
 */

/* Statuses in one call: far below the 4 MiB that a manager takes. */
#define REPORTER_BATCH_MAX 1000

struct reporter {
    struct map waiting; /* task id -> struct report */
    struct list order;
    struct list sent;
    struct defer flush;
    struct defer_queue *deferred;
    struct rpc_channel *channel; /* NULL: no session */
    char *session_id;
    struct rpc_call *call;
    size_t batch_max;
    /* The manager didn't take them; the session is worth nothing. */
    void (*on_failure)(int code, const struct err *e, void *user);
    void *user;
};

void reporter_init(struct reporter *r, struct defer_queue *deferred,
                   void (*on_failure)(int code, const struct err *e, void *user),
                   void *user);
void reporter_deinit(struct reporter *r);

/* The status moves in, and is freed when this fails. */
int reporter_put(struct reporter *r, const char *task_id,
                 Swarm__TaskStatus *status) MUST_CHECK;

/* Nobody wants to know of that task any more. */
void reporter_drop(struct reporter *r, const char *task_id);

int reporter_session(struct reporter *r, struct rpc_channel *channel,
                     const char *session_id) MUST_CHECK;
void reporter_session_end(struct reporter *r);
