/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "store/index.h"

#define ENTRIES 2000

struct item {
    struct store_index_entry entry;
    char key[16];
    char id[16];
};

static struct item items[ENTRIES];

static void set_item(struct item *item, const char *key, const char *id)
{
    *item = (struct item){0};
    snprintf(item->key, sizeof(item->key), "%s", key);
    snprintf(item->id, sizeof(item->id), "%s", id);
    item->entry.key = item->key;
    item->entry.id = item->id;
}

/* Items 0 to n - 1 with keys in rising order, "00000", "00001", ... */
static void set_items(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%05zu", i);
        set_item(&items[i], key, "id");
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t count(const struct store_index *x, const char *key, bool is_prefix)
{
    struct store_index_walk w;
    size_t n = 0;
    store_index_walk(x, key, is_prefix, &w);
    while (store_index_next(&w))
        n++;
    return n;
}

static void entries_put_in_rising_order_are_walked_in_order(void **state)
{
    struct store_index x = {0};
    set_items(ENTRIES);
    for (size_t i = 0; i < ENTRIES; i++)
        store_index_put(&x, &items[i].entry);
    assert_true(store_index_is_sound(&x));
    struct store_index_walk w;
    store_index_walk(&x, "", true, &w);
    for (size_t i = 0; i < ENTRIES; i++)
        assert_ptr_equal(store_index_next(&w), &items[i].entry);
    assert_null(store_index_next(&w));
    assert_null(store_index_next(&w));
}

static void entries_put_in_falling_order_keep_the_tree_balanced(void **state)
{
    struct store_index x = {0};
    set_items(ENTRIES);
    for (size_t i = ENTRIES; i-- > 0;)
        store_index_put(&x, &items[i].entry);
    assert_true(store_index_is_sound(&x));
    assert_int_equal(count(&x, "", true), ENTRIES);
}

static void random_puts_and_removals_keep_the_tree_sound(void **state)
{
    static bool is_in[200];
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct store_index x = {0};
        uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
        size_t n = 0;
        memset(is_in, 0, sizeof(is_in));
        set_items(ARRAY_SIZE(is_in));
        for (size_t step = 0; step < 4000; step++) {
            size_t i = (next_random(&random) >> 32) % ARRAY_SIZE(is_in);
            if (is_in[i])
                store_index_remove(&x, &items[i].entry);
            else
                store_index_put(&x, &items[i].entry);
            is_in[i] = !is_in[i];
            n += is_in[i] ? 1 : (size_t)-1;
            assert_true(store_index_is_sound(&x));
            assert_int_equal(items[i].entry.height > 0, is_in[i]);
            assert_int_equal(store_index_get(&x, items[i].key, "id") != NULL, is_in[i]);
        }
        assert_int_equal(count(&x, "", true), n);
    }
}

static void an_entry_takes_the_place_of_one_with_the_same_key_and_id(void **state)
{
    struct store_index x = {0};
    set_items(10);
    for (size_t i = 0; i < 10; i++)
        store_index_put(&x, &items[i].entry);
    set_item(&items[10], "00004", "id");
    store_index_put(&x, &items[10].entry);
    assert_int_equal(items[4].entry.height, 0);
    assert_ptr_equal(store_index_get(&x, "00004", "id"), &items[10].entry);
    assert_int_equal(count(&x, "", true), 10);
    assert_true(store_index_is_sound(&x));
}

static void putting_an_entry_again_changes_nothing(void **state)
{
    struct store_index x = {0};
    set_items(3);
    for (size_t i = 0; i < 3; i++)
        store_index_put(&x, &items[i].entry);
    store_index_put(&x, &items[1].entry);
    assert_int_equal(count(&x, "", true), 3);
    assert_true(store_index_is_sound(&x));
}

static void equal_keys_are_ordered_by_id(void **state)
{
    struct store_index x = {0};
    set_item(&items[0], "web", "c");
    set_item(&items[1], "web", "a");
    set_item(&items[2], "web", "b");
    set_item(&items[3], "we", "z");
    set_item(&items[4], "webx", "0");
    for (size_t i = 0; i < 5; i++)
        store_index_put(&x, &items[i].entry);
    struct store_index_walk w;
    store_index_walk(&x, "web", false, &w);
    assert_ptr_equal(store_index_next(&w), &items[1].entry);
    assert_ptr_equal(store_index_next(&w), &items[2].entry);
    assert_ptr_equal(store_index_next(&w), &items[0].entry);
    assert_null(store_index_next(&w));
}

static void a_key_and_an_id_never_run_into_each_other(void **state)
{
    struct store_index x = {0};
    set_item(&items[0], "a", "bc");
    set_item(&items[1], "ab", "c");
    store_index_put(&x, &items[0].entry);
    store_index_put(&x, &items[1].entry);
    assert_ptr_equal(store_index_get(&x, "a", "bc"), &items[0].entry);
    assert_ptr_equal(store_index_get(&x, "ab", "c"), &items[1].entry);
    assert_null(store_index_get(&x, "abc", ""));
}

static void a_prefix_is_a_range(void **state)
{
    struct store_index x = {0};
    set_items(ENTRIES);
    for (size_t i = 0; i < ENTRIES; i++)
        store_index_put(&x, &items[i].entry);
    assert_int_equal(count(&x, "000", true), 100);
    assert_int_equal(count(&x, "01234", true), 1);
    assert_int_equal(count(&x, "02", true), 0);
    assert_int_equal(count(&x, "0", false), 0);
}

static void case_matters_unless_the_index_says_otherwise(void **state)
{
    struct store_index exact = {0}, nocase = {.nocase = true};
    set_item(&items[0], "Web", "a");
    set_item(&items[1], "webhook", "b");
    store_index_put(&exact, &items[0].entry);
    store_index_put(&exact, &items[1].entry);
    assert_int_equal(count(&exact, "WEB", true), 0);
    set_item(&items[2], "Web", "a");
    set_item(&items[3], "webhook", "b");
    store_index_put(&nocase, &items[2].entry);
    store_index_put(&nocase, &items[3].entry);
    assert_int_equal(count(&nocase, "WEB", true), 2);
    assert_int_equal(count(&nocase, "wEB", false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_put_in_rising_order_are_walked_in_order),
        cmocka_unit_test(entries_put_in_falling_order_keep_the_tree_balanced),
        cmocka_unit_test(random_puts_and_removals_keep_the_tree_sound),
        cmocka_unit_test(an_entry_takes_the_place_of_one_with_the_same_key_and_id),
        cmocka_unit_test(putting_an_entry_again_changes_nothing),
        cmocka_unit_test(equal_keys_are_ordered_by_id),
        cmocka_unit_test(a_key_and_an_id_never_run_into_each_other),
        cmocka_unit_test(a_prefix_is_a_range),
        cmocka_unit_test(case_matters_unless_the_index_says_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
