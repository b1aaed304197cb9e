/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/stat.h>

#include "base/clock.h"
#include "grant/label.h"

/*
 * Users who asked, with what is remembered of them so that asking again costs little: a
 * user's names, until the list of users is another file or has changed, and how often all
 * secrets were walked for it. Points in time are monotonic.
 */

/* How many are remembered. One more takes the place of who asked longest ago. */
#define GRANT_ASKERS_MAX 64

/* How often all secrets are walked for a user in how long a time: among 20,000 secrets a
 * walk takes the loop some three milliseconds. */
#define GRANT_WALKS_MAX 20
#define GRANT_WALKS_TIME CLOCK_SECOND

struct asker {
    struct grantee who;
    bool has_names;
    int64_t asked; /* the last time */
    int64_t began; /* the time in which walks are counted */
    unsigned walks;
};

struct askers {
    const char *passwd; /* the list of users; the owner's */
    struct stat seen;   /* what it was when names were read */
    size_t n;
    struct asker all[GRANT_ASKERS_MAX];
};

/* A zeroed one with its path is empty. */
void askers_deinit(struct askers *a);

/* Lends a user with its names, until the next call. What reading the list says,
 * ERR_NO_MEMORY. */
int askers_find(struct askers *a, uid_t uid, int64_t now, struct asker **out,
                struct err *e) MUST_CHECK;

/* Counts a walk. ERR_RESOURCE_EXHAUSTED when it is one too many; root has no limit. */
int asker_count_walk(struct asker *asker, int64_t now, struct err *e) MUST_CHECK;
