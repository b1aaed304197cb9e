/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/map.h"
#include "fault_malloc.h"

static int one, two, three;

static void a_map_keeps_its_keys_in_order(void **state)
{
    struct map m = MAP_INIT;
    static const char *const keys[] = {"pear", "apple", "plum", "", "fig", "apples"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_int_equal(map_put(&m, keys[i], &one, NULL), 0);
    assert_int_equal(m.len, 6);
    for (size_t i = 1; i < m.len; i++)
        assert_true(strcmp(m.entries[i - 1].key, m.entries[i].key) < 0);
    map_deinit(&m);
}

static void put_replaces_and_tells_what_stood_there(void **state)
{
    struct map m = MAP_INIT;
    void *old = &three;
    assert_int_equal(map_put(&m, "k", &one, &old), 0);
    assert_null(old);
    assert_int_equal(map_put(&m, "k", &two, &old), 0);
    assert_ptr_equal(old, &one);
    assert_ptr_equal(map_get(&m, "k"), &two);
    assert_int_equal(m.len, 1);
    map_deinit(&m);
}

static void keys_are_copied(void **state)
{
    struct map m = MAP_INIT;
    char key[] = "key";
    assert_int_equal(map_put(&m, key, &one, NULL), 0);
    key[0] = 'x';
    assert_ptr_equal(map_get(&m, "key"), &one);
    assert_null(map_get(&m, "xey"));
    map_deinit(&m);
}

static void remove_returns_the_value_once(void **state)
{
    struct map m = MAP_INIT;
    assert_int_equal(map_put(&m, "a", &one, NULL), 0);
    assert_int_equal(map_put(&m, "b", &two, NULL), 0);
    assert_ptr_equal(map_remove(&m, "a"), &one);
    assert_null(map_remove(&m, "a"));
    assert_ptr_equal(map_get(&m, "b"), &two);
    map_deinit(&m);
}

static void many_keys_are_all_found_again(void **state)
{
    struct map m = MAP_INIT;
    char key[16];
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(key, sizeof(key), "%u", i * 7919 % 2000);
        assert_int_equal(map_put(&m, key, &one, NULL), 0);
    }
    assert_int_equal(m.len, 2000);
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(key, sizeof(key), "%u", i);
        assert_ptr_equal(map_remove(&m, key), &one);
    }
    assert_int_equal(m.len, 0);
    map_deinit(&m);
    map_deinit(&m);
}

static void without_memory_the_map_stays_as_it_was(void **state)
{
    struct map m = MAP_INIT;
    assert_int_equal(map_put(&m, "kept", &one, NULL), 0);
    char key[16];
    for (int i = 0; i < 7; i++) {
        snprintf(key, sizeof(key), "%d", i);
        assert_int_equal(map_put(&m, key, &two, NULL), 0);
    }
    fault_malloc_at(1);
    assert_int_equal(map_put(&m, "new", &three, NULL), ERR_NO_MEMORY);
    fault_malloc_at(0);
    assert_int_equal(m.len, 8);
    assert_null(map_get(&m, "new"));
    assert_ptr_equal(map_get(&m, "kept"), &one);
    map_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_keeps_its_keys_in_order),
        cmocka_unit_test(put_replaces_and_tells_what_stood_there),
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(remove_returns_the_value_once),
        cmocka_unit_test(many_keys_are_all_found_again),
        cmocka_unit_test(without_memory_the_map_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
