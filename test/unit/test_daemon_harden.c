/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/access.h"
#include "daemon/harden.h"
#include "net/http_server.h"
#include "net/notify.h"

/* Each test hardens a child of its own; the child ends with the number of what is wrong.
 */
static void assert_child(int (*run)(void))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int check_cores(void)
{
    struct rlimit before, after;
    getrlimit(RLIMIT_CORE, &before);
    if (harden_process(NULL))
        return 1;
    getrlimit(RLIMIT_CORE, &after);
    if (after.rlim_cur != 0 || after.rlim_max != before.rlim_max)
        return 2;
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 3;
}

static void a_hardened_process_leaves_no_core(void **state)
{
    assert_child(check_cores);
}

static int check_umask(void)
{
    if (harden_process(NULL))
        return 1;
    return umask(0) == 077 ? 0 : 2;
}

static void its_files_are_its_own(void **state)
{
    assert_child(check_umask);
}

static int check_privileges(void)
{
    if (harden_process(NULL))
        return 1;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static void containers_below_it_may_have_setuid_programs(void **state)
{
    assert_child(check_privileges);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Descriptors 3 to 5 and 200 are open; the first `kept` must stay so. */
static int check_fds(int kept)
{
    static const int fds[] = {3, 4, 5, 200};
    for (size_t i = 0; i < 4; i++)
        if (dup2(2, fds[i]) < 0)
            return 1;
    if (harden_process(NULL))
        return 2;
    for (int i = 0; i < 4; i++)
        if (is_open(fds[i]) != (i < kept))
            return 10 + i;
    return is_open(0) && is_open(1) && is_open(2) ? 0 : 3;
}

static void pass_sockets(long pid, const char *count)
{
    char text[24];
    snprintf(text, sizeof(text), "%ld", pid);
    setenv("LISTEN_PID", text, 1);
    setenv("LISTEN_FDS", count, 1);
}

static int check_no_sockets(void)
{
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    return check_fds(0);
}

static int check_two_sockets(void)
{
    pass_sockets(getpid(), "2");
    int r = check_fds(2);
    if (r)
        return r;
    return notify_take_fds() == 2 && notify_take_fds() == 0 ? 0 : 4;
}

static int check_sockets_of_another(void)
{
    pass_sockets(getppid(), "2");
    return check_fds(0);
}

static int check_nonsense(void)
{
    pass_sockets(getpid(), "4294967295");
    int r = check_fds(0);
    char too_many[16];
    snprintf(too_many, sizeof(too_many), "%d", HTTP_SERVER_LISTENERS_MAX + 1);
    pass_sockets(getpid(), too_many);
    r = r ? r : check_fds(0);
    pass_sockets(getpid(), "-1");
    return r ? r : check_fds(0);
}

static void inherited_descriptors_are_closed_but_passed_sockets(void **state)
{
    assert_child(check_no_sockets);
    assert_child(check_two_sockets);
    assert_child(check_sockets_of_another);
    assert_child(check_nonsense);
}

static int check_closed_standard_fds(void)
{
    close(0);
    close(2);
    if (harden_process(NULL))
        return 1;
    return is_open(0) && is_open(2) && !is_open(3) ? 0 : 2;
}

static void closed_standard_descriptors_are_opened(void **state)
{
    assert_child(check_closed_standard_fds);
}

/* ---- the socket ---- */

static void the_socket_is_for_root_and_the_group_that_is_there(void **state)
{
    struct access shared = access_of_group("daemon");
    assert_int_equal(shared.mode, 0660);
    assert_int_equal(shared.group, getgrnam("daemon")->gr_gid);
    struct access alone = access_of_group("no-such-group");
    assert_int_equal(alone.mode, 0600);
    assert_int_equal(alone.group, (gid_t)-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hardened_process_leaves_no_core),
        cmocka_unit_test(its_files_are_its_own),
        cmocka_unit_test(containers_below_it_may_have_setuid_programs),
        cmocka_unit_test(inherited_descriptors_are_closed_but_passed_sockets),
        cmocka_unit_test(closed_standard_descriptors_are_opened),
        cmocka_unit_test(the_socket_is_for_root_and_the_group_that_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
