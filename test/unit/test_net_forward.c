/* SPDX-License-Identifier: Apache-2.0 */
#include "net_fixture.h"

#include "net/http_forward.h"

/* client (a wire) -- server under test -- upstream (raw: the test speaks for it) */
struct fixture {
    struct net net;
    struct http_server *server;
    uv_pipe_t listener;
    struct wire client;
    struct wire up;
    bool is_accepted;
    bool is_listening;
    struct http_header defaults[1];
    int ends;
    int code;
    int head_status;
};

static void on_head(struct http_exchange *x, const struct http_head *head, void *user)
{
    struct fixture *f = user;
    (void)x;
    f->head_status = head->status;
}

static void on_end(struct http_exchange *x, int code, const struct err *e, void *user)
{
    struct fixture *f = user;
    (void)x;
    (void)e;
    f->ends++;
    f->code = code;
}

static void forward_changed(struct http_exchange *x, int code, struct buf *body,
                            const struct err *e, void *user)
{
    struct fixture *f = user;
    (void)e;
    assert_int_equal(code, 0);
    assert_int_equal(buf_append_str(body, "+more"), 0);
    struct http_forward o = {
        .path = f->net.upstream,
        .target = "/changed?x=1",
        .has_body = true,
        .body = body->data,
        .body_len = body->len,
        .content_type = "text/plain",
        .on_end = on_end,
        .user = f,
    };
    http_exchange_forward(x, &o);
}

static void handle(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    struct http_forward o = {
        .path = f->net.upstream, .on_head = on_head, .on_end = on_end, .user = f};
    if (str_equal(http_exchange_url(x)->path, "/change"))
        http_exchange_collect(x, 1000, forward_changed, f);
    else
        http_exchange_forward(x, &o);
}

static void upstream_accept(uv_stream_t *listener, int status)
{
    struct fixture *f = CONTAINER_OF((uv_pipe_t *)listener, struct fixture, listener);
    assert_int_equal(status, 0);
    assert_false(f->is_accepted);
    memset(&f->up, 0, sizeof(f->up));
    uv_pipe_init(&f->net.loop, &f->up.uv, 0);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&f->up.uv), 0);
    f->is_accepted = true;
    wire_read_on(&f->up);
}

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    net_init(&f->net);
    f->defaults[0] = (struct http_header){"Api-Version", "1.47"};
    struct http_server_options o = {
        .handler = handle, .user = f, .headers = f->defaults, .n_headers = 1};
    assert_int_equal(http_server_new(&f->net.loop, &o, &f->server, NULL), 0);
    assert_int_equal(http_server_listen(f->server, f->net.path, 0600, (gid_t)-1, NULL),
                     0);
    uv_pipe_init(&f->net.loop, &f->listener, 0);
    assert_int_equal(uv_pipe_bind(&f->listener, f->net.upstream), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&f->listener, 10, upstream_accept), 0);
    f->is_listening = true;
    wire_open(&f->client, &f->net, f->net.path);
}

static void close_upstream(struct fixture *f)
{
    wire_close(&f->up, &f->net);
    f->is_accepted = false;
}

static void tear_down(struct fixture *f)
{
    if (!f->client.is_closed)
        wire_close(&f->client, &f->net);
    if (f->is_accepted)
        close_upstream(f);
    if (f->is_listening)
        uv_close((uv_handle_t *)&f->listener, NULL);
    http_server_close(f->server, 0, net_closed, &f->net);
    TURN_UNTIL(&f->net, f->net.is_closed);
    net_deinit(&f->net);
}

/* The client says something, the upstream hears something. */
static void send_up(struct fixture *f, const char *text, const char *heard)
{
    wire_send(&f->client, &f->net, text);
    TURN_UNTIL(&f->net, f->is_accepted && wire_has(&f->up, heard));
}

static void send_down(struct fixture *f, const char *text, const char *heard)
{
    wire_send(&f->up, &f->net, text);
    TURN_UNTIL(&f->net, wire_has(&f->client, heard));
}

static void a_request_and_its_answer_pass(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f,
            "GET /v1.44/x%20y?a=%7B HTTP/1.1\r\nHost: docker\r\nX-Registry-Auth: abc\r\n"
            "Connection: X-Drop\r\nX-Drop: 1\r\nKeep-Alive: 5\r\n\r\n",
            "\r\n\r\n");
    assert_true(str_starts_with(f.up.got.data, "GET /v1.44/x%20y?a=%7B HTTP/1.1\r\n"));
    assert_true(wire_has(&f.up, "Host: docker\r\n"));
    assert_true(wire_has(&f.up, "X-Registry-Auth: abc\r\n"));
    assert_false(wire_has(&f.up, "X-Drop"));
    assert_false(wire_has(&f.up, "Keep-Alive"));
    send_down(&f,
              "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nApi-Version: 1.40\r\n"
              "X-Up: 1\r\nDate: then\r\n\r\nnope\n",
              "\r\n\r\nnope\n");
    assert_true(str_starts_with(f.client.got.data, "HTTP/1.1 404 Not Found\r\n"));
    assert_true(wire_has(&f.client, "X-Up: 1\r\n"));
    assert_true(wire_has(&f.client, "Date: then\r\n"));
    assert_true(wire_has(&f.client, "Api-Version: 1.47\r\n"));
    assert_int_equal(wire_count(&f.client, "Api-Version"), 1);
    assert_int_equal(wire_count(&f.client, "Date"), 1);
    assert_int_equal(f.ends, 1);
    assert_int_equal(f.code, 0);
    assert_int_equal(f.head_status, 404);
    TURN_UNTIL(&f.net, f.up.is_eof);
    tear_down(&f);
}

static void the_connection_serves_on_after_a_forward(void **state)
{
    struct fixture f;
    set_up(&f);
    for (size_t i = 1; i <= 3; i++) {
        send_up(&f, "POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nab", "\r\n\r\nab");
        wire_send(&f.up, &f.net, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        TURN_UNTIL(&f.net, wire_count(&f.client, "\r\n\r\nok") == i);
        close_upstream(&f);
    }
    tear_down(&f);
}

static void bodies_pass_as_they_come(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "POST /load HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
            "3\r\none\r\n");
    assert_true(wire_has(&f.up, "Transfer-Encoding: chunked\r\n"));
    send_up(&f, "3\r\ntwo\r\n", "3\r\ntwo\r\n");
    send_up(&f, "0\r\n\r\n", "\r\n0\r\n\r\n");
    send_down(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nthe \r\n",
              "4\r\nthe \r\n");
    send_down(&f, "3\r\nend\r\n0\r\n\r\n", "3\r\nend\r\n0\r\n\r\n");
    assert_int_equal(f.ends, 1);
    tear_down(&f);
}

static void an_answer_without_a_length_becomes_chunked(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "GET /logs HTTP/1.1\r\n\r\n", "\r\n\r\n");
    send_down(&f, "HTTP/1.1 200 OK\r\n\r\nline", "4\r\nline\r\n");
    assert_true(wire_has(&f.client, "Transfer-Encoding: chunked\r\n"));
    close_upstream(&f);
    TURN_UNTIL(&f.net, wire_has(&f.client, "\r\n0\r\n\r\n"));
    tear_down(&f);
}

static void head_keeps_its_length_and_no_body(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "HEAD /archive HTTP/1.1\r\n\r\n", "HEAD /archive");
    send_down(&f, "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n", "\r\n\r\n");
    assert_true(wire_has(&f.client, "Content-Length: 77\r\n"));
    assert_int_equal(f.ends, 1);
    tear_down(&f);
}

static void a_changed_body_goes_up(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f,
            "POST /change HTTP/1.1\r\nContent-Type: application/json\r\n"
            "Expect: 100-continue\r\nTransfer-Encoding: "
            "chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
            "\r\n\r\nbody+more");
    assert_true(str_starts_with(f.up.got.data, "POST /changed?x=1 HTTP/1.1\r\n"));
    assert_true(wire_has(&f.up, "Content-Length: 9\r\n"));
    assert_true(wire_has(&f.up, "Content-Type: application/json\r\n"));
    assert_false(wire_has(&f.up, "text/plain"));
    assert_false(wire_has(&f.up, "chunked"));
    assert_false(wire_has(&f.up, "Expect"));
    send_down(&f, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 201 ");
    tear_down(&f);
}

static void a_changed_body_says_what_it_is_where_the_request_does_not(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "POST /change HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "\r\n\r\n+more");
    assert_true(wire_has(&f.up, "Content-Type: text/plain\r\n"));
    send_down(&f, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 201 ");
    tear_down(&f);
}

static void continue_passes_from_end_to_end(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f,
            "PUT /archive HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
            "Expect: 100-continue\r\n");
    assert_false(wire_has(&f.client, "100"));
    send_down(&f, "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n");
    send_up(&f, "abc", "\r\n\r\nabc");
    send_down(&f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK");
    tear_down(&f);
}

static const char upgrade[] =
    "POST /exec/1/start HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
    "Content-Length: 2\r\n\r\n{}";
static const char upgraded[] =
    "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
    "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

static void open_tunnel(struct fixture *f)
{
    send_up(f, upgrade, "\r\n\r\n{}");
    assert_true(wire_has(&f->up, "Connection: Upgrade\r\nUpgrade: tcp\r\n"));
    send_down(f, upgraded, "\r\n\r\n");
    assert_true(str_starts_with(f->client.got.data, "HTTP/1.1 101 Switching"));
    assert_true(wire_has(&f->client, "Connection: Upgrade\r\nUpgrade: tcp\r\n"));
    assert_false(wire_has(&f->client, "Transfer-Encoding"));
    buf_reset(&f->client.got);
    buf_reset(&f->up.got);
}

static void a_hijacked_connection_is_raw_both_ways(void **state)
{
    struct fixture f;
    set_up(&f);
    open_tunnel(&f);
    send_up(&f, "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");
    send_down(&f, "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n");
    assert_string_equal(f.client.got.data, "HTTP/1.1 200 OK\r\n\r\n");
    assert_string_equal(f.up.got.data, "GET / HTTP/1.1\r\n\r\n");
    tear_down(&f);
}

static void bytes_sent_with_the_upgrade_pass_too(void **state)
{
    struct fixture f;
    cleanup_buf struct buf both = BUF_INIT;
    set_up(&f);
    assert_int_equal(buf_printf(&both, "%searly", upgrade), 0);
    send_up(&f, both.data, "\r\n\r\n{}");
    buf_reset(&both);
    assert_int_equal(buf_printf(&both, "%sbanner", upgraded), 0);
    send_down(&f, both.data, "\r\n\r\nbanner");
    TURN_UNTIL(&f.net, wire_has(&f.up, "{}early"));
    tear_down(&f);
}

static void the_clients_half_close_reaches_the_upstream(void **state)
{
    struct fixture f;
    set_up(&f);
    open_tunnel(&f);
    send_up(&f, "input", "input");
    wire_shut(&f.client);
    TURN_UNTIL(&f.net, f.up.is_eof);
    send_down(&f, "output", "output");
    assert_int_equal(f.ends, 0);
    close_upstream(&f);
    TURN_UNTIL(&f.net, f.client.is_eof);
    assert_int_equal(f.ends, 1);
    tear_down(&f);
}

/* The program at the other end may read no more and never write. */
static void a_half_closed_client_of_a_tunnel_may_go_away(void **state)
{
    struct fixture f;
    set_up(&f);
    open_tunnel(&f);
    wire_shut(&f.client);
    TURN_UNTIL(&f.net, f.up.is_eof);
    assert_int_equal(f.ends, 0);
    wire_close(&f.client, &f.net);
    TURN_UNTIL(&f.net, f.ends == 1);
    tear_down(&f);
}

static void the_upstreams_half_close_reaches_the_client(void **state)
{
    struct fixture f;
    set_up(&f);
    open_tunnel(&f);
    wire_send(&f.up, &f.net, "output");
    wire_shut(&f.up);
    TURN_UNTIL(&f.net, f.client.is_eof);
    assert_string_equal(f.client.got.data, "output");
    send_up(&f, "still", "still");
    wire_shut(&f.client);
    TURN_UNTIL(&f.net, f.up.is_eof && f.ends == 1);
    tear_down(&f);
}

static void a_hijack_without_an_upgrade_works(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "POST /containers/1/attach?stdin=1 HTTP/1.1\r\n\r\n", "\r\n\r\n");
    send_down(
        &f,
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nhi",
        "\r\n\r\nhi");
    assert_false(wire_has(&f.client, "Transfer-Encoding"));
    send_up(&f, "typed", "\r\n\r\ntyped");
    wire_shut(&f.client);
    TURN_UNTIL(&f.net, f.up.is_eof);
    send_down(&f, "bye", "hibye");
    close_upstream(&f);
    TURN_UNTIL(&f.net, f.client.is_eof);
    tear_down(&f);
}

static void a_refused_upgrade_is_an_ordinary_answer(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, upgrade, "\r\n\r\n{}");
    send_down(&f, "HTTP/1.1 409 Conflict\r\nContent-Length: 3\r\n\r\nno\n",
              "\r\n\r\nno\n");
    close_upstream(&f);
    send_up(&f, "GET /next HTTP/1.1\r\n\r\n", "GET /next");
    tear_down(&f);
}

static void a_switch_nobody_asked_for_is_refused(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n");
    send_down(&f, upgraded, "HTTP/1.1 502 ");
    assert_int_equal(f.code, ERR_BAD_MESSAGE);
    tear_down(&f);
}

static void the_client_going_away_closes_the_upstream(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "GET /events HTTP/1.1\r\n\r\n", "\r\n\r\n");
    send_down(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "\r\n\r\n");
    wire_close(&f.client, &f.net);
    TURN_UNTIL(&f.net, f.up.is_eof && f.ends == 1);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    tear_down(&f);
}

/* The end of its direction alone is no reason to stop; that it is gone is. */
static void a_half_closed_client_is_served_until_it_goes_away(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "GET /logs?follow=1 HTTP/1.1\r\n\r\n", "\r\n\r\n");
    wire_shut(&f.client);
    send_down(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
              "one");
    send_down(&f, "3\r\ntwo\r\n", "two");
    wire_close(&f.client, &f.net);
    TURN_UNTIL(&f.net, f.up.is_eof);
    assert_int_equal(f.ends, 1);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    tear_down(&f);
}

static void the_client_going_away_in_a_tunnel_closes_the_upstream(void **state)
{
    struct fixture f;
    set_up(&f);
    open_tunnel(&f);
    wire_close(&f.client, &f.net);
    TURN_UNTIL(&f.net, f.up.is_eof && f.ends == 1);
    tear_down(&f);
}

static void the_upstream_going_away_early_is_a_502(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n");
    close_upstream(&f);
    TURN_UNTIL(&f.net, wire_has(&f.client, "HTTP/1.1 502 "));
    assert_true(wire_has(&f.client, f.net.upstream));
    tear_down(&f);
}

static void the_upstream_going_away_late_cuts_the_answer(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n");
    send_down(&f, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", "part");
    close_upstream(&f);
    TURN_UNTIL(&f.net, f.client.is_eof);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    tear_down(&f);
}

static void an_upstream_that_is_not_there_is_a_503(void **state)
{
    struct fixture f;
    set_up(&f);
    uv_close((uv_handle_t *)&f.listener, NULL);
    f.is_listening = false;
    wire_send(&f.client, &f.net, "GET / HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&f.client, "HTTP/1.1 503 "));
    assert_true(wire_has(&f.client, f.net.upstream));
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    tear_down(&f);
}

static void nonsense_from_the_upstream_is_a_502(void **state)
{
    struct fixture f;
    set_up(&f);
    send_up(&f, "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n");
    send_down(&f, "what?\r\n\r\n", "HTTP/1.1 502 ");
    tear_down(&f);
}

/* So many bytes go one way while the other end doesn't read that some must stop. */
#define FLOOD (8 * 1024 * 1024)

static void a_slow_upstream_slows_the_client(void **state)
{
    struct fixture f;
    cleanup_free char *flood = calloc(1, FLOOD);
    char head[100];
    set_up(&f);
    snprintf(head, sizeof(head), "POST /load HTTP/1.1\r\nContent-Length: %d\r\n\r\n",
             FLOOD);
    send_up(&f, head, "\r\n\r\n");
    wire_stop_reading(&f.up);
    wire_send_bytes(&f.client, flood, FLOOD);
    for (int i = 0; i < 200; i++)
        uv_run(&f.net.loop, UV_RUN_NOWAIT);
    assert_false(f.client.is_sent);
    assert_true(uv_stream_get_write_queue_size((uv_stream_t *)&f.client.uv) > FLOOD / 2);
    wire_read_on(&f.up);
    TURN_UNTIL(&f.net, f.client.is_sent && f.up.got.len >= FLOOD);
    send_down(&f, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "\r\n\r\nok");
    tear_down(&f);
}

static void a_slow_client_slows_the_upstream(void **state)
{
    struct fixture f;
    cleanup_free char *flood = calloc(1, FLOOD);
    set_up(&f);
    send_up(&f, "GET /export HTTP/1.1\r\n\r\n", "\r\n\r\n");
    send_down(&f, "HTTP/1.1 200 OK\r\n\r\n", "\r\n\r\n");
    wire_stop_reading(&f.client);
    wire_send_bytes(&f.up, flood, FLOOD);
    for (int i = 0; i < 200; i++)
        uv_run(&f.net.loop, UV_RUN_NOWAIT);
    assert_false(f.up.is_sent);
    assert_true(uv_stream_get_write_queue_size((uv_stream_t *)&f.up.uv) > FLOOD / 2);
    wire_read_on(&f.client);
    TURN_UNTIL(&f.net, f.up.is_sent && f.client.got.len >= FLOOD);
    close_upstream(&f);
    TURN_UNTIL(&f.net, wire_has(&f.client, "\r\n0\r\n\r\n"));
    tear_down(&f);
}

static void a_slow_tunnel_loses_nothing(void **state)
{
    struct fixture f;
    cleanup_free char *flood = malloc(FLOOD);
    set_up(&f);
    assert_non_null(flood);
    for (size_t i = 0; i < FLOOD; i++)
        flood[i] = (char)(i * 7 + i / 256);
    open_tunnel(&f);
    wire_stop_reading(&f.up);
    wire_send_bytes(&f.client, flood, FLOOD);
    for (int i = 0; i < 100; i++)
        uv_run(&f.net.loop, UV_RUN_NOWAIT);
    wire_read_on(&f.up);
    TURN_UNTIL(&f.net, f.client.is_sent);
    wire_shut(&f.client);
    TURN_UNTIL(&f.net, f.up.is_eof);
    assert_int_equal(f.up.got.len, FLOOD);
    assert_memory_equal(f.up.got.data, flood, FLOOD);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_and_its_answer_pass),
        cmocka_unit_test(the_connection_serves_on_after_a_forward),
        cmocka_unit_test(bodies_pass_as_they_come),
        cmocka_unit_test(an_answer_without_a_length_becomes_chunked),
        cmocka_unit_test(head_keeps_its_length_and_no_body),
        cmocka_unit_test(a_changed_body_goes_up),
        cmocka_unit_test(a_changed_body_says_what_it_is_where_the_request_does_not),
        cmocka_unit_test(continue_passes_from_end_to_end),
        cmocka_unit_test(a_hijacked_connection_is_raw_both_ways),
        cmocka_unit_test(bytes_sent_with_the_upgrade_pass_too),
        cmocka_unit_test(the_clients_half_close_reaches_the_upstream),
        cmocka_unit_test(a_half_closed_client_of_a_tunnel_may_go_away),
        cmocka_unit_test(the_upstreams_half_close_reaches_the_client),
        cmocka_unit_test(a_hijack_without_an_upgrade_works),
        cmocka_unit_test(a_refused_upgrade_is_an_ordinary_answer),
        cmocka_unit_test(a_switch_nobody_asked_for_is_refused),
        cmocka_unit_test(the_client_going_away_closes_the_upstream),
        cmocka_unit_test(a_half_closed_client_is_served_until_it_goes_away),
        cmocka_unit_test(the_client_going_away_in_a_tunnel_closes_the_upstream),
        cmocka_unit_test(the_upstream_going_away_early_is_a_502),
        cmocka_unit_test(the_upstream_going_away_late_cuts_the_answer),
        cmocka_unit_test(an_upstream_that_is_not_there_is_a_503),
        cmocka_unit_test(nonsense_from_the_upstream_is_a_502),
        cmocka_unit_test(a_slow_upstream_slows_the_client),
        cmocka_unit_test(a_slow_client_slows_the_upstream),
        cmocka_unit_test(a_slow_tunnel_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
