/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "store_fixture.h"

/*
 * Every allocation of every operation fails once. Then the operation says so, and what
 * can be seen is what could be seen before: the same objects, counts, version, changes.
 */
#define SEEN_CHANGES 64

struct seen {
    struct object_list objects;
    size_t counts[OBJECT_KINDS];
    uint64_t version;
    size_t n_changes;
    struct store_change changes[SEEN_CHANGES];
};

struct fixture {
    struct store *store;
    struct store_tx *tx;
};

static struct object *task(const char *id)
{
    struct object *o = fixture_task(id, "v1", "n1");
    fixture_use_secret(o, "s1");
    return o;
}

/* A store with a few objects, and a transaction that has written so much that the next
 * write must grow its list of changes. */
static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.store = store_new()};
    assert_non_null(f.store);
    fixture_commit(f.store, fixture_object(OBJECT_SECRET, "s1", "token"));
    fixture_commit(f.store, task("t1"));
    f.tx = fixture_begin(f.store, 5);
    for (char id[] = "a"; *id <= 'h'; (*id)++)
        assert_int_equal(
            store_tx_create(f.tx, fixture_object(OBJECT_SECRET, id, id), NULL), 0);
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

static void see(const struct store_view *v, struct store_tx *tx, struct seen *seen)
{
    *seen = (struct seen){.version = store_version(v)};
    for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++) {
        seen->counts[kind] = store_count(v, kind);
        assert_int_equal(store_find(v, kind, STORE_ALL, NULL, &seen->objects), 0);
    }
    if (!tx)
        return;
    const struct store_change *changes;
    seen->n_changes = store_tx_changes(tx, &changes);
    assert_true(seen->n_changes <= SEEN_CHANGES);
    for (size_t i = 0; i < seen->n_changes; i++)
        seen->changes[i] = changes[i];
}

static void assert_seen(const struct store_view *v, struct store_tx *tx,
                        const struct seen *before)
{
    struct seen now;
    see(v, tx, &now);
    assert_int_equal(now.version, before->version);
    assert_memory_equal(now.counts, before->counts, sizeof(now.counts));
    assert_int_equal(now.objects.len, before->objects.len);
    for (size_t i = 0; i < now.objects.len; i++)
        assert_ptr_equal(now.objects.objects[i], before->objects.objects[i]);
    assert_int_equal(now.n_changes, before->n_changes);
    for (size_t i = 0; i < now.n_changes; i++)
        assert_true(now.changes[i].before == before->changes[i].before &&
                    now.changes[i].after == before->changes[i].after);
    object_list_deinit(&now.objects);
}

/* Does op (which takes obj, when it is made) with each of its allocations failing, until
 * it succeeds. */
static void try_until_it_works(struct fixture *f, struct object *(*make)(void),
                               int (*op)(struct fixture *f, struct object *obj,
                                         struct err *e),
                               size_t at_least)
{
    struct seen before;
    see(store_tx_view(f->tx), f->tx, &before);
    size_t n = 1;
    for (;; n++) {
        struct err e = {0};
        struct object *obj = make ? make() : NULL;
        fault_malloc_at(n);
        int r = op(f, obj, &e);
        fault_malloc_at(0);
        if (!r)
            break;
        assert_int_equal(r, ERR_NO_MEMORY);
        assert_int_equal(e.code, ERR_NO_MEMORY);
        assert_seen(store_tx_view(f->tx), f->tx, &before);
    }
    assert_true(n > at_least);
    object_list_deinit(&before.objects);
}

static struct object *new_task(void)
{
    return task("t2");
}

static struct object *same_task(void)
{
    return task("t1");
}

static int create(struct fixture *f, struct object *obj, struct err *e)
{
    return store_tx_create(f->tx, obj, e);
}

static int update(struct fixture *f, struct object *obj, struct err *e)
{
    return store_tx_update(f->tx, obj, e);
}

static int remove_task(struct fixture *f, struct object *obj, struct err *e)
{
    return store_tx_remove(f->tx, OBJECT_TASK, "t1", e);
}

static void a_creation_without_memory_changes_nothing(void **state)
{
    try_until_it_works(*state, new_task, create, 4);
}

static void an_update_without_memory_changes_nothing(void **state)
{
    try_until_it_works(*state, same_task, update, 4);
}

static void a_removal_without_memory_changes_nothing(void **state)
{
    try_until_it_works(*state, NULL, remove_task, 2);
}

static void a_search_without_memory_leaves_the_list_as_it_was(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_tx_view(f->tx);
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    assert_int_equal(store_find(v, OBJECT_TASK, STORE_ALL, NULL, &l), 0);
    size_t n = 1;
    for (;; n++) {
        fault_malloc_at(n);
        int r = store_find(v, OBJECT_SECRET, STORE_ALL, NULL, &l);
        fault_malloc_at(0);
        if (!r)
            break;
        assert_int_equal(r, ERR_NO_MEMORY);
        assert_int_equal(l.len, 1);
        assert_string_equal(object_id(l.objects[0]), "t1");
    }
    assert_true(n > 2);
    assert_int_equal(l.len, 10);
}

static void a_transaction_without_memory_does_not_begin(void **state)
{
    struct fixture *f = *state;
    struct store_tx *tx = NULL;
    fault_malloc_at(1);
    assert_int_equal(store_tx_begin(store_tx_view(f->tx), 1, &tx), ERR_NO_MEMORY);
    fault_malloc_at(0);
    assert_null(tx);
}

static void a_merge_without_memory_hands_nothing_over(void **state)
{
    struct fixture *f = *state;
    struct seen before;
    see(store_tx_view(f->tx), f->tx, &before);
    struct store_tx *tx;
    assert_int_equal(store_tx_begin(store_tx_view(f->tx), 6, &tx), 0);
    assert_int_equal(store_tx_create(tx, task("t2"), NULL), 0);
    assert_int_equal(store_tx_remove(tx, OBJECT_SECRET, "a", NULL), 0);
    fault_malloc_at(1);
    assert_int_equal(store_tx_merge(tx, f->tx), ERR_NO_MEMORY);
    fault_malloc_at(0);
    assert_seen(store_tx_view(f->tx), f->tx, &before);
    object_list_deinit(&before.objects);
}

static void applying_needs_no_memory(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_tx_create(f->tx, task("t2"), NULL), 0);
    assert_int_equal(store_tx_remove(f->tx, OBJECT_TASK, "t1", NULL), 0);
    fault_malloc_at(1);
    store_tx_prepare(f->tx);
    store_apply(f->store, TAKE(f->tx));
    /* The failure is still to come: nothing was allocated. */
    assert_null(store_new());
    fault_malloc_at(0);
    assert_int_equal(store_count(store_view(f->store), OBJECT_SECRET), 9);
}

static void an_object_without_memory_is_not_loaded(void **state)
{
    struct fixture *f = *state;
    size_t n = 1;
    for (;; n++) {
        struct err e = {0};
        struct object *o = task("t9");
        fault_malloc_at(n);
        int r = store_load(f->store, o, &e);
        fault_malloc_at(0);
        if (!r)
            break;
        assert_int_equal(e.code, ERR_NO_MEMORY);
        assert_int_equal(store_count(store_view(f->store), OBJECT_TASK), 1);
        assert_null(store_get(store_view(f->store), OBJECT_TASK, "t9"));
    }
    assert_true(n > 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_creation_without_memory_changes_nothing),
        TEST(an_update_without_memory_changes_nothing),
        TEST(a_removal_without_memory_changes_nothing),
        TEST(a_search_without_memory_leaves_the_list_as_it_was),
        TEST(a_transaction_without_memory_does_not_begin),
        TEST(a_merge_without_memory_hands_nothing_over),
        TEST(applying_needs_no_memory),
        TEST(an_object_without_memory_is_not_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
