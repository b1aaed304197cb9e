/* SPDX-License-Identifier: Apache-2.0 */
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/process.h"

static void a_process_of_this_namespace_is_here(void **state)
{
    assert_false(process_is_elsewhere(getpid()));
    assert_false(process_is_elsewhere(getppid()));
}

static void words_are_counted_behind_the_name_whatever_that_is(void **state)
{
    static const char text[] = "12 (a) S 9 (x)) R 34 5 6 0 -1";
    assert_string_equal(process_stat_word(text, 1), "R 34 5 6 0 -1");
    assert_string_equal(process_stat_word(text, 2), "34 5 6 0 -1");
    assert_string_equal(process_stat_word(text, 6), "-1");
    assert_null(process_stat_word(text, 7));
    assert_null(process_stat_word("12 (a)", 1));
    assert_null(process_stat_word("12 (a) ", 1));
    assert_null(process_stat_word("12 (a)  S", 1));
    assert_null(process_stat_word("", 1));
}

static void a_process_that_is_gone_is_elsewhere(void **state)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(process_is_elsewhere(pid));
    assert_true(process_is_elsewhere(0));
}

/* They stand before what is looked for. */
static void a_process_of_many_groups_is_here(void **state)
{
    enum {
        MANY = 2000
    };
    static gid_t groups[MANY];
    int status = -1;
    if (geteuid() != 0)
        skip();
    for (gid_t i = 0; i < MANY; i++)
        groups[i] = 1000000000 + i;
    pid_t pid = fork();
    if (pid == 0)
        _exit(setgroups(MANY, groups) ? 2 : process_is_elsewhere(getpid()));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Its first process, as that of a container. */
static void a_process_of_a_namespace_within_is_elsewhere(void **state)
{
    int ends[2];
    pid_t inner = 0;
    if (geteuid() != 0)
        skip();
    assert_int_equal(pipe(ends), 0);
    pid_t outer = fork();
    if (outer == 0) {
        pid_t pid = unshare(CLONE_NEWPID) ? -1 : fork();
        if (pid == 0)
            pause();
        _exit(write(ends[1], &pid, sizeof(pid)) != sizeof(pid));
    }
    assert_int_equal(read(ends[0], &inner, sizeof(inner)), sizeof(inner));
    assert_int_equal(waitpid(outer, NULL, 0), outer);
    close(ends[0]);
    close(ends[1]);
    if (inner < 0)
        skip();
    assert_true(process_is_elsewhere(inner));
    kill(inner, SIGKILL);
}

static void our_own_users_are_no_others(void **state)
{
    (void)state;
    assert_false(process_has_other_users(getpid()));
    assert_true(process_has_other_users(0));
    assert_true(process_has_other_users(INT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_users_are_no_others),
        cmocka_unit_test(a_process_of_this_namespace_is_here),
        cmocka_unit_test(a_process_of_many_groups_is_here),
        cmocka_unit_test(words_are_counted_behind_the_name_whatever_that_is),
        cmocka_unit_test(a_process_that_is_gone_is_elsewhere),
        cmocka_unit_test(a_process_of_a_namespace_within_is_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
