/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store_fixture.h"

#define NOW (1000 * CLOCK_SECOND)

struct fixture {
    struct store *store;
    struct store_tx *tx;
    struct err e;
};

/* A store at version 7 with one secret, and a transaction on it. */
static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.store = store_new()};
    assert_non_null(f.store);
    store_set_version(f.store, 6);
    fixture_commit(f.store, fixture_object(OBJECT_SECRET, "s1", "token"));
    f.tx = fixture_begin(f.store, NOW);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_tx_drop(f->tx);
    store_free(f->store);
    return 0;
}

static int create(struct fixture *f, enum object_kind kind, const char *id,
                  const char *name)
{
    return store_tx_create(f->tx, fixture_object(kind, id, name), &f->e);
}

static int update(struct fixture *f, enum object_kind kind, const char *id,
                  const char *name)
{
    return store_tx_update(f->tx, fixture_object(kind, id, name), &f->e);
}

static void apply(struct fixture *f)
{
    store_tx_prepare(f->tx);
    store_apply(f->store, f->tx);
    f->tx = NULL;
}

static const struct object *get(const struct store_tx *tx, const char *id)
{
    return store_get(store_tx_view(tx), OBJECT_SECRET, id);
}

static size_t n_changes(struct store_tx *tx)
{
    const struct store_change *changes;
    return store_tx_changes(tx, &changes);
}

static struct store_tx *nest(struct store_tx *parent)
{
    struct store_tx *tx = NULL;
    assert_int_equal(store_tx_begin(store_tx_view(parent), NOW + 1, &tx), 0);
    return tx;
}

/* ---- single writes ---- */

static void a_created_object_gets_version_and_times(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "password"), 0);
    const struct object *o = get(f->tx, "s2");
    assert_int_equal(object_version(o), 8);
    assert_int_equal(message_time(object_meta(o)->created_at, 0), NOW);
    assert_int_equal(message_time(object_meta(o)->updated_at, 0), NOW);
}

static void an_update_keeps_the_time_of_creation(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(update(f, OBJECT_SECRET, "s1", "token"), 0);
    const struct object *o = get(f->tx, "s1");
    assert_int_equal(object_version(o), 8);
    assert_int_equal(message_time(object_meta(o)->created_at, 0), 1);
    assert_int_equal(message_time(object_meta(o)->updated_at, 0), NOW);
}

static void nothing_is_seen_in_the_store_before_it_is_applied(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_view(f->store);
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "password"), 0);
    assert_int_equal(store_tx_remove(f->tx, OBJECT_SECRET, "s1", NULL), 0);
    assert_null(store_get(v, OBJECT_SECRET, "s2"));
    assert_non_null(store_get(v, OBJECT_SECRET, "s1"));
    assert_int_equal(store_version(v), 7);
    apply(f);
    assert_non_null(store_get(v, OBJECT_SECRET, "s2"));
    assert_null(store_get(v, OBJECT_SECRET, "s1"));
    assert_int_equal(store_version(v), 8);
}

static void a_taken_name_is_refused_in_any_case(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "TOKEN"), ERR_ALREADY_EXISTS);
    assert_string_equal(f->e.text, "secret TOKEN already exists");
    assert_null(get(f->tx, "s2"));
    assert_int_equal(store_version(store_tx_view(f->tx)), 7);
}

static void a_name_is_taken_only_within_its_kind(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_CONFIG, "c1", "token"), 0);
    assert_int_equal(create(f, OBJECT_SERVICE, "x1", "token"), 0);
    assert_int_equal(create(f, OBJECT_NETWORK, "n1", "token"), 0);
    assert_int_equal(create(f, OBJECT_CLUSTER, "k1", "token"), 0);
    assert_int_equal(create(f, OBJECT_NETWORK, "n2", "token"), ERR_ALREADY_EXISTS);
    assert_string_equal(f->e.text, "network token already exists");
}

static void nodes_and_tasks_may_share_a_name(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_NODE, "n1", "host"), 0);
    assert_int_equal(create(f, OBJECT_NODE, "n2", "host"), 0);
    assert_int_equal(create(f, OBJECT_TASK, "t1", "same"), 0);
    assert_int_equal(create(f, OBJECT_TASK, "t2", "same"), 0);
}

static void an_update_may_not_take_the_name_of_another(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "password"), 0);
    assert_int_equal(update(f, OBJECT_SECRET, "s2", "Token"), ERR_ALREADY_EXISTS);
    assert_string_equal(f->e.text, "secret Token already exists");
    assert_string_equal(object_name(get(f->tx, "s2")), "password");
    assert_int_equal(update(f, OBJECT_SECRET, "s2", "PASSWORD"), 0);
}

static void the_name_of_a_removed_object_is_free_at_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_tx_remove(f->tx, OBJECT_SECRET, "s1", NULL), 0);
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "token"), 0);
    apply(f);
    const struct object *o =
        store_get_by_name(store_view(f->store), OBJECT_SECRET, "token");
    assert_string_equal(object_id(o), "s2");
}

static void a_former_name_is_free_after_an_update(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(update(f, OBJECT_SECRET, "s1", "renamed"), 0);
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "token"), 0);
    assert_null(store_get_by_name(store_tx_view(f->tx), OBJECT_SECRET, "no such"));
    apply(f);
    const struct store_view *v = store_view(f->store);
    assert_string_equal(object_id(store_get_by_name(v, OBJECT_SECRET, "token")), "s2");
    assert_string_equal(object_id(store_get_by_name(v, OBJECT_SECRET, "renamed")), "s1");
}

static void what_is_not_there_can_not_be_updated_or_removed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(update(f, OBJECT_SECRET, "nosuch", "x"), ERR_NOT_FOUND);
    assert_string_equal(f->e.text, "secret nosuch not found");
    assert_int_equal(store_tx_remove(f->tx, OBJECT_NODE, "s1", &f->e), ERR_NOT_FOUND);
    assert_string_equal(f->e.text, "node s1 not found");
    assert_int_equal(store_tx_remove(f->tx, OBJECT_SECRET, "s1", NULL), 0);
    assert_int_equal(store_tx_remove(f->tx, OBJECT_SECRET, "s1", NULL), ERR_NOT_FOUND);
    assert_int_equal(update(f, OBJECT_SECRET, "s1", "x"), ERR_NOT_FOUND);
}

static void an_update_with_another_version_is_out_of_sequence(void **state)
{
    struct fixture *f = *state;
    struct object *o = fixture_object(OBJECT_SECRET, "s1", "token");
    assert_int_equal(store_tx_update_version(f->tx, o, 6, &f->e), ERR_UNKNOWN);
    assert_string_equal(f->e.text, "update out of sequence");
    o = fixture_object(OBJECT_SECRET, "s1", "token");
    assert_int_equal(store_tx_update_version(f->tx, o, 7, &f->e), 0);
    o = fixture_object(OBJECT_SECRET, "s1", "token");
    assert_int_equal(store_tx_update_version(f->tx, o, 7, &f->e), ERR_UNKNOWN);
    o = fixture_object(OBJECT_SECRET, "nosuch", "token");
    assert_int_equal(store_tx_update_version(f->tx, o, 7, &f->e), ERR_NOT_FOUND);
}

static void a_dropped_transaction_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(update(f, OBJECT_SECRET, "s1", "renamed"), 0);
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "password"), 0);
    store_tx_drop(f->tx);
    f->tx = NULL;
    const struct store_view *v = store_view(f->store);
    assert_int_equal(store_version(v), 7);
    assert_int_equal(store_count(v, OBJECT_SECRET), 1);
    assert_non_null(store_get_by_name(v, OBJECT_SECRET, "token"));
    store_tx_drop(NULL);
}

/* ---- changes ---- */

static void changes_come_in_the_order_of_first_touches(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_SECRET, "s3", "c"), 0);
    assert_int_equal(update(f, OBJECT_SECRET, "s1", "token"), 0);
    assert_int_equal(create(f, OBJECT_CONFIG, "c1", "a"), 0);
    assert_int_equal(update(f, OBJECT_SECRET, "s3", "d"), 0);
    const struct store_change *changes;
    assert_int_equal(store_tx_changes(f->tx, &changes), 3);
    assert_int_equal(changes[0].action, STORE_CREATE);
    assert_string_equal(object_name(changes[0].after), "d");
    assert_null(changes[0].before);
    assert_int_equal(changes[1].action, STORE_UPDATE);
    assert_int_equal(object_version(changes[1].before), 7);
    assert_int_equal(object_version(changes[1].after), 8);
    assert_int_equal(changes[2].action, STORE_CREATE);
    assert_string_equal(object_id(store_change_object(&changes[2])), "c1");
}

static void what_is_created_and_removed_is_no_change(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "password"), 0);
    assert_int_equal(store_tx_remove(f->tx, OBJECT_SECRET, "s2", NULL), 0);
    assert_int_equal(n_changes(f->tx), 0);
    apply(f);
    assert_int_equal(store_version(store_view(f->store)), 7);
}

static void what_is_updated_and_removed_is_removed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(update(f, OBJECT_SECRET, "s1", "other"), 0);
    assert_int_equal(store_tx_remove(f->tx, OBJECT_SECRET, "s1", NULL), 0);
    const struct store_change *changes;
    assert_int_equal(store_tx_changes(f->tx, &changes), 1);
    assert_int_equal(changes[0].action, STORE_REMOVE);
    assert_string_equal(object_name(changes[0].before), "token");
    assert_null(changes[0].after);
    assert_ptr_equal(store_change_object(&changes[0]), changes[0].before);
}

static void what_is_removed_and_created_again_is_updated(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_tx_remove(f->tx, OBJECT_SECRET, "s1", NULL), 0);
    assert_int_equal(create(f, OBJECT_SECRET, "s1", "token"), 0);
    const struct store_change *changes;
    assert_int_equal(store_tx_changes(f->tx, &changes), 1);
    assert_int_equal(changes[0].action, STORE_UPDATE);
}

/* ---- nesting ---- */

static void each_nested_transaction_gets_the_next_version(void **state)
{
    struct fixture *f = *state;
    for (uint64_t i = 1; i <= 3; i++) {
        struct store_tx *tx = nest(f->tx);
        struct object *o = fixture_object(OBJECT_SECRET, "s1", "token");
        assert_int_equal(store_tx_update_version(tx, o, 6 + i, NULL), 0);
        assert_int_equal(store_tx_merge(tx, f->tx), 0);
        assert_int_equal(store_version(store_tx_view(f->tx)), 7 + i);
        assert_int_equal(object_version(get(f->tx, "s1")), 7 + i);
    }
    assert_int_equal(n_changes(f->tx), 1);
    apply(f);
    assert_int_equal(store_version(store_view(f->store)), 10);
}

static void a_write_after_a_merge_gets_a_version_of_its_own(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(update(f, OBJECT_SECRET, "s1", "token"), 0);
    struct store_tx *tx = nest(f->tx);
    assert_int_equal(store_tx_create(tx, fixture_object(OBJECT_SECRET, "s2", "x"), NULL),
                     0);
    assert_int_equal(store_tx_merge(tx, f->tx), 0);
    assert_int_equal(object_version(get(f->tx, "s1")), 8);
    assert_int_equal(object_version(get(f->tx, "s2")), 9);
    assert_int_equal(update(f, OBJECT_SECRET, "s2", "x"), 0);
    assert_int_equal(update(f, OBJECT_SECRET, "s1", "token"), 0);
    assert_int_equal(object_version(get(f->tx, "s2")), 10);
    assert_int_equal(object_version(get(f->tx, "s1")), 10);
}

static void merging_nothing_keeps_the_version(void **state)
{
    struct fixture *f = *state;
    struct store_tx *tx = nest(f->tx);
    assert_int_equal(store_tx_create(tx, fixture_object(OBJECT_SECRET, "s2", "x"), NULL),
                     0);
    assert_int_equal(store_tx_remove(tx, OBJECT_SECRET, "s2", NULL), 0);
    assert_int_equal(store_tx_merge(tx, f->tx), 0);
    assert_int_equal(store_version(store_tx_view(f->tx)), 7);
    assert_int_equal(n_changes(f->tx), 0);
}

static void a_dropped_nested_transaction_leaves_its_parent_as_it_was(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "password"), 0);
    struct store_tx *tx = nest(f->tx);
    assert_int_equal(store_tx_remove(tx, OBJECT_SECRET, "s1", NULL), 0);
    assert_int_equal(
        store_tx_update(tx, fixture_object(OBJECT_SECRET, "s2", "other"), NULL), 0);
    assert_null(get(tx, "s1"));
    store_tx_drop(tx);
    assert_non_null(get(f->tx, "s1"));
    assert_string_equal(object_name(get(f->tx, "s2")), "password");
    assert_int_equal(n_changes(f->tx), 1);
    assert_int_equal(store_version(store_tx_view(f->tx)), 8);
}

static void a_nested_removal_undoes_a_creation_of_the_parent(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_SECRET, "s2", "password"), 0);
    struct store_tx *tx = nest(f->tx);
    assert_int_equal(store_tx_remove(tx, OBJECT_SECRET, "s2", NULL), 0);
    const struct store_change *changes;
    assert_int_equal(store_tx_changes(tx, &changes), 1);
    assert_int_equal(changes[0].action, STORE_REMOVE);
    assert_int_equal(store_tx_merge(tx, f->tx), 0);
    assert_int_equal(n_changes(f->tx), 0);
    assert_int_equal(store_count(store_tx_view(f->tx), OBJECT_SECRET), 1);
}

static void an_object_that_is_still_referred_to_outlives_the_store(void **state)
{
    struct fixture *f = *state;
    const struct object *o =
        object_ref(store_get(store_view(f->store), OBJECT_SECRET, "s1"));
    assert_int_equal(store_tx_remove(f->tx, OBJECT_SECRET, "s1", NULL), 0);
    apply(f);
    assert_string_equal(object_name(o), "token");
    object_unref(o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_created_object_gets_version_and_times),
        TEST(an_update_keeps_the_time_of_creation),
        TEST(nothing_is_seen_in_the_store_before_it_is_applied),
        TEST(a_taken_name_is_refused_in_any_case),
        TEST(a_name_is_taken_only_within_its_kind),
        TEST(nodes_and_tasks_may_share_a_name),
        TEST(an_update_may_not_take_the_name_of_another),
        TEST(the_name_of_a_removed_object_is_free_at_once),
        TEST(a_former_name_is_free_after_an_update),
        TEST(what_is_not_there_can_not_be_updated_or_removed),
        TEST(an_update_with_another_version_is_out_of_sequence),
        TEST(a_dropped_transaction_leaves_no_trace),
        TEST(changes_come_in_the_order_of_first_touches),
        TEST(what_is_created_and_removed_is_no_change),
        TEST(what_is_updated_and_removed_is_removed),
        TEST(what_is_removed_and_created_again_is_updated),
        TEST(each_nested_transaction_gets_the_next_version),
        TEST(a_write_after_a_merge_gets_a_version_of_its_own),
        TEST(merging_nothing_keeps_the_version),
        TEST(a_dropped_nested_transaction_leaves_its_parent_as_it_was),
        TEST(a_nested_removal_undoes_a_creation_of_the_parent),
        TEST(an_object_that_is_still_referred_to_outlives_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
