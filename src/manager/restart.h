/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/slots.h"

/*
 * Private to the manager: the restart policy. What it needs to know of the past stands in
 * the store: a slot keeps the tasks that were there before (reaper.c keeps enough of
 * them).
 */

/* May the task be replaced after it ended? */
bool restart_is_allowed(const struct slot *s, const Swarm__Task *t);

/*
 * The index of the oldest task of the slot that counts, or will count, when its newest
 * one ends; the slot's length when none does. Those behind it count when they run what
 * the newest one runs. When it is time alone that lets go of more, the round wakes then.
 */
size_t restart_first_counted(struct round *r, const struct slot *s);
bool restart_is_counted(const struct slot *s, size_t first, size_t i);

/* Replaces what ended or lost its node, in all slots. */
int restart_run(struct round *r) MUST_CHECK;

/* Tells tasks that were made ready to run, once their time has come. */
int restart_start_ready(struct round *r) MUST_CHECK;

/* A new task waits for its predecessor to end, but no longer than this. */
#define RESTART_OLD_TASK_TIMEOUT CLOCK_MINUTE
