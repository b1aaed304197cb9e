/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base36.h"

static void numbers_are_written_with_zeros_in_front(void **state)
{
    uint8_t number[] = {0x01, 0x00, 0x00};
    char out[] = "xxxxxx.";
    base36_write(number, sizeof(number), out, 6);
    assert_string_equal(out, "001ekg.");
}

static void what_does_not_fit_is_cut_on_the_left(void **state)
{
    uint8_t number[] = {0x01, 0x00, 0x00};
    char out[] = "xx";
    base36_write(number, sizeof(number), out, 2);
    assert_string_equal(out, "kg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_with_zeros_in_front),
        cmocka_unit_test(what_does_not_fit_is_cut_on_the_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
