/* SPDX-License-Identifier: Apache-2.0 */
/* How code below a plugin's callback waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>

#include "base/clock.h"
#include "base/mem.h"
#include "shared/plugin.h"

static void a_time_that_is_over_is_over_whatever_is_ready(void **state)
{
    struct err e;
    bool is_ready;
    struct waiter w = {NULL, plugin_now() + CLOCK_MINUTE};
    cleanup_fd int always = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    assert_int_equal(waiter_wait(&w, always, POLLIN, -1, &is_ready, &e), 0);
    assert_true(is_ready);
    w.deadline = plugin_now();
    assert_int_equal(waiter_wait(&w, always, POLLIN, -1, &is_ready, &e),
                     ERR_DEADLINE_EXCEEDED);
}

static void a_program_ends_with_the_time(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    const char *const words[] = {"sh", "-c", "yes >&2", NULL};
    const struct program program = {.words = words, .output_max = 10};
    const struct waiter w = {NULL, plugin_now() + CLOCK_SECOND / 10};
    assert_int_equal(waiter_run(&w, &program, &end, &e), ERR_DEADLINE_EXCEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_that_is_over_is_over_whatever_is_ready),
        cmocka_unit_test(a_program_ends_with_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
