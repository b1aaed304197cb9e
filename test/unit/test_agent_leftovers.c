/* SPDX-License-Identifier: Apache-2.0 */
/* What a swarm that was left has left on the engine. */
#include "agent_fixture.h"

#include "agent/leftovers.h"

#define OTHER_NODE "ooooooooooooooooooooooooo"

struct fixture {
    uv_loop_t loop;
    struct fake_engine *engine;
    struct leftovers *leftovers;
    struct timer timeout;
    int done;
    bool is_closed, is_timed_out;
};

static void on_done(void *user)
{
    ((struct fixture *)user)->done++;
}

static void on_closed(void *user)
{
    *(bool *)user = true;
}

static void on_timeout(void *user)
{
    ((struct fixture *)user)->is_timed_out = true;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;
    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    timer_init(&f->timeout, &f->loop, on_timeout, f);
    f->engine = fake_engine_new(&f->loop);
    assert_non_null(f->engine);
    assert_non_null(fake_engine_add(f->engine, "web.1." TASK_1, TASK_1, NODE_ID, true));
    assert_non_null(fake_engine_add(f->engine, "web.2." TASK_2, TASK_2, NODE_ID, false));
    assert_non_null(fake_engine_add(f->engine, "copy", TASK_1, NODE_ID, true));
    assert_non_null(
        fake_engine_add(f->engine, "new.1." SECRET_1, SECRET_1, OTHER_NODE, true));
    assert_int_equal(leftovers_new(&f->loop, fake_engine_base(f->engine), on_done, f,
                                   &f->leftovers, &e),
                     0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct loop_close closing;
    if (f->leftovers)
        leftovers_close(TAKE(f->leftovers), on_closed, &f->is_closed);
    while (!f->is_closed)
        uv_run(&f->loop, UV_RUN_ONCE);
    f->is_closed = false;
    loop_close_init(&closing, on_closed, &f->is_closed);
    timer_close(&f->timeout, &closing);
    loop_close_end(&closing);
    while (!f->is_closed)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

static void containers_of_the_node_go_when_the_engine_comes(void **state)
{
    struct fixture *f = *state;
    leftovers_remove(f->leftovers, NODE_ID);
    fake_engine_up(f->engine);
    TURN_UNTIL(f, f->done == 1);
    assert_int_equal(fake_engine_containers(f->engine), 2);
    assert_non_null(fake_engine_find(f->engine, "copy"));
    assert_non_null(fake_engine_find(f->engine, "new.1." SECRET_1));
}

static void one_node_comes_after_the_other(void **state)
{
    struct fixture *f = *state;
    fake_engine_up(f->engine);
    leftovers_remove(f->leftovers, NODE_ID);
    TURN_UNTIL(f, f->done == 1);
    leftovers_remove(f->leftovers, OTHER_NODE);
    TURN_UNTIL(f, f->done == 2);
    assert_int_equal(fake_engine_containers(f->engine), 1);
}

static void an_engine_that_goes_meanwhile_is_waited_for(void **state)
{
    struct fixture *f = *state;
    fake_engine_lose(f->engine, FAKE_REMOVE);
    fake_engine_up(f->engine);
    leftovers_remove(f->leftovers, NODE_ID);
    TURN_UNTIL(f, fake_engine_containers(f->engine) == 3);
    assert_int_equal(f->done, 0);
    fake_engine_up(f->engine);
    TURN_UNTIL(f, f->done == 1);
    assert_int_equal(fake_engine_containers(f->engine), 2);
}

static void a_list_that_fails_is_asked_for_again(void **state)
{
    struct fixture *f = *state;
    fake_engine_up(f->engine);
    fake_engine_fail(f->engine, FAKE_LIST, 1, ERR_INTERNAL, "not now");
    leftovers_remove(f->leftovers, NODE_ID);
    TURN_UNTIL(f, f->done == 1);
    assert_int_equal(fake_engine_containers(f->engine), 2);
}

static void a_container_that_stays_does_not_hold_the_others(void **state)
{
    struct fixture *f = *state;
    fake_engine_up(f->engine);
    fake_engine_fail(f->engine, FAKE_REMOVE, 1, ERR_INTERNAL, "device is busy");
    leftovers_remove(f->leftovers, NODE_ID);
    TURN_UNTIL(f, fake_engine_containers(f->engine) == 3);
    assert_int_equal(f->done, 0);
}

static void an_end_in_the_middle_is_one(void **state)
{
    struct fixture *f = *state;
    fake_engine_up(f->engine);
    fake_engine_delay(f->engine, FAKE_REMOVE, CLOCK_SECOND);
    leftovers_remove(f->leftovers, NODE_ID);
    TURN_UNTIL(f, fake_engine_count(f->engine, FAKE_REMOVE) == 1);
    leftovers_close(TAKE(f->leftovers), on_closed, &f->is_closed);
    TURN_UNTIL(f, f->is_closed);
    assert_int_equal(f->done, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(containers_of_the_node_go_when_the_engine_comes),
        TEST(one_node_comes_after_the_other),
        TEST(an_engine_that_goes_meanwhile_is_waited_for),
        TEST(a_list_that_fails_is_asked_for_again),
        TEST(a_container_that_stays_does_not_hold_the_others),
        TEST(an_end_in_the_middle_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
