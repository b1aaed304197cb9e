/* SPDX-License-Identifier: Apache-2.0 */
#include "sealed_fixture.h"

/* Seals all stale rows anew, a few at a time; returns the number of commits. */
static int reseal_all(struct sealed_fixture *f, size_t at_a_time)
{
    struct sealed_stale stale[1];
    int commits = 0;
    while (sealed_list_stale(f->sealed, stale, 1) && !stale[0].is_payload) {
        sealed_reseal(f->sealed, store_view(f->store), at_a_time, disk_on_committed,
                      &f->disk);
        assert_int_equal(disk_wait(&f->disk), 0);
        commits++;
    }
    return commits;
}

static void create_configs(struct sealed_fixture *f, int n)
{
    struct store_tx *tx = begin(f);
    for (int i = 0; i < n; i++) {
        char id[16];
        snprintf(id, sizeof(id), "c%d", i);
        struct object *o = fixture_object(OBJECT_CONFIG, id, id);
        assert_int_equal(store_tx_create(tx, o, NULL), 0);
    }
    assert_int_equal(commit(f, tx), 0);
}

static void what_the_current_key_sealed_is_current(void **state)
{
    struct sealed_fixture *f = *state;
    struct sealed_stale stale[4];
    assert_true(sealed_is_current(f->sealed));
    create_configs(f, 3);
    assert_int_equal(create_secret(f, "s"), 0);
    assert_true(sealed_is_current(f->sealed));
    assert_int_equal(sealed_list_stale(f->sealed, stale, 4), 0);
    assert_int_equal(reload(f), 0);
    assert_true(sealed_is_current(f->sealed));
}

static void after_a_rotation_everything_is_stale_once(void **state)
{
    struct sealed_fixture *f = *state;
    struct sealed_stale stale[8];
    create_configs(f, 2);
    assert_int_equal(create_secret(f, "s"), 0);
    assert_int_equal(keyring_rotate(f->keys, NULL), 0);
    assert_false(sealed_is_current(f->sealed));
    assert_int_equal(sealed_list_stale(f->sealed, stale, 8), 3);
    assert_int_equal(stale[0].kind, OBJECT_CONFIG);
    assert_string_equal(stale[0].id, "c0");
    assert_false(stale[0].is_payload);
    assert_int_equal(stale[2].kind, OBJECT_SECRET);
    assert_true(stale[2].is_payload);
    assert_int_equal(sealed_list_stale(f->sealed, stale, 2), 2);
}

static void rows_are_sealed_anew_without_a_new_version(void **state)
{
    struct sealed_fixture *f = *state;
    create_configs(f, 10);
    uint64_t version = store_version(store_view(f->store));
    assert_int_equal(keyring_rotate(f->keys, NULL), 0);
    assert_int_equal(reseal_all(f, 4), 3);
    assert_true(sealed_is_current(f->sealed));
    keyring_drop_old(f->keys);
    assert_int_equal(reload(f), 0);
    assert_int_equal(store_count(store_view(f->store), OBJECT_CONFIG), 10);
    assert_int_equal(store_version(store_view(f->store)), version);
    assert_true(sealed_is_current(f->sealed));
}

static void a_stale_head_alone_is_written_anew(void **state)
{
    struct sealed_fixture *f = *state;
    assert_int_equal(create_secret(f, "s"), 0);
    assert_int_equal(remove_secret(f, "s"), 0);
    assert_int_equal(keyring_rotate(f->keys, NULL), 0);
    assert_false(sealed_is_current(f->sealed));
    sealed_reseal(f->sealed, store_view(f->store), 1, disk_on_committed, &f->disk);
    assert_int_equal(disk_wait(&f->disk), 0);
    assert_true(sealed_is_current(f->sealed));
    keyring_drop_old(f->keys);
    assert_int_equal(reload(f), 0);
}

/* A row may be current while the payload within is not. */
static void a_payload_stays_stale_until_its_secret_is_replaced(void **state)
{
    struct sealed_fixture *f = *state;
    struct sealed_stale stale[2];
    assert_int_equal(create_secret(f, "s"), 0);
    assert_int_equal(keyring_rotate(f->keys, NULL), 0);
    const struct object *old = store_get(store_view(f->store), OBJECT_SECRET, "s");
    struct object *same = NULL;
    assert_int_equal(object_copy(old, &same), 0);
    struct store_tx *tx = begin(f);
    assert_int_equal(store_tx_update(tx, same, NULL), 0);
    assert_int_equal(commit(f, tx), 0);
    assert_int_equal(sealed_list_stale(f->sealed, stale, 2), 1);
    assert_true(stale[0].is_payload);
    assert_int_equal(reload(f), 0);
    assert_int_equal(sealed_list_stale(f->sealed, stale, 2), 1);
    assert_int_equal(update_secret(f, "s"), 0);
    assert_int_equal(sealed_list_stale(f->sealed, stale, 2), 0);
    assert_true(sealed_is_current(f->sealed));
}

static void commits_go_on_between_rotation_and_the_end_of_resealing(void **state)
{
    struct sealed_fixture *f = *state;
    create_configs(f, 6);
    assert_int_equal(keyring_rotate(f->keys, NULL), 0);
    sealed_reseal(f->sealed, store_view(f->store), 2, disk_on_committed, &f->disk);
    assert_int_equal(disk_wait(&f->disk), 0);
    assert_int_equal(create_secret(f, "s"), 0);
    assert_int_equal(reload(f), 0);
    assert_int_equal(reseal_all(f, SEALED_RESEAL_MAX), 1);
    keyring_drop_old(f->keys);
    assert_int_equal(reload(f), 0);
    assert_int_equal(secrets(f), 1);
}

int main(void)
{
#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, sealed_fixture_setup, sealed_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_the_current_key_sealed_is_current),
        TEST(after_a_rotation_everything_is_stale_once),
        TEST(rows_are_sealed_anew_without_a_new_version),
        TEST(a_stale_head_alone_is_written_anew),
        TEST(a_payload_stays_stale_until_its_secret_is_replaced),
        TEST(commits_go_on_between_rotation_and_the_end_of_resealing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
