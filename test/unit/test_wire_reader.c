/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "wire/http_reader.h"

/* What a reader told, as text: "HEAD GET /x;BODY abc;END;". */
struct reading {
    struct http_reader reader;
    struct buf told;
    int code;
};

static void reading_init(struct reading *g, enum http_parser_type type)
{
    *g = (struct reading){0};
    http_reader_init(&g->reader, type);
    http_reader_next(&g->reader, false);
}

static void reading_deinit(struct reading *g)
{
    http_reader_deinit(&g->reader);
    buf_deinit(&g->told);
}

static void tell(struct reading *g)
{
    struct http_reader *r = &g->reader;
    int e = 0;
    if (r->event == READER_HEAD && r->parser.type == HTTP_REQUEST)
        e = buf_printf(&g->told, "HEAD %s %s;", r->head.method, r->head.target);
    else if (r->event == READER_HEAD)
        e = buf_printf(&g->told, "HEAD %d;", r->head.status);
    else if (r->event == READER_BODY)
        e = buf_append(&g->told, r->data, r->len);
    else if (r->event == READER_END)
        e = buf_append_str(&g->told, ";END;");
    assert_int_equal(e, 0);
    if (r->event == READER_END)
        http_reader_next(r, false);
}

/* Feeds text in pieces of `step` bytes, each in a block of its own. */
static void feed(struct reading *g, const char *text, size_t n, size_t step)
{
    for (size_t at = 0; at < n && !g->code; at += step) {
        size_t left = n - at < step ? n - at : step;
        char *piece = malloc(left);
        assert_non_null(piece);
        memcpy(piece, text + at, left);
        for (size_t done = 0; done < left && !g->code;) {
            size_t used = 0;
            g->code =
                http_reader_feed(&g->reader, piece + done, left - done, &used, NULL);
            assert_true(used <= left - done);
            done += used;
            if (!g->code)
                tell(g);
        }
        free(piece);
    }
}

static void assert_reads(enum http_parser_type type, const char *text, const char *told)
{
    size_t steps[] = {1, 2, 3, 7, 1000000};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct reading g;
        reading_init(&g, type);
        feed(&g, text, strlen(text), steps[i]);
        assert_int_equal(g.code, 0);
        assert_string_equal(buf_str(&g.told), told);
        reading_deinit(&g);
    }
}

static void assert_refuses(const char *text, size_t n, int code)
{
    size_t steps[] = {1, 5, 1000000};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct reading g;
        reading_init(&g, HTTP_REQUEST);
        feed(&g, text, n, steps[i]);
        assert_int_equal(g.code, code);
        reading_deinit(&g);
    }
}

static void a_request_reads_the_same_however_it_is_cut(void **state)
{
    assert_reads(HTTP_REQUEST, "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n",
                 "HEAD GET /a?b;;END;");
    assert_reads(HTTP_REQUEST, "POST /p HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
                 "HEAD POST /p;hello;END;");
    assert_reads(HTTP_REQUEST,
                 "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n",
                 "HEAD POST /p;abcde;END;");
}

static void pipelined_requests_are_told_apart(void **state)
{
    assert_reads(
        HTTP_REQUEST,
        "POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\n\r\n"
        "PUT /3 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
        "HEAD /4 HTTP/1.0\r\n\r\n",
        "HEAD POST /1;ab;END;HEAD GET /2;;END;HEAD PUT /3;x;END;"
        "HEAD HEAD /4;;END;");
}

static void headers_are_found_and_trimmed(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a \r\nEmpty:\r\nConnection: "
                               "Upgrade, Foo\r\nUpgrade:\t tcp\r\n\r\n";
    struct reading g;
    reading_init(&g, HTTP_REQUEST);
    feed(&g, text, strlen(text) - 1, 1);
    size_t used;
    assert_int_equal(http_reader_feed(&g.reader, text + strlen(text) - 1, 1, &used, NULL),
                     0);
    assert_int_equal(g.reader.event, READER_HEAD);
    assert_string_equal(http_head_get(&g.reader.head, "host"), "a");
    assert_string_equal(http_head_get(&g.reader.head, "EMPTY"), "");
    assert_string_equal(http_head_get(&g.reader.head, "upgrade"), "tcp");
    assert_null(http_head_get(&g.reader.head, "absent"));
    assert_true(http_head_has_token(&g.reader.head, "connection", "foo"));
    assert_true(http_head_has_token(&g.reader.head, "connection", "upgrade"));
    assert_false(http_head_has_token(&g.reader.head, "connection", "up"));
    assert_true(g.reader.is_upgrade);
    reading_deinit(&g);
}

static void requests_that_could_be_read_in_two_ways_are_refused(void **state)
{
    static const char two_codings[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                                      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    static const char *const bad[] = {
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nContent-Length: 3 4\r\n\r\nabc",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\nabc",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        two_codings,
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\n: empty\r\n\r\n",
        "GET / HTTP/1.1\r\n\rX",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_refuses(bad[i], strlen(bad[i]), ERR_BAD_MESSAGE);
}

static void what_is_no_http_is_refused(void **state)
{
    static const char *const bad[] = {
        "hello\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.2\r\n\r\n",
        "GET /\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\n\r\n",
        "BREW / HTTP/1.1\r\n\r\n",
        "get / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\001c\r\n\r\n",
        "\x16\x03\x01\x02",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_refuses(bad[i], strlen(bad[i]), ERR_BAD_MESSAGE);
    static const char nul[] = "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n";
    assert_refuses(nul, sizeof(nul) - 1, ERR_BAD_MESSAGE);
}

static void bad_chunks_are_refused(void **state)
{
    static const char *const bad[] = {
        "zz\r\n",
        "\r\n\r\n",
        "3\r\nabcd\r\n",
        "-1\r\n",
        "fffffffffffffffff\r\n",
        "3 \rx",
        "3\r\nabcXY0\r\n\r\n",
        "3\r\nabcX\n0\r\n\r\n",
        "3\r\nabc\r\n0\rX\r\n",
        "3\r\nabc\r\n0\r\n\rX",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        cleanup_buf struct buf text = BUF_INIT;
        assert_int_equal(
            buf_printf(&text, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%s",
                       bad[i]),
            0);
        assert_refuses(text.data, text.len, ERR_BAD_MESSAGE);
    }
}

static void add_header(struct buf *b, int i)
{
    assert_int_equal(buf_printf(b, "H%d: v\r\n", i), 0);
}

static void too_many_headers_are_refused(void **state)
{
    for (int n = HTTP_HEADERS_MAX; n <= HTTP_HEADERS_MAX + 1; n++) {
        struct reading g;
        cleanup_buf struct buf text = BUF_INIT;
        assert_int_equal(buf_append_str(&text, "GET / HTTP/1.1\r\n"), 0);
        for (int i = 0; i < n; i++)
            add_header(&text, i);
        assert_int_equal(buf_append_str(&text, "\r\n"), 0);
        reading_init(&g, HTTP_REQUEST);
        feed(&g, text.data, text.len, 11);
        assert_int_equal(g.code, n > HTTP_HEADERS_MAX ? ERR_RESOURCE_EXHAUSTED : 0);
        reading_deinit(&g);
    }
}

static void a_head_over_its_limit_is_refused(void **state)
{
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(buf_append_str(&text, "GET / HTTP/1.1\r\nA: "), 0);
    for (int i = 0; i < HTTP_HEAD_MAX; i++)
        assert_int_equal(buf_append_char(&text, 'x'), 0);
    assert_int_equal(buf_append_str(&text, "\r\n\r\n"), 0);
    assert_refuses(text.data, text.len, ERR_RESOURCE_EXHAUSTED);
    buf_reset(&text);
    assert_int_equal(buf_append_str(&text, "GET /"), 0);
    for (int i = 0; i < 2 * HTTP_HEAD_MAX; i++)
        assert_int_equal(buf_append_char(&text, 'x'), 0);
    assert_refuses(text.data, text.len, ERR_RESOURCE_EXHAUSTED);
}

static void endless_trailers_are_refused(void **state)
{
    struct reading g;
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(buf_append_str(&text, "POST / HTTP/1.1\r\nTransfer-Encoding: "
                                           "chunked\r\n\r\n0\r\n"),
                     0);
    for (int i = 0; i < 20000; i++)
        add_header(&text, i);
    reading_init(&g, HTTP_REQUEST);
    feed(&g, text.data, text.len, 4096);
    assert_int_not_equal(g.code, 0);
    reading_deinit(&g);
}

static void answers_are_read(void **state)
{
    assert_reads(
        HTTP_RESPONSE,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
        "\r\nhiHTTP/1.1 204 No Content\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "HEAD 100;;END;HEAD 200;hi;END;HEAD 204;;END;HEAD 200;ab;END;");
}

static void an_answer_to_head_has_no_body(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n";
    struct reading g;
    reading_init(&g, HTTP_RESPONSE);
    http_reader_next(&g.reader, true);
    feed(&g, text, strlen(text), 1);
    assert_string_equal(buf_str(&g.told), "HEAD 200;;END;");
    reading_deinit(&g);
}

static void an_answer_may_end_with_its_connection(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\n\r\nall of it";
    struct reading g;
    reading_init(&g, HTTP_RESPONSE);
    feed(&g, text, strlen(text), 4);
    assert_string_equal(buf_str(&g.told), "HEAD 200;all of it");
    assert_int_equal(http_reader_eof(&g.reader, NULL), 0);
    assert_int_equal(g.reader.event, READER_END);
    reading_deinit(&g);
}

static void an_end_within_a_message_is_an_error(void **state)
{
    static const char *const cut[] = {
        "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"};
    for (size_t i = 0; i < ARRAY_SIZE(cut); i++) {
        struct reading g;
        reading_init(&g, HTTP_RESPONSE);
        feed(&g, cut[i], strlen(cut[i]), 100);
        assert_int_equal(http_reader_eof(&g.reader, NULL), ERR_BAD_MESSAGE);
        reading_deinit(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_reads_the_same_however_it_is_cut),
        cmocka_unit_test(pipelined_requests_are_told_apart),
        cmocka_unit_test(headers_are_found_and_trimmed),
        cmocka_unit_test(requests_that_could_be_read_in_two_ways_are_refused),
        cmocka_unit_test(what_is_no_http_is_refused),
        cmocka_unit_test(bad_chunks_are_refused),
        cmocka_unit_test(too_many_headers_are_refused),
        cmocka_unit_test(a_head_over_its_limit_is_refused),
        cmocka_unit_test(endless_trailers_are_refused),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(an_answer_to_head_has_no_body),
        cmocka_unit_test(an_answer_may_end_with_its_connection),
        cmocka_unit_test(an_end_within_a_message_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
