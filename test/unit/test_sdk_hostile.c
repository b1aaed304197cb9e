/* SPDX-License-Identifier: Apache-2.0 */
/* Engines that mean no good, or have broken down: to clients, and to plugins. */
#include "sdk_engine.h"

#include "base/clock.h"

/* ---- to clients ---- */

static int get_from(const struct script *script, int timeout_ms, struct coffer_error *e)
{
    struct scripted s;
    struct coffer_secrets *found;
    scripted_start(&s, script);
    struct coffer_client *client = fixture_client(s.path, timeout_ms);
    int r = coffer_client_get(client, "a", &found, e);
    coffer_client_free(client);
    scripted_stop(&s);
    return r;
}

static int get_answered(const char *answer)
{
    struct coffer_error e = {0};
    struct script script = {.answer = answer, .size = strlen(answer)};
    int r = get_from(&script, 10000, &e);
    assert_int_equal(e.code, r);
    return r;
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\n"

static void what_is_no_answer_is_an_error(void **state)
{
    assert_int_equal(get_answered(""), COFFER_UNAVAILABLE);
    assert_int_equal(get_answered("hello\r\n\r\n"), COFFER_PROTOCOL);
    assert_int_equal(get_answered("HTTP/1.1 200 OK\r\n"), COFFER_PROTOCOL);
    assert_int_equal(get_answered(HEAD "Content-Length: 9\r\n\r\nabc"), COFFER_PROTOCOL);
    assert_int_equal(get_answered(HEAD "Content-Length: 2\r\n\r\n\xff\xff"),
                     COFFER_PROTOCOL);
    assert_int_equal(get_answered(HEAD "Content-Length: 99999999\r\n\r\n"),
                     COFFER_PROTOCOL);
    assert_int_equal(get_answered(HEAD "Content-Encoding: gzip\r\n"
                                       "Content-Length: 3\r\n\r\nabc"),
                     COFFER_PROTOCOL);
    assert_int_equal(get_answered("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                                  "Content-Length: 0\r\n\r\n"),
                     COFFER_PROTOCOL);
    assert_int_equal(get_answered("HTTP/1.1 101 Switching Protocols\r\n"
                                  "Connection: upgrade\r\nUpgrade: tcp\r\n\r\n"),
                     COFFER_INTERNAL);
}

static void an_answer_without_end_ends(void **state)
{
    cleanup_free char *piece = calloc(1, 65536);
    struct coffer_error e = {0};
    struct script flood = {.answer = piece, .size = 65536, .repeats = 100000};
    assert_int_equal(get_from(&flood, 0, &e), COFFER_PROTOCOL);
}

static void answers_that_are_none_yet_end(void **state)
{
    static const char early[] = "HTTP/1.1 102 Processing\r\n\r\n";
    struct coffer_error e = {0};
    struct script flood = {
        .answer = early, .size = sizeof(early) - 1, .repeats = 10000000};
    assert_int_equal(get_from(&flood, 0, &e), COFFER_PROTOCOL);
    assert_string_equal(e.text, "the answer is too long");
}

static void a_message_in_tiny_chunks_ends(void **state)
{
    cleanup_buf struct buf head = BUF_INIT;
    struct coffer_error e = {0};
    assert_int_equal(buf_append_str(&head, HEAD "Transfer-Encoding: chunked\r\n\r\n"), 0);
    for (int i = 0; i < 4000000; i++)
        assert_int_equal(buf_append(&head, "1\r\na\r\n", 6), 0);
    struct script chunks = {.answer = head.data, .size = head.len};
    assert_int_equal(get_from(&chunks, 0, &e), COFFER_PROTOCOL);
}

static void a_server_that_refuses_unread_is_heard(void **state)
{
    static const char refusal[] =
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
        "Content-Length: 28\r\n\r\n{\"code\":\"permission_denied\"}";
    cleanup_free unsigned char *value = calloc(1, COFFER_VALUE_MAX);
    struct script script = {
        .answer = refusal, .size = sizeof(refusal) - 1, .is_impolite = true};
    struct scripted s;
    struct coffer_error e = {0};
    scripted_start(&s, &script);
    struct coffer_client *client = fixture_client(s.path, 10000);
    assert_int_equal(
        coffer_client_save(client, "a", value, COFFER_VALUE_MAX, NULL, 0, true, &e),
        COFFER_DENIED);
    coffer_client_free(client);
    scripted_stop(&s);
}

static void a_mute_server_costs_the_time_limit_only(void **state)
{
    struct script silent = {.is_silent = true};
    struct coffer_error e = {0};
    assert_int_equal(get_from(&silent, 20, &e), COFFER_TIMEOUT);
    assert_string_equal(e.text, "the secrets engine didn't answer in time");
}

/* Nobody accepts: it is only in the queue. */
static void a_stopped_server_costs_the_time_limit_only(void **state)
{
    char folder[] = "/tmp/sdk-test-XXXXXX", path[64];
    struct coffer_secrets *found;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/engine", folder);
    int listener = fixture_listen(path);
    assert_int_equal(listen(listener, 0), 0);
    struct coffer_client *client = fixture_client(path, 20);
    assert_int_equal(coffer_client_get(client, "a", &found, NULL), COFFER_TIMEOUT);
    /* The queue has room for one; who may not wait is told at once. */
    struct coffer_call *calls[2] = {NULL, NULL};
    int r = COFFER_OK;
    for (size_t i = 0; i < 2 && !r; i++)
        r = coffer_call_get(client, "a", &calls[i], NULL);
    assert_int_equal(r, COFFER_UNAVAILABLE);
    assert_int_equal(coffer_client_get(client, "a", &found, NULL), COFFER_TIMEOUT);
    coffer_call_free(calls[0]);
    coffer_call_free(calls[1]);
    coffer_client_free(client);
    close(listener);
    unlink(path);
    rmdir(folder);
}

/* ---- to plugins ---- */

static int get(struct coffer_plugin *p, const char *pattern, struct coffer_answer *answer,
               void *user, struct coffer_error *e)
{
    static const unsigned char value[100000];
    struct coffer_secret one = {.id = "a", .value = value, .size = sizeof(value)};
    ++*(size_t *)user;
    return coffer_answer_add(answer, &one, e);
}

static const struct coffer_plugin_callbacks callbacks = {.size = sizeof(callbacks),
                                                         .get = get};

static void begin(struct engine *g, size_t *n_gets)
{
    *n_gets = 0;
    engine_begin(g, &callbacks, n_gets);
    engine_accept(g);
}

static void finish(struct engine *g, int expected)
{
    engine_end(g);
    assert_int_equal(engine_join(g), expected);
}

/* Bytes past the machine, and the end of the connection. */
static void send_raw(struct engine *g, const void *data, size_t n)
{
    engine_flush(g);
    assert_int_equal(send(g->fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void what_is_no_yamux_ends_the_plugin(void **state)
{
    struct engine g;
    size_t n;
    begin(&g, &n);
    send_raw(&g, "HTTP/1.1 200 OK\r\n\r\n", 19);
    finish(&g, COFFER_PROTOCOL);
}

static void an_engine_that_is_gone_ends_the_plugin(void **state)
{
    struct engine g;
    size_t n;
    begin(&g, &n);
    close(g.fd);
    g.fd = -1;
    g.is_closed = true;
    finish(&g, COFFER_OK);
}

static void an_engine_that_sends_no_more_ends_the_plugin(void **state)
{
    struct engine g;
    size_t n;
    begin(&g, &n);
    shutdown(g.fd, SHUT_WR);
    finish(&g, COFFER_OK);
}

/* A frame that isn't whole when the engine dies. */
static void an_engine_that_dies_within_a_frame_ends_the_plugin(void **state)
{
    struct engine g;
    size_t n;
    begin(&g, &n);
    send_raw(&g, "\0\0\0\1\0\0\0\2\0\0\1\0POST", 16);
    shutdown(g.fd, SHUT_WR);
    finish(&g, COFFER_OK);
}

static void requests_that_are_none_are_reset_alone(void **state)
{
    static const char *const bad[] = {
        "nonsense\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: unix\r\nContent-Length: 99999999\r\n\r\n"};
    struct engine g;
    Resolver__V1__GetSecretsResponse *m;
    size_t n;
    begin(&g, &n);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct buf bytes = BUF_INIT;
        struct exchange *x = engine_open(&g);
        assert_int_equal(buf_append_str(&bytes, bad[i]), 0);
        engine_write(&g, x, &bytes);
        engine_wait(&g, x);
        assert_true(x->is_reset);
        exchange_free(x);
        buf_deinit(&bytes);
    }
    assert_int_equal(engine_get(&g, "a", &m, NULL), 0);
    message_free(&m->base);
    engine_shut_down(&g);
    finish(&g, COFFER_OK);
}

/* Half a request, and no more of it: only that stream is reset. */
static void a_request_that_ends_too_early_is_reset(void **state)
{
    struct engine g;
    struct buf bytes = BUF_INIT;
    size_t n;
    begin(&g, &n);
    struct exchange *x = engine_open(&g);
    assert_int_equal(buf_append_str(&bytes, "POST /x HTTP/1.1\r\nHost: u"), 0);
    engine_write(&g, x, &bytes);
    assert_int_equal(yamux_stream_close(x->stream, NULL), 0);
    engine_wait(&g, x);
    assert_true(x->is_reset);
    exchange_free(x);
    buf_deinit(&bytes);
    engine_shut_down(&g);
    finish(&g, COFFER_OK);
}

/* As many streams as there may be, each with half a request, and one more. */
static void a_flood_of_streams_is_bounded(void **state)
{
    struct engine g;
    struct exchange *open[YAMUX_STREAMS_MAX];
    struct buf bytes = BUF_INIT;
    size_t n, count = 0;
    struct yamux_stream *s;
    begin(&g, &n);
    assert_int_equal(buf_append_str(&bytes, "POST /x HTTP/1.1\r\nHost: u"), 0);
    for (; count < ARRAY_SIZE(open) && !yamux_stream_open(g.y, &s, NULL); count++) {
        open[count] = exchange_new(s, HTTP_RESPONSE);
        engine_write(&g, open[count], &bytes);
    }
    assert_true(count > 100);
    for (size_t i = 0; i < count; i++)
        exchange_free(open[i]);
    while (yamux_n_streams(g.y) > 1)
        engine_turn(&g);
    engine_shut_down(&g);
    finish(&g, COFFER_OK);
    buf_deinit(&bytes);
}

/* Bodies that never become whole are kept up to a limit, for all together. */
static void a_flood_of_bodies_is_bounded(void **state)
{
    struct engine g;
    struct exchange *open[8];
    struct buf head = BUF_INIT;
    cleanup_free char *piece = calloc(1, 128 * 1024);
    size_t n, resets = 0;
    begin(&g, &n);
    assert_int_equal(buf_append_str(&head, "POST /x HTTP/1.1\r\nHost: u\r\n"
                                           "Content-Length: 4194304\r\n\r\n"),
                     0);
    for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
        open[i] = engine_open(&g);
        engine_write(&g, open[i], &head);
    }
    for (int round = 0; round < 31; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
            size_t taken = 0;
            while (!open[i]->is_reset && !taken) {
                assert_int_equal(
                    yamux_stream_write(open[i]->stream, piece, 128 * 1024, &taken, NULL),
                    0);
                engine_flush(&g);
                if (!taken)
                    engine_turn(&g);
            }
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
        resets += open[i]->is_reset;
        exchange_free(open[i]);
    }
    assert_true(resets > 0);
    engine_shut_down(&g);
    finish(&g, COFFER_OK);
    buf_deinit(&head);
}

/* An engine that asks and doesn't read: it gets no more than fits, and the plugin goes
 * when the engine does. */
static void an_engine_that_does_not_read_is_bounded(void **state)
{
    struct engine g;
    struct exchange *calls[200];
    size_t n;
    begin(&g, &n);
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        calls[i] = engine_start_get(&g, "a");
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        exchange_free(calls[i]);
    close(g.fd);
    g.fd = -1;
    g.is_closed = true;
    finish(&g, COFFER_OK);
}

static void an_engine_that_does_not_register_costs_the_time_limit_only(void **state)
{
    static const struct coffer_plugin_callbacks none = {.size = sizeof(none), .get = get};
    struct plugin_side p;
    size_t n = 0;
    int fds[2];
    fixture_environment("/nonexistent");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    engine_launch_on(fds[1], "x", 20 * CLOCK_MILLISECOND);
    p = engine_plugin_side(&none, &n);
    p.options.callbacks = &p.callbacks;
    assert_int_equal(coffer_plugin_run(&p.options, &p.e), COFFER_TIMEOUT);
    assert_string_equal(p.e.text, "plugin registration timed out");
    close(fds[0]);
}

/* ---- plugins that connect by themselves ---- */

static int run_by_hand(const struct script *script, struct coffer_error *e)
{
    struct scripted s;
    size_t n = 0;
    struct plugin_side p = engine_plugin_side(&callbacks, &n);
    scripted_start(&s, script);
    p.options.callbacks = &p.callbacks;
    p.options.socket = s.path;
    p.options.name = "x";
    int r = coffer_plugin_run(&p.options, e);
    scripted_stop(&s);
    assert_true(script->is_impolite);
    return r;
}

static int run_answered(const char *answer, struct coffer_error *e)
{
    struct script script = {
        .answer = answer, .size = strlen(answer), .is_impolite = true};
    return run_by_hand(&script, e);
}

static void a_refused_hijack_is_told(void **state)
{
    struct coffer_error e = {0};
    assert_int_equal(run_answered("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n"
                                  "not today",
                                  &e),
                     COFFER_DENIED);
    assert_non_null(strstr(e.text, "not today"));
    assert_int_equal(run_answered("", &e), COFFER_UNAVAILABLE);
    assert_int_equal(run_answered("HTTP/0.0 101 Switching Protocols\r\n\r\n", &e),
                     COFFER_UNAVAILABLE);
    assert_int_equal(run_answered("nonsense\r\n\r\n", &e), COFFER_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_answer_is_an_error),
        cmocka_unit_test(an_answer_without_end_ends),
        cmocka_unit_test(answers_that_are_none_yet_end),
        cmocka_unit_test(a_message_in_tiny_chunks_ends),
        cmocka_unit_test(a_server_that_refuses_unread_is_heard),
        cmocka_unit_test(a_mute_server_costs_the_time_limit_only),
        cmocka_unit_test(a_stopped_server_costs_the_time_limit_only),
        cmocka_unit_test(what_is_no_yamux_ends_the_plugin),
        cmocka_unit_test(an_engine_that_is_gone_ends_the_plugin),
        cmocka_unit_test(an_engine_that_sends_no_more_ends_the_plugin),
        cmocka_unit_test(an_engine_that_dies_within_a_frame_ends_the_plugin),
        cmocka_unit_test(requests_that_are_none_are_reset_alone),
        cmocka_unit_test(a_request_that_ends_too_early_is_reset),
        cmocka_unit_test(a_flood_of_streams_is_bounded),
        cmocka_unit_test(a_flood_of_bodies_is_bounded),
        cmocka_unit_test(an_engine_that_does_not_read_is_bounded),
        cmocka_unit_test(an_engine_that_does_not_register_costs_the_time_limit_only),
        cmocka_unit_test(a_refused_hijack_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
