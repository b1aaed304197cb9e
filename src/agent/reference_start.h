/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"

/*
 * Starts root's secrets engine where none listens: once for all who wait for one, without
 * blocking the loop. The engine outlives us; it ends by itself when nobody asks any more.
 */
struct reference_start {
    uv_loop_t *loop;
    struct reference_attempt *attempt; /* under way; NULL: none is */
    struct list waiting;
};

/* So long a start may take, another program's that is waited for included. */
#define REFERENCE_START_TIMEOUT (30 * CLOCK_SECOND)

/* Who waits; embedded in its owner. */
struct reference_wait {
    struct list link; /* list_init() before anything else */
    void (*done)(int r, const struct err *e, void *user);
    void *user;
};

void reference_start_init(struct reference_start *s, uv_loop_t *loop);

/* Is it us who start one? A service of systemd doesn't: its socket unit does. */
bool reference_start_is_ours(void);

/*
 * done comes once from the loop, unless it is forgotten before: with 0 when an engine was
 * ready. Else ERR_UNAVAILABLE with the engine's own reason; ERR_DEADLINE_EXCEEDED,
 * ERR_IO. Returns ERR_UNAVAILABLE when coffer-engined isn't installed, ERR_IO,
 * ERR_NO_MEMORY: nothing comes then.
 */
int reference_start_wait(struct reference_start *s, struct reference_wait *w,
                         struct err *e) MUST_CHECK;

/* Nothing comes after this, and nothing does harm. */
void reference_start_forget(struct reference_wait *w);

/* Waits for nothing any more; an engine that is starting goes on. */
void reference_start_close(struct reference_start *s);
