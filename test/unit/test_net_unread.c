/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of the HTTP server that ask and don't read what is answered. */
#include "server_fixture.h"

/* Each answer is the path that was asked for. */
#define PATH_LEN 4000

/* What the sockets themselves may hold is less than this. */
#define SOCKETS_HOLD (512 * 1024)

static void compose(size_t n, struct buf *out)
{
    static char path[PATH_LEN];
    memset(path, 'x', sizeof(path));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(buf_append_str(out, "GET /"), 0);
        assert_int_equal(buf_append(out, path, sizeof(path)), 0);
        assert_int_equal(buf_append_str(out, " HTTP/1.1\r\n\r\n"), 0);
    }
}

static size_t waiting(const struct fixture *f)
{
    if (list_is_empty(&f->server->connections))
        return 0;
    return stream_queued(
        &LIST_FIRST(&f->server->connections, struct http_connection, link)->stream);
}

/* Turns the loop until neither side gets any further. */
static void turn_until_stuck(struct fixture *f, const struct wire *w)
{
    const uv_stream_t *client = (const uv_stream_t *)&w->uv;
    int still = 0, handled = f->handled;
    size_t unsent = uv_stream_get_write_queue_size(client);
    while (still++ < 5) {
        uv_run(&f->net.loop, UV_RUN_NOWAIT);
        size_t now = uv_stream_get_write_queue_size(client);
        if (handled != f->handled || unsent != now)
            still = 0;
        handled = f->handled;
        unsent = now;
    }
}

/* Sends n requests and reads nothing. */
static void ask_and_not_read(struct fixture *f, struct wire *w, size_t n)
{
    cleanup_buf struct buf text = BUF_INIT;
    compose(n, &text);
    wire_open(w, &f->net, f->net.path);
    wire_stop_reading(w);
    wire_send_bytes(w, text.data, text.len);
    turn_until_stuck(f, w);
}

static void a_further_request_waits_until_answers_are_read(void **state)
{
    const int n = 2 * HTTP_SERVER_QUEUE_MAX / PATH_LEN;
    struct fixture f;
    struct wire w;
    set_up(&f);
    ask_and_not_read(&f, &w, (size_t)n);
    assert_true(waiting(&f) > HTTP_SERVER_QUEUE_MAX);
    assert_true(waiting(&f) < HTTP_SERVER_QUEUE_MAX + 2 * PATH_LEN);
    assert_true(f.handled < n);
    wire_read_on(&w);
    TURN_UNTIL(&f.net, wire_count(&w, "HTTP/1.1 200 ") == (size_t)n);
    assert_int_equal(f.handled, n);
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void who_never_reads_is_given_up(void **state)
{
    struct fixture f;
    struct wire w;
    set_up_timed(&f, 0, 0, 20 * CLOCK_MILLISECOND, 0);
    ask_and_not_read(&f, &w, 2 * HTTP_SERVER_QUEUE_MAX / PATH_LEN);
    TURN_UNTIL(&f.net, !http_server_connections(f.server));
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void who_only_stops_writing_gets_its_answers(void **state)
{
    const size_t n = SOCKETS_HOLD / PATH_LEN;
    struct fixture f;
    struct wire w;
    set_up(&f);
    ask_and_not_read(&f, &w, n);
    assert_int_equal(f.handled, n);
    assert_true(waiting(&f) > 0);
    wire_shut(&w);
    turn_until_stuck(&f, &w);
    wire_read_on(&w);
    TURN_UNTIL(&f.net, w.is_eof);
    assert_int_equal(wire_count(&w, "HTTP/1.1 200 "), n);
    wire_close(&w, &f.net);
    tear_down(&f);
}

/* Reading former answers wins no time for a body. */
static void a_late_body_is_cut_whatever_is_read_meanwhile(void **state)
{
    struct fixture f;
    struct wire w;
    set_up_timed(&f, 0, 0, 0, 100 * CLOCK_MILLISECOND);
    ask_and_not_read(&f, &w, 2 * SOCKETS_HOLD / PATH_LEN);
    wire_send(&w, &f.net, "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\na");
    turn_until_stuck(&f, &w);
    size_t before = waiting(&f);
    wire_read_on(&w);
    TURN_UNTIL(&f.net, w.got.len && waiting(&f) < before);
    wire_stop_reading(&w);
    assert_true(waiting(&f) > 0);
    TURN_UNTIL(&f.net, !http_server_connections(f.server));
    assert_int_equal(f.collect_code, ERR_UNAVAILABLE);
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void a_stranger_gets_one_answer(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    are_peers_strangers = true;
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, w.is_eof);
    assert_int_equal(wire_count(&w, "HTTP/1.1 200 "), 1);
    assert_true(wire_has(&w, "Connection: close"));
    wire_close(&w, &f.net);
    are_peers_strangers = false;
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_further_request_waits_until_answers_are_read),
        cmocka_unit_test(who_never_reads_is_given_up),
        cmocka_unit_test(who_only_stops_writing_gets_its_answers),
        cmocka_unit_test(a_late_body_is_cut_whatever_is_read_meanwhile),
        cmocka_unit_test(a_stranger_gets_one_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
