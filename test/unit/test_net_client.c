/* SPDX-License-Identifier: Apache-2.0 */
#include "net_fixture.h"

#include "net/http_client.h"
#include "net/http_server.h"

/* A server of ours at one end, the client under test at the other. */
struct fixture {
    struct net net;
    struct http_server *server;
    struct http_client *client;
    struct http_exchange *held;
    int handled;
    int upstream_closes;
    /* what the last call told */
    int status;
    int ends;
    int code;
    struct err error;
    struct buf body;
    struct http_call *pause_call;
};

static void echo(struct http_exchange *x, int code, struct buf *body, const struct err *e,
                 void *user)
{
    (void)user;
    if (code)
        http_exchange_respond_error(x, e);
    else
        http_exchange_respond(x, 200, NULL, 0, body->data, body->len);
}

static void count_close(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    f->upstream_closes++;
    f->held = NULL;
    http_exchange_abort(x);
}

static void handle(struct http_exchange *x, void *user)
{
    static const struct http_header close[] = {{"X", "y"}};
    struct fixture *f = user;
    const char *path = http_exchange_url(x)->path;
    f->handled++;
    if (str_equal(path, "/echo")) {
        http_exchange_collect(x, 1 << 20, echo, f);
    } else if (str_equal(path, "/hold") || str_equal(path, "/stream")) {
        f->held = x;
        http_exchange_on_close(x, count_close, f);
        if (str_equal(path, "/stream"))
            http_exchange_start(x, 200, NULL, 0);
    } else if (str_equal(path, "/abort")) {
        http_exchange_abort(x);
    } else {
        http_exchange_respond(x, 200, close, 1, path, strlen(path));
    }
}

static void start_server(struct fixture *f)
{
    struct http_server_options o = {.handler = handle, .user = f};
    assert_int_equal(http_server_new(&f->net.loop, &o, &f->server, NULL), 0);
    assert_int_equal(http_server_listen(f->server, f->net.path, 0600, (gid_t)-1, NULL),
                     0);
}

static void stop_server(struct fixture *f)
{
    f->net.is_closed = false;
    http_server_close(f->server, 0, net_closed, &f->net);
    TURN_UNTIL(&f->net, f->net.is_closed);
    f->server = NULL;
}

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    net_init(&f->net);
    start_server(f);
    assert_int_equal(http_client_new(&f->net.loop, f->net.path, &f->client, NULL), 0);
}

static void close_client(struct fixture *f)
{
    f->net.is_closed = false;
    http_client_close(f->client, net_closed, &f->net);
    TURN_UNTIL(&f->net, f->net.is_closed);
    f->client = NULL;
}

static void tear_down(struct fixture *f)
{
    if (f->client)
        close_client(f);
    if (f->server)
        stop_server(f);
    buf_deinit(&f->body);
    net_deinit(&f->net);
}

static void on_head(struct http_call *call, const struct http_head *head, void *user)
{
    struct fixture *f = user;
    (void)call;
    f->status = head->status;
}

static void on_body(struct http_call *call, const void *data, size_t n, void *user)
{
    struct fixture *f = user;
    assert_int_equal(buf_append(&f->body, data, n), 0);
    if (f->pause_call)
        http_call_pause(call);
}

static void on_end(struct http_call *call, int code, const struct err *e, void *user)
{
    struct fixture *f = user;
    (void)call;
    f->ends++;
    f->code = code;
    if (e)
        f->error = *e;
}

static const struct http_call_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end};

static struct http_call *call(struct fixture *f, const char *method, const char *target,
                              const char *body, int64_t timeout)
{
    struct http_call *out = NULL;
    struct http_request q = {
        .method = method,
        .target = target,
        .body = body,
        .body_len = body ? strlen(body) : 0,
        .timeout = timeout,
    };
    buf_reset(&f->body);
    f->status = f->ends = f->code = 0;
    assert_int_equal(http_client_request(f->client, &q, &events, f, &out, NULL), 0);
    assert_int_equal(f->ends, 0);
    return out;
}

static void call_and_wait(struct fixture *f, const char *method, const char *target,
                          const char *body)
{
    call(f, method, target, body, 0);
    TURN_UNTIL(&f->net, f->ends);
}

static void a_call_gets_its_answer(void **state)
{
    struct fixture f;
    set_up(&f);
    call_and_wait(&f, "GET", "/hello", NULL);
    assert_int_equal(f.code, 0);
    assert_int_equal(f.status, 200);
    assert_string_equal(buf_str(&f.body), "/hello");
    call_and_wait(&f, "POST", "/echo", "content");
    assert_string_equal(buf_str(&f.body), "content");
    call_and_wait(&f, "HEAD", "/hello", NULL);
    assert_int_equal(f.code, 0);
    assert_string_equal(buf_str(&f.body), "");
    tear_down(&f);
}

static void connections_are_used_again(void **state)
{
    struct fixture f;
    set_up(&f);
    for (int i = 0; i < 10; i++)
        call_and_wait(&f, "GET", "/hello", NULL);
    assert_int_equal(http_server_connections(f.server), 1);
    tear_down(&f);
}

static void nobody_there_is_told_with_the_path(void **state)
{
    struct fixture f;
    set_up(&f);
    stop_server(&f);
    call_and_wait(&f, "GET", "/hello?secret=1", NULL);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(f.error.text, f.net.path));
    assert_non_null(strstr(f.error.text, "GET /hello: "));
    tear_down(&f);
}

static void a_kept_connection_that_was_closed_is_not_used(void **state)
{
    struct fixture f;
    set_up(&f);
    call_and_wait(&f, "GET", "/hello", NULL);
    stop_server(&f);
    start_server(&f);
    call_and_wait(&f, "POST", "/echo", "again");
    assert_int_equal(f.code, 0);
    assert_string_equal(buf_str(&f.body), "again");
    tear_down(&f);
}

/* The server aborts what it has read: on a kept connection that looks like a stale one.
 */
static void only_idempotent_calls_are_tried_again(void **state)
{
    struct fixture f;
    set_up(&f);
    call_and_wait(&f, "GET", "/hello", NULL);
    call_and_wait(&f, "GET", "/abort", NULL);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    assert_int_equal(f.handled, 3);
    call_and_wait(&f, "GET", "/hello", NULL);
    call_and_wait(&f, "POST", "/abort", "x");
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    assert_int_equal(f.handled, 5);
    assert_non_null(strstr(f.error.text, "before an answer came"));
    tear_down(&f);
}

static void a_stream_comes_as_it_is_written(void **state)
{
    struct fixture f;
    set_up(&f);
    call(&f, "GET", "/stream", NULL, 0);
    TURN_UNTIL(&f.net, f.status == 200);
    assert_int_equal(http_exchange_write(f.held, "one", 3), 0);
    TURN_UNTIL(&f.net, f.body.len == 3);
    assert_int_equal(http_exchange_write(f.held, "two", 3), 0);
    TURN_UNTIL(&f.net, f.body.len == 6);
    assert_int_equal(f.ends, 0);
    http_exchange_end(f.held);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.code, 0);
    tear_down(&f);
}

static void a_stream_cut_in_the_midst_is_an_error(void **state)
{
    struct fixture f;
    set_up(&f);
    call(&f, "GET", "/stream", NULL, 0);
    TURN_UNTIL(&f.net, f.status == 200);
    http_exchange_abort(f.held);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    tear_down(&f);
}

static void a_canceled_call_says_nothing_more(void **state)
{
    struct fixture f;
    set_up(&f);
    struct http_call *c = call(&f, "GET", "/hold", NULL, CLOCK_HOUR);
    TURN_UNTIL(&f.net, f.held);
    http_call_cancel(c);
    http_call_cancel(NULL);
    TURN_UNTIL(&f.net, f.upstream_closes == 1);
    assert_int_equal(f.ends, 0);
    http_call_cancel(call(&f, "GET", "/hello", NULL, 0));
    tear_down(&f);
    assert_int_equal(f.ends, 0);
}

static void a_deadline_ends_a_call(void **state)
{
    struct fixture f;
    set_up(&f);
    call(&f, "GET", "/hold", NULL, 10 * CLOCK_MILLISECOND);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.code, ERR_DEADLINE_EXCEEDED);
    tear_down(&f);
}

static void closing_the_client_ends_its_calls(void **state)
{
    struct fixture f;
    set_up(&f);
    call(&f, "GET", "/hold", NULL, CLOCK_HOUR);
    TURN_UNTIL(&f.net, f.held);
    close_client(&f);
    assert_int_equal(f.ends, 1);
    assert_int_equal(f.code, ERR_CANCELED);
    tear_down(&f);
}

static void a_paused_call_holds_the_writer_back(void **state)
{
    static char block[50000];
    struct fixture f;
    size_t sent = 0;
    set_up(&f);
    struct http_call *c = call(&f, "GET", "/stream", NULL, 0);
    TURN_UNTIL(&f.net, f.status == 200);
    f.pause_call = c;
    while (!http_exchange_write(f.held, block, sizeof(block)))
        sent += sizeof(block);
    TURN_UNTIL(&f.net, f.body.len);
    for (int i = 0; i < 10; i++)
        uv_run(&f.net.loop, UV_RUN_NOWAIT);
    assert_true(f.body.len <= 65536);
    assert_true(http_exchange_queued(f.held));
    f.pause_call = NULL;
    http_call_resume(c);
    TURN_UNTIL(&f.net, f.body.len == sent);
    http_exchange_end(f.held);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.code, 0);
    tear_down(&f);
}

static void fetched(struct http_response *r, int code, const struct err *e, void *user)
{
    struct fixture *f = user;
    (void)e;
    f->ends++;
    f->code = code;
    if (!r)
        return;
    f->status = r->head->status;
    assert_string_equal(http_head_get(r->head, "x"), "y");
    f->body = r->body;
    r->body = (struct buf)BUF_INIT;
}

static void a_fetch_collects_up_to_its_limit(void **state)
{
    struct fixture f;
    struct http_request q = {.method = "GET", .target = "/12345"};
    set_up(&f);
    assert_int_equal(http_client_fetch(f.client, &q, 6, fetched, &f, NULL, NULL), 0);
    TURN_UNTIL(&f.net, f.ends == 1);
    assert_int_equal(f.code, 0);
    assert_string_equal(buf_str(&f.body), "/12345");
    assert_int_equal(http_client_fetch(f.client, &q, 5, fetched, &f, NULL, NULL), 0);
    TURN_UNTIL(&f.net, f.ends == 2);
    assert_int_equal(f.code, ERR_RESOURCE_EXHAUSTED);
    tear_down(&f);
}

static void many_calls_at_a_time_all_end(void **state)
{
    struct fixture f;
    set_up(&f);
    for (int i = 0; i < 100; i++) {
        struct http_request q = {.method = "GET", .target = "/many"};
        assert_int_equal(http_client_request(f.client, &q, &events, &f, NULL, NULL), 0);
    }
    TURN_UNTIL(&f.net, f.ends == 100);
    TURN_UNTIL(&f.net, http_server_connections(f.server) == HTTP_CLIENT_IDLE_MAX);
    tear_down(&f);
}

static void calls_over_the_limit_are_refused(void **state)
{
    struct fixture f;
    struct http_request q = {.method = "GET", .target = "/many"};
    set_up(&f);
    for (int i = 0; i < HTTP_CLIENT_CONNECTIONS_MAX; i++) {
        struct http_call *c;
        assert_int_equal(http_client_request(f.client, &q, &events, &f, &c, NULL), 0);
    }
    assert_int_equal(http_client_request(f.client, &q, &events, &f, NULL, NULL),
                     ERR_RESOURCE_EXHAUSTED);
    close_client(&f);
    assert_int_equal(f.ends, HTTP_CLIENT_CONNECTIONS_MAX);
    tear_down(&f);
}

static void bad_requests_and_paths_are_refused(void **state)
{
    struct fixture f;
    struct http_request q = {.method = "GET", .target = "/a b"};
    struct http_client *c;
    char path[200];
    set_up(&f);
    assert_int_not_equal(http_client_request(f.client, &q, &events, &f, NULL, NULL), 0);
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(http_client_new(&f.net.loop, path, &c, NULL), ERR_INVALID_ARGUMENT);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_gets_its_answer),
        cmocka_unit_test(connections_are_used_again),
        cmocka_unit_test(nobody_there_is_told_with_the_path),
        cmocka_unit_test(a_kept_connection_that_was_closed_is_not_used),
        cmocka_unit_test(only_idempotent_calls_are_tried_again),
        cmocka_unit_test(a_stream_comes_as_it_is_written),
        cmocka_unit_test(a_stream_cut_in_the_midst_is_an_error),
        cmocka_unit_test(a_canceled_call_says_nothing_more),
        cmocka_unit_test(a_deadline_ends_a_call),
        cmocka_unit_test(closing_the_client_ends_its_calls),
        cmocka_unit_test(a_paused_call_holds_the_writer_back),
        cmocka_unit_test(a_fetch_collects_up_to_its_limit),
        cmocka_unit_test(many_calls_at_a_time_all_end),
        cmocka_unit_test(calls_over_the_limit_are_refused),
        cmocka_unit_test(bad_requests_and_paths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
