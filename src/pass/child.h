/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* What a shell's status is when there is no such program, or it can't run; and what it
 * adds to the number of a signal that ended one. */
#define CHILD_NOT_FOUND 127
#define CHILD_NOT_RUNNABLE 126
#define CHILD_SIGNAL 128

/* A command: looked up in our own PATH, as Docker's program does. */
struct child {
    char *const *argv;        /* ends with NULL */
    char *const *environment; /* likewise */
};

/* Becomes the command. Returns only when that failed: the status for our caller, with the
 * words. */
int child_become(const struct child *c, struct err *e);

/* The status and words for an errno of exec. */
int child_cant_start(const struct child *c, int errnum, struct err *e);
