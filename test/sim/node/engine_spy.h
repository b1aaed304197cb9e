/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "engine/fake.h"

/*
 * Stands between the agent and the fake engine and sees what passes: which tasks get
 * containers, and each start at the moment at which it takes effect.
 */
struct stage;

/* A task that was given a container. */
struct spy_task {
    Swarm__Task *task;
    bool is_given_up;      /* the manager doesn't wait for its end */
    int64_t stop_asked_at; /* CLOCK_NEVER: not yet */
};

struct engine_spy {
    struct engine base; /* for the agent */
    struct stage *stage;
    struct fake_engine *fake;
    struct engine_events events; /* the agent's */
    struct map tasks;            /* id -> struct spy_task */
};

void engine_spy_init(struct engine_spy *spy, struct stage *stage,
                     struct fake_engine *fake);
void engine_spy_deinit(struct engine_spy *spy);

/* The container of a task, NULL without. */
struct fake_container *engine_spy_container(const struct engine_spy *spy,
                                            const struct spy_task *t);
