/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"

/* A watch that writes down what it hears: "+id" created, "=id" updated, "-id" removed,
 * "." the end of a transaction. */
struct listener {
    struct store_watch watch;
    struct fixture *fixture;
    char heard[128];
    struct listener *to_remove, *to_add; /* done at the first change */
};

struct fixture {
    struct store *store;
    struct listener a, b, c;
};

static void note(struct listener *l, char sign, const char *id)
{
    size_t n = strlen(l->heard);
    snprintf(l->heard + n, sizeof(l->heard) - n, "%c%s ", sign, id);
}

static void on_change(const struct store_change *change, void *user)
{
    struct listener *l = user;
    const struct object *o = store_change_object(change);
    /* All changes of the transaction are applied when the first one is told. */
    const struct object *now =
        store_get(store_view(l->fixture->store), o->kind, object_id(o));
    assert_ptr_equal(now, change->after);
    note(l, "+=-"[change->action], object_id(o));
    if (l->to_remove)
        store_watch_remove(&TAKE(l->to_remove)->watch);
    if (l->to_add)
        store_watch_add(l->fixture->store, &TAKE(l->to_add)->watch);
}

static void on_commit(const struct store_view *view, void *user)
{
    struct listener *l = user;
    assert_ptr_equal(view, store_view(l->fixture->store));
    note(l, '.', "");
}

static void init_listener(struct fixture *f, struct listener *l)
{
    *l = (struct listener){.fixture = f};
    l->watch =
        (struct store_watch){.on_change = on_change, .on_commit = on_commit, .user = l};
    list_init(&l->watch.link);
}

/* Three listeners, of which a and b are listening. */
static int setup(void **state)
{
    static struct fixture f;
    f.store = store_new();
    assert_non_null(f.store);
    init_listener(&f, &f.a);
    init_listener(&f, &f.b);
    init_listener(&f, &f.c);
    store_watch_add(f.store, &f.a.watch);
    store_watch_add(f.store, &f.b.watch);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_free(f->store);
    /* Watches may go after the store. */
    store_watch_remove(&f->a.watch);
    return 0;
}

static void create(struct store_tx *tx, const char *id)
{
    assert_int_equal(store_tx_create(tx, fixture_object(OBJECT_SECRET, id, id), NULL), 0);
}

/* Commits two new secrets. */
static void commit_two(struct fixture *f, const char *first, const char *second)
{
    struct store_tx *tx = fixture_begin(f->store, 1);
    create(tx, first);
    create(tx, second);
    store_apply(f->store, tx);
}

static void watchers_hear_of_each_change_in_order(void **state)
{
    struct fixture *f = *state;
    commit_two(f, "s2", "s1");
    struct store_tx *tx = fixture_begin(f->store, 2);
    assert_int_equal(store_tx_remove(tx, OBJECT_SECRET, "s1", NULL), 0);
    assert_int_equal(store_tx_update(tx, fixture_object(OBJECT_SECRET, "s2", "x"), NULL),
                     0);
    store_apply(f->store, tx);
    assert_string_equal(f->a.heard, "+s2 +s1 . -s1 =s2 . ");
    assert_string_equal(f->b.heard, f->a.heard);
}

static void nothing_is_told_of_what_is_not_applied(void **state)
{
    struct fixture *f = *state;
    struct store_tx *tx = fixture_begin(f->store, 1);
    create(tx, "s1");
    store_tx_drop(tx);
    store_apply(f->store, fixture_begin(f->store, 1));
    assert_string_equal(f->a.heard, "");
}

static void a_watch_may_do_without_commits(void **state)
{
    struct fixture *f = *state;
    f->a.watch.on_commit = NULL;
    commit_two(f, "s1", "s2");
    assert_string_equal(f->a.heard, "+s1 +s2 ");
}

static void a_watch_may_remove_itself(void **state)
{
    struct fixture *f = *state;
    f->a.to_remove = &f->a;
    commit_two(f, "s1", "s2");
    assert_string_equal(f->a.heard, "+s1 ");
    assert_string_equal(f->b.heard, "+s1 +s2 . ");
}

static void a_watch_may_remove_the_next_one(void **state)
{
    struct fixture *f = *state;
    store_watch_add(f->store, &f->c.watch);
    f->a.to_remove = &f->b;
    commit_two(f, "s1", "s2");
    assert_string_equal(f->a.heard, "+s1 +s2 . ");
    assert_string_equal(f->b.heard, "");
    assert_string_equal(f->c.heard, "+s1 +s2 . ");
}

static void a_watch_may_remove_the_one_before(void **state)
{
    struct fixture *f = *state;
    f->b.to_remove = &f->a;
    commit_two(f, "s1", "s2");
    assert_string_equal(f->a.heard, "+s1 ");
    assert_string_equal(f->b.heard, "+s1 +s2 . ");
}

static void a_watch_that_is_added_meanwhile_waits_for_the_next_transaction(void **state)
{
    struct fixture *f = *state;
    f->a.to_add = &f->c;
    commit_two(f, "s1", "s2");
    assert_string_equal(f->c.heard, "");
    commit_two(f, "s3", "s4");
    assert_string_equal(f->c.heard, "+s3 +s4 . ");
}

static void a_removed_watch_hears_nothing(void **state)
{
    struct fixture *f = *state;
    store_watch_remove(&f->a.watch);
    store_watch_remove(&f->a.watch);
    commit_two(f, "s1", "s2");
    assert_string_equal(f->a.heard, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(watchers_hear_of_each_change_in_order),
        TEST(nothing_is_told_of_what_is_not_applied),
        TEST(a_watch_may_do_without_commits),
        TEST(a_watch_may_remove_itself),
        TEST(a_watch_may_remove_the_next_one),
        TEST(a_watch_may_remove_the_one_before),
        TEST(a_watch_that_is_added_meanwhile_waits_for_the_next_transaction),
        TEST(a_removed_watch_hears_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
