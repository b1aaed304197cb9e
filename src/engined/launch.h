/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "engined/allowance.h"
#include "loop/loop.h"

/*
 * One run of a plugin's program, confined (confine.h), with our socket as descriptor 3
 * and no more environment than it needs. Its standard error goes to a log file. What it
 * starts ends with it, however that comes.
 */
struct launch;

struct launch_options {
    const char *file; /* the program */
    const char *name; /* that it is to register under */
    const char *log;  /* path of its log file; NULL: none */
    const struct allowance *allowance;
    int64_t register_timeout;
};

/*
 * *fd is our end of the socket, which is the caller's. cb comes once, when the program
 * has ended; the text says how.
 */
int launch_new(uv_loop_t *loop, const struct launch_options *o,
               void (*cb)(const struct err *how, void *user), void *user, int *fd,
               struct launch **out, struct err *e) MUST_CHECK;

/* SIGTERM, and SIGKILL if that didn't help (keeper.h). */
void launch_stop(struct launch *l);

/* Kills what still runs and frees it; no callback comes. NULL is fine; c may be NULL. */
void launch_close(struct launch *l, struct loop_close *c);
