/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "engine/fake.h"
#include "loop/loop.h"

/* The fake engine's inside, for fake.c (what a test does) and fake_calls.c. */
struct fake_fault {
    unsigned times;
    struct err error;
};

struct fake_engine {
    struct engine base;
    uv_loop_t *loop;
    struct engine_events events;
    bool is_started, is_up, is_closing, checks_health;
    struct list containers, calls;
    unsigned n_made;
    int64_t delays[FAKE_KINDS];
    struct fake_fault faults[FAKE_KINDS];
    bool loses[FAKE_KINDS];
    unsigned counts[FAKE_KINDS];
    unsigned lines, lines_said;
    struct map images;
    struct timer up;
    struct loop_close closing;
    void (*closed)(void *user);
    void *closed_user;
};

extern const struct engine_ops fake_ops;
void fake_engine_start(struct engine *g, const struct engine_events *events);
void fake_engine_close(struct engine *g, void (*closed)(void *user), void *user);

/* Tells an event of a container's. */
void fake_engine_tell(struct fake_engine *f, const char *id, const char *action);

/* Ends all calls that are under way, from the loop. */
void fake_engine_end_calls(struct fake_engine *f, const struct err *e);
