/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "engine/fake.h"

/* The containers of the fake engine, for fake.c alone. */
struct fake_container *fake_container_new(unsigned number, const char *name,
                                          const char *task_id, const char *node_id);
int fake_container_bind(struct fake_container *c, const struct engine_bind *b) MUST_CHECK;
int fake_container_give(struct fake_container *c,
                        const struct engine_given *g) MUST_CHECK;
void fake_container_free(struct fake_container *c);
struct engine_state fake_container_state(const struct fake_container *c);

/* Does the signal end it? */
bool fake_container_obeys(const struct fake_container *c, const char *signal);
