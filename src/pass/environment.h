/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/map.h"

/*
 * The environment of a command that is to be started. Values may be secrets and are
 * wiped.
 */

/* How many variables it may have, and how long their names and values may be together:
 * no kernel takes more than 6 MiB. */
#define ENVIRONMENT_MAX 16384
#define ENVIRONMENT_BYTES_MAX (8 * 1024 * 1024)

struct environment {
    struct map values; /* name -> char * */
    size_t bytes;      /* of all that were ever set, less what was replaced */
};

#define ENVIRONMENT_INIT                                                                 \
    {                                                                                    \
        .values = MAP_INIT                                                               \
    }

void environment_deinit(struct environment *v);
#define cleanup_environment CLEANUP(environment_deinit)

/* Copies variables of the form of environ(7) in; of several with one name the last one
 * counts, what has no '=' doesn't. ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY, also below. */
int environment_copy(struct environment *v, char **variables, struct err *e) MUST_CHECK;

/* Sets a variable to n bytes. ERR_INVALID_ARGUMENT when they have a NUL, which no
 * variable can have; ERR_RESOURCE_EXHAUSTED over a limit; both are told without the
 * bytes. */
int environment_set(struct environment *v, const char *name, const void *value, size_t n,
                    struct err *e) MUST_CHECK;

/* NULL: not there. */
const char *environment_get(const struct environment *v, const char *name);

/*
 * The variables as exec takes them, sorted by their whole text "NAME=value". Free it with
 * environment_free_block(). NULL without memory.
 */
char **environment_block(const struct environment *v) MUST_CHECK;
void environment_free_block(char **block);
