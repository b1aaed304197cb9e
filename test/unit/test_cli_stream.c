/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_server.h"

#include <signal.h>

#include "base/clock.h"
#include "cli/stream.h"

/* Answers that come bit by bit. */

#define HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

struct opened {
    struct stream *stream;
    struct buf got;
};

static int open_stream(struct fixture *f, const struct answer *rows, bool hears_signals,
                       struct opened *o)
{
    *o = (struct opened){.got = BUF_INIT};
    use(f, rows);
    return stream_open(f->cli.client, "/events", hears_signals, &o->stream, &f->e);
}

static void close_stream(struct opened *o)
{
    stream_close(o->stream);
    buf_deinit(&o->got);
}

/* Reads until something else than data comes. */
static int read_all(struct fixture *f, struct opened *o, int64_t timeout,
                    enum stream_news *news)
{
    int r;
    do
        r = stream_read(o->stream, timeout, &o->got, news, &f->e);
    while (!r && *news == STREAM_DATA);
    return r;
}

static void chunks_come_as_one_text(void **state)
{
    static const struct answer rows[] = {
        {"GET /v1.41/events", .raw = HEAD "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"}, {0}};
    enum stream_news news;
    struct opened o;
    assert_int_equal(open_stream(*state, rows, false, &o), 0);
    assert_int_equal(read_all(*state, &o, CLOCK_NEVER, &news), 0);
    assert_int_equal(news, STREAM_END);
    assert_string_equal(buf_str(&o.got), "abcde");
    close_stream(&o);
}

static void what_comes_before_the_answer_is_skipped(void **state)
{
    static const struct answer rows[] = {
        {"GET ", .raw = "HTTP/1.1 100 Continue\r\n\r\n" HEAD "1\r\na\r\n0\r\n\r\n"}, {0}};
    enum stream_news news;
    struct opened o;
    assert_int_equal(open_stream(*state, rows, false, &o), 0);
    assert_int_equal(read_all(*state, &o, CLOCK_NEVER, &news), 0);
    assert_int_equal(news, STREAM_END);
    assert_string_equal(buf_str(&o.got), "a");
    close_stream(&o);
}

static void a_stream_that_is_cut_off_is_an_error(void **state)
{
    static const struct answer rows[] = {
        {"GET /v1.41/events", .raw = HEAD "ff\r\nabc", .closes = true}, {0}};
    struct fixture *f = *state;
    enum stream_news news;
    struct opened o;
    assert_int_equal(open_stream(f, rows, false, &o), 0);
    assert_int_equal(read_all(f, &o, CLOCK_NEVER, &news), ERR_UNAVAILABLE);
    assert_string_equal(buf_str(&o.got), "abc");
    close_stream(&o);
}

static void nothing_until_the_time_is_no_error(void **state)
{
    static const struct answer rows[] = {{"GET /v1.41/events", .raw = HEAD}, {0}};
    enum stream_news news;
    struct opened o;
    assert_int_equal(open_stream(*state, rows, false, &o), 0);
    assert_int_equal(read_all(*state, &o, CLOCK_MILLISECOND, &news), 0);
    assert_int_equal(news, STREAM_TIMEOUT);
    close_stream(&o);
}

static void a_signal_is_told_and_held_back(void **state)
{
    static const struct answer rows[] = {{"GET /v1.41/events", .raw = HEAD}, {0}};
    enum stream_news news;
    struct opened o;
    assert_int_equal(open_stream(*state, rows, true, &o), 0);
    raise(SIGTERM);
    assert_int_equal(read_all(*state, &o, CLOCK_NEVER, &news), 0);
    assert_int_equal(news, STREAM_INTERRUPTED);
    close_stream(&o);
}

static void assert_not_opened(struct fixture *f, const char *raw, int code,
                              const char *text)
{
    const struct answer rows[] = {{"GET ", .raw = raw, .closes = true}, {0}};
    struct opened o;
    assert_int_equal(open_stream(f, rows, true, &o), code);
    assert_null(o.stream);
    if (!strstr(f->e.text, text))
        fail_msg("'%s' is not in '%s'", text, f->e.text);
    client_free(f->cli.client);
    f->cli.client = NULL;
    server_stop(&f->server);
    f->server.rows = NULL;
}

static void a_refusal_is_told_when_it_is_opened(void **state)
{
    assert_not_opened(*state,
                      "HTTP/1.1 404 No\r\nContent-Length: 25\r\n\r\n"
                      "{\"message\":\"no such one\"}",
                      ERR_NOT_FOUND, "Error response from daemon: no such one");
    assert_not_opened(*state, "", ERR_UNAVAILABLE, "the connection to the daemon");
    assert_not_opened(*state, "HTTP/1.1 200 ", ERR_UNAVAILABLE,
                      "the connection to the daemon");
    assert_not_opened(*state, "nonsense\r\n\r\n", ERR_UNAVAILABLE,
                      "the connection to the daemon");
}

static void the_server_is_known_by_its_name(void **state)
{
    static const struct answer rows[] = {
        {"GET ", .raw = "HTTP/1.1 200 OK\r\nserver: Coffer/0.1 (linux)\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n"},
        {0}};
    struct opened o;
    assert_int_equal(open_stream(*state, rows, false, &o), 0);
    assert_true(stream_is_cofferd(o.stream));
    close_stream(&o);
}

static void another_server_is_not_cofferd(void **state)
{
    static const struct answer rows[] = {{"GET ", .raw = HEAD}, {0}};
    struct opened o;
    assert_int_equal(open_stream(*state, rows, false, &o), 0);
    assert_false(stream_is_cofferd(o.stream));
    close_stream(&o);
}

static void lines_are_taken_when_they_are_whole(void **state)
{
    cleanup_buf struct buf from = BUF_INIT, line = BUF_INIT;
    bool found = false;
    (void)state;
    assert_int_equal(stream_take_line(&from, &line, &found), 0);
    assert_false(found);
    assert_int_equal(buf_append_str(&from, "one\n\ntw"), 0);
    assert_int_equal(stream_take_line(&from, &line, &found), 0);
    assert_true(found);
    assert_string_equal(buf_str(&line), "one");
    assert_int_equal(stream_take_line(&from, &line, &found), 0);
    assert_true(found && line.len == 0);
    assert_int_equal(stream_take_line(&from, &line, &found), 0);
    assert_false(found);
    assert_string_equal(buf_str(&from), "tw");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(chunks_come_as_one_text),
        CLI_TEST(what_comes_before_the_answer_is_skipped),
        CLI_TEST(a_stream_that_is_cut_off_is_an_error),
        CLI_TEST(nothing_until_the_time_is_no_error),
        CLI_TEST(a_signal_is_told_and_held_back),
        CLI_TEST(a_refusal_is_told_when_it_is_opened),
        CLI_TEST(the_server_is_known_by_its_name),
        CLI_TEST(another_server_is_not_cofferd),
        CLI_TEST(lines_are_taken_when_they_are_whole),
    };
    return cmocka_run_group_tests(tests, set_up_libraries, NULL);
}
