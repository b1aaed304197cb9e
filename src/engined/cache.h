/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "resolver/envelope.h"

/*
 * Answers that are kept for a while, by the pattern that was asked for: no longer than
 * `time`, and never past the moment when one of their secrets expires. In wiped memory.
 * Whatever doesn't fit, or lacks memory, is not kept; the oldest makes room.
 */
#define CACHE_ENTRIES_MAX 256
#define CACHE_BYTES_MAX (4 * 1024 * 1024)

struct cache {
    int64_t time;        /* 0: nothing is kept */
    struct list entries; /* the oldest first */
    size_t n, bytes;
};

void cache_init(struct cache *c, int64_t time);

/* Times are those of base/clock.h: real, and monotonic. */
void cache_put(struct cache *c, const char *key, const struct secret_envelopes *found,
               int64_t real, int64_t monotonic);

/* NULL when it isn't there; valid until the cache changes. */
const struct secret_envelopes *cache_get(struct cache *c, const char *key, int64_t real,
                                         int64_t monotonic);

/* Forgets what is over, and says when the next is: a monotonic point, CLOCK_NEVER when
 * nothing is kept. */
int64_t cache_expire(struct cache *c, int64_t real, int64_t monotonic);

/* Forgets all. */
void cache_clear(struct cache *c);
