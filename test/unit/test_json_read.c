/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fault_malloc.h"
#include "json/json.h"

static const struct json_limits roomy = {
    .bytes = 65536, .values = 1000, .depth = JSON_DEPTH_MAX};

static void bad_json_is_told_in_the_words_of_go(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "EOF"},
        {" \n", "EOF"},
        {"{", "unexpected EOF"},
        {"{\"Name\":\"api_y\"", "unexpected EOF"},
        {"\"abc", "unexpected EOF"},
        {"notjson", "invalid character 'o' in literal null (expecting 'u')"},
        {"{a}", "invalid character 'a' looking for beginning of object key string"},
        {"{\"a\" 1}", "invalid character '1' after object key"},
        {"{\"a\":1 2}", "invalid character '2' after object key:value pair"},
        {"{\"a\":1,}",
         "invalid character '}' looking for beginning of object key string"},
        {"[1 2]", "invalid character '2' after array element"},
        {"[1,]", "invalid character ']' looking for beginning of value"},
        {"{} x", "invalid character 'x' after top-level value"},
        {"\"a\nb\"", "invalid character '\\n' in string literal"},
        {"\"\\x\"", "invalid character 'x' in string escape code"},
        {"\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"},
        {"-x", "invalid character 'x' in numeric literal"},
        {"1.x", "invalid character 'x' after decimal point in numeric literal"},
        {"1ex", "invalid character 'x' in exponent of numeric literal"},
        {"01", "invalid character '1' after top-level value"},
        {"tru", "unexpected EOF"},
        {"'a'", "invalid character '\\'' looking for beginning of value"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = {0};
        json_t *j = NULL;
        assert_int_equal(json_read(cases[i].text, strlen(cases[i].text), &roomy, &j, &e),
                         ERR_INVALID_ARGUMENT);
        assert_string_equal(e.text, cases[i].why);
    }
}

static void json_that_is_none_for_us_is_refused(void **state)
{
    (void)state;
    struct err e = {0};
    json_t *j = NULL;
    assert_int_equal(json_read("\"\\u0000\"", 8, &roomy, &j, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "a string contains a NUL character");
    assert_int_equal(json_read("\"\xff\"", 3, &roomy, &j, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "a string is not valid UTF-8");
    assert_int_equal(json_read("99999999999999999999", 20, &roomy, &j, &e),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "a number is too big");
    static const char *const halves[] = {"\"\\ud800\"", "\"\\ud800\\n\"",
                                         "\"\\ud800\\u0041\"", "\"\\udc00\""};
    for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
        assert_int_equal(json_read(halves[i], strlen(halves[i]), &roomy, &j, &e),
                         ERR_INVALID_ARGUMENT);
        assert_string_equal(e.text, "a string has half a surrogate pair");
    }
    assert_int_equal(json_read("1e999", 5, &roomy, &j, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "a number is too big");
    assert_int_equal(json_read("{\"a\\u0000\":1}", 13, &roomy, &j, &e),
                     ERR_INVALID_ARGUMENT);
}

/* Reads a text and writes it again. */
static void expect_read(const char *text, const char *expected)
{
    struct err e = {0};
    cleanup_json json_t *j = NULL;
    cleanup_buf struct buf out = BUF_INIT;
    if (json_read(text, strlen(text), &roomy, &j, &e))
        fail_msg("%s: %s", text, err_text(&e));
    assert_int_equal(json_write(j, &out), 0);
    assert_string_equal(buf_str(&out), expected);
}

static void values_are_read(void **state)
{
    (void)state;
    expect_read(" null ", "null");
    expect_read("[true,\tfalse , null]\n", "[true,false,null]");
    expect_read("[ ]", "[]");
    expect_read("{ }", "{}");
    expect_read("{ \"a\" : { \"b\" : [ 1 , [ ] ] } , \"c\" : \"\" }",
                "{\"a\":{\"b\":[1,[]]},\"c\":\"\"}");
    expect_read("{\"a\":1,\"a\":2}", "{\"a\":2}");
    expect_read("9223372036854775807", "9223372036854775807");
    expect_read("-9223372036854775808", "-9223372036854775808");
    expect_read("[-0,0.5,1e2,-2.5E-1]", "[0,0.5,100.0,-0.25]");
}

static void strings_are_read(void **state)
{
    (void)state;
    expect_read("\"\\b\\f\\n\\r\\t\\\\\\/\\\"\"", "\"\\b\\f\\n\\r\\t\\\\/\\\"\"");
    expect_read("\"\\u0041\\u00e9\\u20AC\"", "\"A\u00e9\u20ac\"");
    expect_read("\"\\ud83d\\ude00x\"", "\"\U0001f600x\"");
    expect_read("\"\u00e9\U0001f600\\n\"", "\"\u00e9\U0001f600\\n\"");
    expect_read("{\"\\u006b\":1}", "{\"k\":1}");
}

static void strings_can_be_mended(void **state)
{
    (void)state;
    const struct json_limits mending = {
        .bytes = 100, .values = 9, .depth = 2, .mends_strings = true};
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"\"a\\u0000b\"", "\"a\uFFFDb\""},
        {"\"\\ud800\"", "\"\uFFFD\""},
        {"\"\\ud800\\u0041\"", "\"\uFFFDA\""},
        {"\"\\ud800\\ud83d\\ude00\"", "\"\uFFFD\U0001F600\""},
        {"\"\\udc00\\n\"", "\"\uFFFD\\n\""},
        {"{\"k\\u0000\":1}", "{\"k\uFFFD\":1}"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup_json json_t *j = NULL;
        cleanup_buf struct buf out = BUF_INIT;
        assert_int_equal(
            json_read(cases[i].text, strlen(cases[i].text), &mending, &j, NULL), 0);
        assert_int_equal(json_write(j, &out), 0);
        assert_string_equal(buf_str(&out), cases[i].expected);
    }
}

/* ---- members ---- */

static void members_must_have_their_type(void **state)
{
    (void)state;
    struct err e = {0};
    cleanup_json json_t *j = NULL;
    const char *text = NULL;
    bool is_so = false;
    int64_t number = 0;
    const char all[] = "{\"t\":\"x\",\"b\":true,\"n\":5}";
    assert_int_equal(json_read(all, strlen(all), &roomy, &j, &e), 0);
    assert_int_equal(json_get_text(j, "t", &text, &e), 0);
    assert_string_equal(text, "x");
    assert_int_equal(json_get_bool(j, "b", &is_so, &e), 0);
    assert_true(is_so);
    assert_int_equal(json_get_int(j, "n", 5, 5, &number, &e), 0);
    assert_int_equal(number, 5);
    assert_int_equal(json_get_int(j, "n", 0, 4, &number, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "n: must be a whole number from 0 to 4");
    assert_int_equal(json_get_text(j, "n", &text, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "n: must be a string");
    assert_int_equal(json_get_bool(j, "none", &is_so, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "none: must be true or false");
    assert_int_equal(json_get_text(NULL, "t", &text, &e), ERR_INVALID_ARGUMENT);
}

static void text_is_utf8(void **state)
{
    (void)state;
    assert_true(json_is_text(""));
    assert_true(json_is_text("a\u00e9\U0001F600"));
    assert_false(json_is_text("a\xff"));
    assert_false(json_is_text("\xc3"));
    assert_false(json_is_text("\xed\xa0\x80"));
}

/* ---- limits ---- */

static void expect_refused(const char *text, const struct json_limits *l, const char *why)
{
    struct err e = {0};
    json_t *j = NULL;
    assert_int_equal(json_read(text, strlen(text), l, &j, &e), ERR_RESOURCE_EXHAUSTED);
    assert_string_equal(e.text, why);
    assert_null(j);
}

static void each_limit_is_told(void **state)
{
    (void)state;
    const struct json_limits small = {.bytes = 20, .values = 4, .depth = 2};
    const char five[] = "{\"a\":[1,2],\"b\":[]}";
    cleanup_json json_t *fits = NULL;
    assert_int_equal(json_read(five, strlen(five), &roomy, &fits, NULL), 0);
    expect_refused(five, &small, "more than 4 values");
    expect_refused("[[[]]]", &small, "exceeded max depth");
    expect_refused("                    1", &small, "longer than 20 bytes");
}

static void what_is_at_a_limit_is_read(void **state)
{
    (void)state;
    const struct json_limits small = {.bytes = 9, .values = 4, .depth = 2};
    cleanup_json json_t *j = NULL;
    assert_int_equal(json_read("[[1], 22]", 9, &small, &j, NULL), 0);
}

static void the_deepest_nesting_is_read(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH_MAX + 2];
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    cleanup_json json_t *j = NULL;
    assert_int_equal(json_read(text, sizeof(text) - 2, &roomy, &j, NULL), 0);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    json_t *deeper = NULL;
    assert_int_equal(json_read(text, sizeof(text), &roomy, &deeper, NULL),
                     ERR_RESOURCE_EXHAUSTED);
}

static void nothing_beyond_the_end_is_looked_at(void **state)
{
    (void)state;
    static const char *const cut[] = {"12", "tru", "\"a",     "\"\\u00",
                                      "[1", "-",   "{\"a\":", "\"\xc3"};
    for (size_t i = 0; i < ARRAY_SIZE(cut); i++) {
        size_t n = strlen(cut[i]);
        char *exact =
            malloc(n); /* without a NUL: the address sanitizer watches its end */
        assert_non_null(exact);
        memcpy(exact, cut[i], n);
        cleanup_json json_t *j = NULL;
        assert_int_equal(json_read(exact, n, &roomy, &j, NULL),
                         i == 0 ? 0 : ERR_INVALID_ARGUMENT);
        free(exact);
    }
}

/* ---- memory that runs out ---- */

static int read_and_write(void *user)
{
    const char *text = user;
    cleanup_json json_t *j = NULL;
    cleanup_buf struct buf out = BUF_INIT;
    int r = json_read(text, strlen(text), &roomy, &j, NULL);
    return r ? r : json_write(j, &out);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    char text[] =
        "[{\"a longer key than a small buffer has room for, so that it grows\":"
        "[1,2.5,true,null,\"\\u00e9\\n and a text that grows its buffer while "
        "it is read, \\\"twice\\\" at least\"],\"b\":{\"c\":{},\"d\":[]}},[1,2,3,4,"
        "5,6,7,8,9,10],\"x\"]";
    assert_true(fault_malloc_each(read_and_write, text) > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_json_is_told_in_the_words_of_go),
        cmocka_unit_test(json_that_is_none_for_us_is_refused),
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(strings_are_read),
        cmocka_unit_test(strings_can_be_mended),
        cmocka_unit_test(members_must_have_their_type),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(each_limit_is_told),
        cmocka_unit_test(what_is_at_a_limit_is_read),
        cmocka_unit_test(the_deepest_nesting_is_read),
        cmocka_unit_test(nothing_beyond_the_end_is_looked_at),
        cmocka_unit_test(each_allocation_may_fail),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
