/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "fault_malloc.h"
#include "oci/references.h"
#include "json/json.h"

/* An engine that knows "a/b", "many/1" and "many/2", and fails as it is told. */
struct fixture {
    json_t *env;
    struct references refs;
    struct buf block;
    struct err e;
    int failure; /* of each request */
    int asked;   /* requests */
    int warnings;
    char last[64]; /* the last pattern */
};

static int give(struct secret_envelopes *out, const char *id, const char *value,
                struct err *e)
{
    cleanup_secret_envelope struct secret_envelope one = {0};
    int r = secret_envelope_set_id(&one, id, e);
    r = r ?: secret_envelope_set_value(&one, value, strlen(value), e);
    return r ?: secret_envelopes_append(out, &one, e);
}

static int get(void *user, const char *pattern, struct secret_envelopes *out,
               struct err *e)
{
    struct fixture *f = user;
    f->asked++;
    strcpy_cut(f->last, sizeof(f->last), pattern);
    if (f->failure)
        return err_set(e, f->failure, "told to fail");
    if (str_equal(pattern, "a/b") || str_equal(pattern, "a/*"))
        return give(out, "a/b", "one", e);
    if (str_equal(pattern, "KEY"))
        return give(out, "KEY", "two", e);
    if (!str_equal(pattern, "many/*"))
        return err_set(e, ERR_NOT_FOUND, "secret not found");
    int r = give(out, "many/1", "x", e);
    return r ? r : give(out, "many/2", "y", e);
}

static void warn(void *user, const char *name, const struct err *e)
{
    struct fixture *f = user;
    assert_non_null(name);
    assert_int_not_equal(e->code, 0);
    f->warnings++;
}

static int find(struct fixture *f, const char *env, const struct fallback *fallback)
{
    json_error_t unused;
    json_decref(f->env);
    f->env = json_loads(env, 0, &unused);
    assert_non_null(f->env);
    references_deinit(&f->refs);
    return references_find(&f->refs, f->env, fallback, &f->e);
}

static int resolve(struct fixture *f)
{
    const struct secret_source source = {get, f, warn};
    buf_reset(&f->block);
    return references_resolve(&f->refs, &source, &f->block, &f->e);
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    references_deinit(&f->refs);
    buf_deinit(&f->block);
    json_decref(f->env);
    free(f);
    return 0;
}

static const struct fallback none = {0}, all = {.for_all = true};

static const char *first(const struct fixture *f)
{
    size_t at = BLOCK_MAGIC_SIZE;
    return block_next(f->block.data, f->block.len, &at);
}

static void whole_values_are_references(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        find(f, "[\"A=se://a/b\",\"B=x se://a\",\"C=\",\"D\",\"E=e\"]", &none), 0);
    assert_int_equal(f->refs.n, 1);
    assert_string_equal(f->refs.items[0].name, "A");
    assert_int_equal(resolve(f), 0);
    assert_string_equal(first(f), "A=one");
}

static void the_last_of_a_name_counts(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        find(f, "[\"A=se://a/b\",\"A=plain\",\"B=b\",\"B=se://a/*\"]", &none), 0);
    assert_int_equal(f->refs.n, 1);
    assert_string_equal(f->refs.items[0].name, "B");
    assert_int_equal(resolve(f), 0);
    assert_string_equal(first(f), "B=one");
}

static void a_bad_name_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(find(f, "[\"A-B=se://a/b\"]", &none), ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(f->e.text, "A-B"));
}

static void errors_name_variable_and_reference(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *env;
        int failure, code;
        const char *words;
    } cases[] = {
        {"[\"A=se://no\"]", 0, ERR_NOT_FOUND, "resolving A: secret not found: se://no"},
        {"[\"A=se://many/*\"]", 0, ERR_FAILED_PRECONDITION,
         "resolving A: 2 secrets matched se://many/*: many/1, many/2"},
        {"[\"A=se://a//b\"]", 0, ERR_INVALID_ARGUMENT, "resolving A: se://a//b: "},
        {"[\"A=se://\"]", 0, ERR_INVALID_ARGUMENT, "resolving A: se://: "},
        {"[\"A=se://a/b\"]", ERR_UNAVAILABLE, ERR_UNAVAILABLE,
         "resolving A: se://a/b: told to fail"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        f->failure = cases[i].failure;
        assert_int_equal(find(f, cases[i].env, &none), 0);
        assert_int_equal(resolve(f), cases[i].code);
        assert_true(str_starts_with(f->e.text, cases[i].words));
    }
}

static void a_value_may_lie_in_a_file(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/coffer-test-XXXXXX";
    cleanup_fd int fd = mkstemp(path);
    assert_int_equal(write(fd, "three", 5), 5);
    assert_int_equal(find(f, "[\"A=se://swarm/a\"]", &(struct fallback){0}), 0);
    f->refs.items[0].path = path;
    assert_int_equal(resolve(f), 0);
    assert_non_null(memmem(f->block.data, f->block.len, "A=three", 7));
    unlink(path);
    assert_int_equal(resolve(f), ERR_NOT_FOUND);
    assert_string_equal(f->e.text,
                        "resolving A: se://swarm/a: the task that it was given "
                        "to is over");
    assert_int_equal(f->asked, 0);
}

static void an_empty_variable_falls_back_where_it_may(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = {"KEY", "OTHER"};
    const struct fallback named = {.names = names, .n = 2};
    assert_int_equal(find(f, "[\"KEY=\",\"OTHER=\",\"FOO=\",\"B D=\"]", &all), 0);
    assert_int_equal(f->refs.n, 3);
    assert_int_equal(f->refs.n_named, 0);
    assert_int_equal(find(f, "[\"KEY=\",\"OTHER=\",\"FOO=\"]", &named), 0);
    assert_int_equal(f->refs.n, 2);
    assert_int_equal(resolve(f), 0);
    assert_string_equal(first(f), "KEY=two");
    assert_int_equal(f->warnings, 0);
}

static void a_fallback_never_fails_a_start(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(find(f, "[\"KEY=\",\"OTHER=\"]", &all), 0);
    f->failure = ERR_UNAVAILABLE;
    assert_int_equal(resolve(f), 0);
    assert_int_equal(f->asked, 1);
    assert_int_equal(f->warnings, 1);
    f->failure = ERR_DEADLINE_EXCEEDED;
    assert_int_equal(resolve(f), 0);
    assert_int_equal(f->asked, 2);
    assert_int_equal(f->warnings, 2);
    f->failure = ERR_INTERNAL;
    assert_int_equal(resolve(f), 0);
    assert_int_equal(f->asked, 4);
    assert_int_equal(f->warnings, 4);
    assert_int_equal(f->block.len, 0);
}

static void there_are_not_too_many(void **state)
{
    struct fixture *f = *state;
    cleanup_json json_t *env = json_array();
    for (int i = 0; i <= BLOCK_VARIABLES_MAX; i++)
        assert_int_equal(json_array_append_new(env, json_sprintf("A%d=se://a/b", i)), 0);
    cleanup_free char *text = json_dumps(env, 0);
    assert_int_equal(find(f, text, &none), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(f->refs.n, BLOCK_VARIABLES_MAX);
}

/* The environment is the image's as well; all of it is looked at for each start. */
static void many_empty_variables_cost_no_time(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = {"KEY", "OTHER"};
    const struct fallback named = {.names = names, .n = 2};
    f->env = json_array();
    for (int i = 0; i < ENVIRONMENT_MAX; i++)
        assert_int_equal(json_array_append_new(f->env, json_sprintf("A%d=", i)), 0);
    clock_t before = clock();
    assert_int_equal(references_find(&f->refs, f->env, &none, &f->e), 0);
    assert_int_equal(references_find(&f->refs, f->env, &named, &f->e), 0);
    assert_int_equal(f->refs.n, 0);
    assert_true(clock() - before < CLOCKS_PER_SEC);
}

static int find_and_resolve(void *user)
{
    struct fixture *f = user;
    references_deinit(&f->refs);
    buf_deinit(&f->block);
    int r = references_find(&f->refs, f->env, &all, &f->e);
    return r ? r : resolve(f);
}

static void each_allocation_may_fail(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(find(f, "[\"A=se://a/b\",\"KEY=\"]", &all), 0);
    assert_true(fault_malloc_each(find_and_resolve, f) > 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whole_values_are_references),
        TEST(the_last_of_a_name_counts),
        TEST(a_bad_name_is_refused),
        TEST(errors_name_variable_and_reference),
        TEST(a_value_may_lie_in_a_file),
        TEST(an_empty_variable_falls_back_where_it_may),
        TEST(a_fallback_never_fails_a_start),
        TEST(there_are_not_too_many),
        TEST(many_empty_variables_cost_no_time),
        TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
