/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "pass/child.h"

/*
 * Starts a command that we wait for. Without a terminal of its own it stays in our
 * process group, so that what the user's terminal sends reaches it and us alike. With one
 * there is a process between us, the monitor: it leads the session of that terminal, in
 * which the command has a process group of its own, since the kernel stops no process
 * whose parent isn't in its session. The monitor
 *   - hands signals on to the command's group;
 *   - makes it the foreground of that terminal, or not, as spawn_set_front says: in the
 *     background it is stopped when it reads, as any job is;
 *   - stops when the command has stopped, and continues it when it is continued;
 *   - ends as the command did.
 *
 * Signals of `blocked` (SPAWN_ORDER among them) are blocked in the caller; the command
 * gets the mask `before`.
 */
#define SPAWN_ORDER SIGRTMIN

struct spawn {
    const struct child *child;
    int in, out, err;        /* what is to be 0, 1 and 2 of the command */
    int slave;               /* its terminal; -1: none of its own */
    bool is_front;           /* is it in the foreground there? */
    const sigset_t *blocked; /* all that we, and the monitor, wait for */
    const sigset_t *before;
};

/* *status is set, and *pid is 0, when the command couldn't be started: told in *e, which
 * is no failure. ERR_IO. */
int spawn_start(const struct spawn *s, pid_t *pid, int *status, struct err *e) MUST_CHECK;

/* Tells a monitor whether the command is in the foreground from now on. */
void spawn_set_front(pid_t monitor, bool is_front);
