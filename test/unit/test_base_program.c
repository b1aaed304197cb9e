/* SPDX-License-Identifier: Apache-2.0 */
/* A program is run to its end, whatever it does meanwhile. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/program.h"

/* More than a pipe holds. */
#define INPUT_SIZE ((size_t)300000)

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

/* Runs a line of a shell for at most so long. */
static int run(const char *line, int64_t ms, struct program_end *end, struct err *e)
{
    const char *const words[] = {"sh", "-c", line, NULL};
    const struct program program = {.words = words, .output_max = 4096};
    return program_run_within(&program, ms * CLOCK_MILLISECOND, end, e);
}

static void output_errors_and_status_come_back(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    char line[PROGRAM_LINE_SIZE];
    assert_int_equal(run("echo out; echo why >&2; exit 3", 10000, &end, &e), 0);
    assert_string_equal(buf_str(&end.output), "out\n");
    assert_string_equal(program_errors(&end, line), "why");
    assert_int_equal(end.status, 3);
}

static void what_it_left_running_is_not_waited_for(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    int64_t before = now();
    assert_int_equal(run("sleep 20 & echo out", 10000, &end, &e), 0);
    assert_string_equal(buf_str(&end.output), "out\n");
    assert_true(now() - before < 10 * CLOCK_SECOND);
}

static void endless_errors_do_not_outlast_the_deadline(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    int64_t before = now();
    assert_int_equal(
        run("for i in 1 2 3 4; do cat /dev/zero >&2 & done; wait", 300, &end, &e),
        ERR_DEADLINE_EXCEEDED);
    assert_true(now() - before < 10 * CLOCK_SECOND);
    assert_true(end.errors.len <= PROGRAM_ERRORS_MAX);
}

static void endless_output_is_an_error(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    assert_int_equal(run("yes", 10000, &end, &e), ERR_RESOURCE_EXHAUSTED);
}

static void what_is_over_is_over_even_where_there_is_something_to_read(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    assert_int_equal(run("echo out; sleep 20", 0, &end, &e), ERR_DEADLINE_EXCEEDED);
    assert_string_equal(e.text, "sh does not end in time");
}

static void input_that_nobody_reads_ends_with_the_time(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    cleanup_free char *input = calloc(1, INPUT_SIZE);
    const char *const words[] = {"sleep", "20", NULL};
    const struct program program = {
        .words = words, .input = input, .input_size = INPUT_SIZE, .output_max = 1};
    assert_int_equal(program_run_within(&program, CLOCK_SECOND / 10, &end, &e),
                     ERR_DEADLINE_EXCEEDED);
}

static void all_of_the_input_arrives(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    cleanup_free char *input = calloc(1, INPUT_SIZE);
    const char *const words[] = {"cat", NULL};
    const struct program program = {.words = words,
                                    .input = input,
                                    .input_size = INPUT_SIZE,
                                    .output_max = INPUT_SIZE};
    assert_int_equal(program_run_within(&program, 20 * CLOCK_SECOND, &end, &e), 0);
    assert_int_equal(end.output.len, INPUT_SIZE);
    assert_memory_equal(end.output.data, input, INPUT_SIZE);
}

static void a_program_that_is_not_there_is_told(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    const char *const words[] = {"/nonexistent/program", NULL};
    const struct program program = {.words = words};
    assert_int_equal(program_run_within(&program, CLOCK_SECOND, &end, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "/nonexistent/program"));
}

/* As a program may inherit it: the kernel keeps no status for us then. */
static void an_end_that_nobody_was_told_of_is_no_success(void **state)
{
    struct err e;
    cleanup_program_end struct program_end end = {0};
    signal(SIGCHLD, SIG_IGN);
    int r = run("exit 7", 10000, &end, &e);
    signal(SIGCHLD, SIG_DFL);
    assert_int_equal(r, ERR_IO);
    assert_non_null(strstr(e.text, "sh"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_errors_and_status_come_back),
        cmocka_unit_test(what_it_left_running_is_not_waited_for),
        cmocka_unit_test(endless_errors_do_not_outlast_the_deadline),
        cmocka_unit_test(endless_output_is_an_error),
        cmocka_unit_test(what_is_over_is_over_even_where_there_is_something_to_read),
        cmocka_unit_test(input_that_nobody_reads_ends_with_the_time),
        cmocka_unit_test(all_of_the_input_arrives),
        cmocka_unit_test(a_program_that_is_not_there_is_told),
        cmocka_unit_test(an_end_that_nobody_was_told_of_is_no_success),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
