/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/backend.h"
#include "daemon/node.h"

/*
 * What the API sees of this node (api/backend.h), over node.h: checks what is asked,
 * seals secrets' payloads at once, and proposes.
 */
int node_backend_new(uv_loop_t *loop, struct node *n, struct backend **out,
                     struct err *e) MUST_CHECK;

/* To be called when the node is closed. Answers that are due still come, before `closed`
 * is called. */
void node_backend_close(struct backend *b, void (*closed)(void *user), void *user);
