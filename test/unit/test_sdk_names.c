/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk_fixture.h"

#include "sdk/sdk.h"

static void ids_and_patterns_are_told_apart(void **state)
{
    assert_true(coffer_id_is_valid("db/password"));
    assert_false(coffer_id_is_valid("db/*"));
    assert_false(coffer_id_is_valid(NULL));
    assert_true(coffer_pattern_is_valid("db/*/**"));
    assert_true(coffer_pattern_is_valid("db"));
    assert_false(coffer_pattern_is_valid("d*"));
    assert_false(coffer_pattern_is_valid(NULL));
}

static void an_id_has_its_longest_length(void **state)
{
    char id[COFFER_ID_MAX + 2];
    memset(id, 'a', sizeof(id) - 1);
    id[COFFER_ID_MAX + 1] = '\0';
    assert_false(coffer_id_is_valid(id));
    assert_false(coffer_pattern_is_valid(id));
    id[COFFER_ID_MAX] = '\0';
    assert_true(coffer_id_is_valid(id));
    assert_true(coffer_pattern_is_valid(id));
}

static void patterns_are_compared_exactly(void **state)
{
    assert_true(coffer_pattern_match("a/**", "a/b/c"));
    assert_false(coffer_pattern_match("a/*", "a/b/c"));
    assert_false(coffer_pattern_match("a//b", "a"));
    assert_false(coffer_pattern_match("a", "a/*"));
    assert_true(coffer_pattern_includes("a/**", "a/*/c"));
    assert_false(coffer_pattern_includes("a", "*"));
    assert_true(coffer_pattern_intersects("a/**", "**/b"));
    assert_false(coffer_pattern_intersects("a/**", "b/**"));
    assert_false(coffer_pattern_intersects("a", NULL));
}

static void a_pattern_is_filled_in(void **state)
{
    char out[COFFER_ID_MAX + 1] = "before", longest[COFFER_ID_MAX + 1];
    struct coffer_error e = {0};
    assert_int_equal(coffer_pattern_expand("a/**", "b/c", out, &e), COFFER_OK);
    assert_string_equal(out, "a/b/c");
    assert_int_equal(coffer_pattern_expand("a/**", "*", out, NULL), COFFER_OK);
    assert_string_equal(out, "a/*");
    assert_int_equal(coffer_pattern_expand("a/*", "b", out, &e), COFFER_INVALID);
    assert_non_null(strstr(e.text, "\"a/*\" has 0 components"));
    memset(longest, 'b', sizeof(longest) - 1);
    longest[COFFER_ID_MAX] = '\0';
    assert_int_equal(coffer_pattern_expand("a/**", longest, out, &e), COFFER_INVALID);
    assert_int_equal(coffer_pattern_expand("a/**", NULL, out, &e), COFFER_INVALID);
    assert_string_equal(out, "a/*");
}

static void a_reference_names_a_pattern(void **state)
{
    static const char text[] = "se://db/password";
    assert_ptr_equal(coffer_reference_pattern(text), text + 5);
    assert_string_equal(coffer_reference_pattern("se://*/x"), "*/x");
    assert_null(coffer_reference_pattern("se://"));
    assert_null(coffer_reference_pattern("SE://a"));
    assert_null(coffer_reference_pattern(" se://a"));
    assert_null(coffer_reference_pattern("se://a b"));
    assert_null(coffer_reference_pattern(NULL));
}

static void an_error_is_cut_where_it_is_too_long(void **state)
{
    struct coffer_error e;
    char text[2 * COFFER_ERROR_TEXT_SIZE];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(coffer_error_set(&e, COFFER_LOCKED, "%s", text), COFFER_LOCKED);
    assert_int_equal(e.code, COFFER_LOCKED);
    assert_int_equal(strlen(e.text), COFFER_ERROR_TEXT_SIZE - 1);
    assert_true(str_ends_with(e.text, "..."));
    assert_int_equal(coffer_error_set(NULL, COFFER_DENIED, "x"), COFFER_DENIED);
}

/* What a plugin says reaches a client as the same, whatever is between them. */
static void codes_survive_the_way_to_the_wire_and_back(void **state)
{
    for (int code = COFFER_OK; code < COFFER_AGAIN; code++)
        assert_int_equal(sdk_code(sdk_code_to_err(code)), code);
    assert_int_equal(sdk_code_to_err(COFFER_AGAIN), ERR_INTERNAL);
    assert_int_equal(sdk_code_to_err(-1), ERR_INTERNAL);
    assert_int_equal(sdk_code(-1), COFFER_INTERNAL);
    assert_int_equal(sdk_code(ERR_CODES), COFFER_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_and_patterns_are_told_apart),
        cmocka_unit_test(an_id_has_its_longest_length),
        cmocka_unit_test(patterns_are_compared_exactly),
        cmocka_unit_test(a_pattern_is_filled_in),
        cmocka_unit_test(a_reference_names_a_pattern),
        cmocka_unit_test(an_error_is_cut_where_it_is_too_long),
        cmocka_unit_test(codes_survive_the_way_to_the_wire_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
