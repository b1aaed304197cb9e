/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * An engine on its way: a process that becomes one, and the pipe in which it says that it
 * is ready. The process is nobody's child here, so it outlives us and leaves no zombie;
 * it inherits no descriptor, and no signal's handling.
 */
struct start_launch {
    char *folder; /* where its log is */
    int ready;    /* the pipe's end to read from; doesn't block */
    int lock;     /* held until the launch is let go of */
    size_t len;   /* of what it said so far */
    char said[512];
};

#define START_LAUNCH_INIT                                                                \
    {                                                                                    \
        .ready = -1, .lock = -1                                                          \
    }

/*
 * Opens the lock that whoever starts an engine holds; it isn't taken yet. `folder` gets
 * the run folder, which is made. Errors of home_run_folder() and files.
 */
int start_lock_open(char **folder, int *out, struct err *e) MUST_CHECK;

/*
 * Begins, and doesn't wait. patience, in seconds: so long the process, not the caller,
 * waits until nobody else is starting an engine; it ends when that takes longer. An
 * engine that finds another one then says "ready" and ends. 0: the caller has the lock.
 * folder and lock move in, also with an error. ERR_NOT_FOUND: it isn't installed; ERR_IO,
 * ERR_NO_MEMORY.
 */
int start_launch_begin(struct start_launch *out, char *folder, int lock,
                       unsigned patience, bool is_service, struct err *e) MUST_CHECK;

/*
 * Takes what is there to read from `ready`. 0 with *is_ready: it has started; without: it
 * has said nothing yet. ERR_UNAVAILABLE with the engine's own reason.
 */
int start_launch_read(struct start_launch *l, bool *is_ready, struct err *e) MUST_CHECK;

/* ERR_DEADLINE_EXCEEDED in words, for who waits no longer. */
int start_launch_too_late(struct err *e) MUST_CHECK;

/* Lets go of it; the process goes on. */
void start_launch_deinit(struct start_launch *l);
#define cleanup_start_launch CLEANUP(start_launch_deinit)
