/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

static void set_returns_the_code_and_keeps_the_text(void **state)
{
    struct err e = {0};
    assert_int_equal(err_set(&e, ERR_NOT_FOUND, "secret %s not found", "x"),
                     ERR_NOT_FOUND);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_string_equal(err_text(&e), "secret x not found");
}

static void nobody_needs_to_listen(void **state)
{
    assert_int_equal(err_set(NULL, ERR_NOT_FOUND, "x"), ERR_NOT_FOUND);
    assert_int_equal(err_wrap(NULL, ERR_NOT_FOUND, "x"), ERR_NOT_FOUND);
    assert_int_equal(err_errno(NULL, ENOENT, "x"), ERR_NOT_FOUND);
    assert_int_equal(err_no_memory(NULL), ERR_NO_MEMORY);
}

static void wrap_puts_the_context_in_front(void **state)
{
    struct err e = {0};
    err_set(&e, ERR_IO, "disk full");
    assert_int_equal(err_wrap(&e, ERR_IO, "load %s", "snapshot"), ERR_IO);
    assert_string_equal(err_text(&e), "load snapshot: disk full");
}

static void wrap_without_a_text_takes_the_words_of_the_code(void **state)
{
    struct err e = {.code = ERR_NOT_FOUND};
    err_wrap(&e, ERR_NOT_FOUND, "load");
    assert_string_equal(err_text(&e), "load: not found");
}

static void a_text_that_is_too_long_is_cut_and_marked(void **state)
{
    struct err e = {0};
    err_set(&e, ERR_IO, "%2000d", 7);
    assert_int_equal(strlen(e.text), ERR_TEXT_SIZE - 1);
    assert_string_equal(e.text + ERR_TEXT_SIZE - 4, "...");
    err_wrap(&e, ERR_IO, "context");
    assert_int_equal(strlen(e.text), ERR_TEXT_SIZE - 1);
    assert_memory_equal(e.text, "context: ", 9);
    assert_string_equal(e.text + ERR_TEXT_SIZE - 4, "...");
}

static void errno_values_get_their_nearest_code(void **state)
{
    static const struct {
        int errnum;
        int code;
    } cases[] = {
        {ENOMEM, ERR_NO_MEMORY},
        {ENOENT, ERR_NOT_FOUND},
        {EEXIST, ERR_ALREADY_EXISTS},
        {EACCES, ERR_PERMISSION_DENIED},
        {EMFILE, ERR_RESOURCE_EXHAUSTED},
        {EPIPE, ERR_UNAVAILABLE},
        {ETIMEDOUT, ERR_DEADLINE_EXCEEDED},
        {ECANCELED, ERR_CANCELED},
        {EIO, ERR_IO},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(err_errno(NULL, cases[i].errnum, "x"), cases[i].code);
    struct err e = {0};
    err_errno(&e, ENOENT, "open %s", "/x");
    assert_string_equal(err_text(&e), "open /x: No such file or directory");
}

static void each_code_has_a_name_words_and_statuses(void **state)
{
    for (int code = 0; code < ERR_CODES; code++) {
        struct err e = {.code = code};
        assert_true(strlen(err_text(&e)) > 0);
        assert_true(strlen(err_name(code)) > 0);
        assert_in_range(err_grpc_status(code), 0, 16);
        assert_in_range(err_http_status(code), 200, 599);
        assert_int_equal(err_exit_status(code), code != 0);
    }
}

static void grpc_statuses_survive_a_round_trip(void **state)
{
    for (int status = 0; status <= 16; status++)
        assert_int_equal(err_grpc_status(err_from_grpc_status(status)), status);
    assert_int_equal(err_from_grpc_status(-1), ERR_UNKNOWN);
    assert_int_equal(err_from_grpc_status(17), ERR_UNKNOWN);
}

static void http_statuses_are_dockers(void **state)
{
    assert_int_equal(err_http_status(ERR_INVALID_ARGUMENT), 400);
    assert_int_equal(err_http_status(ERR_FAILED_PRECONDITION), 400);
    assert_int_equal(err_http_status(ERR_NOT_FOUND), 404);
    assert_int_equal(err_http_status(ERR_ALREADY_EXISTS), 409);
    assert_int_equal(err_http_status(ERR_UNKNOWN), 500);
    assert_int_equal(err_http_status(ERR_UNIMPLEMENTED), 501);
    assert_int_equal(err_http_status(ERR_UNAVAILABLE), 503);
    assert_int_equal(err_http_status(12345), 500);
    assert_int_equal(err_http_status(-1), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_the_code_and_keeps_the_text),
        cmocka_unit_test(nobody_needs_to_listen),
        cmocka_unit_test(wrap_puts_the_context_in_front),
        cmocka_unit_test(wrap_without_a_text_takes_the_words_of_the_code),
        cmocka_unit_test(a_text_that_is_too_long_is_cut_and_marked),
        cmocka_unit_test(errno_values_get_their_nearest_code),
        cmocka_unit_test(each_code_has_a_name_words_and_statuses),
        cmocka_unit_test(grpc_statuses_survive_a_round_trip),
        cmocka_unit_test(http_statuses_are_dockers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
