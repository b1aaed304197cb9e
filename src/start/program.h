/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* The engine's program, and the environment it gets: what start.c executes. */
struct start_program {
    char *path;
    char **environment; /* its strings belong to our own environment, or are these: */
    char *home, *search;
};

/* How many variables are handed on at most. */
#define START_VARIABLES_MAX 256

/*
 * COFFER_ENGINED names the program; without it, it is looked for beside our own, where
 * installations have it, and in PATH. The environment is that of the user's session; of
 * a service (a container engine, say) the home is the user's of the user database, PATH
 * the usual one, and nothing is kept that a session would have said. ERR_NOT_FOUND,
 * ERR_NO_MEMORY.
 */
int start_program_find(struct start_program *out, bool is_service,
                       struct err *e) MUST_CHECK;
void start_program_deinit(struct start_program *p);
#define cleanup_start_program CLEANUP(start_program_deinit)

/* Is a variable of this name handed on? */
bool start_program_keeps(const char *variable, bool is_service);
