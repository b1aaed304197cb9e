/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/doctor/doctor.h"

/* What the doctor finds on machines that are made up: folders with a /proc of their own.
 */

#define ROOT_SIZE 32

struct fixture {
    char root[ROOT_SIZE];
    char run[ROOT_SIZE], state[ROOT_SIZE + 8];
    struct doctor doctor;
};

static const char *const folders[] = {
    "/proc",        "/proc/self", "/proc/sys", "/proc/sys/kernel", "/state",
    "/state/swarm", "/sys",       "/sys/fs",   "/sys/fs/cgroup"};
static const char *const files[] = {"/proc/swaps",
                                    "/proc/self/mounts",
                                    "/proc/self/status",
                                    "/proc/sys/kernel/core_pattern",
                                    "/state/swarm/keys",
                                    "/state/swarm/store.db",
                                    "/sys/fs/cgroup/cgroup.controllers"};

static char *path_of(const struct fixture *f, const char *path)
{
    char *whole = str_format("%s%s", f->root, path);
    assert_non_null(whole);
    return whole;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    strcpy_cut(f->root, sizeof(f->root), "/tmp/coffer-doctor-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        cleanup_free char *path = path_of(f, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    snprintf(f->state, sizeof(f->state), "%s/state", f->root);
    f->doctor = (struct doctor){.root = f->root,
                                .state_dir = f->state,
                                .run_dir = "/run/x",
                                .findings = json_array()};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        cleanup_free char *path = path_of(f, files[i]);
        unlink(path);
    }
    for (size_t i = ARRAY_SIZE(folders); i-- > 0;) {
        cleanup_free char *path = path_of(f, folders[i]);
        rmdir(path);
    }
    rmdir(f->root);
    json_decref(f->doctor.findings);
    free(f);
    return 0;
}

static void write_file(const struct fixture *f, const char *name, const char *text,
                       mode_t mode)
{
    cleanup_free char *path = path_of(f, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* Is there a finding of this check, at this level, that says so? */
static bool has_found(const struct fixture *f, const char *level, const char *check,
                      const char *text)
{
    for (size_t i = 0; i < json_array_size(f->doctor.findings); i++) {
        const json_t *one = json_array_get(f->doctor.findings, i);
        if (str_equal(field_string(one, "Check"), check) &&
            str_equal(field_string(one, "Level"), level) &&
            strstr(field_string(one, "Found"), text))
            return true;
    }
    return false;
}

static void missing_capabilities_are_found(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/proc/self/status", "Name:\tx\nCapBnd:\t00000000feffffff\n", 0600);
    doctor_check_limits(&f->doctor);
    assert_true(has_found(f, "warn", "CAP_SYS_RESOURCE", "missing"));
}

static void capabilities_that_are_there_are_well(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/proc/self/status", "Name:\tx\nCapBnd:\t000001ffffffffff\n", 0600);
    doctor_check_limits(&f->doctor);
    assert_true(has_found(f, "ok", "CAP_SYS_RESOURCE", "available"));
}

/* cgroup v2, on which crun lifts a limit. */
static void set_version_2(const struct fixture *f, const char *capabilities)
{
    write_file(f, "/sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n", 0600);
    write_file(f, "/proc/self/status", capabilities, 0600);
}

static void a_runtime_that_can_not_work_here_is_found(void **state)
{
    struct fixture *f = *state;
    set_version_2(f, "Name:\tx\nCapBnd:\t00000000feffffff\n");
    doctor_check_runtime(&f->doctor, "/usr/bin/crun", NULL);
    assert_true(has_found(f, "fail", "OCI runtime", "crun can't"));
}

static void the_other_runtime_is_well_then(void **state)
{
    struct fixture *f = *state;
    set_version_2(f, "Name:\tx\nCapBnd:\t00000000feffffff\n");
    doctor_check_runtime(&f->doctor, "/usr/bin/crun", "/usr/sbin/runc");
    assert_true(has_found(f, "ok", "OCI runtime", "/usr/sbin/runc"));
}

static void a_runtime_that_may_raise_limits_is_well(void **state)
{
    struct fixture *f = *state;
    set_version_2(f, "Name:\tx\nCapBnd:\t000001ffffffffff\n");
    doctor_check_runtime(&f->doctor, "/usr/bin/crun", NULL);
    assert_true(has_found(f, "ok", "OCI runtime", "/usr/bin/crun"));
}

static void swap_is_found(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/proc/swaps",
               "Filename\tType\tSize\n/dev/sda2 partition\t975868\t0\t-2\n", 0600);
    doctor_check_memory(&f->doctor);
    assert_true(has_found(f, "warn", "swap", "/dev/sda2 is in use") ||
                has_found(f, "fail", "swap", "/dev/sda2 is in use"));
}

static void without_swap_all_is_well(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/proc/swaps", "Filename\tType\tSize\n", 0600);
    doctor_check_memory(&f->doctor);
    assert_true(has_found(f, "ok", "swap", "none"));
}

static void core_dumps_are_found(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/proc/sys/kernel/core_pattern", "core.%p\n", 0600);
    doctor_check_kernel(&f->doctor);
    assert_true(has_found(f, "warn", "core dumps", "'core.%p'"));
}

static void core_dumps_that_go_nowhere_are_well(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/proc/sys/kernel/core_pattern", "|/bin/false\n", 0600);
    doctor_check_kernel(&f->doctor);
    assert_true(has_found(f, "ok", "core dumps", "none"));
}

static void the_last_mount_of_a_place_counts(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/proc/self/mounts",
               "none /run/x/secrets ext4 rw 0 0\nbroken\n"
               "coffer /run/x/secrets tmpfs rw,nosuid,nodev,noexec,noswap 0 0\n",
               0600);
    doctor_check_state(&f->doctor);
    assert_true(has_found(f, "ok", "secrets mount", "/run/x/secrets is tmpfs"));
}

static void a_mount_that_may_be_swapped_is_found(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/proc/self/mounts",
               "c /run/x/secrets tmpfs rw,nosuid,nodev,noexec,noswapp 0 0\n", 0600);
    doctor_check_state(&f->doctor);
    assert_true(has_found(f, "warn", "secrets mount", "is tmpfs"));
}

static void a_mount_with_programs_is_found(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/proc/self/mounts", "c /run/x/secrets ramfs rw,nosuid,nodev 0 0\n",
               0600);
    doctor_check_state(&f->doctor);
    assert_true(has_found(f, "warn", "secrets mount", "without noexec"));
}

static void no_mount_is_found(void **state)
{
    struct fixture *f = *state;
    doctor_check_state(&f->doctor);
    assert_true(has_found(f, "warn", "secrets mount", "nothing is mounted"));
}

static void a_store_that_others_may_read_is_a_failure(void **state)
{
    struct fixture *f = *state;
    write_file(f, "/state/swarm/store.db", "", 0644);
    write_file(f, "/state/swarm/keys", "", 0600);
    doctor_check_state(&f->doctor);
    assert_true(has_found(f, "fail", "store", "mode 0644"));
    assert_false(has_found(f, "fail", "keys", ""));
    assert_true(has_found(f, "warn", "keys", "lies beside it"));
    assert_int_equal(f->doctor.failures, 1);
}

static void a_machine_that_shows_nothing_breaks_nothing(void **state)
{
    struct fixture *f = *state;
    doctor_check_kernel(&f->doctor);
    doctor_check_limits(&f->doctor);
    doctor_check_state(&f->doctor);
    assert_false(f->doctor.no_memory);
}

#define DOCTOR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOCTOR_TEST(missing_capabilities_are_found),
        DOCTOR_TEST(capabilities_that_are_there_are_well),
        DOCTOR_TEST(a_runtime_that_can_not_work_here_is_found),
        DOCTOR_TEST(the_other_runtime_is_well_then),
        DOCTOR_TEST(a_runtime_that_may_raise_limits_is_well),
        DOCTOR_TEST(swap_is_found),
        DOCTOR_TEST(without_swap_all_is_well),
        DOCTOR_TEST(core_dumps_are_found),
        DOCTOR_TEST(core_dumps_that_go_nowhere_are_well),
        DOCTOR_TEST(the_last_mount_of_a_place_counts),
        DOCTOR_TEST(a_mount_that_may_be_swapped_is_found),
        DOCTOR_TEST(a_mount_with_programs_is_found),
        DOCTOR_TEST(no_mount_is_found),
        DOCTOR_TEST(a_store_that_others_may_read_is_a_failure),
        DOCTOR_TEST(a_machine_that_shows_nothing_breaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
