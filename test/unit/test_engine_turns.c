/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many calls at once: the heavy ones take turns, the others don't wait for them.
 */
#include "engine/docker_api.h"
#include "engine_fixture.h"

#define STARTS (DOCKER_HEAVY_MAX + 8)

static void turn_a_little(struct fixture *f)
{
    for (int i = 0; i < 50; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void start_many(struct fixture *f, struct engine_call *calls[STARTS])
{
    f->piles_up = true;
    for (size_t i = 0; i < STARTS; i++)
        assert_non_null(calls[i] =
                            f->engine->ops->start_container(f->engine, "c", done, f));
    TURN_UNTIL(f, f->n_pile == DOCKER_HEAVY_MAX);
    turn_a_little(f);
    assert_int_equal(f->n_pile, DOCKER_HEAVY_MAX);
}

static void answer(struct fixture *f, size_t i)
{
    struct http_exchange *x = f->pile[i];
    f->pile[i] = NULL;
    http_exchange_respond(x, 204, NULL, 0, "", 0);
}

static void starts_take_turns(void **state)
{
    struct fixture *f = *state;
    struct engine_call *calls[STARTS];
    start_many(f, calls);
    answer(f, 3);
    TURN_UNTIL(f, f->n_pile == DOCKER_HEAVY_MAX + 1);
    turn_a_little(f);
    assert_int_equal(f->n_pile, DOCKER_HEAVY_MAX + 1);
    for (size_t i = 0; i < STARTS; i++) {
        TURN_UNTIL(f, f->n_pile > i);
        if (i != 3)
            answer(f, i);
    }
    TURN_UNTIL(f, f->calls == STARTS);
    assert_int_equal(f->code, 0);
}

static void other_calls_do_not_wait_for_them(void **state)
{
    struct fixture *f = *state;
    struct engine_call *calls[STARTS];
    start_many(f, calls);
    will_reply(f, "GET /v1.41/info", 200, "{\"Name\":\"vm\",\"OSType\":\"linux\"}");
    f->engine->ops->info(f->engine, told, f);
    TURN_UNTIL(f, f->calls == 1);
    assert_string_equal(f->id, "podman vm 1");
}

static void a_call_may_be_canceled_before_its_turn(void **state)
{
    struct fixture *f = *state;
    struct engine_call *calls[STARTS];
    start_many(f, calls);
    engine_cancel(calls[STARTS - 1]);
    engine_cancel(calls[DOCKER_HEAVY_MAX]);
    TURN_UNTIL(f, f->calls == 2);
    assert_int_equal(f->code, ERR_CANCELED);
    answer(f, 0);
    TURN_UNTIL(f, f->calls == 3 && f->n_pile == DOCKER_HEAVY_MAX + 1);
}

static void calls_that_wait_end_with_the_engine(void **state)
{
    struct fixture *f = *state;
    struct engine_call *calls[STARTS];
    start_many(f, calls);
    for (size_t i = 0; i < f->n_pile; i++) {
        struct http_exchange *x = f->pile[i];
        f->pile[i] = NULL;
        http_exchange_abort(x);
    }
    TURN_UNTIL(f, f->calls == STARTS);
    assert_int_equal(f->code, ERR_UNAVAILABLE);
    f->piles_up = false;
    TURN_UNTIL(f, f->ups == 2 && f->events);
}

static int teardown_pile(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < f->n_pile; i++) {
        struct http_exchange *x = f->pile[i];
        f->pile[i] = NULL;
        if (x)
            http_exchange_abort(x);
    }
    return teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_pile)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(starts_take_turns),
        TEST(other_calls_do_not_wait_for_them),
        TEST(a_call_may_be_canceled_before_its_turn),
        TEST(calls_that_wait_end_with_the_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
