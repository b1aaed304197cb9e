/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "engined/prompt.h"

struct fixture {
    uv_loop_t loop;
    struct pattern pattern;
    char command[64];
    int calls, code;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(pattern_parse(&f->pattern, "db/*", 4, NULL), 0);
    snprintf(f->command, sizeof(f->command), "/tmp/coffer-prompt-%d", (int)getpid());
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(uv_loop_close(&f->loop), 0);
    pattern_deinit(&f->pattern);
    (void)unlink(f->command);
    free(f);
    return 0;
}

static void on_answer(int code, const struct err *e, void *user)
{
    struct fixture *f = user;
    f->calls++;
    f->code = code;
    assert_true(!code == !e);
}

/* What a command of this script answers. */
static int ask(struct fixture *f, const char *script)
{
    const struct pattern *const patterns[] = {&f->pattern};
    static const struct requester who = {.pid = 4711, .name = "an app", .path = "/app"};
    char text[512];
    struct prompt *p;
    int n = snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
    assert_int_equal(file_replace(f->command, 0700, text, (size_t)n, NULL), 0);
    f->calls = 0;
    assert_int_equal(
        prompt_new(&f->loop, f->command, &who, patterns, 1, on_answer, f, &p, NULL), 0);
    while (!f->calls && uv_run(&f->loop, UV_RUN_ONCE))
        ;
    assert_int_equal(f->calls, 1);
    prompt_close(p);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    return f->code;
}

static void its_exit_status_is_the_answer(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "exit 0"), 0);
    assert_int_equal(ask(f, "exit 1"), ERR_PERMISSION_DENIED);
    assert_int_equal(ask(f, "kill -9 $$"), ERR_PERMISSION_DENIED);
}

static void it_learns_who_wants_what(void **state)
{
    setenv("COFFER_REQUESTER_NAME", "another", 1);
    assert_int_equal(ask(*state, "[ \"$*\" = 'db/*' ] && "
                                 "[ \"$COFFER_REQUESTER_PID\" = 4711 ] && "
                                 "[ \"$COFFER_REQUESTER_NAME\" = 'an app' ] && "
                                 "[ \"$COFFER_REQUESTER_PATH\" = /app ] && "
                                 "! tr '\\0' '\\n' </proc/$$/environ | grep another"),
                     0);
    unsetenv("COFFER_REQUESTER_NAME");
}

static void it_has_our_whole_environment(void **state)
{
    char name[32];
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof(name), "COFFER_TEST_%d", i);
        setenv(name, "here", 1);
    }
    assert_int_equal(
        ask(*state, "[ \"$COFFER_TEST_0 $COFFER_TEST_1999\" = 'here here' ]"), 0);
    assert_int_equal(ask(*state, "[ $(env | grep -c ^COFFER_TEST_) = 2000 ]"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_exit_status_is_the_answer),
        TEST(it_learns_who_wants_what),
        TEST(it_has_our_whole_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
