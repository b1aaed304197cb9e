/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "engined/leftovers.h"

#define NOBODY 65534
#define SKIPPED 77 /* the exit status of a test that can't be had */

/* A process that another one started, with this in its environment. It has become what it
 * is to be when this returns. */
static pid_t start(const char *variable, bool is_confined)
{
    char letter;
    int out[2];
    char *const argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
                          (char *)(uintptr_t) "echo; sleep 1000000; :", NULL};
    char *const env[] = {(char *)(uintptr_t) "A=b", (char *)(uintptr_t)variable, NULL};
    assert_int_equal(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        bool is_ready = dup2(out[1], STDOUT_FILENO) >= 0 && setsid() >= 0;
        if (is_confined)
            is_ready = is_ready && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (is_ready)
            execve("/bin/sh", argv, env);
        _exit(1);
    }
    assert_int_equal(read(out[0], &letter, 1), 1);
    close(out[0]);
    close(out[1]);
    return pid;
}

static bool is_running(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) == 0;
}

static void assert_was_killed(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void end(pid_t pid)
{
    (void)kill(-pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

/* A mark as this process gave it, but that it began so many ticks later. */
static char *mark_of(pid_t engine, unsigned later)
{
    cleanup_free char *own = leftovers_mark();
    assert_non_null(own);
    char *rest = strchr(own, ' ');
    assert_non_null(rest);
    return str_format(LEFTOVERS_VARIABLE "=%d %llu 0", (int)engine,
                      strtoull(rest, NULL, 10) + later);
}

static void what_bears_the_mark_of_a_run_is_ended(void **state)
{
    cleanup_free char *mark = leftovers_mark(), *other = leftovers_mark();
    assert_string_not_equal(mark, other);
    pid_t left = start(mark, true), of_other = start(other, true);
    leftovers_end(mark);
    assert_was_killed(left);
    assert_true(is_running(of_other));
    end(of_other);
}

static void what_an_engine_that_is_gone_had_started_is_ended(void **state)
{
    pid_t gone = fork();
    if (gone == 0)
        _exit(0);
    assert_int_equal(waitpid(gone, NULL, 0), gone);
    cleanup_free char *of_gone = mark_of(gone, 0);
    cleanup_free char *of_earlier = mark_of(getpid(), 1); /* the number was another's */
    cleanup_free char *of_living = leftovers_mark();
    pid_t first = start(of_gone, true), second = start(of_earlier, true);
    pid_t kept = start(of_living, true);
    leftovers_end_orphans();
    assert_was_killed(first);
    assert_was_killed(second);
    assert_true(is_running(kept));
    end(kept);
}

static void what_may_be_somebody_elses_is_left_alone(void **state)
{
    cleanup_free char *orphan = mark_of(getpid(), 1);
    pid_t free_one = start(orphan, false); /* a plugin could never become that */
    pid_t alike = start("X" LEFTOVERS_VARIABLE "=1 1 1", true);
    pid_t without = start(LEFTOVERS_VARIABLE "=", true);
    leftovers_end_orphans();
    leftovers_end(orphan);
    assert_true(is_running(free_one));
    assert_true(is_running(alike));
    assert_true(is_running(without));
    end(free_one);
    end(alike);
    end(without);
}

/* A user to whom /proc shows only what it may look into; the answer is whether the test
 * can be had here. */
static bool become_one_who_sees_little(void)
{
    return !unshare(CLONE_NEWNS) &&
           !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
           !mount("proc", "/proc", "proc", 0, "hidepid=2") &&
           !setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY);
}

/* Returns an exit status: that of a program that wasn't killed, or SKIPPED. */
static int end_orphans_beside_a_hidden_engine(void)
{
    int out[2], status;
    pid_t plugin;
    if (!become_one_who_sees_little() || pipe(out))
        return SKIPPED;
    pid_t engine = fork();
    if (engine == 0) { /* a process that changed its user isn't dumpable */
        cleanup_free char *mark = leftovers_mark();
        plugin = start(mark, true);
        bool is_told = write(out[1], &plugin, sizeof(plugin)) == sizeof(plugin);
        (void)waitpid(plugin, &status, 0);
        (void)kill(-plugin, SIGKILL); /* what it started */
        _exit(is_told && WIFSIGNALED(status) ? WTERMSIG(status) : 1);
    }
    if (read(out[0], &plugin, sizeof(plugin)) != sizeof(plugin))
        return 1;
    leftovers_end_orphans();
    (void)kill(plugin, SIGTERM); /* pending behind a SIGKILL, if there was one */
    (void)waitpid(engine, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void what_a_hidden_engine_had_started_is_left_alone(void **state)
{
    int status;
    if (geteuid() != 0)
        skip();
    pid_t pid = fork();
    if (pid == 0)
        _exit(end_orphans_beside_a_hidden_engine());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == SKIPPED)
        skip();
    assert_int_equal(WEXITSTATUS(status), SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_bears_the_mark_of_a_run_is_ended),
        cmocka_unit_test(what_an_engine_that_is_gone_had_started_is_ended),
        cmocka_unit_test(what_may_be_somebody_elses_is_left_alone),
        cmocka_unit_test(what_a_hidden_engine_had_started_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
