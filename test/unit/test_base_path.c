/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/path.h"

static void a_directory_holds_itself_and_what_is_below(void **state)
{
    assert_true(path_is_within("/run/secrets", "/run/secrets"));
    assert_true(path_is_within("/run/secrets/a", "/run/secrets"));
    assert_true(path_is_within("/a", "/"));
    assert_true(path_is_within("/", "/"));
    assert_false(path_is_within("/run/secrets2", "/run/secrets"));
    assert_false(path_is_within("/run", "/run/secrets"));
    assert_false(path_is_within("/", "/run"));
}

static void a_path_is_made_plain(void **state)
{
    static const char *const cases[][2] = {
        {"/", "/"},           {"", "/"},         {"/a", "/a"},        {"/a/", "/a"},
        {"//a//b//", "/a/b"}, {"/./a/.", "/a"},  {"/a/../b", "/b"},   {"/../..", "/"},
        {"/a/b/..", "/a"},    {"/..a", "/..a"},  {"/a/b/../..", "/"}, {"/../a", "/a"},
        {"/...", "/..."},     {"/a./b", "/a./b"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *plain = path_clean(cases[i][0]);
        assert_string_equal(plain, cases[i][1]);
        free(plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_made_plain),
        cmocka_unit_test(a_directory_holds_itself_and_what_is_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
