/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "cli/client.h"

/* Names of services and nodes by their ids, asked for once each. */
struct names {
    struct client *client;
    bool resolve;        /* false: ids are shown as they are */
    struct map services; /* id to name, owned */
    struct map nodes;
};

void names_init(struct names *n, struct client *client, bool resolve);
void names_deinit(struct names *n);

/* The name; the id when there is none (any more). NULL without memory. Borrowed. */
const char *names_service(struct names *n, const char *id);
const char *names_node(struct names *n, const char *id);
