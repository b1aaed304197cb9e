/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker_api.h"
#include "engine_fixture.h"

/* ---- up and down ---- */

static void the_engine_describes_itself(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "GET /v1.41/info", 200, "{\"Name\":\"vm\",\"OSType\":\"linux\"}");
    f->engine->ops->info(f->engine, told, f);
    WAIT_CALL(f);
    assert_string_equal(f->id, "podman vm 1");
}

static void events_are_told(void **state)
{
    static const char line[] = "{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{"
                               "\"ID\":\"c1\"}}\n";
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(line) - 1; i++)
        assert_int_equal(http_exchange_write(f->events, line + i, 1), 0);
    TURN_UNTIL(f, str_equal(f->event, "c1 die"));
}

static void an_engine_that_goes_away_is_told_once_and_again_when_it_is_back(void **state)
{
    struct fixture *f = *state;
    stop_serving(f);
    TURN_UNTIL(f, f->downs == 1);
    f->engine->ops->kill(f->engine, "c", "SIGTERM", done, f);
    WAIT_CALL(f);
    assert_int_equal(f->code, ERR_UNAVAILABLE);
    serve(f);
    TURN_UNTIL(f, f->ups == 2);
    assert_int_equal(f->downs, 1);
}

static void a_call_that_is_cut_off_is_unavailable_and_an_up_follows(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "POST /v1.41/containers/c/start", 0, "");
    f->engine->ops->start_container(f->engine, "c", done, f);
    TURN_UNTIL(f, f->held);
    http_exchange_abort(f->held);
    f->held = NULL;
    WAIT_CALL(f);
    assert_int_equal(f->code, ERR_UNAVAILABLE);
    TURN_UNTIL(f, f->ups == 2 && f->events);
}

static void a_canceled_call_ends_so_and_only_once(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "POST /v1.41/containers/c/start", 0, "");
    struct engine_call *c = f->engine->ops->start_container(f->engine, "c", done, f);
    TURN_UNTIL(f, f->held);
    engine_cancel(c);
    assert_int_equal(f->calls, 0);
    WAIT_CALL(f);
    assert_int_equal(f->code, ERR_CANCELED);
}

static void closing_ends_what_is_under_way(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "POST /v1.41/containers/c/start", 0, "");
    f->engine->ops->start_container(f->engine, "c", done, f);
    TURN_UNTIL(f, f->held);
    f->engine->ops->close(f->engine, closed, f);
    f->engine = NULL;
    TURN_UNTIL(f, f->closes == 1);
    assert_int_equal(f->calls, 1);
    assert_int_equal(f->code, ERR_CANCELED);
}

static void somebody_new_is_told_that_the_engine_is_up(void **state)
{
    struct fixture *f = *state;
    const struct engine_events events = {on_up, on_down, on_container, f};
    f->engine->ops->start(f->engine, NULL);
    f->engine->ops->start(f->engine, &events);
    TURN_UNTIL(f, f->ups == 2);
    assert_int_equal(f->downs, 0);
}

static void an_engine_that_does_not_open_its_events_is_down_and_tried_again(void **state)
{
    struct fixture *f = *state;
    struct docker_api *api = CONTAINER_OF(f->engine, struct docker_api, base);
    api->events.open_timeout = 20 * CLOCK_MILLISECOND;
    stop_serving(f);
    TURN_UNTIL(f, f->downs == 1);
    f->holds_events = true;
    const struct engine_events events = {on_up, on_down, on_container, f};
    f->engine->ops->start(f->engine, &events); /* a failure is told anew */
    serve(f);
    TURN_UNTIL(f, strstr(f->why_down, "events: no answer within 20 ms"));
    assert_int_equal(f->ups, 1);
    f->holds_events = false;
    TURN_UNTIL(f, f->ups == 2);
}

/* ---- containers ---- */

static void create(struct fixture *f)
{
    Swarm__Task task = SWARM__TASK__INIT;
    Swarm__TaskSpec spec = SWARM__TASK_SPEC__INIT;
    Swarm__ContainerSpec container = SWARM__CONTAINER_SPEC__INIT;
    char image[] = "busybox:latest";
    container.image = image;
    spec.runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    spec.container = &container;
    task.spec = &spec;
    const struct engine_container c = {.name = "web.1.t", .task = &task, .node_id = "n"};
    f->engine->ops->create(f->engine, &c, created, f);
    WAIT_CALL(f);
}

static void a_created_container_has_an_id(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "POST /v1.41/containers/create?name=web.1.t", 201, "{\"Id\":\"c1\"}");
    create(f);
    assert_int_equal(f->code, 0);
    assert_string_equal(f->id, "c1");
}

static void a_create_is_refused_with_the_right_code(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "POST", 409, "{\"message\":\"Conflict.\"}");
    create(f);
    assert_int_equal(f->code, ERR_ALREADY_EXISTS);
    will_reply(f, "POST", 404, "{\"message\":\"no such image: x: image not known\"}");
    create(f);
    assert_int_equal(f->code, ERR_NOT_FOUND);
    assert_string_equal(f->text, "No such image: busybox:latest");
    will_reply(f, "POST", 201, "{}");
    create(f);
    assert_int_equal(f->code, ERR_BAD_MESSAGE);
}

static void killing_what_does_not_run_is_no_error(void **state)
{
    static const struct {
        int status;
        const char *body;
        int code;
    } cases[] = {
        {204, "", 0},
        {404, "{\"message\":\"No such container: c\"}", 0},
        {409, "{\"message\":\"is not running\"}", 0},
        {500, "{\"cause\":\"container state improper\",\"message\":\"m\"}", 0},
        {500, "{\"message\":\"m\"}", ERR_UNKNOWN},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        will_reply(f, "POST /v1.41/containers/c/kill?signal=SIGTERM", cases[i].status,
                   cases[i].body);
        f->engine->ops->kill(f->engine, "c", "SIGTERM", done, f);
        WAIT_CALL(f);
        assert_int_equal(f->code, cases[i].code);
    }
}

static void removing_what_is_not_there_is_no_error(void **state)
{
    static const int statuses[] = {200, 204, 404};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        will_reply(f, "DELETE /v1.41/containers/c?force=1&v=1", statuses[i], "");
        f->engine->ops->remove(f->engine, "c", done, f);
        WAIT_CALL(f);
        assert_int_equal(f->code, 0);
    }
}

#define BUSY "{\"message\":\"removal of container c is already in progress\"}"

/* Another removal is under way, and ends with the container in such a state. */
static void remove_beside_another(struct fixture *f, int waited, int status,
                                  const char *body)
{
    f->n_replies = 0;
    f->requests[0] = '\0';
    will_reply(f, "DELETE /v1.41/containers/c?force=1&v=1", 409, BUSY);
    will_reply(f, "POST /v1.41/containers/c/wait?condition=removed", waited, "{}");
    will_reply(f, "GET /v1.41/containers/c/json", status, body);
    f->engine->ops->remove(f->engine, "c", done, f);
    WAIT_CALL(f);
    assert_non_null(strstr(f->requests, "/wait?condition=removed"));
}

static void a_container_is_removed_only_when_it_is_gone(void **state)
{
    struct fixture *f = *state;
    remove_beside_another(f, 200, 404, "{}");
    assert_int_equal(f->code, 0);
    remove_beside_another(f, 404, 404, "{}");
    assert_int_equal(f->code, 0);
    remove_beside_another(f, 200, 200, "{\"Id\":\"c\"}");
    assert_int_equal(f->code, ERR_CONFLICT);
    assert_string_equal(f->text, "removal of container c is already in progress");
    remove_beside_another(f, 400, 500, "{\"message\":\"m\"}");
    assert_int_equal(f->code, ERR_UNKNOWN);
}

/* Status 0: no answer comes. */
static void a_removal_that_takes_long_says_nothing_of_the_engine(void **state)
{
    struct fixture *f = *state;
    struct docker_api *api = CONTAINER_OF(f->engine, struct docker_api, base);
    api->removal_timeout = 20 * CLOCK_MILLISECOND;
    remove_beside_another(f, 0, 200, "{\"Id\":\"c\"}");
    assert_int_equal(f->code, ERR_CONFLICT);
    assert_true(docker_events_is_up(&api->events));
    remove_beside_another(f, 0, 404, "{}");
    assert_int_equal(f->code, 0);
    assert_true(docker_events_is_up(&api->events));
}

static void removals_that_wait_keep_no_engine_busy(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i <= DOCKER_HEAVY_MAX; i++)
        remove_beside_another(f, 200, 404, "{}");
    struct docker_api *api = CONTAINER_OF(f->engine, struct docker_api, base);
    assert_int_equal(api->n_heavy, 0);
}

static void an_inspect_and_a_list_are_read(void **state)
{
    struct fixture *f = *state;
    will_reply(
        f, "GET /v1.41/containers/c/json", 200,
        "{\"Id\":\"c\",\"State\":{\"Status\":\"running\",\"Running\":true,\"Pid\":7}}");
    f->engine->ops->inspect(f->engine, "c", inspected, f);
    WAIT_CALL(f);
    assert_string_equal(f->id, "c 1 7");
    will_reply(f, "GET /v1.41/containers/json?all=1&filters=", 200,
               "[{\"Id\":\"a\"},{\"Id\":\"b\"}]");
    f->engine->ops->list(f->engine, "n", listed, f);
    WAIT_CALL(f);
    assert_int_equal(f->n, 2);
    will_reply(f, "GET /v1.41/containers/c/json", 200, "not json");
    f->engine->ops->inspect(f->engine, "c", inspected, f);
    WAIT_CALL(f);
    assert_int_equal(f->code, ERR_BAD_MESSAGE);
}

/* ---- health ---- */

static void checked(int r, const struct err *e, enum engine_health health, void *user)
{
    struct fixture *f = user;
    note(f, r, e);
    f->n = health;
}

static void check(struct fixture *f, const char *outcome, const char *health)
{
    char body[512];
    snprintf(
        body, sizeof(body),
        "{\"Id\":\"c\",\"State\":{\"Status\":\"running\",\"Running\":true,\"Health\":"
        "{\"Status\":\"%s\"}},\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]}}}",
        health);
    f->n_replies = 0;
    will_reply(f, "GET /v1.41/libpod/containers/c/healthcheck", 200, outcome);
    will_reply(f, "GET /v1.41/containers/c/json", 200, body);
    f->engine->ops->health_check(f->engine, "c", checked, f);
    WAIT_CALL(f);
    assert_int_equal(f->code, 0);
}

static void a_check_that_failed_counts_as_the_container_has_it(void **state)
{
    struct fixture *f = *state;
    check(f, "{\"Status\":\"healthy\"}", "");
    assert_int_equal(f->n, ENGINE_HEALTH_HEALTHY);
    check(f, "{\"Status\":\"unhealthy\"}", "starting");
    assert_int_equal(f->n, ENGINE_HEALTH_STARTING);
    check(f, "{\"Status\":\"unhealthy\"}", "healthy");
    assert_int_equal(f->n, ENGINE_HEALTH_HEALTHY);
    check(f, "{\"Status\":\"unhealthy\"}", "unhealthy");
    assert_int_equal(f->n, ENGINE_HEALTH_UNHEALTHY);
}

static void a_check_that_could_not_be_made_is_an_error(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "GET /v1.41/libpod/containers/c/healthcheck", 409,
               "{\"message\":\"container c is not running\"}");
    f->engine->ops->health_check(f->engine, "c", checked, f);
    WAIT_CALL(f);
    assert_int_equal(f->code, ERR_CONFLICT);
}

/* ---- logs ---- */

static void output_comes_line_by_line(void **state)
{
    static const struct engine_log_options o = {
        .stdout_on = true, .tail = 5, .since = 1500000000};
    struct fixture *f = *state;
    will_reply(f,
               "GET /v1.41/containers/c/logs?stdout=1&stderr=0&follow=0&timestamps=0"
               "&tail=5&since=1.500000000",
               0, "");
    f->engine->ops->logs(f->engine, "c", &o, output, done, f);
    TURN_UNTIL(f, f->held);
    http_exchange_start(f->held, 200, NULL, 0);
    assert_int_equal(http_exchange_write(f->held, "\1\0\0\0\0\0\0\3ab", 10), 0);
    assert_int_equal(http_exchange_write(f->held, "\n\2\0\0\0\0\0\0\2x\n", 11), 0);
    http_exchange_end(f->held);
    f->held = NULL;
    WAIT_CALL(f);
    assert_int_equal(f->code, 0);
    assert_string_equal(buf_str(&f->output), "1:ab\n2:x\n");
}

static void refused_logs_tell_why(void **state)
{
    static const struct engine_log_options o = {.stdout_on = true, .tail = -1};
    struct fixture *f = *state;
    will_reply(f, "GET", 404, "{\"message\":\"No such container: c\"}");
    f->engine->ops->logs(f->engine, "c", &o, output, done, f);
    WAIT_CALL(f);
    assert_int_equal(f->code, ERR_NOT_FOUND);
    assert_string_equal(f->text, "No such container: c");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_engine_describes_itself),
        TEST(events_are_told),
        TEST(an_engine_that_goes_away_is_told_once_and_again_when_it_is_back),
        TEST(a_call_that_is_cut_off_is_unavailable_and_an_up_follows),
        TEST(a_canceled_call_ends_so_and_only_once),
        TEST(closing_ends_what_is_under_way),
        TEST(somebody_new_is_told_that_the_engine_is_up),
        TEST(an_engine_that_does_not_open_its_events_is_down_and_tried_again),
        TEST(a_created_container_has_an_id),
        TEST(a_create_is_refused_with_the_right_code),
        TEST(killing_what_does_not_run_is_no_error),
        TEST(removing_what_is_not_there_is_no_error),
        TEST(a_container_is_removed_only_when_it_is_gone),
        TEST(a_removal_that_takes_long_says_nothing_of_the_engine),
        TEST(removals_that_wait_keep_no_engine_busy),
        TEST(an_inspect_and_a_list_are_read),
        TEST(a_check_that_failed_counts_as_the_container_has_it),
        TEST(a_check_that_could_not_be_made_is_an_error),
        TEST(output_comes_line_by_line),
        TEST(refused_logs_tell_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
