/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * What a plugin started and nobody ended, since its keeper (keeper.h) was killed, alone
 * or with the engine. Each run of a plugin has a mark in its environment, which all that
 * it starts inherits, and which says whose it is.
 *
 * Only what is certainly a plugin's is killed: a process of this user, in our own PID
 * namespace, that gave up new privileges and bears the mark. Who has another environment,
 * or lets nobody read it, isn't found.
 */
#define LEFTOVERS_VARIABLE "COFFER_PLUGIN_RUN"

/* A mark for a new run, as "NAME=value"; free it with free(). NULL without memory. */
char *leftovers_mark(void);

/* Kills those of a run; when there were some the log says so. */
void leftovers_end(const char *mark);

/* The same of any run whose engine is gone. It looks at all processes, whose memory may
 * be slow to read: for a thread other than the loop's. */
void leftovers_end_orphans(void);
