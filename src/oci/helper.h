/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * coffer-env, the first program of a process in a container: it puts values into its
 * environment and becomes the program that was asked for. It runs with that process's
 * user, within its namespaces and its confinement, and is a static program in an
 * anonymous file: the container's files have no trace of it, nor has the process, once it
 * is the other program.
 *
 *     /proc/self/fd/HELPER BLOCK PROGRAM [ARGUMENT...]
 *
 * HELPER and BLOCK are descriptors: the program itself and the pipe with the block
 * (oci/block.h). Both are closed. Where no such program is, the exit status is 127; where
 * it can't be run, 126; the words are the runtimes'.
 */

/* The environment `old` with the block's variables in the place of theirs: a new array of
 * pointers into both. NULL without memory. The block was checked, count is its count. */
char **helper_environment(char **old, char *block, size_t n, size_t count);

/* The longest path of a program. */
#define HELPER_PATH_MAX 4096

/*
 * Where PROGRAM is: itself when it has a slash, else in the first folder of PATH (of env)
 * that has a file of this name that may be run. 0, or the errno of the last thing tried,
 * ENOENT when there was none.
 */
int helper_lookup(const char *program, char *const *env, char out[HELPER_PATH_MAX]);
