/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

/*
 * Keeps a plugin's program: whatever that starts, also what it starts in a session of its
 * own and forgets, ends with it, and all of it ends when the engine does, however that
 * ends. On SIGTERM the program gets one, too, and some time.
 *
 * Runs `become` in a child, which is to exec or to return its exit status. Returns when
 * all is over, with the exit status; a program that a signal ended ends this process in
 * the same way. The callers' descriptors are closed.
 */
int keeper_run(pid_t engine, int (*become)(void *user), void *user);

/* How long the program may take to end when it was asked to. */
#define KEEPER_GRACE_SECONDS 2
