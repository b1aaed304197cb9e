/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * To whom on a node a secret of the swarm is granted: its label of this name, a list of
 * users with commas between, "alice,root,1000". A number is a uid; a name is that of a
 * line in the node's /etc/passwd, so that asking never waits for a directory somewhere.
 */
#define GRANT_LABEL "coffer.secrets.grant"

/* A user with all names. */
struct grantee {
    uid_t uid;
    struct buf names; /* ",alice,alias," */
};

/* Reads the names of a uid from a file of passwd's form. What reading it says,
 * ERR_NO_MEMORY. */
int grantee_find(FILE *passwd, uid_t uid, struct grantee *out, struct err *e) MUST_CHECK;
void grantee_deinit(struct grantee *g);
#define cleanup_grantee CLEANUP(grantee_deinit)

/* Is the user on the list? NULL is an empty one. Blanks around a word don't count; a word
 * that is no user's is nobody. */
bool label_grants(const char *list, const struct grantee *g);
