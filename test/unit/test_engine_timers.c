/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/str.h"
#include "engine/docker_timers.h"

/* A folder that looks like a process below /proc. */
struct fixture {
    char process[64];
};

static void path_of(const struct fixture *f, const char *below, char out[128])
{
    snprintf(out, 128, "%s%s", f->process, below);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    strcpy_cut(f->process, sizeof(f->process), "/tmp/coffer-timers-XXXXXX");
    assert_non_null(mkdtemp(f->process));
    *state = f;
    return 0;
}

static const char *const folders[] = {"/root", "/root/run", "/root/run/systemd",
                                      "/root/run/systemd/system"};

static int teardown(void **state)
{
    struct fixture *f = *state;
    char path[128];
    path_of(f, "/environ", path);
    unlink(path);
    for (size_t i = ARRAY_SIZE(folders); i-- > 0;) {
        path_of(f, folders[i], path);
        rmdir(path);
    }
    assert_int_equal(rmdir(f->process), 0);
    free(f);
    return 0;
}

static void run_systemd(const struct fixture *f)
{
    char path[128];
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        path_of(f, folders[i], path);
        assert_int_equal(mkdir(path, 0755), 0);
    }
}

static void set_environment(const struct fixture *f, const char *list, size_t n)
{
    char path[128];
    path_of(f, "/environ", path);
    assert_int_equal(file_replace(path, 0600, list, n, NULL), 0);
}

static void without_systemd_nobody_checks(void **state)
{
    struct fixture *f = *state;
    set_environment(f, "A=1", 4);
    assert_false(docker_has_timers(f->process));
}

static void with_systemd_podman_makes_timers(void **state)
{
    struct fixture *f = *state;
    static const char list[] = "A=1\0DISABLE_HC_SYSTEMD=false\0B=DISABLE_HC_SYSTEMD=true";
    run_systemd(f);
    assert_true(docker_has_timers(f->process));
    set_environment(f, list, sizeof(list));
    assert_true(docker_has_timers(f->process));
}

static void podman_can_be_told_to_make_none(void **state)
{
    struct fixture *f = *state;
    static const char list[] = "A=1\0DISABLE_HC_SYSTEMD=true\0B=2";
    run_systemd(f);
    set_environment(f, list, sizeof(list));
    assert_false(docker_has_timers(f->process));
}

static void dockerd_checks_by_itself(void **state)
{
    assert_true(docker_runs_health_checks(DOCKER_DOCKERD, getpid()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_systemd_nobody_checks, setup, teardown),
        cmocka_unit_test_setup_teardown(with_systemd_podman_makes_timers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(podman_can_be_told_to_make_none, setup, teardown),
        cmocka_unit_test(dockerd_checks_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
