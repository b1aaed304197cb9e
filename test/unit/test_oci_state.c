/* SPDX-License-Identifier: Apache-2.0 */
/* What a runtime says of a container that it could not delete, by one that says what the
 * test wants. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/state.h"

#define LOST "container does not exist"

struct fixture {
    char folder[64];
    char *path;
    struct arguments a;
};

static int setup(void **state)
{
    static char rt[] = "rt", delete[] = "delete", id[] = "ab12";
    static char *words[] = {rt, delete, id, NULL};
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/test-state-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->path = str_format("%s/runtime", f->folder);
    assert_int_equal(arguments_parse(&f->a, 3, words, NULL), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    signal(SIGCHLD, SIG_DFL);
    unlink(f->path);
    rmdir(f->folder);
    arguments_deinit(&f->a);
    free(f->path);
    free(f);
    return 0;
}

/* Does it take the container for gone by what this line of a shell does? */
static bool is_gone(struct fixture *f, const char *line)
{
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", line);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(f->path, 0700), 0);
    return state_is_gone(&f->a, f->path);
}

static void only_what_says_so_is_gone(void **state)
{
    static const struct {
        bool is_gone;
        const char *words;
    } cases[] = {
        {true, "time=\"2026\" level=error msg=\"" LOST "\"\n"},
        {true, "error opening file `/run/crun/ab12/status`: No such file or directory\n"},
        {true, "container `ab12` does not exist: error opening file "
               "`/run/crun/ab12/status`: No such file or directory\n"},
        {false, ""},
        {false, "libx.so: No such file or directory"},
        {false, "ab12: permission denied"},
        {false, "cgroup path /sys/fs/cgroup/ab12 does not exist"},
        {false, "error opening file `/sys/fs/cgroup/libpod-ab12/cgroup.procs`: No such "
                "file or directory"},
        {false, "error opening file `/run/crun/ab12/status`: Permission denied"},
        {false, "error opening file `/run/crun/xab12/status`: No such file or directory"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(state_says_gone(cases[i].words, "ab12"), cases[i].is_gone);
}

static void the_runtime_is_asked(void **state)
{
    struct fixture *f = *state;
    assert_true(is_gone(f, "[ \"$*\" = 'state ab12' ] && echo " LOST " >&2; exit 1"));
    assert_false(is_gone(f, "echo " LOST "; exit 1"));
    assert_false(is_gone(f, "echo ready to warn: " LOST " >&2"));
}

/* A caller may, and who inherits that is told of none. */
static void that_ends_of_children_are_ignored_does_no_harm(void **state)
{
    struct fixture *f = *state;
    signal(SIGCHLD, SIG_IGN);
    assert_true(is_gone(f, "echo " LOST " >&2; exit 1"));
}

static void one_that_stands_still_is_not_waited_for(void **state)
{
    assert_false(is_gone(*state, "echo " LOST " >&2; sleep 600"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_says_so_is_gone),
        TEST(the_runtime_is_asked),
        TEST(that_ends_of_children_are_ignored_does_no_harm),
        TEST(one_that_stands_still_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
