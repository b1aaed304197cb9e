/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Is the process in a PID namespace within ours, as those of a container are? Also one
 * that is gone, or can't be seen. An abstract name is within the reach of containers that
 * share the host's network, and their users have the numbers of the host's.
 */
bool process_is_elsewhere(pid_t pid);

/* Is the process in another user namespace than we are? The numbers of its users are lent
 * to it, many to one user of the host. Also one that is gone, or can't be seen. */
bool process_has_other_users(pid_t pid);

/*
 * Of the text of /proc/PID/stat, "PID (NAME) STATE PARENT GROUP SESSION TERMINAL ...",
 * where NAME may have any character: word `n` behind the name (1: the state). NULL: it
 * has none.
 */
const char *process_stat_word(const char *text, unsigned n);
