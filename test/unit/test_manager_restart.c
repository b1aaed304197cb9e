/* SPDX-License-Identifier: Apache-2.0 */
#include "manager_world.h"

#define ANY SWARM__RESTART_POLICY__RESTART_CONDITION__ANY
#define ON_FAILURE SWARM__RESTART_POLICY__RESTART_CONDITION__ON_FAILURE
#define NONE SWARM__RESTART_POLICY__RESTART_CONDITION__NONE

static int setup(void **state)
{
    static struct world w;
    world_open(&w);
    world_add_node(&w, "n");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static Swarm__ServiceSpec *spec_with(Swarm__RestartPolicy__RestartCondition condition,
                                     int64_t delay, uint64_t attempts, int64_t window)
{
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    Swarm__RestartPolicy *policy = world_policy(spec, condition);
    policy->max_attempts = attempts;
    world_duration(&policy->delay, delay);
    world_duration(&policy->window, window);
    return spec;
}

static void complete(struct world *w)
{
    world_report_task(w, world_task(w, "web", 1), SWARM__TASK_STATE__COMPLETE, "finished",
                      "");
}

static void a_failed_task_is_replaced_after_five_seconds(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    world_run(w, "web", 1);
    world_fail(w, "web", 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 ready assigned n\n");
    world_wait(w, 5 * CLOCK_SECOND - 1);
    world_obey(w, "web");
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 ready ready n\n");
    world_wait(w, 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 running ready n\n");
}

static void the_history_tells_why(void **state)
{
    struct world *w = *state;
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    world_create(w, world_spec("web", 1));
    world_fail(w, "web", 1);
    world_tasks(w, "web", &l);
    assert_string_equal(l.objects[0]->task->status->err, "task: non-zero exit (1)");
    assert_string_equal(l.objects[0]->task->status->message, "started");
}

static void the_delay_is_the_policys(void **state)
{
    struct world *w = *state;
    world_create(w, spec_with(ANY, 2 * CLOCK_SECOND, 0, 0));
    world_fail(w, "web", 1);
    world_wait(w, 2 * CLOCK_SECOND);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 running assigned n\n");
}

static void without_a_delay_the_new_task_runs_at_once(void **state)
{
    struct world *w = *state;
    world_create(w, spec_with(ANY, 0, 0, 0));
    world_fail(w, "web", 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 running assigned n\n");
}

static void a_delay_without_end_ends_never(void **state)
{
    struct world *w = *state;
    world_create(w, spec_with(ANY, INT64_MAX, 0, 0));
    world_fail(w, "web", 1);
    world_wait(w, CLOCK_HOUR);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 ready assigned n\n");
}

static void a_task_that_fails_before_its_time_waits_for_it(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    world_fail(w, "web", 1);
    world_report_task(w, world_task(w, "web", 1), SWARM__TASK_STATE__REJECTED,
                      "preparing", "No such image: busybox");
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 ready rejected n\n");
    world_wait(w, 5 * CLOCK_SECOND);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 shutdown rejected n\n"
                                              "1 ready assigned n\n");
    world_wait(w, 5 * CLOCK_SECOND);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 shutdown rejected n\n"
                                              "1 running assigned n\n");
}

/* What each condition does with each way to end: is there a new task? */
static void the_condition_decides(void **state)
{
    static const struct {
        Swarm__RestartPolicy__RestartCondition condition;
        Swarm__TaskState end;
        bool restarts;
    } table[] = {
        {ANY, SWARM__TASK_STATE__COMPLETE, true},
        {ANY, SWARM__TASK_STATE__FAILED, true},
        {ANY, SWARM__TASK_STATE__REJECTED, true},
        {ON_FAILURE, SWARM__TASK_STATE__COMPLETE, false},
        {ON_FAILURE, SWARM__TASK_STATE__FAILED, true},
        {ON_FAILURE, SWARM__TASK_STATE__REJECTED, true},
        {NONE, SWARM__TASK_STATE__COMPLETE, false},
        {NONE, SWARM__TASK_STATE__FAILED, false},
        {NONE, SWARM__TASK_STATE__REJECTED, false},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        world_create(w, spec_with(table[i].condition, 0, 0, 0));
        const Swarm__Task *t = world_task(w, "web", 1);
        world_report_task(w, t, table[i].end, "", "");
        cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
        world_tasks(w, "web", &l);
        assert_int_equal(l.len, table[i].restarts ? 2 : 1);
        world_remove(w, OBJECT_SERVICE, "web");
        world_obey(w, "web");
        assert_string_equal(world_show(w, "web"), "");
    }
}

static void a_task_that_ended_for_good_keeps_its_slot(void **state)
{
    struct world *w = *state;
    world_create(w, spec_with(NONE, 0, 0, 0));
    complete(w);
    manager_reset(w->manager);
    world_begin(w);
    world_commit(w);
    assert_string_equal(world_show(w, "web"), "1 shutdown complete n\n");
}

static void attempts_are_limited(void **state)
{
    struct world *w = *state;
    world_create(w, spec_with(ANY, 0, 2, 0));
    for (int i = 0; i < 3; i++) {
        world_wait(w, CLOCK_SECOND);
        world_fail(w, "web", 1);
    }
    world_wait(w, CLOCK_HOUR);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 shutdown failed n\n"
                                              "1 shutdown failed n\n");
}

static void attempts_before_the_window_dont_count(void **state)
{
    struct world *w = *state;
    world_create(w, spec_with(ANY, 0, 2, 10 * CLOCK_SECOND));
    for (int i = 0; i < 8; i++) {
        world_wait(w, 6 * CLOCK_SECOND);
        world_fail(w, "web", 1);
    }
    assert_int_equal(world_task(w, "web", 1)->desired_state, SWARM__TASK_STATE__RUNNING);
    for (int i = 0; i < 2; i++) {
        world_wait(w, CLOCK_SECOND);
        world_fail(w, "web", 1);
    }
    assert_int_equal(world_task(w, "web", 1)->desired_state, SWARM__TASK_STATE__SHUTDOWN);
}

static void an_update_gives_new_attempts(void **state)
{
    struct world *w = *state;
    world_create(w, spec_with(ANY, 0, 1, 0));
    world_fail(w, "web", 1);
    world_wait(w, CLOCK_SECOND);
    world_fail(w, "web", 1);
    world_wait(w, CLOCK_SECOND);
    world_set_image(w, "web", "busybox:2");
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 shutdown failed n\n"
                                              "1 running assigned n\n");
    world_wait(w, CLOCK_SECOND);
    world_fail(w, "web", 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 shutdown failed n\n"
                                              "1 shutdown failed n\n"
                                              "1 running assigned n\n");
    world_wait(w, CLOCK_SECOND);
    world_fail(w, "web", 1);
    assert_int_equal(world_task(w, "web", 1)->desired_state, SWARM__TASK_STATE__SHUTDOWN);
}

static void the_new_task_waits_for_the_old_one_to_stop(void **state)
{
    struct world *w = *state;
    world_add_node(w, "z");
    world_create(w, world_spec("web", 1));
    world_obey(w, "web");
    cleanup_object_list struct object_list old = OBJECT_LIST_INIT;
    world_tasks(w, "web", &old);
    world_set_node(w, "n", SWARM__NODE_STATUS__STATE__READY,
                   SWARM__NODE_SPEC__AVAILABILITY__DRAIN);
    world_wait(w, CLOCK_MINUTE - 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n\n"
                                              "1 ready assigned z\n");
    world_report_task(w, old.objects[0]->task, SWARM__TASK_STATE__SHUTDOWN, "shutdown",
                      "");
    assert_string_equal(world_show(w, "web"), "1 shutdown shutdown n\n"
                                              "1 running assigned z\n");
}

static void but_not_for_more_than_a_minute(void **state)
{
    struct world *w = *state;
    world_add_node(w, "z");
    world_create(w, world_spec("web", 1));
    world_obey(w, "web");
    world_set_node(w, "n", SWARM__NODE_STATUS__STATE__READY,
                   SWARM__NODE_SPEC__AVAILABILITY__DRAIN);
    world_wait(w, CLOCK_MINUTE);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n\n"
                                              "1 running assigned z\n");
}

/* ---- history ---- */

static void fail_times(struct world *w, int n)
{
    for (int i = 0; i < n; i++) {
        world_wait(w, CLOCK_SECOND);
        world_fail(w, "web", 1);
    }
}

static size_t count(struct world *w)
{
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    world_tasks(w, "web", &l);
    return l.len;
}

static void a_slot_keeps_as_many_tasks_as_the_cluster_says(void **state)
{
    struct world *w = *state;
    world_create(w, spec_with(ANY, 0, 0, 0));
    fail_times(w, 10);
    assert_int_equal(count(w), DEFAULT_TASK_HISTORY);
    world_add_cluster(w, 2);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 running assigned n\n");
    struct object *c = world_edit(w, OBJECT_CLUSTER, "c");
    c->cluster->spec->orchestration->task_history_retention_limit = -1;
    world_write(w, c);
    fail_times(w, 10);
    assert_int_equal(count(w), 12);
}

static void a_history_of_none_keeps_what_ended_for_good(void **state)
{
    struct world *w = *state;
    world_add_cluster(w, 0);
    world_create(w, spec_with(ON_FAILURE, 0, 0, 0));
    fail_times(w, 3);
    assert_string_equal(world_show(w, "web"), "1 running assigned n\n");
    complete(w);
    world_wait(w, CLOCK_HOUR);
    assert_string_equal(world_show(w, "web"), "1 shutdown complete n\n");
}

static void limited_attempts_keep_what_they_must_count(void **state)
{
    struct world *w = *state;
    world_add_cluster(w, 1);
    world_create(w, spec_with(ANY, 0, 3, 0));
    fail_times(w, 4);
    assert_int_equal(count(w), 4);
    assert_int_equal(world_task(w, "web", 1)->desired_state, SWARM__TASK_STATE__SHUTDOWN);
}

static void what_is_counted_no_more_goes(void **state)
{
    struct world *w = *state;
    world_add_cluster(w, 2);
    world_create(w, spec_with(ANY, 0, 100, 20 * CLOCK_SECOND));
    fail_times(w, 10);
    assert_int_equal(count(w), 11);
    world_run(w, "web", 1);
    world_wait(w, CLOCK_MINUTE);
    assert_int_equal(count(w), 2);
}

static void a_policy_shortens_no_history(void **state)
{
    struct world *w = *state;
    world_add_cluster(w, -1);
    world_create(w, spec_with(ANY, 0, 2, CLOCK_SECOND));
    fail_times(w, 10);
    assert_int_equal(count(w), 11);
}

static void attempts_without_end_keep_no_history(void **state)
{
    struct world *w = *state;
    world_add_cluster(w, 2);
    world_create(w, spec_with(ANY, 0, UINT64_MAX, 0));
    fail_times(w, 10);
    assert_int_equal(count(w), 2);
}

static void a_short_history_doesnt_shorten_the_delay(void **state)
{
    struct world *w = *state;
    world_add_cluster(w, 1);
    world_create(w, world_spec("web", 1));
    world_fail(w, "web", 1);
    assert_string_equal(world_show(w, "web"), "1 ready assigned n\n");
    world_wait(w, 5 * CLOCK_SECOND - 1);
    assert_string_equal(world_show(w, "web"), "1 ready assigned n\n");
    world_wait(w, 1);
    assert_string_equal(world_show(w, "web"), "1 running assigned n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_failed_task_is_replaced_after_five_seconds),
        TEST(the_history_tells_why),
        TEST(the_delay_is_the_policys),
        TEST(without_a_delay_the_new_task_runs_at_once),
        TEST(a_delay_without_end_ends_never),
        TEST(a_task_that_fails_before_its_time_waits_for_it),
        TEST(the_condition_decides),
        TEST(a_task_that_ended_for_good_keeps_its_slot),
        TEST(attempts_are_limited),
        TEST(attempts_before_the_window_dont_count),
        TEST(an_update_gives_new_attempts),
        TEST(the_new_task_waits_for_the_old_one_to_stop),
        TEST(but_not_for_more_than_a_minute),
        TEST(a_slot_keeps_as_many_tasks_as_the_cluster_says),
        TEST(a_history_of_none_keeps_what_ended_for_good),
        TEST(what_is_counted_no_more_goes),
        TEST(a_policy_shortens_no_history),
        TEST(attempts_without_end_keep_no_history),
        TEST(limited_attempts_keep_what_they_must_count),
        TEST(a_short_history_doesnt_shorten_the_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
