/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_model.h"

#define OPS 4000
#define SEEDS 25

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void the_store_does_what_a_naive_model_does(void **state)
{
    static uint8_t ops[OPS];
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
        for (size_t i = 0; i < OPS; i++)
            ops[i] = (uint8_t)(next_random(&random) >> 32);
        store_model_run(ops, OPS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_store_does_what_a_naive_model_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
