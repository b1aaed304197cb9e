/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "wire/hijack.h"
#include "wire/unary.h"
#include "wire_capture.h"

/* ---- one message at a time ---- */

static void a_body_over_its_limit_is_refused(void **state)
{
    static const char *const texts[] = {
        "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        cleanup_unary struct unary u;
        size_t used;
        unary_init(&u, HTTP_REQUEST, 4);
        assert_int_equal(unary_feed(&u, texts[i], strlen(texts[i]), &used, NULL),
                         ERR_RESOURCE_EXHAUSTED);
    }
}

static void messages_follow_each_other(void **state)
{
    static const char two[] = "POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
                              "GET /2 HTTP/1.1\r\n\r\n";
    cleanup_unary struct unary u;
    size_t used, more;
    unary_init(&u, HTTP_REQUEST, 4);
    assert_int_equal(unary_feed(&u, two, strlen(two), &used, NULL), 0);
    assert_true(u.is_complete);
    assert_string_equal(u.body.data, "ab");
    unary_next(&u);
    assert_int_equal(unary_feed(&u, two + used, strlen(two) - used, &more, NULL), 0);
    assert_int_equal(used + more, strlen(two));
    assert_string_equal(u.reader.head.target, "/2");
    assert_int_equal(u.body.len, 0);
}

static void an_answer_may_end_with_the_connection(void **state)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nab";
    cleanup_unary struct unary u;
    size_t used;
    unary_init(&u, HTTP_RESPONSE, 4);
    assert_int_equal(unary_eof(&u, NULL), ERR_UNAVAILABLE);
    assert_int_equal(unary_feed(&u, text, strlen(text), &used, NULL), 0);
    assert_false(u.is_complete);
    assert_int_equal(unary_eof(&u, NULL), 0);
    assert_true(u.is_complete);
    assert_string_equal(u.body.data, "ab");
    assert_int_equal(u.reader.head.status, 200);
}

/* ---- hijack ---- */

static void a_recorded_hijack_is_understood_however_it_is_cut(void **state)
{
    cleanup_buf struct buf wanted = BUF_INIT;
    capture_read("cap.0.s2c", &wanted);
    size_t head = capture_head_size(&wanted);
    assert_int_equal(strlen(HIJACK_ANSWER), head);
    assert_memory_equal(HIJACK_ANSWER, wanted.data, head);
    for (size_t cut = 1; cut < head; cut++) {
        cleanup_hijack struct hijack h;
        size_t used, more = 0;
        hijack_init(&h);
        assert_int_equal(hijack_feed(&h, wanted.data, cut, &used, NULL), 0);
        assert_int_equal(used, cut);
        assert_int_equal(
            hijack_feed(&h, wanted.data + cut, wanted.len - cut, &more, NULL), 0);
        assert_int_equal(used + more, head);
        assert_true(h.is_done);
    }
}

static void a_hijack_is_asked_for_as_go_does_but_for_the_agent(void **state)
{
    cleanup_buf struct buf recorded = BUF_INIT, ours = BUF_INIT;
    capture_read("cap.0.c2s", &recorded);
    assert_int_equal(hijack_write_request(&ours), 0);
    const struct buf *both[] = {&recorded, &ours};
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        cleanup_unary struct unary u;
        size_t used;
        unary_init(&u, HTTP_REQUEST, 0);
        assert_int_equal(unary_feed(&u, both[i]->data, both[i]->len, &used, NULL), 0);
        assert_true(u.is_complete);
        assert_true(hijack_is_request(&u.reader.head));
        assert_int_equal(used, capture_head_size(both[i]));
    }
}

static void a_refused_hijack_tells_why(void **state)
{
    static const char text[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 13\r\n\r\nshutting down";
    for (size_t step = 1; step < sizeof(text); step++) {
        cleanup_hijack struct hijack h;
        struct err e = {0};
        int r = 0;
        size_t used;
        hijack_init(&h);
        for (size_t at = 0; at < sizeof(text) - 1 && !r; at += step) {
            size_t left = sizeof(text) - 1 - at;
            r = hijack_feed(&h, text + at, left < step ? left : step, &used, &e);
        }
        assert_int_equal(r, ERR_UNAVAILABLE);
        assert_string_equal(e.text, "the engine refuses plugins: shutting down");
    }
}

static void what_is_no_hijack_is_refused(void **state)
{
    cleanup_hijack struct hijack h;
    size_t used;
    hijack_init(&h);
    assert_int_equal(hijack_feed(&h, "SSH-2.0-x\r\n\r\n", 13, &used, NULL),
                     ERR_BAD_MESSAGE);
    cleanup_hijack struct hijack other;
    hijack_init(&other);
    assert_int_equal(hijack_feed(&other, "HTTP/1.1 500 X\r\n\r\nno", 20, &used, NULL), 0);
    struct err e = {0};
    assert_int_equal(hijack_eof(&other, &e), ERR_UNKNOWN);
    assert_string_equal(e.text, "the engine refuses plugins: no");
}

static int ask(void *user)
{
    static const char refusal[] = "HTTP/1.1 503 X\r\nContent-Length: 2\r\n\r\nno";
    cleanup_buf struct buf out = BUF_INIT;
    cleanup_hijack struct hijack h;
    size_t used;
    hijack_init(&h);
    int r = hijack_write_request(&out);
    if (!r)
        r = hijack_feed(&h, refusal, strlen(refusal), &used, NULL);
    return r == ERR_UNAVAILABLE ? 0 : r;
}

static void every_lack_of_memory_is_told(void **state)
{
    assert_true(fault_malloc_each(ask, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_over_its_limit_is_refused),
        cmocka_unit_test(messages_follow_each_other),
        cmocka_unit_test(an_answer_may_end_with_the_connection),
        cmocka_unit_test(a_recorded_hijack_is_understood_however_it_is_cut),
        cmocka_unit_test(a_hijack_is_asked_for_as_go_does_but_for_the_agent),
        cmocka_unit_test(a_refused_hijack_tells_why),
        cmocka_unit_test(what_is_no_hijack_is_refused),
        cmocka_unit_test(every_lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
