/* SPDX-License-Identifier: Apache-2.0 */
/* How long a leave waits: a worker by itself, whose engine comes and goes by hand. */
#include "agent_fixture.h"

#include "agent/worker.h"

static const struct engine_info info = {.hostname = "host"};

struct leave {
    struct world *world;
    struct defer_queue deferred;
    struct reporter reporter;
    struct worker worker;
    struct timer pause;
    bool is_paused;
    int ends;
};

static void ended(void *user)
{
    ((struct leave *)user)->ends++;
}

static void report_failed(int code, const struct err *e, void *user)
{
    fail_msg("no report can fail without a session");
}

static void pause_is_over(void *user)
{
    ((struct leave *)user)->is_paused = false;
}

/* The engine doesn't answer, so that nothing goes. */
static int leave_setup(void **state)
{
    struct leave *l = calloc(1, sizeof(*l));
    struct err e;
    world_setup((void **)&l->world);
    world_stop_agent(l->world);
    fake_engine_delay(l->world->engine, FAKE_LIST, CLOCK_HOUR);
    timer_init(&l->pause, &l->world->loop, pause_is_over, l);
    defer_queue_init(&l->deferred, &l->world->loop);
    reporter_init(&l->reporter, &l->deferred, report_failed, l);
    assert_int_equal(worker_init(&l->worker, &l->world->loop,
                                 fake_engine_base(l->world->engine), NODE_ID,
                                 l->world->secrets, &l->reporter, &e),
                     0);
    *state = l;
    return 0;
}

static int leave_teardown(void **state)
{
    struct leave *l = *state;
    struct world *w = l->world;
    struct loop_close closing;
    if (!w)
        return 0;
    int before = w->closes;
    reporter_deinit(&l->reporter);
    worker_close(&l->worker, world_closed, w);
    loop_close_init(&closing, world_closed, w);
    timer_close(&l->pause, &closing);
    defer_queue_close(&l->deferred, &closing);
    loop_close_end(&closing);
    TURN_UNTIL(w, w->closes == before + 2);
    world_teardown((void **)&w);
    free(l);
    return 0;
}

/* In milliseconds, until a leave gives up; -1: it wouldn't. */
static int64_t time_left(const struct worker *w)
{
    int64_t least = -1;
    const struct timer *timers[] = {&w->removal, &w->absence};
    for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
        int64_t left = (int64_t)uv_timer_get_due_in(&timers[i]->uv);
        if (timer_is_running(timers[i]) && (least < 0 || left < least))
            least = left;
    }
    return least;
}

/* Lets the loop's clock go on. */
static void pass_time(struct leave *l)
{
    l->is_paused = true;
    timer_start(&l->pause, 3 * CLOCK_MILLISECOND);
    TURN_UNTIL(l->world, !l->is_paused);
}

static void an_engine_that_comes_and_goes_does_not_hold_a_leave(void **state)
{
    struct leave *l = *state;
    struct worker *w = &l->worker;
    worker_engine_up(w, &info);
    worker_remove_all(w, ended, l);
    int64_t full = time_left(w);
    assert_true(full > AGENT_ENGINE_PATIENCE / CLOCK_MILLISECOND);
    for (int i = 0; i < 3; i++) {
        int64_t before = time_left(w);
        pass_time(l);
        worker_engine_down(w);
        assert_in_range(time_left(w), 1, AGENT_ENGINE_PATIENCE / CLOCK_MILLISECOND);
        worker_engine_up(w, &info);
        assert_in_range(time_left(w), 1, before - 1);
    }
    assert_int_equal(l->ends, 0);
}

static void an_engine_that_is_told_away_again_gets_no_more_time(void **state)
{
    struct leave *l = *state;
    struct worker *w = &l->worker;
    worker_remove_all(w, ended, l);
    int64_t before = time_left(w);
    assert_in_range(before, 1, AGENT_ENGINE_PATIENCE / CLOCK_MILLISECOND);
    pass_time(l);
    worker_engine_down(w);
    assert_in_range(time_left(w), 1, before - 1);
}

static void each_container_that_goes_gives_the_rest_its_time_anew(void **state)
{
    struct leave *l = *state;
    struct worker *w = &l->worker;
    worker_engine_up(w, &info);
    worker_remove_all(w, ended, l);
    int64_t full = time_left(w);
    pass_time(l);
    assert_true(time_left(w) < full);
    worker_something_went(w);
    assert_int_equal(time_left(w), full);
}

#define LEAVE_TEST(f) cmocka_unit_test_setup_teardown(f, leave_setup, leave_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEAVE_TEST(an_engine_that_comes_and_goes_does_not_hold_a_leave),
        LEAVE_TEST(an_engine_that_is_told_away_again_gets_no_more_time),
        LEAVE_TEST(each_container_that_goes_gives_the_rest_its_time_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
