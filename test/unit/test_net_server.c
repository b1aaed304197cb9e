/* SPDX-License-Identifier: Apache-2.0 */
#include "server_fixture.h"

#include <errno.h>
#include <sys/un.h>

static void a_request_is_answered(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&w, "/a b"));
    assert_true(str_starts_with(w.got.data, "HTTP/1.1 200 OK\r\n"));
    assert_true(wire_has(&w, "\r\nContent-Length: 4\r\n"));
    assert_true(wire_has(&w, "\r\nDate: "));
    assert_true(wire_has(&w, " GMT\r\n"));
    assert_true(wire_has(&w, "\r\nX-Default: server\r\n"));
    assert_false(wire_has(&w, "Connection"));
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void headers_of_an_answer_win_over_the_defaults(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /own HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&w, "\r\n\r\nown"));
    assert_true(wire_has(&w, "\r\nX-Default: mine\r\nX-Own: 1\r\n"));
    assert_int_equal(wire_count(&w, "X-Default: "), 1);
    wire_close(&w, &f.net);
    tear_down(&f);
}

#define LARGE_BODY ((size_t)700 * 1024)

/* Its client looks for the answer only when all is sent, so none of that may fail. */
static void an_early_answer_reaches_who_is_still_sending(void **state)
{
    struct fixture f;
    cleanup_buf struct buf text = BUF_INIT;
    char head[96], got[4096];
    set_up(&f);
    snprintf(head, sizeof(head), "POST /error HTTP/1.1\r\nContent-Length: %zu\r\n\r\n",
             LARGE_BODY);
    assert_int_equal(buf_append_str(&text, head), 0);
    while (text.len < strlen(head) + LARGE_BODY)
        assert_int_equal(buf_append_char(&text, 'x'), 0);
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    strcpy_cut(addr.sun_path, sizeof(addr.sun_path), f.net.path);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    for (size_t sent = 0; sent < text.len;) {
        ssize_t n = send(fd, text.data + sent, text.len - sent, MSG_NOSIGNAL);
        assert_true(n > 0 || errno == EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
        uv_run(&f.net.loop, UV_RUN_NOWAIT);
    }
    ssize_t n = recv(fd, got, sizeof(got) - 1, 0);
    assert_true(n > 0);
    got[n] = '\0';
    assert_true(str_starts_with(got, "HTTP/1.1 404 "));
    TURN_UNTIL(&f.net, http_server_connections(f.server) == 0);
    tear_down(&f);
}

static void a_connection_serves_many_requests(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    for (size_t i = 1; i <= 20; i++) {
        wire_send(&w, &f.net, "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
        TURN_UNTIL(&f.net, wire_count(&w, "\r\n\r\nabc") == i);
    }
    assert_int_equal(http_server_connections(f.server), 1);
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(
        &w, &f.net,
        "GET /1 HTTP/1.1\r\n\r\n"
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n/2\r\n0\r\n\r\n"
        "POST /ignored HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"
        "GET /3 HTTP/1.1\r\nConnection: close\r\n\r\n");
    TURN_UNTIL(&f.net, w.is_eof);
    const char *one = strstr(w.got.data, "\r\n\r\n/1"),
               *two = strstr(w.got.data, "\r\n\r\n/2"),
               *ignored = strstr(w.got.data, "\r\n\r\n/ignored"),
               *three = strstr(w.got.data, "\r\n\r\n/3");
    assert_true(one && one < two && two < ignored && ignored < three);
    assert_int_equal(wire_count(&w, "Connection: close"), 1);
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    static const char text[] = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5\r\nhello\r\n0\r\n\r\n";
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    for (size_t i = 0; text[i]; i++) {
        wire_send(&w, &f.net, (char[]){text[i], '\0'});
        uv_run(&f.net.loop, UV_RUN_NOWAIT);
    }
    TURN_UNTIL(&f.net, wire_has(&w, "\r\n\r\nhello"));
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void continue_is_said_to_who_waits_for_it(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net,
              "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&w, "HTTP/1.1 100 Continue\r\n\r\n"));
    wire_send(&w, &f.net, "hi");
    TURN_UNTIL(&f.net, wire_has(&w, "\r\n\r\nhi"));
    wire_close(&w, &f.net);
    ask(&f, "GET / HTTP/1.1\r\nExpect: tea\r\n\r\n", "HTTP/1.1 417 ");
    tear_down(&f);
}

static void a_body_over_its_limit_is_refused(void **state)
{
    struct fixture f;
    set_up(&f);
    ask(&f, "POST /echo HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413 ");
    assert_int_equal(f.collect_code, ERR_RESOURCE_EXHAUSTED);
    f.collect_code = 0;
    ask(&f, "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n",
        "Connection: close");
    cleanup_buf struct buf big = BUF_INIT;
    assert_int_equal(buf_append_str(&big, "POST /echo HTTP/1.1\r\nTransfer-Encoding: "
                                          "chunked\r\n\r\n"),
                     0);
    for (int i = 0; i < 101; i++)
        assert_int_equal(buf_append_str(&big, "a\r\n0123456789\r\n"), 0);
    ask(&f, big.data, "has more than 1000 bytes");
    tear_down(&f);
}

static void a_body_at_its_limit_is_taken(void **state)
{
    struct fixture f;
    cleanup_buf struct buf text = BUF_INIT;
    set_up(&f);
    assert_int_equal(
        buf_append_str(&text, "POST /echo HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_append_char(&text, 'x'), 0);
    ask(&f, text.data, "Content-Length: 1000\r\n");
    tear_down(&f);
}

static void malformed_requests_get_400_and_the_end(void **state)
{
    static const char *const bad[] = {
        "nonsense\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "GET /%zz HTTP/1.1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    };
    struct fixture f;
    set_up(&f);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct wire w;
        wire_open(&w, &f.net, f.net.path);
        wire_send(&w, &f.net, bad[i]);
        TURN_UNTIL(&f.net, w.is_eof);
        assert_true(str_starts_with(w.got.data, "HTTP/1.1 400 Bad Request\r\n"));
        assert_true(wire_has(&w, "Connection: close"));
        assert_true(wire_has(&w, "{\"message\":\""));
        wire_close(&w, &f.net);
    }
    tear_down(&f);
}

static void a_head_over_the_limit_gets_431(void **state)
{
    struct fixture f;
    cleanup_buf struct buf text = BUF_INIT;
    set_up(&f);
    assert_int_equal(buf_append_str(&text, "GET / HTTP/1.1\r\nA: "), 0);
    for (int i = 0; i < HTTP_HEAD_MAX; i++)
        assert_int_equal(buf_append_char(&text, 'x'), 0);
    ask(&f, text.data, "HTTP/1.1 431 ");
    tear_down(&f);
}

static void errors_are_told_as_json(void **state)
{
    struct fixture f;
    set_up(&f);
    ask(&f, "GET /error HTTP/1.1\r\n\r\n", "{\"message\":\"no \\\"such\\\"\\u000a\"}\n");
    tear_down(&f);
}

static void head_and_no_content_have_no_body(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(
        &w, &f.net,
        "HEAD /abc HTTP/1.1\r\n\r\nGET /empty HTTP/1.1\r\nConnection: close\r\n\r\n");
    TURN_UNTIL(&f.net, w.is_eof);
    assert_int_equal(wire_count(&w, "Content-Length: 4"), 1);
    assert_int_equal(wire_count(&w, "Content-Length"), 1);
    assert_true(wire_has(&w, "\r\n\r\nHTTP/1.1 204 "));
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void old_clients_are_closed_or_kept_as_they_ask(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&w, "/1"));
    assert_true(wire_has(&w, "Connection: keep-alive"));
    wire_send(&w, &f.net, "GET /2 HTTP/1.0\r\n\r\n");
    TURN_UNTIL(&f.net, w.is_eof);
    assert_true(wire_has(&w, "Connection: close"));
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void a_stream_is_chunked_and_ends(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /stream HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&w, "Transfer-Encoding: chunked\r\n\r\n"));
    assert_int_equal(http_exchange_write(f.held, "event", 5), 0);
    TURN_UNTIL(&f.net, wire_has(&w, "5\r\nevent\r\n"));
    assert_int_equal(http_exchange_write(f.held, "", 0), 0);
    http_exchange_end(f.held);
    TURN_UNTIL(&f.net, wire_has(&w, "event\r\n0\r\n\r\n"));
    wire_send(&w, &f.net, "GET /next HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&w, "/next"));
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void a_stream_waits_for_a_slow_reader(void **state)
{
    static char block[100000];
    struct fixture f;
    struct wire w;
    size_t sent = 0;
    int r;
    set_up(&f);
    memset(block, 'x', sizeof(block));
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /stream HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, f.held);
    wire_stop_reading(&w);
    while (!(r = http_exchange_write(f.held, block, sizeof(block))))
        sent += sizeof(block);
    assert_int_equal(r, ERR_RESOURCE_EXHAUSTED);
    assert_true(http_exchange_queued(f.held) <= HTTP_SERVER_QUEUE_MAX + 100);
    assert_int_equal(f.drains, 0);
    wire_read_on(&w);
    TURN_UNTIL(&f.net, f.drains == 1);
    assert_int_equal(http_exchange_queued(f.held), 0);
    http_exchange_end(f.held);
    TURN_UNTIL(&f.net, wire_has(&w, "\r\n0\r\n\r\n"));
    assert_true(w.got.len > sent);
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void a_large_answer_reaches_a_slow_reader_whole(void **state)
{
    struct fixture f;
    struct wire w;
    cleanup_buf struct buf big = BUF_INIT;
    set_up(&f);
    for (int i = 0; i < 300000; i++)
        assert_int_equal(buf_append(&big, "0123456789", 10), 0);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /hold HTTP/1.1\r\nConnection: close\r\n\r\n");
    TURN_UNTIL(&f.net, f.held);
    http_exchange_respond(f.held, 200, NULL, 0, big.data, big.len);
    TURN_UNTIL(&f.net, w.is_eof);
    assert_true(w.got.len > big.len);
    assert_memory_equal(w.got.data + w.got.len - big.len, big.data, big.len);
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void the_handler_learns_that_the_client_went_away(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /stream HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, f.held);
    wire_close(&w, &f.net);
    TURN_UNTIL(&f.net, f.closes == 1);
    assert_true(net_is_client_gone(f.held));
    assert_int_equal(http_exchange_write(f.held, "x", 1), ERR_UNAVAILABLE);
    http_exchange_end(f.held);
    tear_down(&f);
}

static void a_client_that_only_stops_writing_is_answered(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /hold HTTP/1.1\r\n\r\n");
    wire_shut(&w);
    TURN_UNTIL(&f.net, f.held);
    uv_run(&f.net.loop, UV_RUN_NOWAIT);
    http_exchange_respond(f.held, 200, NULL, 0, "late", 4);
    TURN_UNTIL(&f.net, w.is_eof);
    assert_true(wire_has(&w, "\r\n\r\nlate"));
    assert_int_equal(f.closes, 0);
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void a_body_cut_short_is_told_to_who_collects(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
    wire_close(&w, &f.net);
    TURN_UNTIL(&f.net, f.collect_code == ERR_UNAVAILABLE);
    tear_down(&f);
}

static void collecting_may_begin_later(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "POST /hold HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    TURN_UNTIL(&f.net, f.held);
    http_exchange_collect(f.held, 100, echo, &f);
    TURN_UNTIL(&f.net, wire_has(&w, "\r\n\r\nabc"));
    f.held = NULL;
    wire_send(&w, &f.net, "GET /hold HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, f.held);
    uv_run(&f.net.loop, UV_RUN_NOWAIT);
    http_exchange_collect(f.held, 100, echo, &f);
    TURN_UNTIL(&f.net, wire_has(&w, "Content-Length: 0"));
    wire_close(&w, &f.net);
    tear_down(&f);
}

/* What was answered before its end was read leaves nothing to the request behind it. */
static void collecting_may_begin_later_on_a_used_connection(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "HEAD /own HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&w, "X-Own: 1"));
    wire_send(&w, &f.net, "POST /hold HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    TURN_UNTIL(&f.net, f.held);
    uv_run(&f.net.loop, UV_RUN_NOWAIT);
    http_exchange_collect(f.held, 100, echo, &f);
    TURN_UNTIL(&f.net, wire_has(&w, "\r\n\r\nabc"));
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void collecting_after_the_client_went_away_is_told_so(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /hold HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, f.held);
    wire_close(&w, &f.net);
    TURN_UNTIL(&f.net, f.closes == 1);
    for (int i = 0; i < 3; i++)
        uv_run(&f.net.loop, UV_RUN_NOWAIT);
    http_exchange_collect(f.held, 100, echo, &f);
    TURN_UNTIL(&f.net, f.collect_code == ERR_UNAVAILABLE);
    assert_int_equal(http_server_connections(f.server), 0);
    tear_down(&f);
}

static void an_aborted_answer_is_cut(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /abort HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, w.is_eof);
    assert_int_equal(w.got.len, 0);
    wire_close(&w, &f.net);
    tear_down(&f);
}

#define LARGE_ANSWER (2 * 1024 * 1024)

/* Gets a large answer on a connection that closes after it, and reads none of it. */
static void ask_and_not_read(struct fixture *f, struct wire *w)
{
    static char text[LARGE_ANSWER];
    wire_open(w, &f->net, f->net.path);
    wire_stop_reading(w);
    wire_send(w, &f->net, "GET /hold HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    TURN_UNTIL(&f->net, f->held);
    memset(text, 'x', sizeof(text));
    http_exchange_respond(TAKE(f->held), 200, NULL, 0, text, sizeof(text));
    assert_int_equal(http_server_connections(f->server), 1);
}

static void a_client_that_never_reads_its_answer_is_given_up(void **state)
{
    struct fixture f;
    struct wire w;
    set_up_timed(&f, 0, 0, 20 * CLOCK_MILLISECOND, 0);
    ask_and_not_read(&f, &w);
    TURN_UNTIL(&f.net, !http_server_connections(f.server));
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void a_slow_client_gets_its_answer_whole(void **state)
{
    struct fixture f;
    struct wire w;
    set_up_timed(&f, 0, 0, CLOCK_SECOND, 0);
    ask_and_not_read(&f, &w);
    wire_read_on(&w);
    TURN_UNTIL(&f.net, w.is_eof);
    assert_true(w.got.len > LARGE_ANSWER);
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void cutting_one_may_end_another(void **state)
{
    struct fixture f;
    struct wire w[2];
    set_up(&f);
    for (int i = 0; i < 2; i++) {
        wire_open(&w[i], &f.net, f.net.path);
        wire_send(&w[i], &f.net, "GET /pair HTTP/1.1\r\nHost: x\r\n\r\n");
        TURN_UNTIL(&f.net, f.pair[i]);
    }
    http_exchange_on_close(f.pair[1], NULL, NULL);
    wire_close(&w[1], &f.net);
    TURN_UNTIL(&f.net, net_is_client_gone(f.pair[1]));
    for (int i = 0; i < 5; i++)
        uv_run(&f.net.loop, UV_RUN_NOWAIT);
    http_server_close(f.server, 0, net_closed, &f.net);
    TURN_UNTIL(&f.net, f.net.is_closed);
    assert_null(f.pair[0]);
    assert_null(f.pair[1]);
    wire_close(&w[0], &f.net);
    net_deinit(&f.net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(headers_of_an_answer_win_over_the_defaults),
        cmocka_unit_test(an_early_answer_reaches_who_is_still_sending),
        cmocka_unit_test(a_connection_serves_many_requests),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(continue_is_said_to_who_waits_for_it),
        cmocka_unit_test(a_body_over_its_limit_is_refused),
        cmocka_unit_test(a_body_at_its_limit_is_taken),
        cmocka_unit_test(malformed_requests_get_400_and_the_end),
        cmocka_unit_test(a_head_over_the_limit_gets_431),
        cmocka_unit_test(errors_are_told_as_json),
        cmocka_unit_test(head_and_no_content_have_no_body),
        cmocka_unit_test(old_clients_are_closed_or_kept_as_they_ask),
        cmocka_unit_test(a_stream_is_chunked_and_ends),
        cmocka_unit_test(a_stream_waits_for_a_slow_reader),
        cmocka_unit_test(a_large_answer_reaches_a_slow_reader_whole),
        cmocka_unit_test(the_handler_learns_that_the_client_went_away),
        cmocka_unit_test(a_client_that_only_stops_writing_is_answered),
        cmocka_unit_test(a_body_cut_short_is_told_to_who_collects),
        cmocka_unit_test(collecting_may_begin_later),
        cmocka_unit_test(collecting_may_begin_later_on_a_used_connection),
        cmocka_unit_test(collecting_after_the_client_went_away_is_told_so),
        cmocka_unit_test(an_aborted_answer_is_cut),
        cmocka_unit_test(a_client_that_never_reads_its_answer_is_given_up),
        cmocka_unit_test(a_slow_client_gets_its_answer_whole),
        cmocka_unit_test(cutting_one_may_end_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
