/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine that answers what no engine may: each call ends with an error that says so,
 * and the next one works.
 */
#include "engine/docker_events.h"
#include "engine/docker_state.h"
#include "engine_fixture.h"

#define INSPECT "GET /v1.41/containers/c/json"
#define LIST "GET /v1.41/containers/json?all=1&filters="
#define STATE(rest) "{\"Id\":\"c\",\"State\":{\"Status\":\"running\"," rest "}}"

static void inspect(struct fixture *f, const char *body)
{
    f->n_replies = 0;
    will_reply(f, INSPECT, 200, body);
    f->engine->ops->inspect(f->engine, "c", inspected, f);
    WAIT_CALL(f);
}

static void expect_sane(struct fixture *f)
{
    inspect(f, STATE("\"Running\":true,\"Pid\":7"));
    assert_int_equal(f->code, 0);
    assert_string_equal(f->id, "c 1 7");
}

/* n times the text, between a head and a tail. */
static char *repeat(const char *head, const char *text, size_t n, const char *tail)
{
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(buf_append_str(&out, head), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(buf_append_str(&out, text), 0);
    assert_int_equal(buf_append_str(&out, tail), 0);
    return buf_take(&out);
}

static void an_answer_without_what_matters_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "7",
        "[]",
        "{\"Id\":\"c\"}",
        "{\"Id\":\"c\",\"State\":[]}",
        "{\"Id\":\"c\",\"State\":{\"Status\":\"running\"}}",
        "{\"Id\":\"c\",\"State\":{\"Running\":false}}",
        STATE("\"Running\":\"true\""),
        STATE("\"Running\":null"),
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        inspect(f, bad[i]);
        assert_int_equal(f->code, ERR_BAD_MESSAGE);
    }
    expect_sane(f);
}

static void numbers_out_of_range_are_refused(void **state)
{
    static const char *const bad[] = {
        STATE("\"Running\":true,\"Pid\":-1"),
        STATE("\"Running\":true,\"Pid\":4294967303"),
        STATE("\"Running\":false,\"ExitCode\":99999999999"),
        STATE("\"Running\":false,\"ExitCode\":99999999999999999999"),
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        inspect(f, bad[i]);
        assert_int_equal(f->code, ERR_BAD_MESSAGE);
    }
    expect_sane(f);
}

static void an_id_that_is_too_long_is_none(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *body =
        repeat("{\"Id\":\"", "c", DOCKER_ID_MAX + 1,
               "\",\"State\":{\"Status\":\"running\",\"Running\":true,\"Pid\":7}}");
    inspect(f, body);
    assert_int_equal(f->code, ERR_BAD_MESSAGE);
    cleanup_free char *list = repeat("[{\"Id\":\"", "c", DOCKER_ID_MAX + 1, "\"}]");
    will_reply(f, LIST, 200, list);
    f->engine->ops->list(f->engine, "n", listed, f);
    WAIT_CALL(f);
    assert_int_equal(f->n, 0);
}

static void deep_and_wide_answers_are_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *deep = repeat("", "[", 100000, "");
    inspect(f, deep);
    assert_int_equal(f->code, ERR_RESOURCE_EXHAUSTED);
    cleanup_free char *wide = repeat("[0", ",0", DOCKER_VALUES_MAX, "]");
    inspect(f, wide);
    assert_int_equal(f->code, ERR_RESOURCE_EXHAUSTED);
    expect_sane(f);
}

static void an_answer_that_is_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *body =
        repeat("{\"Id\":\"", "cccccccc", DOCKER_BODY_MAX / 8, "\"}");
    inspect(f, body);
    assert_int_equal(f->code, ERR_RESOURCE_EXHAUSTED);
    expect_sane(f);
}

static void too_many_containers_are_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *list = repeat("[{}", ",{}", DOCKER_LIST_MAX, "]");
    will_reply(f, LIST, 200, list);
    f->engine->ops->list(f->engine, "n", listed, f);
    WAIT_CALL(f);
    assert_int_equal(f->code, ERR_RESOURCE_EXHAUSTED);
    expect_sane(f);
}

static void too_many_ports_are_left_out(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf body = BUF_INIT;
    assert_int_equal(buf_append_str(&body,
                                    "{\"Id\":\"c\",\"State\":{\"Status\":\"running\","
                                    "\"Running\":true,\"Pid\":7},\"NetworkSettings\":{"
                                    "\"Ports\":{\"0/tcp\":null"),
                     0);
    for (int i = 1; i <= 2 * DOCKER_PORTS_MAX; i++)
        assert_int_equal(buf_printf(&body, ",\"%d/tcp\":[{\"HostPort\":\"%d\"}]", i, i),
                         0);
    assert_int_equal(buf_append_str(&body, "}}}"), 0);
    inspect(f, buf_str(&body));
    assert_int_equal(f->code, 0);
}

/* What a health check prints stands in the answer. */
static void a_nul_in_a_text_makes_no_answer_unreadable(void **state)
{
    struct fixture *f = *state;
    inspect(f, STATE("\"Running\":true,\"Pid\":7,\"Health\":{\"Log\":[{\"Output\":"
                     "\"\\u0000\\ud800\"}]}"));
    assert_int_equal(f->code, 0);
    assert_string_equal(f->id, "c 1 7");
}

static void a_description_must_be_one(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *name = repeat("{\"Name\":\"", "n", DOCKER_TEXT_MAX + 1, "\"}");
    const char *const bad[] = {"[]", "{\"NCPU\":-1}", "{\"NCPU\":9223372036854775807}",
                               "{\"MemTotal\":-5}", name};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        f->n_replies = 0;
        will_reply(f, "GET /v1.41/info", 200, bad[i]);
        f->engine->ops->info(f->engine, told, f);
        WAIT_CALL(f);
        assert_int_equal(f->code, ERR_BAD_MESSAGE);
    }
    expect_sane(f);
}

static void an_event_that_is_none_is_passed_over(void **state)
{
    static const char lines[] =
        "garbage\n\n{\"Type\":\"container\"}\n{\"Type\":\"container\",\"Action\":{},"
        "\"Actor\":[]}\n[[[\n{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{"
        "\"ID\":\"c1\"}}\n";
    struct fixture *f = *state;
    assert_int_equal(http_exchange_write(f->events, lines, sizeof(lines) - 1), 0);
    TURN_UNTIL(f, str_equal(f->event, "c1 die"));
    assert_int_equal(f->downs, 0);
}

static void an_event_without_an_end_takes_the_engine_down(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *line = repeat("{\"", "xxxxxxxx", DOCKER_EVENT_MAX / 8, "");
    assert_int_equal(http_exchange_write(f->events, line, strlen(line)), 0);
    TURN_UNTIL(f, f->downs == 1);
    TURN_UNTIL(f, f->ups == 2);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_without_what_matters_is_refused),
        TEST(numbers_out_of_range_are_refused),
        TEST(an_id_that_is_too_long_is_none),
        TEST(deep_and_wide_answers_are_refused),
        TEST(an_answer_that_is_too_long_is_refused),
        TEST(too_many_containers_are_refused),
        TEST(too_many_ports_are_left_out),
        TEST(a_nul_in_a_text_makes_no_answer_unreadable),
        TEST(a_description_must_be_one),
        TEST(an_event_that_is_none_is_passed_over),
        TEST(an_event_without_an_end_takes_the_engine_down),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
