/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_fixture.h"

#include <stdio.h>

#include "base/macro.h"

struct pair {
    const char *p, *q;
    bool yes;
};

/* Pairs that upstream's inclusion gets wrong or that need thought, with the set's truth.
 */
static void inclusion_holds_for_the_hard_pairs(void **state)
{
    static const struct pair pairs[] = {
        {"docker/proj1/**", "docker/*/mcp/*", false},
        {"a", "*", false},
        {"**", "**/*/*", true},
        {"*/**", "**/a", true},
        {"**/*", "**", true},
        {"a/*/**/b", "a/**/x/b", true},
        {"a/**/x/b", "a/*/**/b", false},
        {"**/a/**", "*/a/*", true},
        {"*/a/*", "**/a/**", false},
        {"**/a/*/*", "*/*/a/*/*", true},
        {"*/*/*/**", "*/**/a/*/*", true},
        {"**/a/*/*", "a/*/**", false},
        {"a/**/b/**", "a/**/b/**/b", true},
        {"a/**/b/**/b", "a/**/b/**", false},
        {"**/*/**/*/**", "*/**/*", true},
        {"*/**/*", "**/*/**/*/**", true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        if (fixture_includes(pairs[i].p, pairs[i].q) != pairs[i].yes)
            fail_msg("%s includes %s", pairs[i].p, pairs[i].q);
}

/* That many times `component`, with slashes between; out has the room. */
static void many(char *out, const char *component, size_t n)
{
    size_t len = strlen(component);
    for (size_t i = 0; i < n; i++) {
        memcpy(out, component, len);
        out += len;
        *out++ = '/';
    }
    out[-1] = '\0';
}

static void overlap(const char *own, const char *request, const char *expected)
{
    cleanup_pattern struct pattern p = fixture_pattern(own);
    cleanup_pattern struct pattern r = fixture_pattern(request);
    const struct pattern *ask = pattern_narrow(&p, &r);
    if (expected)
        assert_string_equal(ask->text, expected);
    else
        assert_null(ask);
}

static void a_plugin_is_asked_for_the_smaller_pattern(void **state)
{
    overlap("docker/mcp/auth/**", "**", "docker/mcp/auth/**");
    overlap("**", "docker/mcp/*", "docker/mcp/*");
    overlap("**/mcp/auth/**", "docker/*/auth/foo/bar/*", "docker/*/auth/foo/bar/*");
    overlap("docker/mcp/auth/**", "foo/bar", NULL);
}

static void a_partial_overlap_is_asked_with_the_request(void **state)
{
    overlap("a/**", "**/b", "**/b");
    overlap("docker/proj1/**", "docker/*/mcp/*", "docker/*/mcp/*");
}

static void equal_is_what_has_the_same_text(void **state)
{
    cleanup_pattern struct pattern a = fixture_pattern("**/*");
    cleanup_pattern struct pattern b = fixture_pattern("*/**");
    cleanup_pattern struct pattern c = PATTERN_INIT;
    assert_int_equal(pattern_copy(&c, &a, NULL), 0);
    assert_true(pattern_is_equal(&a, &c));
    assert_true(pattern_match(&c, "x/y"));
    assert_false(pattern_is_equal(&a, &b));
    assert_false(pattern_is_id(&a));
    cleanup_pattern struct pattern id = fixture_pattern("a/b:1");
    assert_true(pattern_is_id(&id));
}

static void what_is_no_id_matches_nothing(void **state)
{
    static const char *const ids[] = {"", "/", "a/", "/a", "a//b", "*", "a b", "a\n"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        assert_false(fixture_match("**", ids[i]));
}

static void refuses(const char *text, int code, const char *words)
{
    struct pattern p = PATTERN_INIT;
    struct err e = {0};
    assert_int_equal(pattern_parse(&p, text, strlen(text), &e), code);
    if (!strstr(e.text, words))
        fail_msg("\"%s\" doesn't say \"%s\"", e.text, words);
}

static void a_bad_pattern_is_refused_with_its_reason(void **state)
{
    refuses("bad//x", ERR_INVALID_ARGUMENT, "invalid pattern \"bad//x\": a component is");
    refuses("", ERR_INVALID_ARGUMENT, "invalid pattern \"\"");
    refuses("db/x*", ERR_INVALID_ARGUMENT, "star must be \"*\" or \"**\" (at byte 5)");
    refuses("a/\"\n\\", ERR_INVALID_ARGUMENT, "\"a/\\\"\\x0a\\\\\"");
}

static void a_bad_id_is_refused_in_dockers_words(void **state)
{
    struct err e = {0};
    assert_int_equal(secret_id_check("/foo", 4, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "invalid identifier: \"/foo\" must match "
                                "^[A-Za-z0-9._:-]+(?:/[A-Za-z0-9._:-]+)*$");
    assert_int_equal(secret_id_check("a\0b", 3, &e), ERR_INVALID_ARGUMENT);
    assert_false(secret_id_is_valid(NULL));
}

static void the_limits_of_ids_are_reached_and_held(void **state)
{
    char text[SECRET_ID_MAX + 2];
    struct err e = {0};
    memset(text, 'x', sizeof(text));
    assert_int_equal(secret_id_check(text, SECRET_ID_MAX, &e), 0);
    assert_int_equal(secret_id_check(text, SECRET_ID_MAX + 1, &e),
                     ERR_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(e.text, "has 1025 bytes, at most 1024"));
    char levels[2 * SECRET_ID_COMPONENTS_MAX + 2];
    many(levels, "x", SECRET_ID_COMPONENTS_MAX);
    assert_int_equal(secret_id_check(levels, strlen(levels), &e), 0);
    many(levels, "x", SECRET_ID_COMPONENTS_MAX + 1);
    assert_int_equal(secret_id_check(levels, strlen(levels), &e), ERR_RESOURCE_EXHAUSTED);
    refuses(levels, ERR_RESOURCE_EXHAUSTED, "too many components");
}

/* The naive matcher would take longer than the world has lasted: the test's time limit is
 * the assertion. */
static void no_pattern_takes_long(void **state)
{
    char monster[4 * SECRET_ID_COMPONENTS_MAX], id[4 * SECRET_ID_COMPONENTS_MAX];
    many(monster, "**/x", SECRET_ID_COMPONENTS_MAX / 2);
    monster[strlen(monster) - 1] = 'y';
    many(id, "x", SECRET_ID_COMPONENTS_MAX);
    assert_false(fixture_match(monster, id));
    assert_false(fixture_includes(monster, id));
    assert_false(fixture_intersects(monster, id));
    many(id, "**", SECRET_ID_COMPONENTS_MAX);
    assert_true(fixture_includes(id, monster));
    assert_false(fixture_includes(monster, id));
    assert_true(fixture_intersects(monster, id));
    many(id, "*", SECRET_ID_COMPONENTS_MAX);
    assert_false(fixture_includes(monster, id));
    assert_true(fixture_intersects(monster, id));
}

static void expansion_needs_one_gap_and_room(void **state)
{
    char levels[2 * SECRET_ID_COMPONENTS_MAX + 2];
    many(levels, "x", SECRET_ID_COMPONENTS_MAX);
    cleanup_pattern struct pattern p = fixture_pattern("foo/**");
    cleanup_pattern struct pattern many_gaps = fixture_pattern("**/**");
    cleanup_pattern struct pattern with = fixture_pattern(levels);
    cleanup_pattern struct pattern out = PATTERN_INIT;
    struct err e = {0};
    assert_int_equal(pattern_expand(&p, &with, &out, &e), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(pattern_expand(&many_gaps, &with, &out, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "pattern \"**/**\" has 2 components \"**\", just one can "
                                "be filled in");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inclusion_holds_for_the_hard_pairs),
        cmocka_unit_test(a_plugin_is_asked_for_the_smaller_pattern),
        cmocka_unit_test(a_partial_overlap_is_asked_with_the_request),
        cmocka_unit_test(equal_is_what_has_the_same_text),
        cmocka_unit_test(what_is_no_id_matches_nothing),
        cmocka_unit_test(a_bad_pattern_is_refused_with_its_reason),
        cmocka_unit_test(a_bad_id_is_refused_in_dockers_words),
        cmocka_unit_test(the_limits_of_ids_are_reached_and_held),
        cmocka_unit_test(no_pattern_takes_long),
        cmocka_unit_test(expansion_needs_one_gap_and_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
