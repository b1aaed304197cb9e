/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "manager/agenda.h"
#include "manager/ledger.h"
#include "manager/manager.h"

/*
 * Private to the manager: what it remembers from run to run. All of it can be rebuilt
 * from the store.
 */
struct manager {
    bool is_new;           /* nothing was observed yet */
    struct map services;   /* service id -> struct service_state */
    struct list dirty;     /* of service_state: to be looked at in this run */
    struct agenda wakes;   /* of service_state: to be looked at at a time */
    struct map lost_nodes; /* node id -> struct lost_node, of the nodes that are down */
    struct agenda losses;  /* of lost_node */
    struct map changed_nodes; /* ids of nodes whose tasks may not suit them any more */
    struct ledger ledger;
    struct map new_tasks; /* ids of tasks in state NEW */
    struct map pending;   /* ids of tasks that wait for a node */
    struct map untried;   /* those of them for which no node was looked for yet */
    bool has_room;        /* something changed that may let others of them fit */
};

struct update;

/* A service that has been looked at. */
struct service_state {
    char *id;
    struct list dirty;       /* in manager.dirty */
    struct agenda_item wake; /* in manager.wakes */
    struct update *update;   /* the rolling update under way, or NULL */
    bool awaits_start;       /* it matters when one of its tasks begins to run */
};

/* A node that is down, and the time when its tasks are given up. */
struct lost_node {
    char *id;
    struct agenda_item give_up;
};

/* A node that is down for so long won't bring its tasks back. */
#define NODE_LOST_AFTER (24 * CLOCK_HOUR)

/* Marks a service, so that this run looks at it. */
int state_mark_service(struct manager *m, const char *service_id) MUST_CHECK;

/* Frees what is remembered of a service. */
void state_forget_service(struct manager *m, struct service_state *s);

/* Learns what all objects of a view are, or what happened to one. */
int observe_all(struct manager *m, const struct store_view *v) MUST_CHECK;
int observe_change(struct manager *m, const struct store_view *v,
                   const struct store_change *c) MUST_CHECK;

/* As observe_change, for a task that the manager itself wrote: only the books are kept.
 */
int observe_own(struct manager *m, const struct store_change *c) MUST_CHECK;
