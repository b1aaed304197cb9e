/* SPDX-License-Identifier: Apache-2.0 */
#include "server_fixture.h"

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

static void strangers_keep_nobody_else_away(void **state)
{
    static struct wire strangers[HTTP_SERVER_STRANGERS_MAX + 4];
    struct fixture f;
    size_t cut = 0;
    set_up_with(&f, 1, 0);
    are_peers_strangers = true;
    for (size_t i = 0; i < ARRAY_SIZE(strangers); i++)
        wire_open(&strangers[i], &f.net, f.net.path);
    wire_send(&strangers[0], &f.net, "GET /hello HTTP/1.1\r\n\r\n");
    TURN_UNTIL(&f.net, wire_has(&strangers[0], "/hello"));
    are_peers_strangers = false;
    ask(&f, "GET /mine HTTP/1.1\r\n\r\n", "/mine");
    for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
        cut += i && strangers[i].is_eof; /* the first one had its answer */
        wire_close(&strangers[i], &f.net);
    }
    assert_int_equal(cut, 4);
    assert_int_equal(http_server_connections(f.server), 0);
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
        cmocka_unit_test(the_peer_is_known),
        cmocka_unit_test(connections_over_the_limit_are_told_so),
        cmocka_unit_test(many_connections_over_the_limit_are_all_told_so),
        cmocka_unit_test(strangers_keep_nobody_else_away),
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
