/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "objects/objects.h"

/*
 * What a node remembers of itself, in STATE-DIR/node.json: whether it is in a swarm,
 * which node of it it is, and whether it made that swarm by itself at its first start.
 */
enum node_membership {
    NODE_FRESH,  /* never started, or the file isn't there */
    NODE_MEMBER, /* of a swarm */
    NODE_LEFT,   /* left one, and stays out until told otherwise */
};

struct node_state {
    enum node_membership membership;
    bool is_auto;
    char node_id[OBJECT_ID_SIZE];
    char cluster_id[OBJECT_ID_SIZE];
    char manager_addr[64];
};

/* A file that isn't there reads as NODE_FRESH; one that doesn't parse is ERR_DATA_LOSS
 * naming it. */
int node_state_load(const char *path, struct node_state *out, struct err *e) MUST_CHECK;
int node_state_save(const char *path, const struct node_state *s,
                    struct err *e) MUST_CHECK;
