/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/arguments.h"

/*
 * Asks the real runtime, for a few seconds, for the state of the container that it could
 * not delete. True only when it says that it has no such container: then nobody uses its
 * files. crun and runc give no code for that, so their words count. The ends of children
 * aren't ignored from then on (SIGCHLD).
 */
bool state_is_gone(const struct arguments *a, const char *program);

/* Are these the words, of standard error? Pure. */
bool state_says_gone(const char *words, const char *id);
