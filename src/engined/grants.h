/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "resolver/pattern.h"

/* What persons said yes to: a pattern, for the processes of one session, until a time. */
#define GRANTS_MAX 256

struct grant {
    struct pattern pattern;
    uid_t uid;
    pid_t session;
    int64_t until; /* monotonic */
};

struct grants {
    struct grant items[GRANTS_MAX];
    size_t n;
};

/* Adds one, in the place of the one that ends first when there are too many. */
int grants_add(struct grants *g, const struct pattern *pattern, uid_t uid, pid_t session,
               int64_t until, int64_t now, struct err *e) MUST_CHECK;

/* Does one include all of the pattern? */
bool grants_include(const struct grants *g, const struct pattern *pattern, uid_t uid,
                    pid_t session, int64_t now);
void grants_deinit(struct grants *g);
