/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/map.h"
#include "objects/objects.h"

/*
 * The scheduler's books: how much runs on each node. It is told of each task as it is now
 * and keeps what it counted, so telling it twice does no harm.
 */
struct ledger {
    struct map nodes; /* node id -> struct ledger_node */
    struct map tasks; /* task id -> struct ledger_task, of those that are on a node and
                         not over */
};

/* What the tasks of one node take. */
struct ledger_node {
    int64_t nano_cpus, memory_bytes; /* reserved by tasks that aren't over */
    size_t tasks;                    /* that are desired to run and not over */
    struct map services;             /* service id -> how many of those tasks it has */
};

void ledger_deinit(struct ledger *l);

/* A task was written or, with is_gone, removed. *freed is set when it left room behind.
 * ERR_NO_MEMORY: the books are wrong from now on and must be begun anew. */
int ledger_set_task(struct ledger *l, const Swarm__Task *task, bool is_gone,
                    bool *freed) MUST_CHECK;

/* A node's page; NULL when no task was ever on it. */
const struct ledger_node *ledger_get(const struct ledger *l, const char *node_id);

/* How many tasks of a service may run on a node. n may be NULL. */
size_t ledger_count(const struct ledger_node *n, const char *service_id);

/* The node was removed. */
void ledger_forget_node(struct ledger *l, const char *node_id);
