/* SPDX-License-Identifier: Apache-2.0 */
/* How `docker run --rm` learns how its container ended (wait.c). */
#include "api_world.h"

#define REMOVAL "POST /v1.41/containers/c/wait?condition=removed"
#define EXIT "POST /v1.41/containers/c/wait?condition=next-exit"
#define REMOVED "{\"Error\":null,\"StatusCode\":0}\n"
#define TOO_LONG 70000

struct fixture {
    struct api_world world;
    struct wire wire;
    bool has_wire;
};

/* An engine that begins its answers at once, as all do, and tells the rest in time. */
static int setup(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    world_open(&f.world);
    f.world.engine_header = (struct http_header){"Libpod-Api-Version", "4.3.1"};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->has_wire)
        wire_close(&f->wire, &f->world.net);
    world_close(&f->world);
    return 0;
}

static void begin_to_wait(struct fixture *f)
{
    wire_open(&f->wire, &f->world.net, f->world.net.path);
    f->has_wire = true;
    wire_send(&f->wire, &f->world.net, REMOVAL " HTTP/1.1\r\nHost: d\r\n\r\n");
}

static void expect(struct fixture *f, const char *text)
{
    while (!wire_has(&f->wire, text)) {
        assert_false(f->wire.is_eof);
        assert_true(uv_run(&f->world.net.loop, UV_RUN_ONCE));
    }
}

/* The answer was cut short: no last chunk came. */
static void expect_cut(struct fixture *f)
{
    TURN_UNTIL(&f->world.net, f->wire.is_eof);
    assert_false(wire_has(&f->wire, "\r\n0\r\n\r\n"));
}

static void script(struct fixture *f, const char *removal, const char *exit)
{
    world_answer(&f->world, REMOVAL, 200, removal);
    world_answer(&f->world, EXIT, 200, exit);
}

static struct world_answer *answer_to(struct fixture *f, const char *key)
{
    return world_find(&f->world, key);
}

static char *long_text(void)
{
    char *text = malloc(TOO_LONG + 1);
    assert_non_null(text);
    memset(text, ' ', TOO_LONG);
    text[TOO_LONG] = '\0';
    return text;
}

/* ---- in which order the engine tells ---- */

static void the_exit_is_told_first(void **state)
{
    struct fixture *f = *state;
    script(f, NULL, NULL);
    begin_to_wait(f);
    expect(f, "HTTP/1.1 200 OK\r\n");
    world_finish(&f->world, EXIT, "{\"StatusCode\":7}\n");
    TURN_UNTIL(&f->world.net, !answer_to(f, EXIT)->open);
    assert_false(wire_has(&f->wire, "StatusCode"));
    world_finish(&f->world, REMOVAL, REMOVED);
    expect(f, "{\"Error\":null,\"StatusCode\":7}\n\r\n0\r\n\r\n");
    assert_string_equal(buf_str(&f->world.asked), REMOVAL "\n\n" EXIT "\n\n");
}

static void the_exit_is_told_after_the_removal(void **state)
{
    struct fixture *f = *state;
    script(f, REMOVED, NULL);
    begin_to_wait(f);
    expect(f, "HTTP/1.1 200 OK\r\n");
    world_finish(&f->world, EXIT, "{\"StatusCode\":137}\n");
    expect(f, "{\"Error\":null,\"StatusCode\":137}\n\r\n0\r\n\r\n");
}

/* The one test that waits for time: as long as the exit is given. */
static void an_exit_that_is_never_told_is_not_waited_for_long(void **state)
{
    struct fixture *f = *state;
    script(f, NULL, NULL);
    begin_to_wait(f);
    world_finish(&f->world, REMOVAL, "{\"StatusCode\":5}\n");
    expect(f, "{\"StatusCode\":5}\n\r\n0\r\n\r\n");
    TURN_UNTIL(&f->world.net, !answer_to(f, EXIT)->open);
}

/* The client starts its container when it has our head: not before the engine waits for
 * its exit. */
static void our_head_waits_for_both(void **state)
{
    struct fixture *f = *state;
    script(f, NULL, NULL);
    f->world.delays_head = EXIT;
    begin_to_wait(f);
    TURN_UNTIL(&f->world.net, f->world.held);
    assert_false(f->wire.got.len);
    world_engine_begin(&f->world, answer_to(f, EXIT), TAKE(f->world.held));
    expect(f, "HTTP/1.1 200 OK\r\n");
}

/* ---- answers that don't tell an exit ---- */

static void expect_engines_own(struct fixture *f, const char *exit)
{
    script(f, NULL, exit);
    begin_to_wait(f);
    expect(f, "HTTP/1.1 200 OK\r\n");
    world_finish(&f->world, REMOVAL, "{\"StatusCode\":5}\n");
    expect(f, "{\"StatusCode\":5}\n\r\n0\r\n\r\n");
}

static void an_exit_that_failed_is_not_told(void **state)
{
    expect_engines_own(*state, "{\"StatusCode\":-1,\"Error\":{\"Message\":\"gone\"}}\n");
}

static void an_error_beside_a_status_is_no_exit(void **state)
{
    expect_engines_own(*state, "{\"StatusCode\":0,\"Error\":{\"Message\":\"gone\"}}\n");
}

static void an_exit_that_is_no_json_is_not_told(void **state)
{
    expect_engines_own(*state, "nonsense");
}

static void an_exit_of_another_kind_is_not_told(void **state)
{
    expect_engines_own(*state, "[{\"StatusCode\":1}]");
}

static void an_exit_that_is_too_long_is_not_told(void **state)
{
    cleanup_free char *text = long_text();
    memcpy(text, "{\"StatusCode\":1}", 16);
    expect_engines_own(*state, text);
}

static void an_exit_that_is_refused_is_not_told(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, REMOVAL, 200, NULL);
    world_answer(&f->world, EXIT, 500, "{\"StatusCode\":1}");
    begin_to_wait(f);
    expect(f, "HTTP/1.1 200 OK\r\n");
    world_finish(&f->world, REMOVAL, REMOVED);
    expect(f, REMOVED "\r\n0\r\n\r\n");
}

static void a_removal_that_is_no_object_is_passed_on(void **state)
{
    struct fixture *f = *state;
    script(f, "[1]\n", "{\"StatusCode\":7}\n");
    begin_to_wait(f);
    expect(f, "[1]\n\r\n0\r\n\r\n");
}

/* ---- other engines, and failures ---- */

static void another_engine_is_believed(void **state)
{
    struct fixture *f = *state;
    f->world.engine_header = (struct http_header){NULL, NULL};
    script(f, NULL, NULL);
    begin_to_wait(f);
    expect(f, "HTTP/1.1 200 OK\r\n");
    world_finish(&f->world, REMOVAL, "{\"StatusCode\":9}\n");
    expect(f, "{\"StatusCode\":9}\n\r\n0\r\n\r\n");
    assert_string_equal(buf_str(&f->world.asked), REMOVAL "\n\n");
}

static void a_refusal_is_passed_on(void **state)
{
    struct fixture *f = *state;
    static const char none[] = "{\"message\":\"No such container: c\"}\n";
    world_answer(&f->world, REMOVAL, 404, none);
    world_ask(&f->world, "POST", "/v1.41/containers/c/wait?condition=removed", NULL);
    assert_int_equal(f->world.status, 404);
    assert_string_equal(buf_str(&f->world.received), none);
    assert_string_equal(f->world.type, "application/json");
}

static void without_an_engine_it_is_refused(void **state)
{
    struct fixture *f = *state;
    world_engine_stop(&f->world);
    world_ask(&f->world, "POST", "/v1.41/containers/c/wait?condition=removed", NULL);
    assert_int_equal(f->world.status, 503);
    assert_non_null(strstr(buf_str(&f->world.received), "\"message\":"));
}

static void a_client_that_goes_away_cancels_both(void **state)
{
    struct fixture *f = *state;
    script(f, NULL, NULL);
    begin_to_wait(f);
    expect(f, "HTTP/1.1 200 OK\r\n");
    assert_true(answer_to(f, REMOVAL)->open && answer_to(f, EXIT)->open);
    wire_close(&f->wire, &f->world.net);
    f->has_wire = false;
    TURN_UNTIL(&f->world.net, !answer_to(f, REMOVAL)->open);
    TURN_UNTIL(&f->world.net, !answer_to(f, EXIT)->open);
}

static void an_engine_that_dies_cuts_the_answer(void **state)
{
    struct fixture *f = *state;
    script(f, NULL, NULL);
    begin_to_wait(f);
    expect(f, "HTTP/1.1 200 OK\r\n");
    world_engine_stop(&f->world);
    expect_cut(f);
}

static void an_answer_that_is_too_long_cuts_ours(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *text = long_text();
    script(f, NULL, NULL);
    begin_to_wait(f);
    expect(f, "HTTP/1.1 200 OK\r\n");
    world_finish(&f->world, REMOVAL, text);
    expect_cut(f);
    TURN_UNTIL(&f->world.net, !answer_to(f, EXIT)->open);
}

static void a_refusal_that_is_too_long_is_told_in_words(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *text = long_text();
    world_answer(&f->world, REMOVAL, 500, text);
    world_ask(&f->world, "POST", "/v1.41/containers/c/wait?condition=removed", NULL);
    assert_int_equal(f->world.status, 502);
    assert_string_equal(buf_str(&f->world.received),
                        "{\"message\":\"the container engine's answer is too long\"}\n");
}

static void other_conditions_go_straight_to_the_engine(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, EXIT, 200, "{\"StatusCode\":3}\n");
    world_ask(&f->world, "POST", "/v1.41/containers/c/wait?condition=next-exit", NULL);
    assert_string_equal(buf_str(&f->world.received), "{\"StatusCode\":3}\n");
    assert_string_equal(buf_str(&f->world.asked), EXIT "\n\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_exit_is_told_first),
        TEST(the_exit_is_told_after_the_removal),
        TEST(an_exit_that_is_never_told_is_not_waited_for_long),
        TEST(our_head_waits_for_both),
        TEST(an_exit_that_failed_is_not_told),
        TEST(an_error_beside_a_status_is_no_exit),
        TEST(an_exit_that_is_no_json_is_not_told),
        TEST(an_exit_of_another_kind_is_not_told),
        TEST(an_exit_that_is_too_long_is_not_told),
        TEST(an_exit_that_is_refused_is_not_told),
        TEST(a_removal_that_is_no_object_is_passed_on),
        TEST(another_engine_is_believed),
        TEST(a_refusal_is_passed_on),
        TEST(without_an_engine_it_is_refused),
        TEST(a_client_that_goes_away_cancels_both),
        TEST(an_engine_that_dies_cuts_the_answer),
        TEST(an_answer_that_is_too_long_cuts_ours),
        TEST(a_refusal_that_is_too_long_is_told_in_words),
        TEST(other_conditions_go_straight_to_the_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
