/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "wire/http.h"
#include "wire/http_writer.h"

static void assert_path(const char *target, const char *path)
{
    cleanup_http_url struct http_url url = {0};
    assert_int_equal(http_url_parse(&url, target, NULL), 0);
    assert_string_equal(url.path, path);
}

static void paths_are_decoded(void **state)
{
    assert_path("/a/b", "/a/b");
    assert_path("/a%20b+c", "/a b+c");
    assert_path("/a%2Fb%2fc?x", "/a/b/c");
    assert_path("/%C3%A4", "/\xC3\xA4");
    assert_path("http://docker/v1.44/info?x=y", "/v1.44/info");
    assert_path("http://docker", "/");
    assert_path("*", "*");
    assert_path("/a#b?c", "/a");
}

static void parameters_are_decoded(void **state)
{
    cleanup_http_url struct http_url url = {0};
    assert_int_equal(http_url_parse(&url, "/x?a=1+2&b&c=%7B%22%7d&&a=3&=e&d==#z=1", NULL),
                     0);
    assert_string_equal(http_query_get(&url, "a"), "1 2");
    assert_string_equal(http_query_get(&url, "b"), "");
    assert_string_equal(http_query_get(&url, "c"), "{\"}");
    assert_string_equal(http_query_get(&url, ""), "e");
    assert_string_equal(http_query_get(&url, "d"), "=");
    assert_null(http_query_get(&url, "z"));
    assert_int_equal(url.n_params, 6);
    assert_string_equal(url.params[3].value, "3");
}

static void a_url_is_used_again(void **state)
{
    cleanup_http_url struct http_url url = {0};
    assert_int_equal(http_url_parse(&url, "/long/path?with=query", NULL), 0);
    assert_int_equal(http_url_parse(&url, "/x", NULL), 0);
    assert_string_equal(url.path, "/x");
    assert_null(http_query_get(&url, "with"));
}

static void bad_urls_are_refused(void **state)
{
    static const char *const bad[] = {"",       "x",      "/%",      "/%4",     "/%zz",
                                      "/a%00b", "/?a=%f", "/?a=%00", "https//x"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        cleanup_http_url struct http_url url = {0};
        assert_int_equal(http_url_parse(&url, bad[i], NULL), ERR_INVALID_ARGUMENT);
    }
}

static void parameters_are_limited(void **state)
{
    cleanup_http_url struct http_url url = {0};
    cleanup_buf struct buf target = BUF_INIT;
    assert_int_equal(buf_append_str(&target, "/?a"), 0);
    for (int i = 1; i < HTTP_PARAMS_MAX; i++)
        assert_int_equal(buf_append_str(&target, "&a"), 0);
    assert_int_equal(http_url_parse(&url, target.data, NULL), 0);
    assert_int_equal(buf_append_str(&target, "&a"), 0);
    assert_int_equal(http_url_parse(&url, target.data, NULL), ERR_RESOURCE_EXHAUSTED);
}

static void flags_are_read_as_docker_does(void **state)
{
    cleanup_http_url struct http_url url = {0};
    assert_int_equal(
        http_url_parse(&url, "/?a=1&b=0&c=False&d=&e=no&f=true&g=x&h=None&i=%200%20",
                       NULL),
        0);
    static const char on[] = "afg", off[] = "bcdehiz";
    for (size_t i = 0; on[i]; i++)
        assert_true(http_query_bool(&url, (char[]){on[i], '\0'}));
    for (size_t i = 0; off[i]; i++)
        assert_false(http_query_bool(&url, (char[]){off[i], '\0'}));
}

static void escaping_is_undone_by_decoding(void **state)
{
    cleanup_buf struct buf target = BUF_INIT;
    cleanup_http_url struct http_url url = {0};
    assert_int_equal(buf_append_str(&target, "/?k="), 0);
    assert_int_equal(http_url_escape(&target, "a b&c=d/\xC3\xA4%~"), 0);
    assert_string_equal(target.data, "/?k=a%20b%26c%3Dd%2F%C3%A4%25~");
    assert_int_equal(http_url_parse(&url, target.data, NULL), 0);
    assert_string_equal(http_query_get(&url, "k"), "a b&c=d/\xC3\xA4%~");
}

static void a_header_cannot_bring_another_one(void **state)
{
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(http_write_header(&out, "A", "b"), 0);
    assert_int_equal(http_write_header(&out, "A", "b\r\nC: d"), ERR_INVALID_ARGUMENT);
    assert_int_equal(http_write_header(&out, "A", "b\nC: d"), ERR_INVALID_ARGUMENT);
    assert_int_equal(http_write_header(&out, "A B", "c"), ERR_INVALID_ARGUMENT);
    assert_int_equal(http_write_header(&out, "A:", "c"), ERR_INVALID_ARGUMENT);
    assert_int_equal(http_write_header(&out, "", "c"), ERR_INVALID_ARGUMENT);
    assert_int_equal(http_write_request_line(&out, "GET", "/a b"), ERR_INVALID_ARGUMENT);
    assert_int_equal(http_write_request_line(&out, "GET", "/\r\n"), ERR_INVALID_ARGUMENT);
    assert_string_equal(out.data, "A: b\r\n");
}

static void hop_by_hop_headers_are_known(void **state)
{
    struct http_head head = {.n_headers = 1,
                             .headers = {{"Connection", "close, X-Mine"}}};
    assert_true(http_header_is_hop(&head, "transfer-encoding"));
    assert_true(http_header_is_hop(&head, "x-mine"));
    assert_false(http_header_is_hop(&head, "X-Registry-Auth"));
}

static void statuses_have_words(void **state)
{
    assert_string_equal(http_reason(404), "Not Found");
    assert_string_equal(http_reason(299), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_decoded),
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test(a_url_is_used_again),
        cmocka_unit_test(bad_urls_are_refused),
        cmocka_unit_test(parameters_are_limited),
        cmocka_unit_test(flags_are_read_as_docker_does),
        cmocka_unit_test(escaping_is_undone_by_decoding),
        cmocka_unit_test(a_header_cannot_bring_another_one),
        cmocka_unit_test(hop_by_hop_headers_are_known),
        cmocka_unit_test(statuses_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
