/* SPDX-License-Identifier: Apache-2.0 */
/* The events of engine and swarm, in one stream. */
#include "api_wire.h"

static void create_secret(struct api_world *w, const char *name)
{
    char body[128];
    snprintf(body, sizeof(body), "{\"Name\":\"%s\",\"Data\":\"aGVsbG8=\"}", name);
    world_ask(w, "POST", "/secrets/create", body);
    assert_int_equal(w->status, 201);
}

static void events_of_the_swarm_need_no_engine(void **state)
{
    struct fixture *f = *state;
    world_engine_stop(&f->world);
    open_wire(f, "/events?filters=%7B%22type%22%3A%5B%22secret%22%5D%7D");
    wait_for(f, "HTTP/1.1 200");
    create_secret(&f->world, "api_ev");
    wait_for(f, "{\"Type\":\"secret\",\"Action\":\"create\",\"Actor\":{\"ID\":\"");
    wait_for(f, "\"Attributes\":{\"name\":\"api_ev\"}},\"scope\":\"swarm\",\"time\":");
    world_ask(&f->world, "DELETE", "/secrets/api_ev", NULL);
    wait_for(f, "\"Action\":\"remove\"");
    assert_false(wire_has(&f->wire, "aGVsbG8="));
}

static void past_events_come_when_asked_for(void **state)
{
    struct fixture *f = *state;
    create_secret(&f->world, "old");
    open_wire(f, "/events?since=1&until=2000000000&filters=%7B%22secret%22%3A%5B%22ol%22"
                 "%5D%7D");
    wait_for(f, "\"name\":\"old\"");
    create_secret(&f->world, "new");
    create_secret(&f->world, "olive");
    wait_for(f, "\"name\":\"olive\"");
    assert_false(wire_has(&f->wire, "\"name\":\"new\""));
}

static void a_time_that_is_over_ends_the_events(void **state)
{
    struct fixture *f = *state;
    open_wire(f, "/events?until=1&filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D");
    wait_for(f, "\r\n0\r\n\r\n");
}

static void engine_and_swarm_share_one_stream(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "GET /events", 200,
                 "{\"Type\":\"container\",\"Action\":\"die\"}\n");
    open_wire(f, "/events?until=2000000000");
    wait_for(f, "{\"Type\":\"container\",\"Action\":\"die\"}\n");
    create_secret(&f->world, "api_ev");
    wait_for(f, "\"name\":\"api_ev\"");
    assert_non_null(
        strstr(buf_str(&f->world.asked), "/events?until=2000000000.000000000\n\n"));
}

/* Where a text stands in what the client got. */
static size_t place_of(struct fixture *f, const char *text)
{
    const char *at = memmem(f->wire.got.data, f->wire.got.len, text, strlen(text));
    assert_non_null(at);
    return (size_t)(at - f->wire.got.data);
}

static void the_past_of_both_is_told_in_order(void **state)
{
    struct fixture *f = *state;
    create_secret(&f->world, "ours");
    world_answer(&f->world, "GET /events?since=1.000000000", 200,
                 "{\"Action\":\"first\",\"time\":5}\n"
                 "{\"Action\":\"last\",\"timeNano\":9000000000000000000}\n");
    open_wire(f, "/events?since=1");
    wait_for(f, "last");
    assert_true(place_of(f, "first") < place_of(f, "\"ours\""));
    assert_true(place_of(f, "\"ours\"") < place_of(f, "last"));
}

static void what_comes_while_the_past_is_told_comes_after_it(void **state)
{
    struct fixture *f = *state;
    static const char line[] = "{\"Action\":\"past\"}\n";
    world_answer(&f->world, "GET /events", 200, NULL);
    open_wire(f, "/events?since=1");
    TURN_UNTIL(&f->world.net, f->world.answers[0].open);
    create_secret(&f->world, "meanwhile");
    assert_int_equal(http_exchange_write(f->world.answers[0].open, line, strlen(line)),
                     0);
    wait_for(f, "meanwhile"); /* once the engine is silent */
    assert_true(place_of(f, "past") < place_of(f, "meanwhile"));
    create_secret(&f->world, "live");
    wait_for(f, "live");
    http_exchange_end(TAKE(f->world.answers[0].open));
}

/* The other stream is what tells that silence lasted long enough. */
static void silence_is_no_end_of_a_past_that_ends_by_itself(void **state)
{
    struct fixture *f = *state;
    static const char line[] = "{\"Action\":\"first\",\"time\":5}\n";
    struct world_answer *answers = f->world.answers;
    struct wire other;
    char target[64];
    create_secret(&f->world, "ours");
    int64_t now = clock_now();
    snprintf(target, sizeof(target), "/events?since=1&until=%lld.%09lld",
             (long long)(now / CLOCK_SECOND), (long long)(now % CLOCK_SECOND));
    world_answer(&f->world, "GET /events?since=1.000000000&until", 200, NULL);
    world_answer(&f->world, "GET /events?since=1.000000000", 200, NULL);
    open_wire(f, target);
    wait_for(f, "HTTP/1.1 200");
    open_on(f, &other, "/events?since=1");
    TURN_UNTIL(&f->world.net, wire_has(&other, "\"ours\""));
    assert_false(wire_has(&f->wire, "\"ours\""));
    assert_int_equal(http_exchange_write(answers[0].open, line, strlen(line)), 0);
    http_exchange_end(TAKE(answers[0].open));
    wait_for(f, "\r\n0\r\n\r\n");
    assert_true(place_of(f, "first") < place_of(f, "\"ours\""));
    http_exchange_end(TAKE(answers[1].open));
    wire_close(&other, &f->world.net);
}

static void a_past_without_a_present_ends(void **state)
{
    struct fixture *f = *state;
    create_secret(&f->world, "ours");
    world_answer(&f->world, "GET /events", 200, "{\"Action\":\"past\"}\n");
    open_wire(f, "/events?since=1&until=2");
    wait_for(f, "\r\n0\r\n\r\n");
    assert_true(wire_has(&f->wire, "past"));
    assert_false(wire_has(&f->wire, "ours"));
    assert_string_equal(buf_str(&f->world.asked),
                        "GET /events?since=1.000000000&until=2.000000000\n\n");
}

static void the_engine_is_not_told_of_what_it_does_not_know(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "GET /events", 200, "");
    open_wire(f, "/events?filters=%7B%22scope%22%3A%5B%22local%22%2C%22swarm%22%5D%2C%22"
                 "type%22%3A%5B%22container%22%2C%22secret%22%5D%7D");
    wait_for(f, "\r\n0\r\n\r\n"); /* it ended, and so do we */
    assert_string_equal(
        buf_str(&f->world.asked),
        "GET /events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D\n\n");
}

static void an_error_of_the_engine_is_passed_on(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "GET /events", 400, "{\"message\":\"bad filter\"}\n");
    world_ask(&f->world, "GET", "/events", NULL);
    assert_int_equal(f->world.status, 400);
    assert_string_equal(buf_str(&f->world.received), "{\"message\":\"bad filter\"}\n");
    world_engine_stop(&f->world);
    world_ask(&f->world, "GET", "/events", NULL);
    assert_int_equal(f->world.status, 503);
    world_ask(&f->world, "GET", "/events?since=2&until=1", NULL);
    assert_int_equal(f->world.status, 400);
    world_ask(&f->world, "GET", "/events?since=x", NULL);
    assert_int_equal(f->world.status, 400);
    world_ask(&f->world, "GET", "/events?filters=x", NULL);
    assert_int_equal(f->world.status, 400);
}

static void tasks_are_told_to_those_who_ask(void **state)
{
    struct fixture *f = *state;
    struct api_world *w = &f->world;
    open_wire(f, "/events?filters=%7B%22type%22%3A%5B%22task%22%5D%7D");
    wait_for(f, "HTTP/1.1 200");
    struct object *o = fixture_object(OBJECT_TASK, "m3250o90563okudyjxzmpo5p6", "");
    fixture_set(&o->task->service_annotations->name, "redis");
    fixture_set(&o->task->service_id, "s1");
    o->task->slot = 1;
    o->task->desired_state = SWARM__TASK_STATE__RUNNING;
    struct store_tx *tx = world_begin(w);
    assert_int_equal(store_tx_create(tx, o, NULL), 0);
    world_commit(w, tx);
    wait_for(f, "{\"Type\":\"task\",\"Action\":\"create\",\"Actor\":{\"ID\":"
                "\"m3250o90563okudyjxzmpo5p6\",\"Attributes\":{\"desired-state\":"
                "\"running\",\"name\":\"redis.1.m3250o90563okudyjxzmpo5p6\",\"node.id\":"
                "\"\",\"service.id\":\"s1\",\"slot\":\"1\",\"state\":\"new\"}},"
                "\"scope\":\"swarm\"");
    assert_int_equal(w->api != NULL, 1);
}

static void stopping_ends_the_streams(void **state)
{
    struct fixture *f = *state;
    open_wire(f, "/events?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D");
    wait_for(f, "HTTP/1.1 200");
    api_stop(f->world.api);
    wait_for(f, "\r\n0\r\n\r\n");
    world_ask(&f->world, "GET", "/secrets", NULL);
    assert_int_equal(f->world.status, 503);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(events_of_the_swarm_need_no_engine),
        TEST(past_events_come_when_asked_for),
        TEST(a_time_that_is_over_ends_the_events),
        TEST(engine_and_swarm_share_one_stream),
        TEST(the_past_of_both_is_told_in_order),
        TEST(what_comes_while_the_past_is_told_comes_after_it),
        TEST(silence_is_no_end_of_a_past_that_ends_by_itself),
        TEST(a_past_without_a_present_ends),
        TEST(the_engine_is_not_told_of_what_it_does_not_know),
        TEST(an_error_of_the_engine_is_passed_on),
        TEST(tasks_are_told_to_those_who_ask),
        TEST(stopping_ends_the_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
