/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/backend.h"
#include "loop/loop.h"

/*
 * The parts of the backend: backend.c (reading, watching, writing), backend_swarm.c (init
 * and leave), backend_logs.c.
 *
 * Watches of the API outlive swarms: they hang on a list here and hear what one watch of
 * the current store hears.
 */
struct node_backend {
    struct backend backend;
    struct node *node;
    struct store_watch store_watch;
    struct list watches;
    struct defer_queue defers;
    struct defer last; /* of them */
    struct loop_close closing;
    void (*closed)(void *user);
    void *closed_user;
};

static inline struct node_backend *node_backend_of(struct backend *b)
{
    return CONTAINER_OF(b, struct node_backend, backend);
}

/* The manager, or ERR_UNAVAILABLE with Docker's text. */
int node_backend_cluster(struct backend *b, struct cluster **out,
                         struct err *e) MUST_CHECK;

void backend_init_swarm(struct backend *b, struct backend_init *init, backend_done done,
                        void *user);
void backend_leave_swarm(struct backend *b, bool force, backend_done done, void *user);

struct backend_log_stream *
backend_logs_start(struct backend *b, const struct backend_logs *what,
                   backend_log_message message,
                   void (*end)(int r, const struct err *e, void *user), void *user);
void backend_logs_cancel(struct backend *b, struct backend_log_stream *l);
void backend_logs_pause(struct backend *b, struct backend_log_stream *l, bool is_paused);
