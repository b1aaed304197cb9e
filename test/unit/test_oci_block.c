/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "fault_malloc.h"
#include "oci/block.h"
#include "oci/block_write.h"
#include "oci/helper.h"

static void append(struct buf *b, const char *name, const char *value)
{
    assert_int_equal(block_append(b, name, value, strlen(value), NULL), 0);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    cleanup_buf struct buf b = BUF_INIT;
    size_t count, at = BLOCK_MAGIC_SIZE;
    append(&b, "A", "one=1");
    append(&b, "B", "");
    assert_true(block_check(b.data, b.len, &count));
    assert_int_equal(count, 2);
    assert_string_equal(block_next(b.data, b.len, &at), "A=one=1");
    assert_string_equal(block_next(b.data, b.len, &at), "B=");
    assert_null(block_next(b.data, b.len, &at));
}

static void each_cut_is_seen(void **state)
{
    (void)state;
    cleanup_buf struct buf b = BUF_INIT;
    size_t count;
    append(&b, "A", "value");
    for (size_t n = 0; n < b.len; n++)
        assert_true(block_check(b.data, n, &count) == (n == BLOCK_MAGIC_SIZE));
}

static void a_value_with_a_nul_is_refused(void **state)
{
    (void)state;
    cleanup_buf struct buf b = BUF_INIT;
    struct err e = {0};
    assert_int_equal(block_append(&b, "A", "a\0b", 3, &e), ERR_INVALID_ARGUMENT);
    assert_null(strstr(e.text, "a\\0b"));
    assert_int_equal(b.len, 0);
}

static void the_longest_value_fits_and_no_longer_one(void **state)
{
    (void)state;
    cleanup_buf struct buf b = BUF_INIT;
    size_t count, n = BLOCK_TEXT_MAX - 2;
    cleanup_free char *value = malloc(n + 1);
    memset(value, 'x', n + 1);
    assert_int_equal(block_append(&b, "A", value, n + 1, NULL), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(block_append(&b, "A", value, n, NULL), 0);
    assert_true(block_check(b.data, b.len, &count));
    for (int i = 0; i < 6; i++)
        assert_int_equal(block_append(&b, "A", value, n, NULL), 0);
    assert_int_equal(block_append(&b, "A", value, n, NULL), ERR_RESOURCE_EXHAUSTED);
    assert_true(block_check(b.data, b.len, &count));
    assert_int_equal(count, 7);
}

static void values_take_the_place_of_references(void **state)
{
    (void)state;
    cleanup_buf struct buf b = BUF_INIT;
    char a[] = "A=se://a", ab[] = "AB=stays", c[] = "C=";
    char *old[] = {a, ab, c, NULL};
    append(&b, "A", "1");
    append(&b, "C", "3");
    cleanup_free char **env = helper_environment(old, b.data, b.len, 2);
    assert_non_null(env);
    assert_string_equal(env[0], "AB=stays");
    assert_string_equal(env[1], "A=1");
    assert_string_equal(env[2], "C=3");
    assert_null(env[3]);
}

static void touch(const char *folder, const char *name, mode_t mode)
{
    cleanup_free char *path = str_format("%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static void programs_are_found_in_the_path(void **state)
{
    (void)state;
    char folder[] = "/tmp/coffer-test-XXXXXX", out[HELPER_PATH_MAX];
    assert_non_null(mkdtemp(folder));
    touch(folder, "tool", 0755);
    touch(folder, "text", 0644);
    cleanup_free char *path = str_format("PATH=/nowhere::%s", folder);
    char *env[] = {path, NULL};
    assert_int_equal(helper_lookup("tool", env, out), 0);
    assert_true(str_ends_with(out, "/tool"));
    assert_int_equal(helper_lookup("text", env, out), ENOENT);
    assert_int_equal(helper_lookup("", env, out), ENOENT);
    assert_int_equal(helper_lookup("./any", env, out), 0);
    assert_string_equal(out, "./any");
    char *none[] = {NULL};
    assert_int_equal(helper_lookup("sh", none, out), 0);
    cleanup_free char *clean = str_format("rm -r %s", folder);
    assert_int_equal(system(clean), 0);
}

static int append_two(void *user)
{
    (void)user;
    cleanup_buf struct buf b = BUF_INIT;
    int r = block_append(&b, "A", "1", 1, NULL);
    return r
               ?: block_append(&b, "B", "22222222222222222222222222222222222222222", 40,
                               NULL);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(fault_malloc_each(append_two, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(each_cut_is_seen),
        cmocka_unit_test(a_value_with_a_nul_is_refused),
        cmocka_unit_test(the_longest_value_fits_and_no_longer_one),
        cmocka_unit_test(values_take_the_place_of_references),
        cmocka_unit_test(programs_are_found_in_the_path),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
