/* SPDX-License-Identifier: Apache-2.0 */
/* A program that a plugin runs to its end, whatever it does meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "shared/child.h"

/* Runs a line of a shell for at most so long. */
static int run(const char *line, int64_t ms, struct child_end *end, struct err *e)
{
    const char *const words[] = {"sh", "-c", line, NULL};
    const struct child child = {.words = words, .output_max = 4096};
    const struct waiter w = {NULL, plugin_now() + ms * CLOCK_MILLISECOND};
    return child_run(&child, &w, end, e);
}

static void output_errors_and_status_come_back(void **state)
{
    struct err e;
    cleanup_child_end struct child_end end = {0};
    char line[CHILD_LINE_SIZE];
    assert_int_equal(run("echo out; echo why >&2; exit 3", 10000, &end, &e), 0);
    assert_string_equal(buf_str(&end.output), "out\n");
    assert_string_equal(child_errors(&end, line), "why");
    assert_int_equal(end.status, 3);
}

static void what_it_left_running_is_not_waited_for(void **state)
{
    struct err e;
    cleanup_child_end struct child_end end = {0};
    int64_t before = plugin_now();
    assert_int_equal(run("sleep 20 & echo out", 10000, &end, &e), 0);
    assert_string_equal(buf_str(&end.output), "out\n");
    assert_true(plugin_now() - before < 10 * CLOCK_SECOND);
}

static void endless_errors_do_not_outlast_the_deadline(void **state)
{
    struct err e;
    cleanup_child_end struct child_end end = {0};
    int64_t before = plugin_now();
    assert_int_equal(
        run("for i in 1 2 3 4; do cat /dev/zero >&2 & done; wait", 300, &end, &e),
        ERR_DEADLINE_EXCEEDED);
    assert_true(plugin_now() - before < 10 * CLOCK_SECOND);
    assert_true(end.errors.len <= CHILD_ERRORS_MAX);
}

static void endless_output_is_an_error(void **state)
{
    struct err e;
    cleanup_child_end struct child_end end = {0};
    assert_int_equal(run("yes", 10000, &end, &e), ERR_RESOURCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_errors_and_status_come_back),
        cmocka_unit_test(what_it_left_running_is_not_waited_for),
        cmocka_unit_test(endless_errors_do_not_outlast_the_deadline),
        cmocka_unit_test(endless_output_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
