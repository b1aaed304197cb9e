/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

/* Who may connect to the API's socket: root, and the members of a group. */
struct access {
    mode_t mode;
    gid_t group; /* -1: as it comes */
};

/* Without a group of that name it is root alone, not whoever has root's group. */
struct access access_of_group(const char *name);
