/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of a KV store by ids and patterns, on a Vault that is a table of answers: the
 * two functions of the client are the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "vault/kv.h"
#include "json/json.h"

#define SECRET(fields)                                                                   \
    "{\"data\":" fields ",\"metadata\":{\"version\":3,"                                  \
    "\"created_time\":\"2018-03-22T02:24:06.9Z\",\"deletion_time\":\"2100-01-01T00:00:"  \
    "00Z\","                                                                             \
    "\"custom_metadata\":{\"owner\":\"me\",\"n\":5}}}"

static const struct {
    const char *path, *answer; /* NULL: 403 */
} table[] = {
    {"secret/metadata", "{\"keys\":[\"app\",\"app/\",\"a b\",\"*\",\"../\",\"\",\"/\",7,"
                        "\"shut/\"]}"},
    {"secret/metadata/app", "{\"keys\":[\"db\",\"mail\",\"x/\"]}"},
    {"secret/metadata/app/x", "{\"keys\":\"none\"}"},
    {"secret/data/app",
     SECRET("{\"value\":\"v\",\"db\":\"field\",\"a b\":\"x\",\"c/d\":\"x\"}")},
    {"secret/data/app/db", SECRET("{\"value\":\"own\",\"port\":5432}")},
    {"secret/data/app/mail", SECRET("null")},
    {"secret/metadata/shut", NULL},
    {"secret/data/shut", NULL},
    {"secret/data/shut/open", SECRET("{\"value\":\"o\"}")},
};

static const struct json_limits limits = {.bytes = 4096, .values = 100, .depth = 8};

static int find(const char *path, json_t **out, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (strcmp(table[i].path, path) != 0)
            continue;
        if (!table[i].answer)
            return err_set(e, ERR_PERMISSION_DENIED, "403 for %s", path);
        return json_read(table[i].answer, strlen(table[i].answer), &limits, out, e);
    }
    return err_set(e, ERR_NOT_FOUND, "404 for %s", path);
}

int vault_client_read(struct vault_client *c, const char *path, const struct waiter *w,
                      json_t **out, struct err *e)
{
    assert_null(strstr(path, ".."));
    return find(path, out, e);
}

int vault_client_list(struct vault_client *c, const char *path, const struct waiter *w,
                      json_t **out, struct err *e)
{
    return find(path, out, e);
}

struct fixture {
    struct secret_envelopes found;
    struct err e;
};

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    secret_envelopes_deinit(&f->found);
    free(f);
    return 0;
}

static const struct vault_kv kv = {.mount = "secret", .prefix = "v"};

static int ask(struct fixture *f, const char *text)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    const struct waiter w = {0};
    secret_envelopes_deinit(&f->found);
    int r = pattern_parse(&pattern, text, strlen(text), &f->e);
    return r ? r : vault_kv_get(&kv, &pattern, &w, &f->found, &f->e);
}

static void assert_value(const struct fixture *f, size_t i, const char *id,
                         const char *value)
{
    assert_true(i < f->found.len);
    assert_string_equal(f->found.items[i].id, id);
    assert_string_equal(buf_str(&f->found.items[i].value), value);
}

static void an_id_is_a_field_or_a_path_with_the_field_value(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "v/app"), 0);
    assert_value(f, 0, "v/app", "v");
    assert_int_equal(ask(f, "v/app/db"), 0);
    assert_value(f, 0, "v/app/db", "field");
    assert_int_equal(ask(f, "v/app/db/value"), 0);
    assert_value(f, 0, "v/app/db/value", "own");
    assert_int_equal(ask(f, "v/app/db/port"), 0);
    assert_value(f, 0, "v/app/db/port", "5432");
    assert_int_equal(ask(f, "v/app/none"), ERR_NOT_FOUND);
    assert_int_equal(ask(f, "v/app/mail"), ERR_NOT_FOUND);
    assert_int_equal(ask(f, "v"), ERR_NOT_FOUND);
    assert_int_equal(ask(f, "vv/app"), ERR_NOT_FOUND);
    assert_int_equal(ask(f, "v/a/../app"), ERR_NOT_FOUND);
}

static void version_times_and_metadata_are_told(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "v/app"), 0);
    const struct secret_envelope *one = &f->found.items[0];
    assert_string_equal(one->version, "3");
    assert_int_equal(one->created_at.seconds, 1521685446);
    assert_int_equal(one->expires_at.seconds, 4102444800);
    assert_int_equal(one->n_metadata, 1);
    assert_string_equal(secret_envelope_get(one, "owner"), "me");
}

static void a_pattern_finds_what_ids_find_and_no_more(void **state)
{
    static const char *const ids[] = {"v/app/value", "v/app", "v/app/db",
                                      "v/app/db/value", "v/app/db/port"};
    struct fixture *f = *state;
    assert_int_equal(ask(f, "v/**"), 0);
    assert_int_equal(f->found.len, ARRAY_SIZE(ids));
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        assert_string_equal(f->found.items[i].id, ids[i]);
    assert_value(f, 2, "v/app/db", "field");
    assert_int_equal(ask(f, "v/app/db/**"), 0);
    assert_value(f, 0, "v/app/db", "field");
    assert_int_equal(f->found.len, 3);
    assert_int_equal(ask(f, "v/../**"), 0);
    assert_int_equal(f->found.len, 0);
}

static void one_of_two_places_may_be_hidden(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "v/shut/open"), 0);
    assert_value(f, 0, "v/shut/open", "o");
    assert_int_equal(ask(f, "v/shut/other"), ERR_PERMISSION_DENIED);
    assert_string_equal(f->e.text,
                        "403 for secret/data/shut; 404 for secret/data/shut/other");
    assert_int_equal(ask(f, "v/shut/**"), ERR_PERMISSION_DENIED);
    assert_int_equal(ask(f, "v/none/**"), 0);
}

static void a_mount_and_a_prefix_must_make_sense(void **state)
{
    static const struct vault_kv bad[] = {{NULL, "", "v"},       {NULL, "a/", "v"},
                                          {NULL, "a/../b", "v"}, {NULL, "a?b", "v"},
                                          {NULL, "a", ""},       {NULL, "a", "v/*"}};
    struct err e;
    assert_int_equal(vault_kv_check(&kv, &e), 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(vault_kv_check(&bad[i], &e), ERR_INVALID_ARGUMENT);
}

static int ask_all(void *user)
{
    struct fixture f = {0};
    int r = ask(&f, "v/app/**");
    if (!r)
        r = ask(&f, "v/app/db/port");
    secret_envelopes_deinit(&f.found);
    return r;
}

static void every_allocation_may_fail(void **state)
{
    assert_true(fault_malloc_each(ask_all, NULL) >= 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_id_is_a_field_or_a_path_with_the_field_value),
        TEST(version_times_and_metadata_are_told),
        TEST(a_pattern_finds_what_ids_find_and_no_more),
        TEST(one_of_two_places_may_be_hidden),
        TEST(a_mount_and_a_prefix_must_make_sense),
        TEST(every_allocation_may_fail),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
