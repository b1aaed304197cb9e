/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "fault_malloc.h"

static void an_empty_buffer_reads_as_an_empty_string(void **state)
{
    cleanup_buf struct buf b = BUF_INIT;
    assert_string_equal(buf_str(&b), "");
    assert_null(buf_take(&b));
}

static void what_is_appended_stands_there_in_order(void **state)
{
    cleanup_buf struct buf b = BUF_INIT;
    assert_int_equal(buf_append_str(&b, "one"), 0);
    assert_int_equal(buf_append_char(&b, ' '), 0);
    assert_int_equal(buf_append(&b, "twofold", 3), 0);
    assert_int_equal(buf_printf(&b, " %d%s", 3, "!"), 0);
    assert_int_equal(buf_append(&b, NULL, 0), 0);
    assert_string_equal(buf_str(&b), "one two 3!");
    assert_int_equal(b.len, 10);
}

static void it_grows_and_keeps_its_contents(void **state)
{
    cleanup_buf struct buf b = BUF_INIT;
    for (int i = 0; i < 5000; i++)
        assert_int_equal(buf_append_char(&b, (char)('a' + i % 26)), 0);
    assert_int_equal(b.len, 5000);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    assert_int_equal(b.data[5000], '\0');
}

static void bytes_of_value_zero_are_kept(void **state)
{
    cleanup_buf struct buf b = BUF_INIT;
    assert_int_equal(buf_append(&b, "a\0b", 3), 0);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.data, "a\0b", 4);
}

static void consume_moves_the_rest_to_the_front_and_wipes_behind_it(void **state)
{
    cleanup_buf struct buf b = BUF_INIT;
    assert_int_equal(buf_append_str(&b, "secret"), 0);
    buf_consume(&b, 0);
    assert_string_equal(buf_str(&b), "secret");
    buf_consume(&b, 4);
    assert_string_equal(buf_str(&b), "et");
    assert_memory_equal(b.data, "et\0\0\0\0", 6);
    buf_consume(&b, 2);
    assert_int_equal(b.len, 0);
}

static void reset_wipes_but_keeps_the_memory(void **state)
{
    cleanup_buf struct buf b = BUF_INIT;
    assert_int_equal(buf_append_str(&b, "secret"), 0);
    char *before = b.data;
    buf_reset(&b);
    assert_int_equal(b.len, 0);
    assert_memory_equal(b.data, "\0\0\0\0\0\0", 6);
    assert_int_equal(buf_append_str(&b, "next"), 0);
    assert_ptr_equal(b.data, before);
}

static void take_moves_the_memory_out(void **state)
{
    cleanup_buf struct buf b = BUF_INIT;
    assert_int_equal(buf_append_str(&b, "mine"), 0);
    char *mine = buf_take(&b);
    assert_string_equal(mine, "mine");
    assert_int_equal(b.len, 0);
    assert_null(b.data);
    free(mine);
}

static void a_size_that_overflows_is_refused(void **state)
{
    cleanup_buf struct buf b = BUF_INIT;
    assert_int_equal(buf_append_str(&b, "x"), 0);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_NO_MEMORY);
    assert_int_equal(buf_reserve(&b, SIZE_MAX - 1), ERR_NO_MEMORY);
    assert_int_equal(buf_reserve(&b, SIZE_MAX / 2 + 2), ERR_NO_MEMORY);
    assert_string_equal(buf_str(&b), "x");
}

static void without_memory_the_contents_stay(void **state)
{
    cleanup_buf struct buf b = BUF_INIT;
    assert_int_equal(buf_append_str(&b, "kept"), 0);
    char big[1000] = {0};
    fault_malloc_at(1);
    assert_int_equal(buf_append(&b, big, sizeof(big)), ERR_NO_MEMORY);
    fault_malloc_at(1);
    assert_int_equal(buf_printf(&b, "%1000d", 1), ERR_NO_MEMORY);
    fault_malloc_at(0);
    assert_string_equal(buf_str(&b), "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_reads_as_an_empty_string),
        cmocka_unit_test(what_is_appended_stands_there_in_order),
        cmocka_unit_test(it_grows_and_keeps_its_contents),
        cmocka_unit_test(bytes_of_value_zero_are_kept),
        cmocka_unit_test(consume_moves_the_rest_to_the_front_and_wipes_behind_it),
        cmocka_unit_test(reset_wipes_but_keeps_the_memory),
        cmocka_unit_test(take_moves_the_memory_out),
        cmocka_unit_test(a_size_that_overflows_is_refused),
        cmocka_unit_test(without_memory_the_contents_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
