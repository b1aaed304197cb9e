/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_server.h"

#include "cli/service.h"

/* The frames of a log, however they are cut. */

static const struct flag raw_flags[] = {{"raw", 0, &flag_switch, "", NULL, NULL}, {0}};

#define DETAILS                                                                          \
    "com.docker.swarm.node.id=n,com.docker.swarm.service.id=s,com.docker.swarm.task.id=" \
    "t"

/* A head, and the bytes of a log in chunks of this size. */
static void make_answer(struct buf *out, const struct buf *log, size_t chunk)
{
    int r = buf_append_str(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < log->len; at += chunk) {
        size_t n = log->len - at < chunk ? log->len - at : chunk;
        r = r || buf_printf(out, "%zx\r\n", n) || buf_append(out, log->data + at, n) ||
            buf_append_str(out, "\r\n");
    }
    assert_int_equal(r || buf_append_str(out, "0\r\n\r\n"), 0);
}

static void add_frame(struct buf *log, char kind, const char *line)
{
    char head[] = {kind, 0, 0, 0, 0, 0, 0, (char)strlen(line)};
    assert_int_equal(buf_append(log, head, sizeof(head)), 0);
    assert_int_equal(buf_append_str(log, line), 0);
}

/* `coffer service logs [--raw] s` of a daemon that sends this log. */
static int show(struct fixture *f, const struct buf *log, size_t chunk, bool raw)
{
    char flag[] = "--raw", name[] = "s";
    char *arguments[] = {flag, NULL}, *names[] = {name, NULL};
    int argc = raw;
    cleanup_buf struct buf answer = BUF_INIT;
    make_answer(&answer, log, chunk);
    const struct answer rows[] = {
        {"GET /v1.41/services/s/logs", .raw = answer.data, .raw_size = answer.len},
        {"GET /v1.41/services/s",
         .body = "{\"ID\": \"s\", \"Spec\": {\"Name\": \"web\"}}"},
        {"GET /v1.41/tasks/t", .body = "{\"ID\": \"t\", \"Slot\": 2}"},
        {"GET /v1.41/nodes/n", .body = "{\"Description\": {\"Hostname\": \"host\"}}"},
        {0},
    };
    use(f, rows);
    assert_int_equal(flags_parse(&f->cli.flags, raw_flags, false, &argc, arguments, NULL),
                     0);
    f->cli.argv = names;
    f->cli.argc = 1;
    catch_output(f);
    int r = service_run_logs(&f->cli, &f->e);
    end_catch(f);
    client_free(f->cli.client);
    f->cli.client = NULL;
    server_stop(&f->server);
    f->server.rows = NULL;
    return r;
}

static void a_line_says_where_it_comes_from(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf log = BUF_INIT;
    add_frame(&log, 1, DETAILS " hello world\n");
    assert_int_equal(show(f, &log, 4096, false), 0);
    assert_string_equal(f->out, "web.2.t@host    | hello world\n");
}

static void frames_are_cut_anywhere(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf log = BUF_INIT;
    add_frame(&log, 1, "one\n");
    add_frame(&log, 1, "");
    add_frame(&log, 1, "two\n");
    assert_int_equal(show(f, &log, 1, true), 0);
    assert_string_equal(f->out, "one\ntwo\n");
}

static void a_log_that_ends_within_a_line_is_told(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf log = BUF_INIT;
    add_frame(&log, 1, "one\n");
    add_frame(&log, 1, "two\n");
    log.len -= 2;
    assert_int_equal(show(f, &log, 4096, true), ERR_BAD_MESSAGE);
    assert_string_equal(f->out, "one\n");
    assert_string_equal(f->e.text, "the daemon's logs end in the middle of a line");
}

static void a_line_that_is_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf log = BUF_INIT;
    const char head[] = {1, 0, 0, 0, 0x7f, 0, 0, 0, 'x'};
    assert_int_equal(buf_append(&log, head, sizeof(head)), 0);
    assert_int_equal(show(f, &log, 4096, true), ERR_BAD_MESSAGE);
    assert_string_equal(f->out, "");
}

static void what_is_no_frame_is_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf log = BUF_INIT;
    add_frame(&log, 'x', "one\n");
    assert_int_equal(show(f, &log, 4096, true), ERR_BAD_MESSAGE);
    assert_string_equal(f->out, "");
}

static void the_daemons_own_error_is_no_line(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf log = BUF_INIT;
    add_frame(&log, 3, "the node is gone");
    assert_int_equal(show(f, &log, 4096, true), ERR_UNKNOWN);
    assert_string_equal(f->e.text, "error from daemon in stream: the node is gone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(a_line_says_where_it_comes_from),
        CLI_TEST(frames_are_cut_anywhere),
        CLI_TEST(a_log_that_ends_within_a_line_is_told),
        CLI_TEST(a_line_that_is_too_long_is_refused),
        CLI_TEST(what_is_no_frame_is_refused),
        CLI_TEST(the_daemons_own_error_is_no_line),
    };
    return cmocka_run_group_tests(tests, set_up_libraries, NULL);
}
