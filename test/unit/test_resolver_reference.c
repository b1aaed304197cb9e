/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_fixture.h"

#include "base/buf.h"
#include "base/macro.h"
#include "resolver/reference.h"

static int parse(const char *value, enum reference_kind kind, struct err *e)
{
    struct pattern p = PATTERN_INIT;
    int r = reference_parse(value, kind, &p, e);
    if (!r)
        assert_string_equal(p.text, strstr(value, "//") + 2);
    pattern_deinit(&p);
    return r;
}

static void only_the_exact_prefix_makes_a_reference(void **state)
{
    assert_true(reference_is("se://a"));
    assert_true(reference_is("se://"));
    assert_false(reference_is("SE://a"));
    assert_false(reference_is(" se://a"));
    assert_false(reference_is("x=se://a"));
    assert_int_equal(parse("a", REFERENCE_ID, NULL), ERR_INVALID_ARGUMENT);
}

static void what_is_behind_the_prefix_is_an_id_and_nothing_else(void **state)
{
    static const char *const bad[] = {
        "se://",   "se://a?x",  "se://a#b", "se://a%20b", "se://a ",
        "se:// a", "se://a//b", "se:///a",  "se://a\nb",  "se://se://a"};
    assert_int_equal(parse("se://db/password", REFERENCE_ID, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(parse(bad[i], REFERENCE_ID, NULL), ERR_INVALID_ARGUMENT);
        assert_int_equal(parse(bad[i], REFERENCE_PATTERN, NULL), ERR_INVALID_ARGUMENT);
    }
}

static void wildcards_are_for_patterns_only(void **state)
{
    struct err e = {0};
    assert_int_equal(parse("se://*/db", REFERENCE_PATTERN, &e), 0);
    assert_int_equal(parse("se://*/db", REFERENCE_ID, &e), ERR_INVALID_ARGUMENT);
    assert_non_null(
        strstr(e.text, "reference \"se://*/db\": invalid identifier: \"*/db\""));
}

/* Replaces each reference of a text by its target in brackets. */
static int mark(const char *text, enum reference_kind kind, struct buf *out,
                struct err *e)
{
    size_t n = strlen(text), from = 0;
    for (;;) {
        struct reference ref;
        int r = reference_next(text, n, from, kind, &ref, e);
        if (r == ERR_NOT_FOUND)
            return buf_append(out, text + from, n - from);
        if (r)
            return r;
        assert_int_equal(buf_append(out, text + from, ref.start - from), 0);
        assert_int_equal(buf_printf(out, "[%.*s]", (int)ref.len, ref.target), 0);
        from = ref.end;
    }
}

static void becomes(const char *text, const char *expected)
{
    cleanup_buf struct buf out = BUF_INIT;
    struct err e = {0};
    if (mark(text, REFERENCE_ID, &out, &e))
        fail_msg("%s: %s", text, e.text);
    assert_string_equal(buf_str(&out), expected);
}

static void a_bare_reference_ends_at_the_first_byte_no_id_has(void **state)
{
    becomes("", "");
    becomes("nothing: here", "nothing: here");
    becomes("se://a", "[a]");
    becomes("pw: \"se://db/pw\", x", "pw: \"[db/pw]\", x");
    becomes("postgres://u:se://db/pw@host/x", "postgres://u:[db/pw]@host/x");
    becomes("(se://a)se://b\nse://c?d=se://e&f", "([a])[b]\n[c]?d=[e]&f");
    becomes("see se://a.b. Or", "see [a.b.] Or");
}

static void a_reference_begins_where_no_word_ends(void **state)
{
    becomes("house://a and se://b", "house://a and [b]");
    becomes("x+se://a x-se://a x.se://a 1se://a _se://a", "x+se://a x-se://a x.se://a "
                                                          "1se://a _se://a");
    becomes("\xc3\xa9=se://a", "\xc3\xa9=[a]");
}

static void braces_say_where_a_reference_ends(void **state)
{
    becomes("{{se://u}}:{{ se://p\t}}.", "[u]:[p].");
    becomes("{{{se://u}}}", "{[u]}");
    becomes("{{a}}se://b}}", "{{a}}[b]}}");
    becomes("{ {se://b}}", "{ {[b]}}");
}

static void refused(const char *text, const char *words)
{
    cleanup_buf struct buf out = BUF_INIT;
    struct err e = {0};
    assert_int_equal(mark(text, REFERENCE_ID, &out, &e), ERR_INVALID_ARGUMENT);
    if (!strstr(e.text, words))
        fail_msg("\"%s\" doesn't say \"%s\"", e.text, words);
}

static void a_broken_reference_in_text_is_an_error_with_its_line(void **state)
{
    refused("a\nb: se://\n", "line 2: reference \"se://\": invalid identifier: \"\"");
    refused("se://a/*", "line 1: reference \"se://a/*\": invalid identifier");
    refused("se://a/", "invalid identifier: \"a/\"");
    refused("\n\n{{ se://a }", "line 3: reference \"se://a\": \"{{\" before it, but no");
    refused("{{se://a", "no \"}}\" behind it");
    refused("se://a:se://b", "invalid identifier: \"a:se://b\"");
}

static void patterns_may_stand_in_text_when_asked_for(void **state)
{
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(mark("x=se://a/**,", REFERENCE_PATTERN, &out, NULL), 0);
    assert_string_equal(buf_str(&out), "x=[a/**],");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_exact_prefix_makes_a_reference),
        cmocka_unit_test(what_is_behind_the_prefix_is_an_id_and_nothing_else),
        cmocka_unit_test(wildcards_are_for_patterns_only),
        cmocka_unit_test(a_bare_reference_ends_at_the_first_byte_no_id_has),
        cmocka_unit_test(a_reference_begins_where_no_word_ends),
        cmocka_unit_test(braces_say_where_a_reference_ends),
        cmocka_unit_test(a_broken_reference_in_text_is_an_error_with_its_line),
        cmocka_unit_test(patterns_may_stand_in_text_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
