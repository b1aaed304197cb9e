/* SPDX-License-Identifier: Apache-2.0 */
#include "manager_world.h"

#define PAUSE SWARM__UPDATE_CONFIG__FAILURE_ACTION__PAUSE
#define CONTINUE SWARM__UPDATE_CONFIG__FAILURE_ACTION__CONTINUE
#define ROLLBACK SWARM__UPDATE_CONFIG__FAILURE_ACTION__ROLLBACK
#define START_FIRST SWARM__UPDATE_CONFIG__UPDATE_ORDER__START_FIRST

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

/* A service whose tasks all run. */
static Swarm__ServiceSpec *spec_with(uint64_t replicas, uint64_t parallelism)
{
    Swarm__ServiceSpec *spec = world_spec("web", replicas);
    world_update_config(&spec->update, parallelism);
    return spec;
}

static void start(struct world *w, Swarm__ServiceSpec *spec)
{
    world_create(w, spec);
    world_obey(w, "web");
    world_wait(w, CLOCK_SECOND);
}

/* How many tasks are wanted and run, of the current and of other specs. */
static void count(struct world *w, size_t *new, size_t *old)
{
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    const Swarm__Service *s = world_service(w, "web");
    world_tasks(w, "web", &l);
    *new = *old = 0;
    for (size_t i = 0; i < l.len; i++) {
        const Swarm__Task *t = l.objects[i]->task;
        if (t->desired_state > SWARM__TASK_STATE__RUNNING)
            continue;
        if (task_is_current(t, s))
            ++*new;
        else
            ++*old;
    }
}

/* Obeys until nothing changes. */
static void settle(struct world *w)
{
    for (int i = 0; i < 20; i++)
        world_obey(w, "web");
}

static void a_new_image_replaces_the_task(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 1));
    world_set_image(w, "web", "busybox:2");
    assert_string_equal(world_update_status(w, "web"), "updating: update in progress");
    assert_string_equal(world_show(w, "web"), "1 shutdown running n\n"
                                              "1 ready assigned n\n");
    world_obey(w, "web");
    assert_string_equal(world_show(w, "web"), "1 shutdown shutdown n\n"
                                              "1 running ready n\n");
    world_obey(w, "web");
    assert_string_equal(world_show(w, "web"), "1 shutdown shutdown n\n"
                                              "1 running running n\n");
    world_wait(w, 5 * CLOCK_SECOND - 1);
    assert_string_equal(world_update_status(w, "web"), "updating: update in progress");
    world_wait(w, 1);
    assert_string_equal(world_update_status(w, "web"), "completed: update completed");
    const Swarm__UpdateStatus *s = world_service(w, "web")->update_status;
    assert_true(message_time(s->completed_at, 0) == w->now);
    assert_true(message_time(s->started_at, 0) == w->now - 5 * CLOCK_SECOND);
    assert_true(manager_deadline(w->manager) == CLOCK_NEVER);
}

static void one_slot_after_the_other(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 2));
    world_set_image(w, "web", "busybox:2");
    world_obey(w, "web");
    assert_string_equal(world_show(w, "web"), "1 shutdown shutdown n\n"
                                              "1 running ready n\n"
                                              "2 running running n\n");
    world_run(w, "web", 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown shutdown n\n"
                                              "1 running running n\n"
                                              "2 shutdown running n\n"
                                              "2 ready assigned n\n");
}

/* How many slots are under way at once. */
static void parallelism_limits_how_many(void **state)
{
    static const struct {
        uint64_t parallelism;
        size_t at_once;
    } table[] = {{1, 1}, {2, 2}, {4, 4}, {6, 6}, {9, 6}, {0, 6}};
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        size_t new, old;
        start(w, spec_with(6, table[i].parallelism));
        world_set_image(w, "web", "busybox:2");
        count(w, &new, &old);
        assert_int_equal(new, table[i].at_once);
        assert_int_equal(old, 6 - table[i].at_once);
        settle(w);
        count(w, &new, &old);
        assert_int_equal(new, 6);
        assert_int_equal(old, 0);
        world_remove(w, OBJECT_SERVICE, "web");
        settle(w);
    }
}

static void the_delay_lies_between_slots(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = spec_with(2, 1);
    world_duration(&spec->update->delay, 10 * CLOCK_SECOND);
    start(w, spec);
    world_set_image(w, "web", "busybox:2");
    settle(w);
    world_wait(w, 10 * CLOCK_SECOND - 1);
    size_t new, old;
    count(w, &new, &old);
    assert_int_equal(old, 1);
    world_wait(w, 1);
    count(w, &new, &old);
    assert_int_equal(old, 0);
    settle(w);
    /* A delay that is longer than the monitor lengthens it to a second more: 10 + 11. */
    world_wait(w, 21 * CLOCK_SECOND - 1);
    assert_string_equal(world_update_status(w, "web"), "updating: update in progress");
    world_wait(w, 1);
    assert_string_equal(world_update_status(w, "web"), "completed: update completed");
}

static void start_first_stops_the_old_task_when_the_new_one_runs(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = spec_with(1, 1);
    spec->update->order = START_FIRST;
    start(w, spec);
    world_set_image(w, "web", "busybox:2");
    assert_string_equal(world_show(w, "web"), "1 running running n\n"
                                              "1 running assigned n\n");
    world_run(w, "web", 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n\n"
                                              "1 running running n\n");
}

static void start_first_keeps_the_old_task_while_the_new_one_fails(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = spec_with(1, 1);
    spec->update->order = START_FIRST;
    spec->update->failure_action = CONTINUE;
    start(w, spec);
    world_set_image(w, "web", "busybox:2");
    world_fail(w, "web", 1);
    assert_string_equal(world_show(w, "web"), "1 running running n\n"
                                              "1 shutdown failed n\n"
                                              "1 ready assigned n\n");
    world_wait(w, 5 * CLOCK_SECOND);
    world_run(w, "web", 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n\n"
                                              "1 shutdown failed n\n"
                                              "1 running running n\n");
}

/* ---- failures ---- */

static void a_failure_pauses_the_update(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 2));
    world_set_image(w, "web", "busybox:2");
    world_fail(w, "web", 1);
    assert_string_equal(world_update_status(w, "web"),
                        "paused: update paused due to failure or early termination of "
                        "task");
    size_t new, old;
    settle(w);
    world_wait(w, CLOCK_HOUR);
    settle(w);
    count(w, &new, &old);
    assert_int_equal(new, 1);
    assert_int_equal(old, 1);
}

static void the_message_names_the_task(void **state)
{
    struct world *w = *state;
    char expected[256];
    start(w, world_spec("web", 1));
    world_set_image(w, "web", "busybox:2");
    snprintf(expected, sizeof(expected),
             "update paused due to failure or early termination of task %s",
             world_task(w, "web", 1)->id);
    world_fail(w, "web", 1);
    assert_string_equal(world_service(w, "web")->update_status->message, expected);
}

static void a_delay_without_end_holds_the_update_where_it_is(void **state)
{
    struct world *w = *state;
    size_t new, old;
    Swarm__ServiceSpec *spec = spec_with(2, 1);
    world_duration(&spec->update->delay, INT64_MAX);
    start(w, spec);
    world_set_image(w, "web", "busybox:2");
    settle(w);
    world_wait(w, CLOCK_HOUR);
    count(w, &new, &old);
    assert_int_equal(new, 1);
    assert_int_equal(old, 1);
}

static void a_task_that_ran_for_longer_than_the_monitor_doesnt_count(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = spec_with(2, 1);
    world_duration(&spec->update->monitor, 3 * CLOCK_SECOND);
    start(w, spec);
    world_set_image(w, "web", "busybox:2");
    world_obey(w, "web");
    world_run(w, "web", 1); /* slot 2 is next and takes its time */
    world_wait(w, 4 * CLOCK_SECOND);
    world_fail(w, "web", 1);
    assert_string_equal(world_update_status(w, "web"), "updating: update in progress");
}

static void a_task_that_ends_within_the_monitor_counts(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 1));
    world_set_image(w, "web", "busybox:2");
    settle(w);
    world_wait(w, 4 * CLOCK_SECOND);
    world_report_task(w, world_task(w, "web", 1), SWARM__TASK_STATE__COMPLETE, "finished",
                      "");
    assert_string_equal(world_update_status(w, "web"),
                        "paused: update paused due to failure or early termination of "
                        "task");
}

static void failures_up_to_the_ratio_are_borne(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = spec_with(4, 1);
    spec->update->max_failure_ratio = 0.25f;
    start(w, spec);
    world_set_image(w, "web", "busybox:2");
    world_fail(w, "web", 1);
    assert_string_equal(world_update_status(w, "web"), "updating: update in progress");
    world_fail(w, "web", 2);
    assert_string_equal(world_update_status(w, "web"),
                        "paused: update paused due to failure or early termination of "
                        "task");
}

static void with_continue_failures_dont_matter(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = spec_with(2, 1);
    spec->update->failure_action = CONTINUE;
    start(w, spec);
    world_set_image(w, "web", "busybox:2");
    world_fail(w, "web", 1);
    world_fail(w, "web", 2);
    world_wait(w, 6 * CLOCK_SECOND);
    assert_string_equal(world_update_status(w, "web"), "completed: update completed");
}

static void a_paused_update_goes_on_with_the_next_one(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 1));
    world_set_image(w, "web", "busybox:2");
    world_fail(w, "web", 1);
    world_set_image(w, "web", "busybox:3");
    assert_string_equal(world_update_status(w, "web"), "updating: update in progress");
}

/* ---- rolling back ---- */

static void a_failure_rolls_the_service_back(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = spec_with(2, 1);
    spec->update->failure_action = ROLLBACK;
    start(w, spec);
    world_set_image(w, "web", "busybox:2");
    world_fail(w, "web", 1);
    assert_string_equal(world_update_status(w, "web"),
                        "rollback_started: update rolled back due to failure or early "
                        "termination of task");
    const Swarm__Service *s = world_service(w, "web");
    assert_string_equal(s->spec->task->container->image, "busybox");
    assert_int_equal(s->spec_version->index, 0);
    assert_null(s->previous_spec);
    settle(w);
    world_wait(w, 5 * CLOCK_SECOND);
    settle(w);
    world_wait(w, 5 * CLOCK_SECOND);
    assert_string_equal(world_update_status(w, "web"),
                        "rollback_completed: rollback completed");
    size_t new, old;
    count(w, &new, &old);
    assert_int_equal(new, 2);
    assert_int_equal(old, 0);
}

static void a_rollback_that_fails_is_paused(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = spec_with(2, 1);
    spec->update->failure_action = ROLLBACK;
    world_update_config(&spec->rollback, 1)->failure_action = ROLLBACK;
    start(w, spec);
    world_set_image(w, "web", "busybox:2");
    world_obey(w, "web");
    world_run(w, "web", 1);
    world_wait(w, CLOCK_SECOND);
    world_fail(w, "web", 2);
    assert_string_equal(world_service(w, "web")->spec->task->container->image, "busybox");
    world_fail(w, "web", 1); /* the former spec doesn't work any more either */
    assert_string_equal(world_update_status(w, "web"),
                        "rollback_paused: rollback paused due to failure or early "
                        "termination of task");
}

static void a_user_rolls_back(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 1));
    world_set_image(w, "web", "busybox:2");
    settle(w);
    world_wait(w, 5 * CLOCK_SECOND);
    struct control_update how = {.rollback = true};
    assert_int_equal(world_try_update(w, OBJECT_SERVICE, "web", how, NULL), 0);
    assert_string_equal(world_update_status(w, "web"),
                        "rollback_started: manually requested rollback");
    const Swarm__Service *s = world_service(w, "web");
    assert_string_equal(s->spec->task->container->image, "busybox");
    assert_string_equal(s->previous_spec->task->container->image, "busybox:2");
    settle(w);
    world_wait(w, 5 * CLOCK_SECOND);
    assert_string_equal(world_update_status(w, "web"),
                        "rollback_completed: rollback completed");
    assert_string_equal(world_task(w, "web", 1)->spec->container->image, "busybox");
}

static void rolling_back_a_scale_is_done_at_once(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 1));
    world_scale(w, "web", 2);
    struct control_update how = {.rollback = true};
    assert_int_equal(world_try_update(w, OBJECT_SERVICE, "web", how, NULL), 0);
    assert_string_equal(world_update_status(w, "web"),
                        "rollback_completed: rollback completed");
}

/* ---- other changes ---- */

static void scaling_clears_the_status_and_replaces_nothing(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 1));
    world_set_image(w, "web", "busybox:2");
    settle(w);
    world_wait(w, 5 * CLOCK_SECOND);
    world_scale(w, "web", 2);
    assert_string_equal(world_update_status(w, "web"), "-");
    settle(w);
    assert_string_equal(world_show(w, "web"), "1 shutdown shutdown n\n"
                                              "1 running running n\n"
                                              "2 running running n\n");
}

static void scaling_during_an_update_lets_it_go_on(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 2));
    world_set_image(w, "web", "busybox:2");
    world_scale(w, "web", 3);
    assert_string_equal(world_update_status(w, "web"), "updating: update in progress");
    settle(w);
    world_wait(w, 5 * CLOCK_SECOND);
    assert_string_equal(world_update_status(w, "web"), "completed: update completed");
    size_t new, old;
    count(w, &new, &old);
    assert_int_equal(new, 3);
    assert_int_equal(old, 0);
}

static void a_force_replaces_all(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 1));
    Swarm__ServiceSpec *spec = world_spec_of(w, "web");
    spec->task->force_update++;
    world_update(w, "web", spec);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n\n"
                                              "1 ready assigned n\n");
}

static void other_constraints_move_only_tasks_on_the_wrong_node(void **state)
{
    struct world *w = *state;
    world_add_node(w, "z");
    start(w, world_spec("web", 2)); /* slot 1 on n, slot 2 on z */
    Swarm__ServiceSpec *spec = world_spec_of(w, "web");
    world_constraint(spec, "node.id==n");
    world_update(w, "web", spec);
    assert_string_equal(world_show(w, "web"), "1 running running n\n"
                                              "2 shutdown running z\n"
                                              "2 ready assigned n\n");
}

static void a_task_that_waits_for_a_node_is_replaced_at_once(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_constraint(spec, "node.id==nowhere");
    world_create(w, spec);
    spec = world_spec_of(w, "web");
    message_free(&spec->task->placement->base);
    spec->task->placement = NULL;
    world_wait(w, CLOCK_SECOND);
    world_update(w, "web", spec);
    assert_string_equal(world_show(w, "web"), "1 shutdown shutdown -\n"
                                              "1 running assigned n\n");
}

static void a_task_that_ended_for_good_is_replaced_by_an_update(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_policy(spec, SWARM__RESTART_POLICY__RESTART_CONDITION__NONE);
    start(w, spec);
    world_fail(w, "web", 1);
    world_wait(w, CLOCK_SECOND);
    world_set_image(w, "web", "busybox:2");
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n\n"
                                              "1 ready assigned n\n");
}

/* ---- a new manager ---- */

static void reset(struct world *w)
{
    manager_reset(w->manager);
    world_begin(w);
    world_commit(w);
}

static void an_update_goes_on_with_a_new_manager(void **state)
{
    struct world *w = *state;
    size_t new, old;
    start(w, world_spec("web", 3));
    world_set_image(w, "web", "busybox:2");
    world_obey(w, "web");
    reset(w);
    count(w, &new, &old);
    assert_int_equal(new, 1); /* the slot under way still counts */
    for (int i = 0; i < 12; i++) {
        world_obey(w, "web");
        reset(w);
    }
    count(w, &new, &old);
    assert_int_equal(new, 3);
    world_wait(w, 5 * CLOCK_SECOND - 1);
    assert_string_equal(world_update_status(w, "web"), "updating: update in progress");
    world_wait(w, 1);
    assert_string_equal(world_update_status(w, "web"), "completed: update completed");
}

static void a_new_manager_still_sees_failures(void **state)
{
    struct world *w = *state;
    start(w, world_spec("web", 1));
    world_set_image(w, "web", "busybox:2");
    settle(w);
    world_wait(w, 3 * CLOCK_SECOND);
    reset(w);
    world_fail(w, "web", 1);
    assert_string_equal(world_update_status(w, "web"),
                        "paused: update paused due to failure or early termination of "
                        "task");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_new_image_replaces_the_task),
        TEST(one_slot_after_the_other),
        TEST(parallelism_limits_how_many),
        TEST(the_delay_lies_between_slots),
        TEST(a_delay_without_end_holds_the_update_where_it_is),
        TEST(start_first_stops_the_old_task_when_the_new_one_runs),
        TEST(start_first_keeps_the_old_task_while_the_new_one_fails),
        TEST(a_failure_pauses_the_update),
        TEST(the_message_names_the_task),
        TEST(a_task_that_ran_for_longer_than_the_monitor_doesnt_count),
        TEST(a_task_that_ends_within_the_monitor_counts),
        TEST(failures_up_to_the_ratio_are_borne),
        TEST(with_continue_failures_dont_matter),
        TEST(a_paused_update_goes_on_with_the_next_one),
        TEST(a_failure_rolls_the_service_back),
        TEST(a_rollback_that_fails_is_paused),
        TEST(a_user_rolls_back),
        TEST(rolling_back_a_scale_is_done_at_once),
        TEST(scaling_clears_the_status_and_replaces_nothing),
        TEST(scaling_during_an_update_lets_it_go_on),
        TEST(a_force_replaces_all),
        TEST(other_constraints_move_only_tasks_on_the_wrong_node),
        TEST(a_task_that_waits_for_a_node_is_replaced_at_once),
        TEST(a_task_that_ended_for_good_is_replaced_by_an_update),
        TEST(an_update_goes_on_with_a_new_manager),
        TEST(a_new_manager_still_sees_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
