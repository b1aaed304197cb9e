/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * Is a group one of which only this user is, the private group that many systems give
 * each user? users and groups are texts like /etc/passwd and /etc/group: it must be the
 * primary group of the user and of nobody else, have the user's name, and no other
 * member. What isn't in these texts, or can't be read in them, is not private.
 */
bool private_group_is(FILE *users, FILE *groups, uid_t user, gid_t group);
