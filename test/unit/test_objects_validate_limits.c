/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "literal.h"
#include "objects/validate.h"

static void expect_refused(const Swarm__ContainerSpec *spec, const char *text)
{
    struct err e = {0};
    assert_int_equal(container_spec_validate(spec, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(err_text(&e), text);
}

static void an_environment_has_a_limit(void **state)
{
    static char *env[CONTAINER_LIST_LIMIT + 1];
    Swarm__ContainerSpec spec = SWARM__CONTAINER_SPEC__INIT;
    for (size_t i = 0; i < ARRAY_SIZE(env); i++)
        env[i] = literal("A=b");
    spec.image = literal("busybox");
    spec.env = env;
    spec.n_env = CONTAINER_LIST_LIMIT;
    assert_int_equal(container_spec_validate(&spec, NULL), 0);
    spec.n_env++;
    expect_refused(&spec, "ContainerSpec: there must not be more than 4096 environment "
                          "variables");
}

static void labels_have_a_limit(void **state)
{
    static Swarm__Pair label = SWARM__PAIR__INIT;
    static Swarm__Pair *labels[CONTAINER_LIST_LIMIT + 1];
    Swarm__ContainerSpec spec = SWARM__CONTAINER_SPEC__INIT;
    for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
        labels[i] = &label;
    spec.image = literal("busybox");
    spec.labels = labels;
    spec.n_labels = ARRAY_SIZE(labels);
    expect_refused(&spec, "ContainerSpec: there must not be more than 4096 labels");
}

static void the_oom_score_has_limits(void **state)
{
    Swarm__ContainerSpec spec = SWARM__CONTAINER_SPEC__INIT;
    spec.image = literal("busybox");
    spec.oom_score_adj = 1001;
    expect_refused(&spec, "ContainerSpec: oom-score-adj must be between -1000 and 1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_environment_has_a_limit),
        cmocka_unit_test(labels_have_a_limit),
        cmocka_unit_test(the_oom_score_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
