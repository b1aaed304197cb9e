/* SPDX-License-Identifier: Apache-2.0 */
/* Where secrets were found is remembered until something changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "keychain/places.h"

static void the_last_path_of_an_id_counts(void **state)
{
    struct keychain_places p = {0};
    assert_null(keychain_places_get(&p, "a"));
    assert_int_equal(keychain_places_put(&p, "a", "/1", NULL), 0);
    assert_int_equal(keychain_places_put(&p, "a", "/2", NULL), 0);
    assert_int_equal(keychain_places_put(&p, "b", "/3", NULL), 0);
    assert_string_equal(keychain_places_get(&p, "a"), "/2");
    assert_string_equal(keychain_places_get(&p, "b"), "/3");
    keychain_places_clear(&p);
    assert_null(keychain_places_get(&p, "a"));
}

static void a_change_makes_all_forgotten(void **state)
{
    struct keychain_places p = {0};
    keychain_places_renew(&p, 7);
    assert_int_equal(keychain_places_put(&p, "a", "/1", NULL), 0);
    keychain_places_renew(&p, 7);
    assert_string_equal(keychain_places_get(&p, "a"), "/1");
    keychain_places_renew(&p, 8);
    assert_null(keychain_places_get(&p, "a"));
    keychain_places_clear(&p);
}

static void there_is_room_for_so_many(void **state)
{
    struct keychain_places p = {0};
    char id[16];
    for (int i = 0; i <= KEYCHAIN_PLACES_MAX; i++) {
        snprintf(id, sizeof(id), "%d", i);
        assert_int_equal(keychain_places_put(&p, id, "/1", NULL), 0);
        assert_true(p.paths.len <= KEYCHAIN_PLACES_MAX);
    }
    assert_string_equal(keychain_places_get(&p, id), "/1");
    keychain_places_clear(&p);
}

static int put_one(void *user)
{
    struct keychain_places p = {0};
    struct err e;
    int r = keychain_places_put(&p, "a", "/1", &e);
    keychain_places_clear(&p);
    return r;
}

static void every_allocation_may_fail(void **state)
{
    assert_true(fault_malloc_each(put_one, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_path_of_an_id_counts),
        cmocka_unit_test(a_change_makes_all_forgotten),
        cmocka_unit_test(there_is_room_for_so_many),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
