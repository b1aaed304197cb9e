/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "base/err.h"

/* Tells the end of one process that isn't our child; lets go of itself. */
struct exit_watch;

/* The callback comes once, from the loop, unless the watch is closed before.
 * ERR_NOT_FOUND: the process is gone already. */
int exit_watch_new(uv_loop_t *loop, int32_t pid, void (*cb)(void *user), void *user,
                   struct exit_watch **out, struct err *e) MUST_CHECK;

/* No callback after this. NULL is fine. */
void exit_watch_close(struct exit_watch *w);
