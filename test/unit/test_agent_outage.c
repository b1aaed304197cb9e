/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"

static void assign_one(struct world *w, Swarm__TaskState desired)
{
    Swarm__Task *t = task_make(TASK_1, desired);
    Swarm__AssignmentsMessage *m = message_begin();
    task_use_secret(t, SECRET_1, "pw");
    add_task(m, t);
    add_secret(m, SECRET_1);
    send_assignments(w, m, true);
}

static void shut_down(struct world *w)
{
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make(TASK_1, SWARM__TASK_STATE__SHUTDOWN));
    send_assignments(w, m, false);
}

static void turn_a_little(struct world *w)
{
    for (int i = 0; i < 20; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
}

/* The engine goes away in the middle of a call that it carries out all the same. */
static void lose_on_the_way_up(void **state, enum fake_call_kind kind)
{
    struct world *w = *state;
    fake_engine_lose(w->engine, kind);
    unsigned before = fake_engine_count(w->engine, kind);
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    TURN_UNTIL(w, fake_engine_count(w->engine, kind) > before);
    turn_a_little(w);
    assert_true(state_of(w, TASK_1) < SWARM__TASK_STATE__RUNNING);
    fake_engine_up(w->engine);
    WAIT_STATE(w, TASK_1, RUNNING);
    assert_int_equal(fake_engine_containers(w->engine), 1);
    assert_true(fake_engine_find(w->engine, TASK_1)->is_running);
    assert_true(has_file(w, TASK_1 "/secrets/pw"));
}

static void an_engine_lost_while_it_looks_for_the_image_is_waited_for(void **state)
{
    lose_on_the_way_up(state, FAKE_IMAGE);
}

static void an_engine_lost_while_it_creates_makes_no_second_container(void **state)
{
    lose_on_the_way_up(state, FAKE_CREATE);
}

static void an_engine_lost_while_it_starts_starts_once(void **state)
{
    struct world *w = *state;
    lose_on_the_way_up(state, FAKE_START);
    assert_int_equal(fake_engine_count(w->engine, FAKE_START), 1);
}

static void an_engine_lost_while_it_is_asked_is_asked_again(void **state)
{
    lose_on_the_way_up(state, FAKE_INSPECT);
}

static void lose_on_the_way_down(void **state, enum fake_call_kind kind)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    unsigned before = fake_engine_count(w->engine, kind);
    fake_engine_lose(w->engine, kind);
    shut_down(w);
    TURN_UNTIL(w, fake_engine_count(w->engine, kind) > before);
    turn_a_little(w);
    assert_int_equal(state_of(w, TASK_1), SWARM__TASK_STATE__RUNNING);
    fake_engine_up(w->engine);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    assert_int_equal(fake_engine_containers(w->engine), 0);
    assert_false(has_file(w, TASK_1));
}

static void an_engine_lost_while_it_stops_a_task_stops_it_later(void **state)
{
    lose_on_the_way_down(state, FAKE_KILL);
}

static void an_engine_lost_while_it_removes_removes_later(void **state)
{
    lose_on_the_way_down(state, FAKE_REMOVE);
}

static void an_engine_that_is_away_for_a_while_is_no_failure(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    size_t seen = w->n_seen;
    fake_engine_down(w->engine);
    turn_a_little(w);
    fake_engine_up(w->engine);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_INSPECT) == 2);
    turn_a_little(w);
    assert_int_equal(w->n_seen, seen);
}

static void an_exit_during_an_outage_is_seen_afterwards(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    fake_engine_down(w->engine);
    fake_engine_exit(w->engine, fake_engine_find(w->engine, TASK_1), 9);
    turn_a_little(w);
    fake_engine_up(w->engine);
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(err_of(w, TASK_1), "task: non-zero exit (9)");
}

static void a_task_assigned_during_an_outage_runs_afterwards(void **state)
{
    struct world *w = *state;
    TURN_UNTIL(w, w->assignments);
    fake_engine_down(w->engine);
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    turn_a_little(w);
    fake_engine_up(w->engine);
    WAIT_STATE(w, TASK_1, RUNNING);
}

static void a_refusal_of_an_inspect_is_asked_again(void **state)
{
    struct world *w = *state;
    fake_engine_fail(w->engine, FAKE_INSPECT, 1, ERR_UNKNOWN, "busy");
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
}

/* ---- a new agent ---- */

/* Assigns the task as a manager does that knows its last state. */
static void assign_known(struct world *w, Swarm__TaskState state)
{
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    Swarm__AssignmentsMessage *m = message_begin();
    t->status->state = state;
    task_use_secret(t, SECRET_1, "pw");
    add_task(m, t);
    add_secret(m, SECRET_1);
    w->n_seen = 0;
    send_assignments(w, m, true);
}

static void running_tasks_are_adopted_by_the_next_agent(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    world_stop_agent(w);
    assert_true(has_file(w, TASK_1 "/secrets/pw"));
    world_start_agent(w);
    TURN_UNTIL(w, w->opened_assignments == 2);
    assign_known(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    assert_int_equal(fake_engine_count(w->engine, FAKE_START), 1);
    assert_true(has_file(w, TASK_1 "/secrets/pw"));
    shut_down(w);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    assert_false(has_file(w, TASK_1));
}

static void a_task_that_ended_without_an_agent_is_reported_by_the_next(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    world_stop_agent(w);
    fake_engine_exit(w->engine, fake_engine_find(w->engine, TASK_1), 4);
    world_start_agent(w);
    TURN_UNTIL(w, w->opened_assignments == 2);
    assign_known(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(err_of(w, TASK_1), "task: non-zero exit (4)");
    assert_false(has_file(w, TASK_1));
}

static void a_container_only_created_gets_its_files_anew_and_starts(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__READY);
    WAIT_STATE(w, TASK_1, READY);
    world_stop_agent(w);
    umount2(w->secrets, MNT_DETACH); /* as after a power cut */
    world_start_agent(w);
    TURN_UNTIL(w, w->opened_assignments == 2);
    assign_known(w, SWARM__TASK_STATE__READY);
    WAIT_STATE(w, TASK_1, RUNNING);
    assert_true(has_file(w, TASK_1 "/secrets/pw"));
    assert_int_equal(fake_engine_containers(w->engine), 1);
}

static void a_running_task_whose_container_is_gone_has_failed(void **state)
{
    struct world *w = *state;
    assign_known(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(err_of(w, TASK_1), "No such container: web.1." TASK_1);
    assert_int_equal(fake_engine_count(w->engine, FAKE_CREATE), 0);
}

static void containers_and_files_of_no_task_are_removed(void **state)
{
    struct world *w = *state;
    world_stop_agent(w);
    assert_non_null(fake_engine_add(w->engine, "old.1." TASK_2, TASK_2, NODE_ID, true));
    assert_non_null(fake_engine_add(w->engine, "other", "x", "anothernode", true));
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", w->secrets, TASK_2);
    assert_int_equal(mkdir(path, 0700), 0);
    world_start_agent(w);
    turn_a_little(w);
    assert_int_equal(fake_engine_containers(w->engine), 2); /* nothing before we know */
    TURN_UNTIL(w, w->opened_assignments >= 1 && w->assignments);
    send_assignments(w, message_begin(), true);
    TURN_UNTIL(w, fake_engine_containers(w->engine) == 1);
    TURN_UNTIL(w, !has_file(w, TASK_2));
    assert_non_null(fake_engine_find(w->engine, "other"));
}

static void of_a_tasks_containers_the_running_one_stays(void **state)
{
    struct world *w = *state;
    world_stop_agent(w);
    assert_non_null(
        fake_engine_add(w->engine, "created." TASK_1, TASK_1, NODE_ID, false));
    assert_non_null(fake_engine_add(w->engine, "running." TASK_1, TASK_1, NODE_ID, true));
    struct fake_container *c =
        fake_engine_add(w->engine, "ended." TASK_1, TASK_1, NODE_ID, true);
    assert_non_null(c);
    fake_engine_exit(w->engine, c, 3);
    world_start_agent(w);
    TURN_UNTIL(w, w->assignments);
    assign_known(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    TURN_UNTIL(w, fake_engine_containers(w->engine) == 1);
    assert_true(fake_engine_find(w->engine, "running." TASK_1)->is_running);
}

/* `docker commit` copies labels into the image, and so into each container of it. */
static void a_container_with_copied_labels_is_the_users(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    world_stop_agent(w);
    assert_non_null(fake_engine_add(w->engine, "user", TASK_1, NODE_ID, true));
    assert_non_null(fake_engine_add(w->engine, "other_user", TASK_2, NODE_ID, true));
    world_start_agent(w);
    TURN_UNTIL(w, w->opened_assignments == 2);
    assign_known(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    shut_down(w);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    turn_a_little(w);
    assert_int_equal(fake_engine_containers(w->engine), 2);
    assert_true(fake_engine_find(w->engine, "user")->is_running);
    assert_true(fake_engine_find(w->engine, "other_user")->is_running);
}

static void a_container_with_copied_labels_is_not_adopted(void **state)
{
    struct world *w = *state;
    world_stop_agent(w);
    assert_non_null(fake_engine_add(w->engine, "user", TASK_1, NODE_ID, true));
    world_start_agent(w);
    TURN_UNTIL(w, w->assignments);
    assign_known(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(err_of(w, TASK_1), "No such container: web.1." TASK_1);
    assert_true(fake_engine_find(w->engine, "user")->is_running);
}

static void files_stay_until_the_last_container_of_a_lost_task_is_gone(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    world_stop_agent(w);
    assert_non_null(fake_engine_add(w->engine, "zzz." TASK_1, TASK_1, NODE_ID, true));
    fake_engine_lose(w->engine, FAKE_REMOVE);
    world_start_agent(w);
    TURN_UNTIL(w, w->opened_assignments == 2);
    send_assignments(w, message_begin(), true);
    TURN_UNTIL(w, fake_engine_containers(w->engine) == 1);
    assert_true(has_file(w, TASK_1 "/secrets/pw"));
    fake_engine_up(w->engine);
    TURN_UNTIL(w, fake_engine_containers(w->engine) == 0);
    TURN_UNTIL(w, !has_file(w, TASK_1));
}

static void everything_goes_when_the_node_leaves(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    int before = w->closes;
    agent_remove_all(w->agent, world_closed, w);
    TURN_UNTIL(w, w->closes == before + 1);
    assert_int_equal(fake_engine_containers(w->engine), 0);
    assert_false(has_file(w, TASK_1));
}

static void a_task_that_comes_back_while_it_is_removed_begins_anew(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    fake_engine_delay(w->engine, FAKE_REMOVE, 50 * CLOCK_MILLISECOND);
    send_assignments(w, message_begin(), true);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_REMOVE) == 1);
    w->n_seen = 0;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    assert_int_equal(fake_engine_containers(w->engine), 1);
    assert_true(fake_engine_find(w->engine, TASK_1)->is_running);
    assert_true(has_file(w, TASK_1 "/secrets/pw"));
}

/* The engine's containers stay; what they were shown does not. */
static void a_node_leaves_while_its_engine_is_away(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    fake_engine_down(w->engine);
    int before = w->closes;
    agent_remove_all(w->agent, world_closed, w);
    TURN_UNTIL(w, w->closes == before + 1);
    assert_true(agent_has_remains(w->agent));
    assert_int_equal(fake_engine_containers(w->engine), 1);
    assert_false(has_file(w, TASK_1));
}

static void a_leave_waits_for_an_engine_that_comes_back(void **state)
{
    struct world *w = *state;
    assign_one(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    fake_engine_down(w->engine);
    int before = w->closes;
    agent_remove_all(w->agent, world_closed, w);
    turn_a_little(w);
    fake_engine_up(w->engine);
    TURN_UNTIL(w, w->closes == before + 1);
    assert_false(agent_has_remains(w->agent));
    assert_int_equal(fake_engine_containers(w->engine), 0);
}

/* What the engine has is known later. */
static void a_node_without_tasks_leaves_right_after_its_start(void **state)
{
    struct world *w = *state;
    world_stop_agent(w);
    world_start_agent(w);
    int before = w->closes;
    agent_remove_all(w->agent, world_closed, w);
    TURN_UNTIL(w, w->closes == before + 1);
}

static void an_agent_may_be_closed_in_the_middle_of_any_call(void **state)
{
    static const enum fake_call_kind kinds[] = {FAKE_IMAGE, FAKE_CREATE, FAKE_START,
                                                FAKE_INSPECT};
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        unsigned before = fake_engine_count(w->engine, kinds[i]);
        fake_engine_delay(w->engine, kinds[i], CLOCK_HOUR);
        assign_known(w, SWARM__TASK_STATE__ASSIGNED);
        TURN_UNTIL(w, fake_engine_count(w->engine, kinds[i]) > before);
        world_stop_agent(w);
        fake_engine_delay(w->engine, kinds[i], 0);
        w->assignments = NULL;
        world_start_agent(w);
        TURN_UNTIL(w, w->assignments);
    }
    assign_known(w, SWARM__TASK_STATE__ASSIGNED);
    WAIT_STATE(w, TASK_1, RUNNING);
    assert_int_equal(fake_engine_containers(w->engine), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_engine_lost_while_it_looks_for_the_image_is_waited_for),
        WORLD_TEST(an_engine_lost_while_it_creates_makes_no_second_container),
        WORLD_TEST(an_engine_lost_while_it_starts_starts_once),
        WORLD_TEST(an_engine_lost_while_it_is_asked_is_asked_again),
        WORLD_TEST(an_engine_lost_while_it_stops_a_task_stops_it_later),
        WORLD_TEST(an_engine_lost_while_it_removes_removes_later),
        WORLD_TEST(an_engine_that_is_away_for_a_while_is_no_failure),
        WORLD_TEST(an_exit_during_an_outage_is_seen_afterwards),
        WORLD_TEST(a_task_assigned_during_an_outage_runs_afterwards),
        WORLD_TEST(a_refusal_of_an_inspect_is_asked_again),
        WORLD_TEST(running_tasks_are_adopted_by_the_next_agent),
        WORLD_TEST(a_task_that_ended_without_an_agent_is_reported_by_the_next),
        WORLD_TEST(a_container_only_created_gets_its_files_anew_and_starts),
        WORLD_TEST(a_running_task_whose_container_is_gone_has_failed),
        WORLD_TEST(containers_and_files_of_no_task_are_removed),
        WORLD_TEST(of_a_tasks_containers_the_running_one_stays),
        WORLD_TEST(a_container_with_copied_labels_is_the_users),
        WORLD_TEST(a_container_with_copied_labels_is_not_adopted),
        WORLD_TEST(files_stay_until_the_last_container_of_a_lost_task_is_gone),
        WORLD_TEST(everything_goes_when_the_node_leaves),
        WORLD_TEST(a_task_that_comes_back_while_it_is_removed_begins_anew),
        WORLD_TEST(a_node_leaves_while_its_engine_is_away),
        WORLD_TEST(a_leave_waits_for_an_engine_that_comes_back),
        WORLD_TEST(a_node_without_tasks_leaves_right_after_its_start),
        WORLD_TEST(an_agent_may_be_closed_in_the_middle_of_any_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
