/* SPDX-License-Identifier: Apache-2.0 */
#include "net_fixture.h"

#include <sys/file.h>

#include "net/http_server.h"

/* The server answers by path: see handle(). */
struct fixture {
    struct net net;
    struct http_server *server;
    struct http_exchange *held; /* of /hold and /stream */
    struct http_header defaults[1];
    int handled;
    int closes;
    int drains;
    int collect_code;
};

static void echo(struct http_exchange *x, int code, struct buf *body, const struct err *e,
                 void *user)
{
    struct fixture *f = user;
    f->collect_code = code;
    if (code == ERR_RESOURCE_EXHAUSTED)
        http_exchange_respond_message(x, 413, err_text(e));
    else if (code)
        http_exchange_respond_error(x, e);
    else
        http_exchange_respond(x, 200, NULL, 0, body->data, body->len);
}

static void count_close(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    (void)x;
    f->closes++;
}

static void count_drain(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    (void)x;
    f->drains++;
}

static void respond_peer(struct http_exchange *x)
{
    struct ucred peer;
    char text[64] = "nobody";
    if (http_exchange_peer(x, &peer))
        snprintf(text, sizeof(text), "uid=%u pid=%d", peer.uid, peer.pid);
    http_exchange_respond(x, 200, NULL, 0, text, strlen(text));
}

static void handle(struct http_exchange *x, void *user)
{
    static const struct http_header own[] = {{"X-Default", "mine"}, {"X-Own", "1"}};
    struct fixture *f = user;
    const char *path = http_exchange_url(x)->path;
    f->handled++;
    if (str_equal(path, "/echo")) {
        http_exchange_collect(x, 1000, echo, f);
    } else if (str_equal(path, "/own")) {
        http_exchange_respond(x, 201, own, 2, "own", 3);
    } else if (str_equal(path, "/empty")) {
        http_exchange_respond(x, 204, NULL, 0, NULL, 0);
    } else if (str_equal(path, "/peer")) {
        respond_peer(x);
    } else if (str_equal(path, "/error")) {
        struct err e = {0};
        err_set(&e, ERR_NOT_FOUND, "no \"%s\"\n", "such");
        http_exchange_respond_error(x, &e);
    } else if (str_equal(path, "/abort")) {
        http_exchange_abort(x);
    } else if (str_equal(path, "/hold") || str_equal(path, "/stream")) {
        f->held = x;
        http_exchange_on_close(x, count_close, f);
        http_exchange_on_drain(x, count_drain, f);
        if (str_equal(path, "/stream"))
            http_exchange_start(x, 200, NULL, 0);
    } else {
        http_exchange_respond(x, 200, NULL, 0, path, strlen(path));
    }
}

static void set_up_with(struct fixture *f, size_t connections, int64_t head_timeout)
{
    memset(f, 0, sizeof(*f));
    net_init(&f->net);
    f->defaults[0] = (struct http_header){"X-Default", "server"};
    struct http_server_options o = {
        .handler = handle,
        .user = f,
        .headers = f->defaults,
        .n_headers = 1,
        .connections_max = connections,
        .head_timeout = head_timeout,
    };
    assert_int_equal(http_server_new(&f->net.loop, &o, &f->server, NULL), 0);
    assert_int_equal(http_server_listen(f->server, f->net.path, 0600, (gid_t)-1, NULL),
                     0);
}

static void set_up(struct fixture *f)
{
    set_up_with(f, 0, 0);
}

static void tear_down(struct fixture *f)
{
    http_server_close(f->server, 0, net_closed, &f->net);
    TURN_UNTIL(&f->net, f->net.is_closed);
    net_deinit(&f->net);
}

/* Sends a request on a connection of its own and waits for text in the answer. */
static void ask(struct fixture *f, const char *request, const char *expected)
{
    struct wire w;
    wire_open(&w, &f->net, f->net.path);
    wire_send(&w, &f->net, request);
    TURN_UNTIL(&f->net, wire_has(&w, expected) || w.is_eof);
    assert_true(wire_has(&w, expected));
    wire_close(&w, &f->net);
}

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
    set_up(&f);
    ask(&f, "GET /own HTTP/1.1\r\n\r\n", "\r\nX-Default: mine\r\nX-Own: 1\r\n");
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
    assert_true(http_exchange_is_closed(f.held));
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

static void the_peer_is_known(void **state)
{
    struct fixture f;
    char expected[64];
    set_up(&f);
    snprintf(expected, sizeof(expected), "uid=%u pid=%d", getuid(), getpid());
    ask(&f, "GET /peer HTTP/1.1\r\n\r\n", expected);
    tear_down(&f);
}

static void connections_over_the_limit_are_told_so(void **state)
{
    struct fixture f;
    struct wire a, b, c;
    set_up_with(&f, 2, 0);
    wire_open(&a, &f.net, f.net.path);
    wire_open(&b, &f.net, f.net.path);
    wire_open(&c, &f.net, f.net.path);
    TURN_UNTIL(&f.net, c.is_eof);
    assert_true(str_starts_with(c.got.data, "HTTP/1.1 503 "));
    wire_close(&c, &f.net);
    wire_close(&a, &f.net);
    TURN_UNTIL(&f.net, http_server_connections(f.server) == 1);
    ask(&f, "GET /again HTTP/1.1\r\n\r\n", "/again");
    wire_close(&b, &f.net);
    tear_down(&f);
}

static void many_connections_over_the_limit_are_all_told_so(void **state)
{
    static struct wire w[20];
    struct fixture f;
    set_up_with(&f, 1, 0);
    for (size_t i = 0; i < ARRAY_SIZE(w); i++)
        wire_open(&w[i], &f.net, f.net.path);
    for (size_t i = 1; i < ARRAY_SIZE(w); i++)
        TURN_UNTIL(&f.net, w[i].is_eof && wire_has(&w[i], "too many connections"));
    for (size_t i = 0; i < ARRAY_SIZE(w); i++)
        wire_close(&w[i], &f.net);
    tear_down(&f);
}

static void a_head_that_never_ends_is_timed_out(void **state)
{
    struct fixture f;
    struct wire w, silent;
    set_up_with(&f, 0, 20 * CLOCK_MILLISECOND);
    wire_open(&w, &f.net, f.net.path);
    wire_open(&silent, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET / HTTP/1.1\r\nA: ");
    TURN_UNTIL(&f.net, w.is_eof && silent.is_eof);
    assert_true(str_starts_with(w.got.data, "HTTP/1.1 408 "));
    assert_int_equal(silent.got.len, 0);
    wire_close(&w, &f.net);
    wire_close(&silent, &f.net);
    tear_down(&f);
}

static void closing_lets_an_exchange_end(void **state)
{
    struct fixture f;
    struct wire w, idle;
    set_up(&f);
    wire_open(&idle, &f.net, f.net.path);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /hold HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, f.held);
    http_server_close(f.server, CLOCK_HOUR, net_closed, &f.net);
    TURN_UNTIL(&f.net, idle.is_eof);
    assert_int_equal(access(f.net.path, F_OK), -1);
    assert_false(f.net.is_closed);
    http_exchange_respond(f.held, 200, NULL, 0, "last", 4);
    TURN_UNTIL(&f.net, w.is_eof);
    assert_true(wire_has(&w, "Connection: close"));
    assert_true(wire_has(&w, "last"));
    wire_close(&w, &f.net);
    wire_close(&idle, &f.net);
    TURN_UNTIL(&f.net, f.net.is_closed);
    net_deinit(&f.net);
}

static void closing_cuts_what_does_not_end(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /stream HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, f.held);
    http_server_close(f.server, 0, net_closed, &f.net);
    TURN_UNTIL(&f.net, w.is_eof && f.closes == 1);
    assert_false(f.net.is_closed);
    http_exchange_end(f.held);
    TURN_UNTIL(&f.net, f.net.is_closed);
    wire_close(&w, &f.net);
    net_deinit(&f.net);
}

static void a_socket_has_the_mode_asked(void **state)
{
    struct fixture f;
    struct stat st;
    set_up(&f);
    assert_int_equal(http_server_listen(f.server, f.net.upstream, 0660, getgid(), NULL),
                     0);
    assert_int_equal(stat(f.net.upstream, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    assert_int_equal(st.st_gid, getgid());
    assert_int_equal(stat(f.net.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    tear_down(&f);
}

static void a_living_daemon_keeps_its_socket(void **state)
{
    struct fixture f;
    struct err e = {0};
    set_up(&f);
    assert_int_equal(http_server_listen(f.server, f.net.path, 0600, (gid_t)-1, &e),
                     ERR_ALREADY_EXISTS);
    assert_non_null(strstr(e.text, f.net.path));
    ask(&f, "GET /still HTTP/1.1\r\n\r\n", "/still");
    tear_down(&f);
}

static void a_stale_socket_is_replaced_and_a_file_is_not(void **state)
{
    struct fixture f;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    set_up(&f);
    strcpy_cut(a.sun_path, sizeof(a.sun_path), f.net.upstream);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    close(fd);
    assert_int_equal(http_server_listen(f.server, f.net.upstream, 0600, (gid_t)-1, NULL),
                     0);
    char file[128];
    snprintf(file, sizeof(file), "%s/file", f.net.folder);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fclose(out);
    assert_int_equal(http_server_listen(f.server, file, 0600, (gid_t)-1, NULL),
                     ERR_ALREADY_EXISTS);
    assert_int_equal(unlink(file), 0);
    tear_down(&f);
}

static void an_inherited_socket_is_served(void **state)
{
    struct fixture f;
    struct err e = {0};
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    set_up(&f);
    strcpy_cut(a.sun_path, sizeof(a.sun_path), f.net.upstream);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(http_server_adopt(f.server, dup(fd), &e), ERR_INVALID_ARGUMENT);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(http_server_adopt(f.server, fd, NULL), 0);
    struct wire w;
    wire_open(&w, &f.net, f.net.upstream);
    wire_send(&w, &f.net, "GET /adopted HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&w, "/adopted"));
    wire_close(&w, &f.net);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(headers_of_an_answer_win_over_the_defaults),
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
        cmocka_unit_test(an_aborted_answer_is_cut),
        cmocka_unit_test(the_peer_is_known),
        cmocka_unit_test(connections_over_the_limit_are_told_so),
        cmocka_unit_test(many_connections_over_the_limit_are_all_told_so),
        cmocka_unit_test(a_head_that_never_ends_is_timed_out),
        cmocka_unit_test(closing_lets_an_exchange_end),
        cmocka_unit_test(closing_cuts_what_does_not_end),
        cmocka_unit_test(a_socket_has_the_mode_asked),
        cmocka_unit_test(a_living_daemon_keeps_its_socket),
        cmocka_unit_test(a_stale_socket_is_replaced_and_a_file_is_not),
        cmocka_unit_test(an_inherited_socket_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
