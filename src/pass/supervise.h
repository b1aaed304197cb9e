/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "pass/child.h"
#include "pass/mask.h"

/*
 * Runs a command and waits for it, for when it can't take our place: because docker is
 * our parent, which knows nothing of signals that end a program and hands none on; or
 * because its output is filtered.
 *
 * With a mask, and standard output or error on a terminal, the command gets a terminal of
 * its own, a pty; keys, size, Ctrl-C and Ctrl-Z go to it as to the user's. Otherwise it
 * shares ours, as a command in a pipeline does.
 */

/* *status is the command's, or 128 and the number of the signal that ended it. What it
 * printed may still wait for a reader when it has ended: then SIGTERM, SIGINT, SIGHUP and
 * SIGQUIT give that up, and the status is 128 and the number of that one. When it
 * couldn't be started, a shell's status for that, and *e has the words. ERR_IO, also
 * when what it printed couldn't be written, but for a reader that has gone;
 * ERR_NO_MEMORY. */
int supervise(const struct child *child, const struct mask *mask, int *status,
              struct err *e) MUST_CHECK;
