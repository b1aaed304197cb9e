/* SPDX-License-Identifier: Apache-2.0 */
/* Names of 1Password as ids, and which field an id is, on an account in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "onepassword/name.h"
#include "onepassword/onepassword.h"
#include "json/json.h"

static int give(const char *text, json_t **out, struct err *e)
{
    static const struct json_limits limits = {.bytes = 4096, .values = 100, .depth = 8};
    return json_read(text, strlen(text), &limits, out, e);
}

static int vaults(struct source *s, const struct waiter *w, json_t **out, struct err *e)
{
    return give("[{\"id\":\"v1\",\"name\":\"R&D\"},{\"id\":\"v2\",\"name\":\"()\"},"
                "{\"id\":\"..\",\"name\":\"x\"},{\"id\":\"-f\"},{},7]",
                out, e);
}

static int items(struct source *s, const char *vault, const struct waiter *w,
                 json_t **out, struct err *e)
{
    if (strcmp(vault, "v1") != 0)
        return err_set(e, ERR_NOT_FOUND, "no such vault");
    return give(
        "[{\"id\":\"i1\",\"title\":\"My Key\"},{\"id\":\"i2\",\"title\":\"my key\"},"
        "{\"id\":\"i3\",\"title\":\"Plain\"},{\"id\":\"a/b\",\"title\":\"Plain\"},7]",
        out, e);
}

static int item(struct source *s, const char *vault, const char *id,
                const struct waiter *w, json_t **out, struct err *e)
{
    if (strcmp(id, "i3") != 0)
        return give(
            "{\"title\":\"My Key\",\"fields\":[{\"id\":\"password\",\"value\":\"p\"}]}",
            out, e);
    return give(
        "{\"title\":\"Plain\",\"version\":4,\"createdAt\":\"2021-04-10T12:35:06Z\","
        "\"sections\":[{\"id\":\"s1\",\"label\":\"One\"},7],\"fields\":["
        "{\"id\":\"f1\",\"label\":\"Token\",\"value\":\"1\",\"type\":\"CONCEALED\"},"
        "{\"id\":\"f2\",\"label\":\"Token\",\"value\":\"2\",\"section\":{\"id\":\"s1\"}},"
        "{\"id\":\"token\",\"label\":\"Other\",\"value\":\"3\"},"
        "{\"id\":\"f4\",\"label\":\"Number\",\"value\":4},{\"id\":\"f5\"},7]}",
        out, e);
}

static const struct source_calls calls = {vaults, items, item, NULL};
static struct source source = {&calls};
static const struct onepassword account = {&source, "op"};

static int ask(const char *text, struct secret_envelopes *found, struct err *e)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    const struct waiter w = {0};
    secret_envelopes_deinit(found);
    int r = pattern_parse(&pattern, text, strlen(text), e);
    return r ? r : onepassword_get(&account, &pattern, &w, found, e);
}

static void assert_value(const char *id, const char *value)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    struct err e;
    assert_int_equal(ask(id, &found, &e), 0);
    assert_int_equal(found.len, 1);
    assert_string_equal(found.items[0].id, id);
    assert_string_equal(buf_str(&found.items[0].value), value);
}

static void assert_none(const char *id, int code)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    struct err e;
    assert_int_equal(ask(id, &found, &e), code);
    assert_int_equal(found.len, 0);
}

static void names_follow_dockers_rules(void **state)
{
    static const char *const rules[][2] = {{"GitHub", "github"},
                                           {"My Key (prod)", "my-key-prod"},
                                           {"R&D/2", "r_d_2"},
                                           {"a.b_c-d", "a.b_c-d"},
                                           {"user@host:22!", "userhost22"},
                                           {"  ", "--"},
                                           {"\xc3\xbc\xc3\xbc", ""},
                                           {"", ""}};
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        cleanup_buf struct buf name = BUF_INIT;
        assert_int_equal(onepassword_name(&name, rules[i][0]), 0);
        assert_string_equal(buf_str(&name), rules[i][1]);
    }
}

static void ids_are_letters_and_digits(void **state)
{
    assert_true(onepassword_is_id("zw2kxj7r3xe2gyjfgpwpfwbn5m"));
    assert_true(onepassword_is_id("0b1c-2D"));
    assert_false(onepassword_is_id("-f"));
    assert_false(onepassword_is_id(".."));
    assert_false(onepassword_is_id("a/b"));
    assert_false(onepassword_is_id(""));
    assert_false(onepassword_is_id(NULL));
}

static void the_most_direct_name_counts(void **state)
{
    assert_value("op/r_d/plain", "1");
    assert_value("op/i3", "1");
    assert_value("op/V1/Plain", "1");
    assert_value("op/r_d/plain/token", "1");
    assert_value("op/r_d/plain/one/token", "2");
    assert_value("op/r_d/i3/s1/f2", "2");
    assert_value("op/r_d/plain/f2", "2");
    assert_value("op/v1/i3/other", "3");
    assert_value("op/r_d/i1/password", "p");
    assert_none("op/r_d/plain/number", ERR_NOT_FOUND);
    assert_none("op/r_d/plain/f5", ERR_NOT_FOUND);
    assert_none("op/r_d/my-key", ERR_INVALID_ARGUMENT);
    assert_none("op/x/plain", ERR_NOT_FOUND);
    assert_none("op/v2/plain", ERR_NOT_FOUND);
    assert_none("other/v1/plain", ERR_NOT_FOUND);
}

static void a_pattern_passes_over_what_is_ambiguous(void **state)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    struct err e;
    assert_int_equal(ask("op/R_D/*", &found, &e), 0);
    assert_int_equal(found.len, 1);
    assert_string_equal(found.items[0].id, "op/R_D/plain");
    assert_string_equal(found.items[0].version, "4");
    assert_int_equal(found.items[0].created_at.seconds, 1618058106);
    assert_string_equal(secret_envelope_get(&found.items[0], "vault"), "R&D");
    assert_int_equal(ask("none/**", &found, &e), 0);
    assert_int_equal(found.len, 0);
}

static int ask_all(void *user)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    struct err e;
    return ask("op/**", &found, &e);
}

static void every_allocation_may_fail(void **state)
{
    assert_true(fault_malloc_each(ask_all, NULL) >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_follow_dockers_rules),
        cmocka_unit_test(ids_are_letters_and_digits),
        cmocka_unit_test(the_most_direct_name_counts),
        cmocka_unit_test(a_pattern_passes_over_what_is_ambiguous),
        cmocka_unit_test(every_allocation_may_fail),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
