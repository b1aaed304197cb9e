/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_fixture.h"

#include "fault_malloc.h"
#include "resolver/choice.h"
#include "resolver/merge.h"
#include "resolver/reference.h"

/* Every allocation of every operation fails once: it says so, and leaks nothing. */
static int parse(void *user)
{
    struct pattern p = PATTERN_INIT, with = PATTERN_INIT, whole = PATTERN_INIT;
    struct err e = {0};
    int r = pattern_parse(&p, "docker/**", strlen("docker/**"), &e);
    if (!r)
        r = pattern_parse(&with, "mcp/*", strlen("mcp/*"), &e);
    if (!r)
        r = pattern_expand(&p, &with, &whole, &e);
    if (!r)
        assert_string_equal(whole.text, "docker/mcp/*");
    assert_int_equal(e.code, r);
    pattern_deinit(&p);
    pattern_deinit(&with);
    pattern_deinit(&whole);
    return r;
}

static int refer(void *user)
{
    static const char text[] = "x=se://a/*;";
    struct pattern p = PATTERN_INIT;
    struct reference ref;
    struct err e = {0};
    int r = reference_parse("se://a/**", REFERENCE_PATTERN, &p, &e);
    if (!r)
        r = reference_next(text, strlen(text), 0, REFERENCE_PATTERN, &ref, &e);
    assert_int_equal(e.code, r);
    pattern_deinit(&p);
    return r;
}

static int fill(struct secret_envelope *one, struct err *e)
{
    int r = secret_envelope_set_id(one, "a/b", e);
    if (!r)
        r = secret_envelope_set_value(one, "value", 5, e);
    if (!r)
        r = secret_envelope_set_version(one, "v1", e);
    if (!r)
        r = secret_envelope_put(one, "user", "me", e);
    return r ? r : secret_envelope_put(one, "user", "you", e);
}

/* One envelope and a copy of it, both in the list: the second is a duplicate. */
static int append_twice(struct secret_envelopes *list, struct err *e)
{
    cleanup_secret_envelope struct secret_envelope one = {0}, copy = {0};
    int r = fill(&one, e);
    if (!r)
        r = secret_envelope_copy(&one, &copy, e);
    if (!r)
        r = secret_envelopes_append(list, &one, e);
    return r ? r : secret_envelopes_append(list, &copy, e);
}

static int resolve(void *user)
{
    const struct pattern *request = user;
    struct answer answer = {.plugin = "pass", .pattern = request};
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    const struct secret_envelope *one;
    struct err e = {0};
    int r = append_twice(&answer.envelopes, &e);
    if (!r)
        r = answers_merge(request, &answer, 1, MERGE_FAIL, 0, &found, &e);
    assert_int_equal(e.code, r);
    secret_envelopes_deinit(&answer.envelopes);
    return r ? r : choice_make(&found, CHOICE_ONLY, "KEY", "se://a/b", &one, &e);
}

/* Out of memory while a failure is told must not look like the failure. */
static int tell_failure(void *user)
{
    const struct pattern *request = user;
    struct answer answer = {.plugin = "pass", .pattern = request, .code = ERR_INTERNAL};
    struct secret_envelopes found = {0};
    struct err e = {0};
    int r = answers_merge(request, &answer, 1, MERGE_FAIL, 0, &found, &e);
    assert_int_equal(e.code, r);
    return r == ERR_UNAVAILABLE ? 0 : r;
}

static void a_pattern_without_memory_is_an_error(void **state)
{
    assert_true(fault_malloc_each(parse, NULL) >= 3);
}

static void a_reference_without_memory_is_an_error(void **state)
{
    assert_true(fault_malloc_each(refer, NULL) >= 2);
}

static void an_answer_without_memory_is_an_error(void **state)
{
    cleanup_pattern struct pattern request = fixture_pattern("a/*");
    assert_true(fault_malloc_each(resolve, &request) >= 10);
}

static void a_failure_without_memory_is_an_error(void **state)
{
    cleanup_pattern struct pattern request = fixture_pattern("a/*");
    assert_true(fault_malloc_each(tell_failure, &request) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_without_memory_is_an_error),
        cmocka_unit_test(a_reference_without_memory_is_an_error),
        cmocka_unit_test(an_answer_without_memory_is_an_error),
        cmocka_unit_test(a_failure_without_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
