/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "daemon/crun.h"

/* Hosts that are made up: folders with a /sys of their own. */
struct fixture {
    char root[32];
};

static const char *const folders[] = {"/sys", "/sys/fs", "/sys/fs/cgroup",
                                      "/sys/fs/cgroup/unified"};

#define PURE "/sys/fs/cgroup/cgroup.controllers"
#define UNIFIED "/sys/fs/cgroup/unified/cgroup.controllers"

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
    strcpy_cut(f->root, sizeof(f->root), "/tmp/coffer-crun-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        cleanup_free char *path = path_of(f, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = {PURE, UNIFIED};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        cleanup_free char *path = path_of(f, files[i]);
        unlink(path);
    }
    for (size_t i = ARRAY_SIZE(folders); i-- > 0;) {
        cleanup_free char *path = path_of(f, folders[i]);
        assert_int_equal(rmdir(path), 0);
    }
    assert_int_equal(rmdir(f->root), 0);
    free(f);
    return 0;
}

static void set_controllers(const struct fixture *f, const char *name, const char *text)
{
    cleanup_free char *path = path_of(f, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void version_1_is_no_trouble(void **state)
{
    struct fixture *f = *state;
    set_controllers(f, UNIFIED, "\n");
    assert_null(crun_trouble(f->root, false));
}

static void controllers_of_both_versions_are(void **state)
{
    struct fixture *f = *state;
    set_controllers(f, UNIFIED, "memory pids\n");
    assert_non_null(strstr(crun_trouble(f->root, true), "version 1"));
}

static void version_2_is_none_where_memory_can_be_locked(void **state)
{
    struct fixture *f = *state;
    set_controllers(f, PURE, "cpu memory pids\n");
    assert_null(crun_trouble(f->root, true));
}

static void version_2_is_trouble_where_the_limit_of_locked_memory_stays(void **state)
{
    struct fixture *f = *state;
    set_controllers(f, PURE, "cpu memory pids\n");
    assert_non_null(strstr(crun_trouble(f->root, false), "CAP_SYS_RESOURCE"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(version_1_is_no_trouble),
        TEST(controllers_of_both_versions_are),
        TEST(version_2_is_none_where_memory_can_be_locked),
        TEST(version_2_is_trouble_where_the_limit_of_locked_memory_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
