/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fault_malloc.h"
#include "oci/spec.h"
#include "json/json.h"

static const char *const helper[2] = {"/proc/self/fd/4", "3"};
static const struct spec_changes changes = {.arguments = helper, .bundle = "/b"};

static int read_text(struct spec *s, enum spec_kind kind, const char *text, struct err *e)
{
    cleanup_buf struct buf b = BUF_INIT;
    int r = buf_append_str(&b, text);
    return r ? r : spec_read(s, kind, &b, e);
}

static void assert_becomes(enum spec_kind kind, const char *text, const char *wanted)
{
    cleanup_spec struct spec s = {0};
    cleanup_buf struct buf out = BUF_INIT;
    struct err e = {0};
    assert_int_equal(read_text(&s, kind, text, &e), 0);
    assert_int_equal(spec_write(&s, &changes, &out, &e), 0);
    assert_string_equal(buf_str(&out), wanted);
}

static void only_what_must_change_changes(void **state)
{
    (void)state;
    assert_becomes(
        SPEC_CONFIG,
        " {\"n\":18446744073709551615, \"root\" : {\"path\":\"rootfs\"},"
        "\"process\":{\"env\":[\"A=b\"],\"args\":[\"sh\" , \"-c\"],\"x\":1e400}} \n",
        " {\"n\":18446744073709551615, \"root\" : {\"path\":\"/b/rootfs\"},"
        "\"process\":{\"env\":[\"A=b\"],\"args\":[\"/proc/self/fd/"
        "4\",\"3\",\"sh\",\"-c\"],"
        "\"x\":1e400}} \n");
    assert_becomes(SPEC_CONFIG,
                   "{\"process\":{\"args\":[\"a\"]},\"root\":{\"path\":\"/r\"}}",
                   "{\"process\":{\"args\":[\"/proc/self/fd/4\",\"3\",\"a\"]},"
                   "\"root\":{\"path\":\"/r\"}}");
    assert_becomes(SPEC_CONFIG,
                   "{\"process\":{\"args\":[\"a\"]},\"root\":{\"path\":\"r\"}}",
                   "{\"process\":{\"args\":[\"/proc/self/fd/4\",\"3\",\"a\"]},"
                   "\"root\":{\"path\":\"/b/r\"}}");
    assert_becomes(
        SPEC_PROCESS, "{\"args\":[\"\\u003c\"],\"env\":null,\"root\":7}",
        "{\"args\":[\"/proc/self/fd/4\",\"3\",\"<\"],\"env\":null,\"root\":7}");
}

static void mounts_take_the_place_of_others(void **state)
{
    (void)state;
    static const char text[] =
        "{\"mounts\": [1],\"x\":1e400,\"process\":{\"args\":[\"a\"]},"
        "\"root\":{\"path\":\"r\"}}";
    cleanup_spec struct spec s = {0};
    cleanup_buf struct buf both = BUF_INIT, alone = BUF_INIT;
    cleanup_json json_t *list = json_pack("[s]", "m"), *read = NULL;
    struct spec_changes c = {.arguments = helper, .mounts = list, .bundle = "/b"};
    assert_int_equal(read_text(&s, SPEC_CONFIG, text, NULL), 0);
    assert_int_equal(spec_mounts(&s, &read, NULL), 0);
    assert_int_equal(json_array_size(read), 1);
    assert_int_equal(spec_write(&s, &c, &both, NULL), 0);
    assert_string_equal(both.data,
                        "{\"mounts\": [\"m\"],\"x\":1e400,\"process\":{\"args\":"
                        "[\"/proc/self/fd/4\",\"3\",\"a\"]},"
                        "\"root\":{\"path\":\"/b/r\"}}");
    c.arguments = NULL;
    assert_int_equal(spec_write(&s, &c, &alone, NULL), 0);
    assert_string_equal(alone.data,
                        "{\"mounts\": [\"m\"],\"x\":1e400,\"process\":{\"args\":"
                        "[\"a\"]},\"root\":{\"path\":\"/b/r\"}}");
}

static void the_environment_is_read(void **state)
{
    (void)state;
    cleanup_spec struct spec s = {0};
    assert_int_equal(
        read_text(&s, SPEC_CONFIG, "{\"process\":{\"env\":[\"A=\\\"\",\"B\"]}}", NULL),
        0);
    assert_int_equal(json_array_size(s.env), 2);
    assert_string_equal(json_string_value(json_array_get(s.env, 0)), "A=\"");
}

static void parts_may_be_missing(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "{\"process\":null}", "{\"process\":{}}",
                                        "{\"process\":{\"env\":null,\"args\":null}}"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        cleanup_spec struct spec s = {0};
        cleanup_buf struct buf out = BUF_INIT;
        assert_int_equal(read_text(&s, SPEC_CONFIG, texts[i], NULL), 0);
        assert_null(s.env);
        assert_int_equal(spec_write(&s, &changes, &out, NULL), ERR_UNIMPLEMENTED);
    }
}

static void what_is_no_specification_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        "[]",
                                        "{\"process\":{\"env\":{}}}",
                                        "{\"process\":{\"env\":[1]}}",
                                        "{\"process\":{\"env\":[\"\\u0000\"]}}",
                                        "{} {}",
                                        "{\"process\":{\"env\":[\"A=b\"]}"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct spec s = {0};
        struct err e = {0};
        assert_int_not_equal(read_text(&s, SPEC_CONFIG, texts[i], &e), 0);
        assert_int_not_equal(e.code, 0);
    }
}

static void a_relative_bind_is_refused(void **state)
{
    (void)state;
    cleanup_spec struct spec s = {0};
    cleanup_buf struct buf out = BUF_INIT;
    struct err e = {0};
    assert_int_equal(read_text(&s, SPEC_CONFIG,
                               "{\"process\":{\"args\":[\"a\"]},\"mounts\":["
                               "{\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
                               "{\"source\":\"here\",\"options\":[\"rbind\"]}]}",
                               NULL),
                     0);
    assert_int_equal(spec_write(&s, &changes, &out, &e), ERR_UNIMPLEMENTED);
    assert_non_null(strstr(e.text, "here"));
}

static int read_and_write(void *user)
{
    (void)user;
    cleanup_spec struct spec s = {0};
    cleanup_buf struct buf out = BUF_INIT;
    int r = read_text(&s, SPEC_CONFIG,
                      "{\"process\":{\"args\":[\"a\"],\"env\":[\"A=b\"]},"
                      "\"root\":{\"path\":\"r\"},\"mounts\":[]}",
                      NULL);
    return r ? r : spec_write(&s, &changes, &out, NULL);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(fault_malloc_each(read_and_write, NULL) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_must_change_changes),
        cmocka_unit_test(mounts_take_the_place_of_others),
        cmocka_unit_test(the_environment_is_read),
        cmocka_unit_test(parts_may_be_missing),
        cmocka_unit_test(what_is_no_specification_is_refused),
        cmocka_unit_test(a_relative_bind_is_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
