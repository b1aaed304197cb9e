/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a secrets engine: the engine is a script that says what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "start/program.h"
#include "start/start.h"

struct fixture {
    char folder[64], engine[96], count[96];
    bool is_there; /* an engine answers */
    struct err e;
};

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    strcpy_cut(f.folder, sizeof(f.folder), "/tmp/coffer-start-XXXXXX");
    if (!mkdtemp(f.folder))
        return -1;
    snprintf(f.engine, sizeof(f.engine), "%s/engine", f.folder);
    snprintf(f.count, sizeof(f.count), "%s/count", f.folder);
    setenv("COFFER_HOME", f.folder, 1);
    setenv("COFFER_ENGINED", f.engine, 1);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *command = str_format("rm -r %s", f->folder);
    unsetenv("COFFER_HOME");
    unsetenv("COFFER_ENGINED");
    return system(command);
}

/* An engine that adds a character to the file "count", and then does this. */
static void engine_does(struct fixture *f, const char *script)
{
    cleanup_free char *text =
        str_format("#!/bin/sh\nprintf x >>%s\n%s\n", f->count, script);
    assert_non_null(text);
    assert_int_equal(file_replace(f->engine, 0700, text, strlen(text), NULL), 0);
}

static size_t started(struct fixture *f)
{
    struct stat st;
    return stat(f->count, &st) ? 0 : (size_t)st.st_size;
}

static int asked(void *user, struct err *e)
{
    struct fixture *f = user;
    return f->is_there ? 0 : err_set(e, ERR_UNAVAILABLE, "none");
}

/* Is it there once it was started? */
static int asked_for_count(void *user, struct err *e)
{
    return started(user) ? 0 : err_set(e, ERR_UNAVAILABLE, "none");
}

static int start(struct fixture *f, int64_t timeout)
{
    const struct start_options how = {.timeout = timeout};
    return start_engine(asked, f, &how, &f->e);
}

static void an_engine_that_says_ready_has_started(void **state)
{
    struct fixture *f = *state;
    engine_does(f, "test \"$*\" = '--on-demand --ready-fd 3' && echo ready >&3");
    assert_int_equal(start(f, 0), 0);
    assert_int_equal(start(f, 10 * CLOCK_SECOND), 0);
    assert_int_equal(started(f), 2);
}

static void none_is_started_where_one_answers(void **state)
{
    struct fixture *f = *state;
    engine_does(f, "echo ready >&3");
    f->is_there = true;
    assert_int_equal(start(f, 0), 0);
    assert_int_equal(started(f), 0);
}

static void its_own_reason_is_told(void **state)
{
    struct fixture *f = *state;
    engine_does(f, "echo 'no store here' >&3");
    assert_int_equal(start(f, 0), ERR_UNAVAILABLE);
    assert_non_null(strstr(f->e.text, "no store here"));
    engine_does(f, "exit 1");
    assert_int_equal(start(f, 0), ERR_UNAVAILABLE);
    assert_non_null(strstr(f->e.text, "engine.log"));
    assert_int_equal(unlink(f->engine), 0);
    assert_int_equal(start(f, 0), ERR_UNAVAILABLE);
}

/* The sleeper ends with the pipe that it writes to. */
static void one_that_hangs_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    engine_does(f, "exec sleep 1");
    assert_int_equal(start(f, 50 * CLOCK_MILLISECOND), ERR_DEADLINE_EXCEEDED);
}

static void of_several_callers_one_starts_it(void **state)
{
    struct fixture *f = *state;
    engine_does(f, "echo ready >&3");
    for (int i = 0; i < 4; i++) {
        if (fork())
            continue;
        const struct start_options how = {.timeout = 60 * CLOCK_SECOND};
        _exit(start_engine(asked_for_count, f, &how, NULL));
    }
    for (int i = 0, status; i < 4; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(started(f), 1);
}

/* ---- what it is given ---- */

static const char *value_of(const struct start_program *p, const char *name)
{
    size_t n = strlen(name);
    for (char **v = p->environment; *v; v++)
        if (!strncmp(*v, name, n) && (*v)[n] == '=')
            return *v + n + 1;
    return NULL;
}

static void a_services_engine_has_the_users_own_home(void **state)
{
    struct fixture *f = *state;
    cleanup_start_program struct start_program session = {0}, service = {0};
    engine_does(f, ":");
    setenv("HOME", "/elsewhere", 1);
    setenv("XDG_DATA_HOME", "/elsewhere/data", 1);
    assert_int_equal(start_program_find(&session, false, NULL), 0);
    assert_int_equal(start_program_find(&service, true, NULL), 0);
    assert_string_equal(value_of(&session, "HOME"), "/elsewhere");
    assert_string_equal(value_of(&session, "XDG_DATA_HOME"), "/elsewhere/data");
    assert_null(value_of(&service, "XDG_DATA_HOME"));
    assert_string_not_equal(value_of(&service, "HOME"), "/elsewhere");
    assert_string_equal(value_of(&service, "COFFER_HOME"), f->folder);
    assert_non_null(strstr(value_of(&service, "PATH"), "/usr/sbin"));
}

static void the_engine_gets_no_foreign_variables(void **state)
{
    (void)state;
    assert_true(start_program_keeps("HOME=/x", false));
    assert_false(start_program_keeps("HOME=/x", true));
    assert_true(start_program_keeps("XDG_RUNTIME_DIR=/x", true));
    assert_true(start_program_keeps("LC_ALL=C", true));
    assert_false(start_program_keeps("HOMEX=1", false));
    assert_false(start_program_keeps("GH_TOKEN=1", false));
    assert_false(start_program_keeps("X=HOME=1", false));
    assert_false(start_program_keeps("", false));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_engine_that_says_ready_has_started),
        TEST(none_is_started_where_one_answers),
        TEST(its_own_reason_is_told),
        TEST(one_that_hangs_is_not_waited_for),
        TEST(of_several_callers_one_starts_it),
        TEST(a_services_engine_has_the_users_own_home),
        TEST(the_engine_gets_no_foreign_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
