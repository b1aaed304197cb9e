/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/str.h"

static void null_equals_nothing(void **state)
{
    assert_true(str_equal("a", "a"));
    assert_false(str_equal("a", "b"));
    assert_false(str_equal(NULL, NULL));
    assert_false(str_equal("a", NULL));
    assert_true(str_is_empty(NULL));
    assert_true(str_is_empty(""));
    assert_false(str_is_empty(" "));
}

static void starts_and_ends_are_found(void **state)
{
    assert_true(str_starts_with("abc", "ab"));
    assert_true(str_starts_with("abc", ""));
    assert_false(str_starts_with("ab", "abc"));
    assert_true(str_ends_with("abc", "bc"));
    assert_true(str_ends_with("abc", ""));
    assert_false(str_ends_with("bc", "abc"));
}

static void case_can_be_ignored(void **state)
{
    assert_true(str_equal_nocase("Web-1", "wEB-1"));
    assert_false(str_equal_nocase("web", "webs"));
    assert_false(str_equal_nocase(NULL, "web"));
}

static void a_copy_is_cut_to_fit(void **state)
{
    char out[4];
    strcpy_cut(out, sizeof(out), "ab");
    assert_string_equal(out, "ab");
    strcpy_cut(out, sizeof(out), "abcdef");
    assert_string_equal(out, "abc");
    strcpy_cut(out, 1, "abcdef");
    assert_string_equal(out, "");
}

static void whole_numbers_are_read(void **state)
{
    uint64_t u;
    int64_t i;
    assert_true(str_to_u64("0", &u) && u == 0);
    assert_true(str_to_u64("18446744073709551615", &u) && u == UINT64_MAX);
    assert_true(str_to_i64("-5", &i) && i == -5);
    assert_true(str_to_i64("9223372036854775807", &i) && i == INT64_MAX);
    assert_true(str_to_i64("-9223372036854775808", &i) && i == INT64_MIN);
}

static void what_is_no_number_or_does_not_fit_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "-", "+1", " 1", "1 ", "1x", "0x1", "--1", "99999999999999999999"};
    uint64_t u = 42;
    int64_t i = 42;
    for (size_t k = 0; k < ARRAY_SIZE(bad); k++) {
        assert_false(str_to_u64(bad[k], &u));
        assert_false(str_to_i64(bad[k], &i));
    }
    assert_false(str_to_u64(NULL, &u));
    assert_false(str_to_i64(NULL, &i));
    assert_false(str_to_u64("-1", &u));
    assert_false(str_to_u64("18446744073709551616", &u));
    assert_false(str_to_i64("9223372036854775808", &i));
    assert_false(str_to_i64("-9223372036854775809", &i));
    assert_true(u == 42 && i == 42);
}

static void a_formatted_string_is_new_memory(void **state)
{
    char *s = str_format("%s-%d", "a", 7);
    assert_string_equal(s, "a-7");
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_equals_nothing),
        cmocka_unit_test(starts_and_ends_are_found),
        cmocka_unit_test(case_can_be_ignored),
        cmocka_unit_test(a_copy_is_cut_to_fit),
        cmocka_unit_test(whole_numbers_are_read),
        cmocka_unit_test(what_is_no_number_or_does_not_fit_is_refused),
        cmocka_unit_test(a_formatted_string_is_new_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
