/* SPDX-License-Identifier: Apache-2.0 */
/* Which version of its API the engine is asked for (engine_version.c). */
#include "api_world.h"

#define NEW "{\"ApiVersion\":\"1.52\",\"MinAPIVersion\":\"1.44\"}"
#define OLD "{\"ApiVersion\":\"1.43\",\"MinAPIVersion\":\"1.12\"}"

static int set_up(void **state)
{
    static struct api_world w;
    world_open(&w);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world_close(*state);
    return 0;
}

/* The engine has said which versions it takes and is asked for something. */
static void ask(struct api_world *w, const char *method, const char *target,
                const char *body, const char *asked)
{
    buf_reset(&w->asked);
    world_ask(w, method, target, body);
    assert_int_equal(w->status, 200);
    assert_non_null(strstr(buf_str(&w->asked), asked));
}

/* Another engine listens now. */
static void replace_engine(struct api_world *w, const char *version)
{
    struct world_answer *a = world_find(w, "GET /version");
    free(a->body);
    a->body = mem_dup(version, strlen(version));
    assert_non_null(a->body);
}

static void a_lower_version_is_raised_to_the_engines_least(void **state)
{
    struct api_world *w = *state;
    world_answer(w, "GET /version", 200, NEW);
    world_answer(w, "GET /v1.44/containers/json?all=1", 200, "[]");
    ask(w, "GET", "/v1.41/containers/json?all=1", NULL,
        "GET /v1.44/containers/json?all=1\n");
    ask(w, "GET", "/v1.24/containers/json?all=1", NULL,
        "GET /v1.44/containers/json?all=1\n");
    assert_int_equal(w->n_version_asked, 1);
}

static void so_are_requests_that_are_looked_at_on_their_way(void **state)
{
    struct api_world *w = *state;
    world_answer(w, "GET /version", 200, NEW);
    world_answer(w, "POST /v1.44/networks/create", 200, "{}");
    world_answer(w, "GET /v1.44/distribution/busybox/json", 200, "{}");
    world_answer(w, "POST /v1.44/containers/c/wait?condition=removed", 200,
                 "{\"StatusCode\":0}");
    ask(w, "POST", "/v1.41/networks/create", "{\"Name\":\"n\"}",
        "POST /v1.44/networks/create\n{\"Name\":\"n\"}");
    ask(w, "GET", "/v1.41/distribution/busybox/json", NULL,
        "GET /v1.44/distribution/busybox/json\n");
    ask(w, "POST", "/v1.41/containers/c/wait?condition=removed", NULL,
        "POST /v1.44/containers/c/wait?condition=removed\n");
}

static void what_names_no_version_stays_so(void **state)
{
    struct api_world *w = *state;
    world_answer(w, "GET /version", 200, NEW);
    world_answer(w, "GET /containers/json", 200, "[]");
    ask(w, "GET", "/containers/json", NULL, "GET /containers/json\n");
    assert_int_equal(w->n_version_asked, 0);
}

static void podmans_own_api_is_left_alone(void **state)
{
    struct api_world *w = *state;
    world_answer(w, "GET /version", 200, NEW);
    world_answer(w, "GET /v1.40/libpod/info", 200, "{}");
    ask(w, "GET", "/v1.40/libpod/info", NULL, "GET /v1.40/libpod/info\n");
}

static void an_engine_that_takes_it_gets_the_clients_version(void **state)
{
    struct api_world *w = *state;
    world_answer(w, "GET /version", 200, OLD);
    world_answer(w, "GET /v1.30/containers/json", 200, "[]");
    ask(w, "GET", "/v1.30/containers/json", NULL, "GET /v1.30/containers/json\n");
}

static void an_engine_that_says_nonsense_gets_the_clients_version(void **state)
{
    static const char *const answers[] = {
        "{\"MinAPIVersion\":\"1.44/../..\"}",
        "{\"MinAPIVersion\":\"1.99999999999999999\"}",
        "{\"MinAPIVersion\":\"\"}",
        "{\"MinAPIVersion\":7}",
        "[]",
        "no",
    };
    struct api_world *w = *state;
    world_answer(w, "GET /v1.41/containers/json", 200, "[]");
    world_answer(w, "GET /v1.41/images/json", 400, "{}");
    world_answer(w, "GET /version", 200, "");
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        replace_engine(w, answers[i]);
        world_ask(w, "GET", "/v1.41/images/json", NULL);
        ask(w, "GET", "/v1.41/containers/json", NULL, "GET /v1.41/containers/json\n");
    }
}

/* It was replaced by a newer one: the first request is refused, the next is not. */
static void an_engine_that_refuses_is_asked_anew(void **state)
{
    struct api_world *w = *state;
    world_answer(w, "GET /version", 200, OLD);
    world_answer(w, "GET /v1.44/containers/json", 200, "[]");
    world_answer(w, "GET /v1.41/containers/json", 400, "{\"message\":\"too old\"}");
    world_ask(w, "GET", "/v1.41/containers/json", NULL);
    assert_int_equal(w->status, 400);
    replace_engine(w, NEW);
    ask(w, "GET", "/v1.41/containers/json", NULL, "GET /v1.44/containers/json\n");
}

static void an_engine_that_is_away_is_said_to_be(void **state)
{
    struct api_world *w = *state;
    world_engine_stop(w);
    world_ask(w, "GET", "/v1.41/containers/json", NULL);
    assert_int_equal(w->status, 503);
}

static void a_client_that_goes_away_meanwhile_harms_nothing(void **state)
{
    struct api_world *w = *state;
    struct wire wire;
    w->engine_hangs = true;
    wire_open(&wire, &w->net, w->net.path);
    wire_send(&wire, &w->net, "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n");
    TURN_UNTIL(&w->net, w->held);
    wire_close(&wire, &w->net);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_lower_version_is_raised_to_the_engines_least),
        TEST(so_are_requests_that_are_looked_at_on_their_way),
        TEST(what_names_no_version_stays_so),
        TEST(podmans_own_api_is_left_alone),
        TEST(an_engine_that_takes_it_gets_the_clients_version),
        TEST(an_engine_that_says_nonsense_gets_the_clients_version),
        TEST(an_engine_that_refuses_is_asked_anew),
        TEST(an_engine_that_is_away_is_said_to_be),
        TEST(a_client_that_goes_away_meanwhile_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
