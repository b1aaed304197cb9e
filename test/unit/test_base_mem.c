/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fault_malloc.h"

static void wipe_overwrites_exactly_what_it_is_told(void **state)
{
    char data[] = "secret!";
    mem_wipe(data, 0);
    assert_string_equal(data, "secret!");
    mem_wipe(data, 6);
    assert_memory_equal(data, "\0\0\0\0\0\0!", 8);
}

static void wipe_free_takes_null_and_any_block(void **state)
{
    mem_wipe_free(NULL);
    mem_wipe_free(malloc(1));
    mem_wipe_free(malloc(100000));
}

static void a_copy_has_a_nul_behind_it(void **state)
{
    char *copy = mem_dup("abcdef", 3);
    assert_memory_equal(copy, "abc", 4);
    free(copy);
    copy = mem_dup(NULL, 0);
    assert_string_equal(copy, "");
    free(copy);
}

static void without_memory_there_is_no_copy(void **state)
{
    fault_malloc_at(1);
    assert_null(mem_dup("abc", 3));
}

static int open_null(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void owning_locals_release_what_they_own(void **state)
{
    int fd;
    {
        cleanup_free char *text = mem_dup("a", 1);
        cleanup_wipe_free char *secret = mem_dup("b", 1);
        cleanup_fd int owned = open_null();
        cleanup_fd int none = -1;
        assert_non_null(text);
        assert_non_null(secret);
        assert_true(none < 0);
        fd = owned;
    }
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void taking_moves_out_of_an_owning_local(void **state)
{
    char *text;
    int fd;
    {
        cleanup_free char *owned = mem_dup("a", 1);
        cleanup_fd int owned_fd = open_null();
        text = TAKE(owned);
        fd = TAKE_FD(owned_fd);
        assert_null(owned);
        assert_int_equal(owned_fd, -1);
    }
    assert_string_equal(text, "a");
    assert_true(fcntl(fd, F_GETFD) >= 0);
    free(text);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wipe_overwrites_exactly_what_it_is_told),
        cmocka_unit_test(wipe_free_takes_null_and_any_block),
        cmocka_unit_test(a_copy_has_a_nul_behind_it),
        cmocka_unit_test(without_memory_there_is_no_copy),
        cmocka_unit_test(owning_locals_release_what_they_own),
        cmocka_unit_test(taking_moves_out_of_an_owning_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
