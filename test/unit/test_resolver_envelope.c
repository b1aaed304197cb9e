/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

static void unset_is_gos_zero_time_on_the_wire(void **state)
{
    struct secret_time t = {.is_set = true};
    int64_t seconds;
    int32_t nanos;
    assert_int_equal(secret_time_read(SECRET_TIME_ZERO_SECONDS, 0, &t, NULL), 0);
    assert_false(t.is_set);
    secret_time_write(&t, &seconds, &nanos);
    assert_int_equal(seconds, SECRET_TIME_ZERO_SECONDS);
    assert_int_equal(nanos, 0);
    assert_int_equal(secret_time_read(0, 0, &t, NULL), 0);
    assert_true(t.is_set);
    assert_int_equal(secret_time_read(SECRET_TIME_ZERO_SECONDS, 1, &t, NULL), 0);
    assert_true(t.is_set);
}

static void times_pass_through_as_they_are(void **state)
{
    struct secret_time t;
    int64_t seconds;
    int32_t nanos;
    assert_int_equal(secret_time_read(INT64_C(253402300799), 999999999, &t, NULL), 0);
    secret_time_write(&t, &seconds, &nanos);
    assert_int_equal(seconds, INT64_C(253402300799));
    assert_int_equal(nanos, 999999999);
}

static void a_time_that_is_none_is_refused(void **state)
{
    struct secret_time t;
    assert_int_equal(secret_time_read(INT64_MIN, 0, &t, NULL), ERR_BAD_MESSAGE);
    assert_int_equal(secret_time_read(INT64_C(253402300800), 0, &t, NULL),
                     ERR_BAD_MESSAGE);
    assert_int_equal(secret_time_read(0, -1, &t, NULL), ERR_BAD_MESSAGE);
    assert_int_equal(secret_time_read(0, 1000000000, &t, NULL), ERR_BAD_MESSAGE);
}

static void a_time_comes_at_its_nanosecond(void **state)
{
    struct secret_time t = secret_time_from_clock(5 * CLOCK_SECOND + 7);
    struct secret_time unset = {.is_set = false};
    assert_false(secret_time_has_come(&t, 5 * CLOCK_SECOND + 6));
    assert_true(secret_time_has_come(&t, 5 * CLOCK_SECOND + 7));
    assert_true(secret_time_has_come(&t, 6 * CLOCK_SECOND));
    assert_false(secret_time_has_come(&t, -CLOCK_SECOND));
    assert_false(secret_time_has_come(&unset, CLOCK_NEVER));
    t = secret_time_from_clock(-1);
    assert_int_equal(t.seconds, -1);
    assert_int_equal(t.nanos, 999999999);
}

static void a_copy_has_everything(void **state)
{
    cleanup_secret_envelope struct secret_envelope a = {0}, b = {0};
    a.expires_at = secret_time_from_clock(CLOCK_SECOND);
    assert_int_equal(secret_envelope_set_id(&a, "db/pw", NULL), 0);
    assert_int_equal(secret_envelope_set_value(&a, "x\0y", 3, NULL), 0);
    assert_int_equal(secret_envelope_set_provider(&a, "pass", NULL), 0);
    assert_int_equal(secret_envelope_set_version(&a, "v1", NULL), 0);
    assert_int_equal(secret_envelope_put(&a, "user", "me", NULL), 0);
    assert_int_equal(secret_envelope_put(&a, "user", "you", NULL), 0);
    assert_int_equal(secret_envelope_copy(&a, &b, NULL), 0);
    assert_string_equal(b.id, "db/pw");
    assert_int_equal(b.value.len, 3);
    assert_memory_equal(b.value.data, "x\0y", 3);
    assert_string_equal(b.provider, "pass");
    assert_string_equal(b.version, "v1");
    assert_int_equal(b.n_metadata, 1);
    assert_string_equal(secret_envelope_get(&b, "user"), "you");
    assert_null(secret_envelope_get(&b, "User"));
    assert_true(b.expires_at.is_set);
    assert_false(b.created_at.is_set);
}

static void a_refused_field_leaves_the_old_one(void **state)
{
    char long_text[SECRET_TEXT_MAX + 2];
    cleanup_secret_envelope struct secret_envelope a = {0};
    memset(long_text, 'x', sizeof(long_text));
    long_text[SECRET_TEXT_MAX + 1] = '\0';
    assert_int_equal(secret_envelope_set_id(&a, "db/pw", NULL), 0);
    assert_int_equal(secret_envelope_set_id(&a, "db//pw", NULL), ERR_INVALID_ARGUMENT);
    assert_string_equal(a.id, "db/pw");
    assert_int_equal(secret_envelope_set_provider(&a, long_text, NULL),
                     ERR_RESOURCE_EXHAUSTED);
    assert_null(a.provider);
}

static void a_value_may_be_so_large_and_no_larger(void **state)
{
    cleanup_secret_envelope struct secret_envelope a = {0};
    struct err e = {0};
    char *value = calloc(1, SECRET_VALUE_MAX + 1);
    assert_non_null(value);
    assert_int_equal(secret_envelope_set_value(&a, value, SECRET_VALUE_MAX, &e), 0);
    assert_int_equal(secret_envelope_set_value(&a, value, SECRET_VALUE_MAX + 1, &e),
                     ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(a.value.len, SECRET_VALUE_MAX);
    free(value);
}

static void metadata_has_so_many_pairs_and_bytes(void **state)
{
    cleanup_secret_envelope struct secret_envelope a = {0};
    char key[32];
    for (int i = 0; i < SECRET_METADATA_MAX; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(secret_envelope_put(&a, key, "", NULL), 0);
    }
    assert_int_equal(secret_envelope_put(&a, "k0", "v", NULL), 0);
    assert_int_equal(secret_envelope_put(&a, "more", "", NULL), ERR_RESOURCE_EXHAUSTED);
    char *value = calloc(1, SECRET_METADATA_BYTES_MAX + 1);
    assert_non_null(value);
    memset(value, 'v', SECRET_METADATA_BYTES_MAX);
    assert_int_equal(secret_envelope_put(&a, "k0", value, NULL), ERR_RESOURCE_EXHAUSTED);
    assert_string_equal(secret_envelope_get(&a, "k0"), "v");
    secret_envelope_deinit(&a);
    value[SECRET_METADATA_BYTES_MAX - 1] = '\0';
    assert_int_equal(secret_envelope_put(&a, "k", value, NULL), 0);
    assert_int_equal(secret_envelope_put(&a, "k", value, NULL), 0);
    assert_int_equal(secret_envelope_put(&a, "l", "", NULL), ERR_RESOURCE_EXHAUSTED);
    free(value);
}

static void a_list_has_a_limit_and_moves_what_it_takes(void **state)
{
    cleanup_secret_envelopes struct secret_envelopes list = {0};
    for (int i = 0; i < SECRET_ENVELOPES_MAX; i++)
        fixture_append(&list, "a", "");
    cleanup_secret_envelope struct secret_envelope one = {0};
    assert_int_equal(secret_envelope_set_id(&one, "b", NULL), 0);
    assert_int_equal(secret_envelopes_append(&list, &one, NULL), ERR_RESOURCE_EXHAUSTED);
    assert_string_equal(one.id, "b");
    secret_envelope_deinit(&list.items[--list.len]);
    assert_int_equal(secret_envelopes_append(&list, &one, NULL), 0);
    assert_null(one.id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unset_is_gos_zero_time_on_the_wire),
        cmocka_unit_test(times_pass_through_as_they_are),
        cmocka_unit_test(a_time_that_is_none_is_refused),
        cmocka_unit_test(a_time_comes_at_its_nanosecond),
        cmocka_unit_test(a_copy_has_everything),
        cmocka_unit_test(a_refused_field_leaves_the_old_one),
        cmocka_unit_test(a_value_may_be_so_large_and_no_larger),
        cmocka_unit_test(metadata_has_so_many_pairs_and_bytes),
        cmocka_unit_test(a_list_has_a_limit_and_moves_what_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
