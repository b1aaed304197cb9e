/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/private_group.h"

#define ROOT_USER "root:x:0:0:root:/root:/bin/sh\n"
#define ALICE "alice:x:7001:7001::/home/alice:/bin/sh\n"
#define BOB "bob:x:7002:7002::/home/bob:/bin/sh\n"
#define USERS ROOT_USER ALICE BOB
#define GROUPS "root:x:0:\nalice:x:7001:\nbob:x:7002:\nstaff:x:50:alice,bob\n"

static bool is_private(const char *users, const char *groups)
{
    union {
        const char *in;
        char *out;
    } u = {users}, g = {groups};
    FILE *of_users = fmemopen(u.out, strlen(users), "r");
    FILE *of_groups = fmemopen(g.out, strlen(groups), "r");
    assert_true(of_users && of_groups);
    bool is = private_group_is(of_users, of_groups, 7001, 7001);
    (void)fclose(of_users);
    (void)fclose(of_groups);
    return is;
}

static void a_group_of_its_own_is_private(void **state)
{
    assert_true(is_private(USERS, GROUPS));
    assert_true(is_private(USERS, "alice:x:7001:alice\n"));
    assert_true(is_private(ALICE "alice2:x:7001:7001::/:/bin/sh\n", GROUPS));
}

static void one_with_others_in_it_is_not(void **state)
{
    assert_false(is_private(USERS, "alice:x:7001:alice,bob\n"));
    assert_false(is_private(USERS, "alice:x:7001:\nalice:x:7001:bob\n"));
    assert_false(is_private(USERS "carol:x:7003:7001::/:/bin/sh\n", GROUPS));
}

static void one_of_another_name_is_not(void **state)
{
    assert_false(is_private(USERS, "users:x:7001:\n"));
    assert_false(is_private(USERS, "alice:x:7001:\nusers:x:7001:\n"));
}

static void what_is_not_known_is_not(void **state)
{
    assert_false(is_private(BOB, GROUPS));
    assert_false(is_private(USERS, "bob:x:7002:\n"));
    assert_false(is_private("alice:x:7001:50::/:/bin/sh\n", GROUPS));
    assert_false(is_private("\n", "\n"));
}

static void an_entry_that_is_too_long_hides_nobody(void **state)
{
    cleanup_buf struct buf groups = BUF_INIT;
    assert_int_equal(buf_append_str(&groups, GROUPS "crowd:x:9:u"), 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_append_str(&groups, ",somebody-else"), 0);
    assert_int_equal(buf_append_str(&groups, "\nalice:x:7001:bob\n"), 0);
    assert_false(is_private(USERS, groups.data));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_of_its_own_is_private),
        cmocka_unit_test(one_with_others_in_it_is_not),
        cmocka_unit_test(one_of_another_name_is_not),
        cmocka_unit_test(what_is_not_known_is_not),
        cmocka_unit_test(an_entry_that_is_too_long_hides_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
