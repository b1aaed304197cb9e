/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Reads the answer to a pull as it comes: lines of JSON that tell the progress, of any
 * number, in which a failure is an "error", since the status was sent long before; or a
 * refusal. What went wrong is kept, all else is dropped. Pure.
 */

/* A longer line is passed over; of a refusal's body so much is read. */
#define DOCKER_PULL_LINE_MAX ((size_t)64 * 1024)

struct docker_pull {
    int status; /* of the answer */
    struct buf line;
    bool skips;       /* the line has become too long */
    struct err error; /* the last one told; its code is 0 when there was none */
};

void docker_pull_init(struct docker_pull *p);
void docker_pull_deinit(struct docker_pull *p);

/* The answer's body, piece by piece, once the status is set; and its end. 0 or
 * ERR_NO_MEMORY. */
int docker_pull_feed(struct docker_pull *p, const void *data, size_t n) MUST_CHECK;
int docker_pull_end(struct docker_pull *p) MUST_CHECK;
