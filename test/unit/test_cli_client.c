/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_server.h"

/* What the client makes of a daemon's answers, good and bad. */

static int get(struct fixture *f, const char *raw, json_t **out)
{
    struct answer rows[] = {{"GET ", .raw = raw, .closes = true}, {0}};
    use(f, rows);
    int r = client_get(f->cli.client, "/x", out, &f->e);
    client_free(f->cli.client);
    f->cli.client = NULL;
    server_stop(&f->server);
    f->server.rows = NULL;
    return r;
}

static void assert_refused(struct fixture *f, const char *raw, int code, const char *text)
{
    json_t *none = NULL;
    assert_int_equal(get(f, raw, &none), code);
    assert_null(none);
    if (!strstr(f->e.text, text))
        fail_msg("'%s' is not in '%s'", text, f->e.text);
}

#define ANSWER(status, length, body)                                                     \
    "HTTP/1.1 " status "\r\nContent-Length: " length "\r\n\r\n" body

static void an_answer_is_decoded(void **state)
{
    cleanup_json json_t *answer = NULL;
    assert_int_equal(get(*state, ANSWER("200 OK", "8", "{\"a\":1}\n"), &answer), 0);
    assert_int_equal(json_integer_value(json_object_get(answer, "a")), 1);
}

static void what_is_no_json_is_told(void **state)
{
    assert_refused(*state, ANSWER("200 OK", "4", "oops"), ERR_BAD_MESSAGE, "no JSON");
    assert_refused(*state, ANSWER("200 OK", "3", "{}x"), ERR_BAD_MESSAGE, "no JSON");
    assert_refused(*state, ANSWER("200 OK", "6", "{\"a\":1"), ERR_BAD_MESSAGE, "no JSON");
}

#define REFUSED_VERSION                                                                  \
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 39\r\n\r\n"                             \
    "{\"message\":\"client version 1.41 is no\"}"

/* A daemon that refuses ours and says which versions it takes is asked by `target`. */
static void assert_negotiated(struct fixture *f, const char *versions, const char *target)
{
    cleanup_json json_t *answer = NULL;
    struct answer rows[] = {{"GET /v1.41/x", .raw = REFUSED_VERSION},
                            {"GET /version", .body = versions},
                            {target, .body = "{\"a\":1}"},
                            {0}};
    use(f, rows);
    int r = client_get(f->cli.client, "/x", &answer, &f->e);
    client_free(f->cli.client);
    f->cli.client = NULL;
    server_stop(&f->server);
    f->server.rows = NULL;
    assert_int_equal(r, 0);
    assert_int_equal(f->server.requests, 3);
}

static void the_least_version_of_a_newer_daemon_is_spoken(void **state)
{
    assert_negotiated(*state, "{\"ApiVersion\":\"1.52\",\"MinAPIVersion\":\"1.44\"}",
                      "GET /v1.44/x");
}

static void the_version_of_an_older_daemon_is_spoken(void **state)
{
    assert_negotiated(*state, "{\"ApiVersion\":\"1.39\",\"MinAPIVersion\":\"1.12\"}",
                      "GET /v1.39/x");
}

static void an_empty_answer_is_no_object(void **state)
{
    assert_refused(*state, ANSWER("200 OK", "0", ""), ERR_BAD_MESSAGE,
                   "answer to GET /x is empty");
}

static void a_refusal_has_the_daemons_words(void **state)
{
    assert_refused(
        *state,
        ANSWER("404 Not Found", "37", "{\"message\":\"secret nosuch not found\"}"),
        ERR_NOT_FOUND, "Error response from daemon: secret nosuch not found");
    assert_refused(*state, ANSWER("500 No", "10", "plain text\n"), ERR_UNKNOWN,
                   "Error response from daemon: plain text");
    assert_refused(*state, ANSWER("503 No", "2", "{}"), ERR_UNAVAILABLE,
                   "Error response from daemon: {}");
}

static void a_refusal_without_words_has_its_status(void **state)
{
    assert_refused(*state, ANSWER("418 Teapot", "0", ""), ERR_UNKNOWN,
                   "status 418 without a message");
    assert_refused(*state, ANSWER("400 No", "4", "  \n\n"), ERR_INVALID_ARGUMENT,
                   "status 400 without a message");
}

static void a_refusals_later_lines_are_left_out(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, ANSWER("400 No", "26", "{\"message\":\"one  \\ntwo\"}  "),
                   ERR_INVALID_ARGUMENT, "Error response from daemon: one");
    assert_null(strstr(f->e.text, "two"));
}

static void an_answer_that_is_cut_off_is_told(void **state)
{
    assert_refused(*state, ANSWER("200 OK", "100", "{\"a\":1}"), ERR_UNAVAILABLE,
                   "the connection to the daemon");
    assert_refused(*state, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
                   ERR_UNAVAILABLE, "the connection to the daemon");
    assert_refused(*state, "HTTP/1.1 200 OK\r\nContent-Le", ERR_UNAVAILABLE,
                   "the connection to the daemon");
    assert_refused(*state, "", ERR_UNAVAILABLE, "the connection to the daemon");
}

static void what_is_no_http_is_told(void **state)
{
    assert_refused(*state, "SSH-2.0-OpenSSH_9.2p1\r\n", ERR_UNAVAILABLE,
                   "the connection to the daemon");
    assert_refused(*state,
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
                   ERR_UNAVAILABLE, "the connection to the daemon");
}

static void a_body_is_sent_whole(void **state)
{
    struct answer rows[] = {{"POST ", .body = ""}, {0}};
    struct fixture *f = *state;
    cleanup_json json_t *body = json_pack("{s:s}", "Data", "c2VjcmV0");
    json_t *none = NULL;
    use(f, rows);
    assert_int_equal(client_post(f->cli.client, "/secrets/create", body, &none, &f->e),
                     0);
    assert_null(none);
    assert_non_null(strstr(f->server.asked, "POST /v1.41/secrets/create HTTP/1.1\r\n"));
    assert_non_null(strstr(f->server.asked, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(f->server.asked, "\r\n\r\n{\"Data\":\"c2VjcmV0\"}"));
}

static void calls_share_a_connection(void **state)
{
    struct answer rows[] = {{"GET ", .body = "[]"}, {0}};
    struct fixture *f = *state;
    use(f, rows);
    for (int i = 0; i < 3; i++) {
        cleanup_json json_t *answer = NULL;
        assert_int_equal(client_get(f->cli.client, "/x", &answer, &f->e), 0);
    }
    assert_int_equal(f->server.requests, 3);
    assert_int_equal(f->server.connections, 1);
}

/* The daemon had enough of the connection after its first answer. */
static void a_connection_that_was_closed_meanwhile_is_made_anew(void **state)
{
    struct answer rows[] = {{"GET ", .body = "[]", .closes = true}, {0}};
    struct fixture *f = *state;
    use(f, rows);
    for (int i = 0; i < 3; i++) {
        cleanup_json json_t *answer = NULL;
        assert_int_equal(client_get(f->cli.client, "/x", &answer, &f->e), 0);
    }
    assert_int_equal(f->server.requests, 3);
    assert_int_equal(f->server.connections, 3);
}

static void what_comes_before_the_answer_is_skipped(void **state)
{
    cleanup_json json_t *answer = NULL;
    assert_int_equal(
        get(*state, "HTTP/1.1 100 Continue\r\n\r\n" ANSWER("200 OK", "2", "[]"), &answer),
        0);
    assert_true(json_is_array(answer));
}

static void what_is_behind_an_answer_is_nobodys(void **state)
{
    struct answer rows[] = {{"GET ", .raw = ANSWER("200 OK", "2", "[]") "HTTP/1.1 500 "},
                            {0}};
    struct fixture *f = *state;
    use(f, rows);
    for (int i = 0; i < 2; i++) {
        cleanup_json json_t *answer = NULL;
        assert_int_equal(client_get(f->cli.client, "/x", &answer, &f->e), 0);
    }
    assert_int_equal(f->server.connections, 2);
}

static void an_address_that_is_no_socket_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"tcp://1.2.3.4:2375", "unix://relative", "",
                                      "/path"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(client_new(bad[i], &f->cli.client, &f->e), ERR_INVALID_ARGUMENT);
}

static void nobody_listens(void **state)
{
    struct fixture *f = *state;
    json_t *none = NULL;
    char host[160] = "unix:///";
    memset(host + 8, 'a', sizeof(host) - 9);
    assert_int_equal(client_new(host, &f->cli.client, &f->e), 0);
    assert_int_equal(client_get(f->cli.client, "/x", &none, &f->e), ERR_INVALID_ARGUMENT);
    client_free(f->cli.client);
    assert_int_equal(client_new("unix:///nowhere/sock", &f->cli.client, &f->e), 0);
    assert_int_equal(client_get(f->cli.client, "/x", &none, &f->e), ERR_UNAVAILABLE);
    assert_non_null(
        strstr(f->e.text, "Cannot connect to the coffer daemon at unix:///nowhe"));
}

static void what_goes_into_a_path_is_escaped(void **state)
{
    cleanup_buf struct buf path = BUF_INIT;
    (void)state;
    assert_int_equal(path_printf(&path, "/secrets/%s?a=%s", "a/../b?c#d e", "\xc3\xa4&%"),
                     0);
    assert_string_equal(buf_str(&path), "/secrets/a%2F..%2Fb%3Fc%23d%20e?a=%C3%A4%26%25");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(an_answer_is_decoded),
        CLI_TEST(what_is_no_json_is_told),
        CLI_TEST(an_empty_answer_is_no_object),
        CLI_TEST(the_least_version_of_a_newer_daemon_is_spoken),
        CLI_TEST(the_version_of_an_older_daemon_is_spoken),
        CLI_TEST(a_refusal_has_the_daemons_words),
        CLI_TEST(a_refusal_without_words_has_its_status),
        CLI_TEST(a_refusals_later_lines_are_left_out),
        CLI_TEST(an_answer_that_is_cut_off_is_told),
        CLI_TEST(what_is_no_http_is_told),
        CLI_TEST(a_body_is_sent_whole),
        CLI_TEST(calls_share_a_connection),
        CLI_TEST(a_connection_that_was_closed_meanwhile_is_made_anew),
        CLI_TEST(what_comes_before_the_answer_is_skipped),
        CLI_TEST(what_is_behind_an_answer_is_nobodys),
        CLI_TEST(an_address_that_is_no_socket_is_refused),
        CLI_TEST(nobody_listens),
        CLI_TEST(what_goes_into_a_path_is_escaped),
    };
    return cmocka_run_group_tests(tests, set_up_libraries, NULL);
}
