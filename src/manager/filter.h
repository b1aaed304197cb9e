/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/ledger.h"

/*
 * Private to the manager: may a task run on a node? The filters are asked in this order;
 * a node counts for the first one that says no.
 */
enum filter {
    FILTER_READY,       /* the node is READY and ACTIVE */
    FILTER_RESOURCES,   /* what is reserved fits into what is left */
    FILTER_CONSTRAINTS, /* placement constraints hold */
    FILTER_PLATFORM,    /* the image is for this kind of machine */
    FILTERS,
};

/* The filter that says no, or FILTERS when all agree. */
enum filter filter_node(const Swarm__Node *node, const struct ledger_node *usage,
                        const Swarm__TaskSpec *spec);

/* Does what the task reserves fit into what is left of the node? */
bool filter_fits(const Swarm__Node *node, const struct ledger_node *usage,
                 const Swarm__TaskSpec *spec);

/* How many nodes each filter refused, and what a user is told then: "no suitable node
 * (insufficient resources on 2 nodes; 1 node not available for new tasks)", the most
 * frequent reason first. */
struct filter_tally {
    size_t refused[FILTERS];
};
int filter_explain(const struct filter_tally *tally, struct buf *out) MUST_CHECK;
