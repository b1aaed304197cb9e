/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "objects/objects.h"

/*
 * What a node remembers of itself, in STATE-DIR/node.json: whether it is in a swarm,
 * which node of it it is, whether it made that swarm by itself at its first start, and
 * whose containers are still to be removed.
 */
enum node_membership {
    NODE_FRESH,  /* never started, or the file isn't there */
    NODE_MEMBER, /* of a swarm */
    NODE_LEFT,   /* left one, and stays out until told otherwise */
};

/* Nodes that this one has been, whose containers may have remained; a further one is
 * forgotten. */
#define NODE_FORMER_MAX 8

struct node_state {
    enum node_membership membership;
    bool is_auto;
    char node_id[OBJECT_ID_SIZE];
    char cluster_id[OBJECT_ID_SIZE];
    char manager_addr[ADDRESS_SIZE];
    char former[NODE_FORMER_MAX][OBJECT_ID_SIZE]; /* node ids; the unused are "" */
};

/* Both keep those that are there together at the front. False: there are too many. */
bool node_state_add_former(struct node_state *s, const char *node_id) MUST_CHECK;
void node_state_drop_former(struct node_state *s);

/* A file that isn't there reads as NODE_FRESH; one that doesn't parse is ERR_DATA_LOSS
 * naming it. */
int node_state_load(const char *path, struct node_state *out, struct err *e) MUST_CHECK;
int node_state_save(const char *path, const struct node_state *s,
                    struct err *e) MUST_CHECK;
