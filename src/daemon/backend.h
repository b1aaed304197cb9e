/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/backend.h"
#include "daemon/node.h"
#include "grant/grant.h"

/*
 * What the API sees of this node (api/backend.h), over node.h: checks what is asked,
 * seals secrets' payloads at once, and proposes.
 */
int node_backend_new(uv_loop_t *loop, struct node *n, struct backend **out,
                     struct err *e) MUST_CHECK;

/* The swarm's secrets for users of this node, by the backend. */
struct grant_source node_backend_grants(struct backend *b);

/* To be called when the node is closed. Answers that are due still come, before `closed`
 * is called. */
void node_backend_close(struct backend *b, void (*closed)(void *user), void *user);
