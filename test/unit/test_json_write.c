/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of a tree: how it looks, and that it is whole or not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/str.h"
#include "fault_malloc.h"
#include "json/json.h"

static const struct json_style sorted = {.sorts_keys = true};
static const struct json_style wide = {.indent = 4, .digits = 3};

static json_t *sample(void)
{
    json_t *j = json_pack("{s[ib]s{ss}sf}", "b", 1, 1, "a", "k\n", "v\"", "c", 0.123456);
    assert_non_null(j);
    return j;
}

static void a_text_has_the_style_that_was_asked_for(void **state)
{
    static const struct json_style compact;
    static const struct {
        const struct json_style *style;
        const char *text;
    } cases[] = {
        {&compact, "{\"b\":[1,true],\"a\":{\"k\\n\":\"v\\\"\"},\"c\":0.123456}"},
        {&sorted, "{\"a\":{\"k\\n\":\"v\\\"\"},\"b\":[1,true],\"c\":0.123456}"},
        {&wide, "{\n    \"b\": [\n        1,\n        true\n    ],\n    \"a\": {\n"
                "        \"k\\n\": \"v\\\"\"\n    },\n    \"c\": 0.123\n}"},
    };
    cleanup_json json_t *j = sample();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup_buf struct buf out = BUF_INIT;
        assert_int_equal(json_write_style(j, cases[i].style, &out), 0);
        assert_string_equal(buf_str(&out), cases[i].text);
    }
}

static void any_value_is_written(void **state)
{
    cleanup_json json_t *j = json_string("a");
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(json_write(j, &out), 0);
    assert_string_equal(buf_str(&out), "\"a\"");
}

static void what_is_no_text_is_not_written(void **state)
{
    cleanup_json json_t *j = json_string_nocheck("\xff");
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(json_write(j, &out), ERR_NO_MEMORY);
}

/* An object of long keys, so that the buffer grows at a key, too. */
static json_t *long_keys(void)
{
    json_t *j = json_object();
    for (int i = 0; i < 40; i++) {
        char key[64];
        snprintf(key, sizeof(key), "%060d", i);
        assert_int_equal(json_object_set_new(j, key, json_integer(i)), 0);
    }
    return j;
}

static int write_both(void *user)
{
    cleanup_buf struct buf first = BUF_INIT, second = BUF_INIT;
    int r = json_write(user, &first);
    r = r ? r : json_write_style(user, &sorted, &second);
    if (!r)
        assert_int_equal(first.len, second.len);
    return r;
}

static void each_allocation_of_a_text_may_fail(void **state)
{
    cleanup_json json_t *j = long_keys();
    assert_true(fault_malloc_each(write_both, j) > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_the_style_that_was_asked_for),
        cmocka_unit_test(any_value_is_written),
        cmocka_unit_test(what_is_no_text_is_not_written),
        cmocka_unit_test(each_allocation_of_a_text_may_fail),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
