/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "store_fixture.h"

/* As many as a large cluster has, and more time than they take by far (a few hundred ms
 * under the sanitizers): quadratic behaviour would not fit. */
#define MANY_SECRETS 10000
#define MANY_TASKS 30000
#define MANY_SECONDS 5.0

static int setup(void **state)
{
    *state = store_new();
    assert_non_null(*state);
    return 0;
}

static int teardown(void **state)
{
    store_free(*state);
    return 0;
}

static void loaded_objects_keep_their_meta(void **state)
{
    struct store *s = *state;
    struct object *o = fixture_object(OBJECT_SECRET, "s1", "token");
    object_meta(o)->version->index = 41;
    assert_int_equal(message_set_time(&object_meta(o)->created_at, 17), 0);
    assert_int_equal(store_load(s, o, NULL), 0);
    store_set_version(s, 50);
    const struct object *loaded = store_get(store_view(s), OBJECT_SECRET, "s1");
    assert_int_equal(object_version(loaded), 41);
    assert_int_equal(message_time(object_meta(loaded)->created_at, 0), 17);
    assert_int_equal(store_version(store_view(s)), 50);
    assert_int_equal(store_count(store_view(s), OBJECT_SECRET), 1);
}

static void the_first_transaction_after_loading_has_the_next_version(void **state)
{
    struct store *s = *state;
    store_set_version(s, 50);
    fixture_commit(s, fixture_object(OBJECT_SECRET, "s1", "token"));
    assert_int_equal(store_version(store_view(s)), 51);
    assert_int_equal(object_version(store_get(store_view(s), OBJECT_SECRET, "s1")), 51);
}

static void an_id_that_is_stored_twice_is_data_loss(void **state)
{
    struct store *s = *state;
    struct err e = {0};
    assert_int_equal(store_load(s, fixture_object(OBJECT_SECRET, "s1", "a"), &e), 0);
    assert_int_equal(store_load(s, fixture_object(OBJECT_SECRET, "s1", "b"), &e),
                     ERR_DATA_LOSS);
    assert_string_equal(e.text, "secret s1 is stored twice");
    assert_int_equal(store_load(s, fixture_object(OBJECT_CONFIG, "s1", "b"), &e), 0);
}

static void a_name_that_is_stored_twice_is_data_loss(void **state)
{
    struct store *s = *state;
    struct err e = {0};
    assert_int_equal(store_load(s, fixture_object(OBJECT_SECRET, "s1", "a"), &e), 0);
    assert_int_equal(store_load(s, fixture_object(OBJECT_SECRET, "s2", "A"), &e),
                     ERR_DATA_LOSS);
    assert_string_equal(e.text, "secret s1 and secret s2 have the same name A");
    assert_int_equal(store_count(store_view(s), OBJECT_SECRET), 1);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void load_secrets(struct store *s, uint64_t *random)
{
    for (size_t i = 0; i < MANY_SECRETS; i++) {
        char id[32], name[32];
        snprintf(id, sizeof(id), "s%016llx", (unsigned long long)next_random(random));
        snprintf(name, sizeof(name), "secret-%zu", i);
        struct object *o = fixture_object(OBJECT_SECRET, id, name);
        assert_int_equal(store_load(s, o, NULL), 0);
    }
}

static void load_tasks(struct store *s, uint64_t *random)
{
    for (size_t i = 0; i < MANY_TASKS; i++) {
        char id[32], service[32], node[32];
        snprintf(id, sizeof(id), "t%016llx", (unsigned long long)next_random(random));
        snprintf(service, sizeof(service), "service%zu", i % 300);
        snprintf(node, sizeof(node), "node%zu", i % 100);
        struct object *o = fixture_task(id, service, node);
        fixture_use_secret(o, service);
        assert_int_equal(store_load(s, o, NULL), 0);
    }
}

/* Replaces every hundredth task, each in a transaction of its own. */
static void update_tasks(struct store *s)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    assert_int_equal(store_find(store_view(s), OBJECT_TASK, STORE_ALL, NULL, &tasks), 0);
    assert_int_equal(tasks.len, MANY_TASKS);
    for (size_t i = 0; i < tasks.len; i += 100) {
        struct object *o = fixture_task(object_id(tasks.objects[i]), "service0", "node0");
        struct store_tx *tx = fixture_begin(s, 1);
        assert_int_equal(store_tx_update(tx, o, NULL), 0);
        store_apply(s, tx);
    }
}

static void tens_of_thousands_of_objects_are_no_burden(void **state)
{
    struct store *s = *state;
    uint64_t random = 42;
    clock_t start = clock();
    load_secrets(s, &random);
    load_tasks(s, &random);
    update_tasks(s);
    store_free(s);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    *state = NULL;
    assert_true(seconds < MANY_SECONDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loaded_objects_keep_their_meta),
        TEST(the_first_transaction_after_loading_has_the_next_version),
        TEST(an_id_that_is_stored_twice_is_data_loss),
        TEST(a_name_that_is_stored_twice_is_data_loss),
        TEST(tens_of_thousands_of_objects_are_no_burden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
