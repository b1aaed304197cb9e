/* SPDX-License-Identifier: Apache-2.0 */
/* To whom a secret's label grants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fault_malloc.h"
#include "grant/label.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "alice:x:1000:1000::/home/alice:/bin/sh\n"
                             "# no user\n"
                             "bob:x:1001:1001::/home/bob:/bin/sh\n"
                             "\n"
                             "al:x:1000:1000::/home/alice:/bin/sh\n";

static int find(uid_t uid, struct grantee *out)
{
    FILE *file = fmemopen((void *)(uintptr_t)passwd, sizeof(passwd) - 1, "r");
    int r = grantee_find(file, uid, out, NULL);
    (void)fclose(file);
    return r;
}

static bool grants(const char *list, uid_t uid)
{
    cleanup_grantee struct grantee g = {.names = BUF_INIT};
    assert_int_equal(find(uid, &g), 0);
    return label_grants(list, &g);
}

static void a_user_is_meant_by_number_or_by_any_name(void **state)
{
    assert_true(grants("1000", 1000));
    assert_true(grants("alice", 1000));
    assert_true(grants("al", 1000));
    assert_true(grants("bob,root , alice", 1000));
    assert_true(grants("bob,1000,root", 1000));
    assert_true(grants("bob,root", 0));
    assert_true(grants("4242", 4242));
}

static void all_others_are_not(void **state)
{
    static const char *const lists[] = {
        NULL,        "",          ",",     " , ,",       "bob",     "alic",
        "alicea",    "a",         "*",     "ALICE",      "01000",   "1000x",
        "+1000",     "0",         "10000", "100",        ",alice:", "al ice",
        "alice/bob", "alice bob", "-1000", "4294968296", "x:1000"};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (grants(lists[i], 1000))
            fail_msg("%s", lists[i]);
    assert_false(grants("", 4242));
    assert_false(grants(",,", 4242));
}

/* ---- the list of users ---- */

static void a_line_that_is_too_long_hides_nobody(void **state)
{
    static const char start_of_long[] = "root:x:1000:0:";
    cleanup_grantee struct grantee g = {.names = BUF_INIT};
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(buf_append_str(&text, start_of_long), 0);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(buf_append_char(&text, 'g'), 0);
    assert_int_equal(buf_append_str(&text, ":/:/bin/sh\n"), 0);
    assert_int_equal(buf_append(&text, passwd, sizeof(passwd) - 1), 0);
    assert_int_equal(buf_append_str(&text, start_of_long), 0);
    for (int i = 0; i < 9000; i++) /* the last line has no end */
        assert_int_equal(buf_append_char(&text, 'g'), 0);
    FILE *file = fmemopen(text.data, text.len, "r");
    assert_int_equal(grantee_find(file, 1000, &g, NULL), 0);
    assert_string_equal(buf_str(&g.names), ",alice,al,");
    (void)fclose(file);
}

static void a_list_that_can_not_be_read_is_told(void **state)
{
    struct err e = {0};
    cleanup_grantee struct grantee g = {.names = BUF_INIT};
    FILE *folder = fopen("/", "r");
    assert_non_null(folder);
    assert_int_not_equal(grantee_find(folder, 1000, &g, &e), 0);
    assert_non_null(strstr(e.text, "read the names of users"));
    (void)fclose(folder);
}

static int find_alice(void *unused)
{
    cleanup_grantee struct grantee g = {.names = BUF_INIT};
    return find(1000, &g);
}

static void it_is_told_when_memory_is_short(void **state)
{
    assert_true(fault_malloc_each(find_alice, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_meant_by_number_or_by_any_name),
        cmocka_unit_test(all_others_are_not),
        cmocka_unit_test(a_line_that_is_too_long_hides_nobody),
        cmocka_unit_test(a_list_that_can_not_be_read_is_told),
        cmocka_unit_test(it_is_told_when_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
