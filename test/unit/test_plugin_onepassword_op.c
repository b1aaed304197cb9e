/* SPDX-License-Identifier: Apache-2.0 */
/* The op command gets our environment, less what else would steer it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fault_malloc.h"
#include "onepassword/source.h"
#include "json/json.h"

#define MANY 300

/* A command in op's place: prints a list when the shell's condition holds. */
static int ask(const char *condition, const char *token, json_t **out, struct err *e)
{
    char path[] = "/tmp/test-op-XXXXXX";
    const struct waiter w = {NULL, plugin_now() + 20 * CLOCK_SECOND};
    struct source *s;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd, "#!/bin/sh\nif [ %s ]; then echo '[]'; else echo no >&2; exit 1; fi\n",
            condition);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    assert_int_equal(op_source_new(path, token, &s, e), 0);
    int r = s->calls->vaults(s, &w, out, e);
    s->calls->free(s);
    unlink(path);
    return r;
}

static void assert_holds(const char *condition, const char *token)
{
    struct err e = {0};
    cleanup_json json_t *list = NULL;
    assert_int_equal(ask(condition, token, &list, &e), 0);
    assert_true(json_is_array(list));
}

static void all_of_a_large_environment_is_there(void **state)
{
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "VARIABLE_%d", i);
        setenv(name, "x", 1);
    }
    assert_holds("\"$VARIABLE_0$VARIABLE_299$OP_SERVICE_ACCOUNT_TOKEN\" = xxt", "t");
}

static void what_else_would_steer_it_is_not(void **state)
{
    setenv("OP_CONNECT_HOST", "http://elsewhere", 1);
    setenv("OP_SERVICE_ACCOUNT_TOKEN", "other", 1);
    assert_holds("-z \"$OP_CONNECT_HOST$OP_SERVICE_ACCOUNT_TOKEN\"", NULL);
}

static void what_it_says_when_it_fails_is_told(void **state)
{
    struct err e = {0};
    json_t *none = NULL;
    assert_int_equal(ask("-n \"\"", NULL, &none, &e), ERR_UNAVAILABLE);
    assert_non_null(strstr(e.text, "vault list ends with status 1: no"));
    assert_null(none);
}

static int make_one(void *user)
{
    struct source *s;
    struct err e;
    int r = op_source_new("op", "t", &s, &e);
    if (!r)
        s->calls->free(s);
    return r;
}

static void every_allocation_may_fail(void **state)
{
    assert_true(fault_malloc_each(make_one, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_large_environment_is_there),
        cmocka_unit_test(what_else_would_steer_it_is_not),
        cmocka_unit_test(what_it_says_when_it_fails_is_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
