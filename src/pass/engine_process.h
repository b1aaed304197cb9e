/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * The engine as a process of this machine: the one that listens on this user's own socket
 * (not Docker's names).
 */

/* The socket's path; a new string. */
int engine_process_socket(char **out, struct err *e) MUST_CHECK;

/* Ends it in good order, and waits until it has ended; nobody is ended where systemd has
 * the socket and no engine runs. Whoever needs one next starts it, with the settings that
 * hold then. ERR_PERMISSION_DENIED when it is another user's,
 * ERR_DEADLINE_EXCEEDED, ERR_IO. */
int engine_process_stop(struct err *e) MUST_CHECK;

/* How much of its memory it has locked, so that it stays out of the swap. */
enum engine_memory {
    ENGINE_UNKNOWN, /* also when there is none */
    ENGINE_UNLOCKED,
    ENGINE_PARTLY_LOCKED,
    ENGINE_LOCKED,
};

enum engine_memory engine_process_memory(void);
