/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * When a plugin that failed is started again: after BACKOFF_MIN, each further time after
 * twice as long, until the waits together are longer than what the settings give it. Who
 * ran for BACKOFF_STABLE before it failed begins anew.
 */
#define BACKOFF_MIN (2 * CLOCK_SECOND)
#define BACKOFF_STABLE (30 * CLOCK_SECOND)

struct backoff {
    int64_t delay;  /* of the last wait; 0: there was none */
    int64_t waited; /* in all, since it was well */
};

/* It failed after it ran for so long (0: it never did). How long to wait; -1: it is to be
 * given up. */
int64_t backoff_next(struct backoff *b, int64_t ran, int64_t max);
