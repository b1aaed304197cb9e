/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/settings.h"

struct fixture {
    char seen[256];
    int refused; /* the line that take refuses, counted from 1 */
    int n;
};

static int take(const char *name, const char *value, void *user, struct err *e)
{
    struct fixture *f = user;
    size_t n = strlen(f->seen);
    snprintf(f->seen + n, sizeof(f->seen) - n, "<%s|%s>", name, value);
    return ++f->n == f->refused ? err_set(e, ERR_NOT_FOUND, "no %s here", name) : 0;
}

static void lines_become_names_and_values(void **state)
{
    struct fixture f = {0};
    char text[] = "a = 1\n\n  # b = 2\nc=se://x = y\r\n\td =\n e\t=  2  3 ";
    assert_int_equal(settings_read(text, take, &f, NULL), 0);
    assert_string_equal(f.seen, "<a|1><c|se://x = y><d|><e|2  3>");
}

static void nothing_is_no_error(void **state)
{
    struct fixture f = {0};
    char text[] = "";
    assert_int_equal(settings_read(text, take, &f, NULL), 0);
    assert_string_equal(f.seen, "");
}

static void an_error_names_the_line_but_not_what_stands_there(void **state)
{
    static const char *const bad[] = {"a = 1\n\nhunter2\n", "a = 1\n\n= hunter2\n"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct fixture f = {0};
        struct err e = {0};
        char text[64];
        snprintf(text, sizeof(text), "%s", bad[i]);
        assert_int_equal(settings_read(text, take, &f, &e), ERR_INVALID_ARGUMENT);
        assert_non_null(strstr(e.text, "line 3"));
        assert_null(strstr(e.text, "hunter2"));
    }
}

static void what_the_reader_refuses_ends_it(void **state)
{
    struct fixture f = {.refused = 2};
    struct err e = {0};
    char text[] = "a = 1\nb = 2\nc = 3\n";
    assert_int_equal(settings_read(text, take, &f, &e), ERR_NOT_FOUND);
    assert_string_equal(e.text, "line 2: no b here");
    assert_int_equal(f.n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_names_and_values),
        cmocka_unit_test(nothing_is_no_error),
        cmocka_unit_test(an_error_names_the_line_but_not_what_stands_there),
        cmocka_unit_test(what_the_reader_refuses_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
