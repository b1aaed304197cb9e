/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "cli/client.h"

/* Names of services, nodes and tasks by their ids, asked for once each. */
struct names {
    struct client *client;
    bool resolve;        /* false: ids are shown as they are */
    struct map services; /* id to name, owned */
    struct map nodes;
    struct map tasks;
};

void names_init(struct names *n, struct client *client, bool resolve);
void names_deinit(struct names *n);

/* The name; the id when there is none (any more). NULL without memory. Borrowed. */
const char *names_service(struct names *n, const char *id);
const char *names_node(struct names *n, const char *id);

/* "SERVICE.SLOT" of a task of this service on this node; "SERVICE.NODE" when the service
 * has no slots or the task is gone. */
const char *names_task(struct names *n, const char *id, const char *service,
                       const char *node);
