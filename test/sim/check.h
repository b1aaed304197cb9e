/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The seed of the run under way, for the message. */
extern uint64_t sim_seed;

/* What must always hold; if it doesn't, the run that shows it is named. */
#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: seed %llu: not so: %s\n", __FILE__, __LINE__,        \
                    (unsigned long long)sim_seed, #condition);                           \
            abort();                                                                     \
        }                                                                                \
    } while (0)
