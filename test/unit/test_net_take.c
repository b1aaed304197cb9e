/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that leave the server. */
#include <fcntl.h>

#include "net/http_server.h"
#include "net_fixture.h"

#define ANSWER "HTTP/1.1 101 Switching Protocols\r\n\r\n"

struct fixture {
    struct net net;
    struct http_server *server;
    struct http_exchange *held; /* taken only later */
    bool holds;
    int told, code, fd;
    char early[64];
};

static void on_taken(int code, int fd, struct buf *early, const struct err *e, void *user)
{
    struct fixture *f = user;
    assert_true((code == 0) == (e == NULL));
    f->told++;
    f->code = code;
    f->fd = fd;
    strcpy_cut(f->early, sizeof(f->early), buf_str(early));
}

static void take(struct fixture *f, struct http_exchange *x)
{
    http_exchange_take(x, ANSWER, sizeof(ANSWER) - 1, on_taken, f);
}

static void handle(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    if (f->holds)
        f->held = x;
    else
        take(f, x);
}

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->fd = -1;
    net_init(&f->net);
    struct http_server_options o = {.handler = handle, .user = f};
    assert_int_equal(http_server_new(&f->net.loop, &o, &f->server, NULL), 0);
    assert_int_equal(http_server_listen(f->server, f->net.path, 0600, (gid_t)-1, NULL),
                     0);
}

static void tear_down(struct fixture *f)
{
    http_server_close(f->server, CLOCK_SECOND, net_closed, &f->net);
    TURN_UNTIL(&f->net, f->net.is_closed);
    net_deinit(&f->net);
}

static void a_taken_connection_goes_on_without_the_server(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net,
              "GET /hijack HTTP/1.1\r\nConnection: upgrade\r\n"
              "Upgrade: tcp\r\n\r\nearly");
    TURN_UNTIL(&f.net, f.told && wire_has(&w, ANSWER));
    assert_int_equal(f.code, 0);
    assert_string_equal(f.early, "early");
    http_server_close(f.server, CLOCK_SECOND, net_closed, &f.net);
    TURN_UNTIL(&f.net, f.net.is_closed);
    assert_true(fcntl(f.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(f.fd, "later", 5), 5);
    TURN_UNTIL(&f.net, wire_has(&w, ANSWER "later"));
    close(f.fd);
    wire_close(&w, &f.net);
    net_deinit(&f.net);
}

static void bytes_may_come_before_it_is_taken(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    f.holds = true;
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /hijack HTTP/1.1\r\n\r\nabc");
    TURN_UNTIL(&f.net, f.held);
    wire_send(&w, &f.net, "def");
    take(&f, f.held);
    assert_int_equal(f.told, 0); /* from the loop only */
    TURN_UNTIL(&f.net, f.told && wire_has(&w, ANSWER));
    char rest[8] = "";
    if (strlen(f.early) < 6)
        assert_true(read(f.fd, rest, sizeof(rest) - 1) > 0);
    assert_int_equal(strlen(f.early) + strlen(rest), 6);
    close(f.fd);
    wire_close(&w, &f.net);
    tear_down(&f);
}

static void a_client_that_is_gone_is_told(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    f.holds = true;
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /hijack HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, f.held);
    wire_close(&w, &f.net);
    TURN_UNTIL(&f.net, net_is_client_gone(f.held));
    take(&f, f.held);
    TURN_UNTIL(&f.net, f.told);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    assert_int_equal(f.fd, -1);
    tear_down(&f);
}

static void a_request_with_a_body_is_not_taken(void **state)
{
    struct fixture f;
    struct wire w;
    set_up(&f);
    wire_open(&w, &f.net, f.net.path);
    wire_send(&w, &f.net, "GET /hijack HTTP/1.1\r\nContent-Length: 3\r\n\r\n");
    TURN_UNTIL(&f.net, f.told && w.is_eof);
    assert_int_equal(f.code, ERR_INVALID_ARGUMENT);
    wire_close(&w, &f.net);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_taken_connection_goes_on_without_the_server),
        cmocka_unit_test(bytes_may_come_before_it_is_taken),
        cmocka_unit_test(a_client_that_is_gone_is_told),
        cmocka_unit_test(a_request_with_a_body_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
