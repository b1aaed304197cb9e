/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "manager/agenda.h"

#define ITEMS 200

static void the_earliest_comes_first(void **state)
{
    struct agenda a = {0};
    struct agenda_item items[ITEMS] = {0};
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(agenda_set(&a, &items[i], (int64_t)(i * 37 % ITEMS)), 0);
    for (int64_t t = 0; t < ITEMS; t++) {
        assert_true(agenda_next(&a) == t);
        assert_null(agenda_take_due(&a, t - 1));
        struct agenda_item *item = agenda_take_due(&a, t);
        assert_non_null(item);
        assert_true(item->at == t);
        assert_int_equal(item->place, 0);
    }
    assert_true(agenda_next(&a) == CLOCK_NEVER);
    agenda_deinit(&a);
}

static void items_move_and_leave(void **state)
{
    struct agenda a = {0};
    struct agenda_item items[ITEMS] = {0};
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(agenda_set(&a, &items[i], (int64_t)i), 0);
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(agenda_set(&a, &items[i], (int64_t)(1000 - i)), 0);
    for (size_t i = 0; i < ITEMS; i += 2)
        agenda_remove(&a, &items[i]);
    agenda_remove(&a, &items[0]);
    assert_int_equal(agenda_set(&a, &items[1], CLOCK_NEVER), 0);
    for (size_t i = ITEMS - 1; i > 1; i -= 2)
        assert_ptr_equal(agenda_take_due(&a, INT64_MAX), &items[i]);
    assert_null(agenda_take_due(&a, INT64_MAX));
    agenda_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_comes_first),
        cmocka_unit_test(items_move_and_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
