/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "base/err.h"
#include "engine/engine.h"

/*
 * The containers of a node that left its swarm while its engine was away: they are
 * removed when the engine answers, whatever the machine has become meanwhile. Their files
 * went when the node left.
 */
struct leftovers;

/* The engine moves in, also on failure (ERR_NO_MEMORY). done comes from the loop, once
 * for each leftovers_remove, when no container of that node is left. */
int leftovers_new(uv_loop_t *loop, struct engine *engine, void (*done)(void *user),
                  void *user, struct leftovers **out, struct err *e) MUST_CHECK;

/* Removes what the node of that id has left. One node at a time. */
void leftovers_remove(struct leftovers *l, const char *node_id);

/* No done comes after this. */
void leftovers_close(struct leftovers *l, void (*closed)(void *user), void *user);
