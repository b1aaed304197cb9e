/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All chance in a simulation comes from one seed (splitmix64), so a run can be repeated.
 */
struct sim_random {
    uint64_t state;
};

static inline uint64_t sim_random_next(struct sim_random *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* A number from 0 to n - 1. */
static inline uint64_t sim_random_below(struct sim_random *r, uint64_t n)
{
    return sim_random_next(r) % n;
}

/* True once in n times. */
static inline bool sim_random_once_in(struct sim_random *r, uint64_t n)
{
    return sim_random_below(r, n) == 0;
}

static inline void sim_random_fill(void *rng, void *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)out)[i] = (uint8_t)sim_random_next(rng);
}
