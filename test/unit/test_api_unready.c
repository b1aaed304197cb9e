/* SPDX-License-Identifier: Apache-2.0 */
/* What a start is told of a container that could not be made ready before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/unready.h"
#include "base/clock.h"

#define NOW (5 * CLOCK_SECOND)

static void a_reason_is_told_once(void **state)
{
    struct api_unready u = {0};
    char text[ERR_TEXT_SIZE];
    (void)state;
    api_unready_add(&u, "c1", "no such secret", NOW);
    assert_false(api_unready_take(&u, "c2", NOW, text));
    assert_true(api_unready_take(&u, "c1", NOW, text));
    assert_string_equal(text, "no such secret");
    assert_false(api_unready_take(&u, "c1", NOW, text));
    assert_false(api_unready_take(&u, "", NOW, text));
}

static void a_reason_grows_old(void **state)
{
    struct api_unready u = {0};
    char text[ERR_TEXT_SIZE];
    (void)state;
    api_unready_add(&u, "c1", "no such secret", NOW);
    assert_false(api_unready_take(&u, "c1", NOW + API_UNREADY_LIFE, text));
    assert_false(api_unready_take(&u, "c1", NOW, text));
}

static void the_oldest_is_forgotten_for_a_new_one(void **state)
{
    struct api_unready u = {0};
    char text[ERR_TEXT_SIZE], id[16];
    (void)state;
    for (unsigned i = 0; i <= API_UNREADY_MAX; i++) {
        snprintf(id, sizeof(id), "c%u", i);
        api_unready_add(&u, id, id, NOW);
    }
    assert_false(api_unready_take(&u, "c0", NOW, text));
    assert_true(api_unready_take(&u, "c1", NOW, text));
    assert_true(api_unready_take(&u, id, NOW, text));
    assert_string_equal(text, id);
}

static void what_is_too_long_is_cut(void **state)
{
    struct api_unready u = {0};
    char text[ERR_TEXT_SIZE], large[2 * ERR_TEXT_SIZE];
    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    api_unready_add(&u, "c1", large, NOW);
    assert_true(api_unready_take(&u, "c1", NOW, text));
    assert_true(strlen(text) == ERR_TEXT_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_is_told_once),
        cmocka_unit_test(a_reason_grows_old),
        cmocka_unit_test(the_oldest_is_forgotten_for_a_new_one),
        cmocka_unit_test(what_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
