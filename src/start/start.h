/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Starting the secrets engine. Of several programs that find none, one starts it and the
 * others wait for that one: whoever wants to start holds a lock and asks again first.
 *
 * The engine gets a cleaned environment: what it and its plugins need to find their
 * places, and no variable of the caller's that could be a secret.
 */

/* Does an engine answer? 0, or the error. */
typedef int start_asked(void *user, struct err *e);

struct start_options {
    int64_t timeout; /* in nanoseconds, 0: as long as it takes; with one, SIGALRM and the
                        process's timer are the call's meanwhile */
    bool is_service; /* the caller is a service: start_program_find() */
};

/*
 * Starts one if still none answers, and returns when it is ready: it says so by a line in
 * a pipe. ERR_UNAVAILABLE with the engine's own reason; ERR_NOT_FOUND: it isn't
 * installed; ERR_DEADLINE_EXCEEDED, ERR_IO, ERR_NO_MEMORY.
 */
int start_engine(start_asked *asked, void *user, const struct start_options *how,
                 struct err *e) MUST_CHECK;
