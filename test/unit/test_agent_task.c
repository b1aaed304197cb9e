/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"

static void assign_one(struct world *w, Swarm__Task *t)
{
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, t);
    add_secret(m, SECRET_1);
    add_config(m, CONFIG_1);
    send_assignments(w, m, true);
}

/* A task with a secret, assigned and running. */
static struct fake_container *run_one(struct world *w)
{
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(t, SECRET_1, "pw");
    assign_one(w, t);
    WAIT_STATE(w, TASK_1, RUNNING);
    return fake_engine_find(w->engine, TASK_1);
}

static void change_desire(struct world *w, Swarm__TaskState desired)
{
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make(TASK_1, desired));
    send_assignments(w, m, false);
}

static void unassign(struct world *w)
{
    Swarm__AssignmentsMessage *m = message_begin();
    remove_task(m, TASK_1);
    send_assignments(w, m, false);
}

static void turn_a_little(struct world *w)
{
    for (int i = 0; i < 20; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void a_task_runs_with_its_files_bound(void **state)
{
    struct world *w = *state;
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(t, SECRET_1, "db/pw.txt");
    task_use_secret(t, SECRET_1, "/etc/app/key");
    task_use_config(t, CONFIG_1, "app.conf");
    assign_one(w, t);
    WAIT_STATE(w, TASK_1, RUNNING);
    assert_string_equal(message_of(w, TASK_1), "started");
    struct fake_container *c = fake_engine_find(w->engine, TASK_1);
    assert_string_equal(c->name, "web.1." TASK_1);
    assert_true(c->is_running);
    assert_int_equal(c->n_binds, 3);
    assert_string_equal(c->binds[0].target, "/run/secrets");
    assert_string_equal(c->binds[1].target, "/etc/app/key");
    assert_string_equal(c->binds[2].target, "/app.conf");
    assert_true(has_file(w, TASK_1 "/secrets/db/pw.txt"));
}

static void a_task_gets_its_container_with_four_calls_and_no_more(void **state)
{
    struct world *w = *state;
    run_one(w);
    assert_int_equal(fake_engine_count(w->engine, FAKE_IMAGE), 1);
    assert_int_equal(fake_engine_count(w->engine, FAKE_CREATE), 1);
    assert_int_equal(fake_engine_count(w->engine, FAKE_START), 1);
    assert_int_equal(fake_engine_count(w->engine, FAKE_INSPECT), 1);
}

static void a_task_waits_ready_until_it_is_to_run(void **state)
{
    struct world *w = *state;
    assign_one(w, task_make(TASK_1, SWARM__TASK_STATE__READY));
    WAIT_STATE(w, TASK_1, READY);
    assert_string_equal(message_of(w, TASK_1), "prepared");
    assert_int_equal(fake_engine_count(w->engine, FAKE_START), 0);
    change_desire(w, SWARM__TASK_STATE__RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
}

static void a_task_whose_secret_did_not_come_is_rejected(void **state)
{
    struct world *w = *state;
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(t, SECRET_1, "pw");
    task_use_secret(t, "eeeeeeeeeeeeeeeeeeeeeeeee", "other");
    assign_one(w, t);
    WAIT_STATE(w, TASK_1, REJECTED);
    assert_string_equal(err_of(w, TASK_1), "secret eeeeeeeeeeeeeeeeeeeeeeeee not found");
    assert_int_equal(fake_engine_count(w->engine, FAKE_CREATE), 0);
    assert_false(has_file(w, TASK_1));
}

static void a_hostile_target_is_rejected(void **state)
{
    struct world *w = *state;
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(t, SECRET_1, "../../escape");
    assign_one(w, t);
    WAIT_STATE(w, TASK_1, REJECTED);
    assert_false(has_file(w, TASK_1));
}

static void a_missing_image_is_told_in_dockers_words(void **state)
{
    struct world *w = *state;
    assert_int_equal(fake_engine_add_image(w->engine, "other:latest"), 0);
    assign_one(w, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    WAIT_STATE(w, TASK_1, REJECTED);
    assert_string_equal(message_of(w, TASK_1), "preparing");
    assert_string_equal(err_of(w, TASK_1), "No such image: busybox:latest");
}

static void a_container_that_cannot_be_made_rejects_the_task(void **state)
{
    struct world *w = *state;
    fake_engine_fail(w->engine, FAKE_CREATE, 1, ERR_INVALID_ARGUMENT, "bad mount");
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(t, SECRET_1, "pw");
    assign_one(w, t);
    WAIT_STATE(w, TASK_1, REJECTED);
    assert_string_equal(err_of(w, TASK_1), "bad mount");
    assert_false(has_file(w, TASK_1));
}

static void a_container_that_cannot_start_fails_the_task(void **state)
{
    struct world *w = *state;
    fake_engine_fail(w->engine, FAKE_START, 1, ERR_UNKNOWN, "no such program");
    assign_one(w, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(message_of(w, TASK_1), "starting");
    assert_string_equal(err_of(w, TASK_1), "starting container failed: no such program");
}

/* The engine's error isn't always the truth about the container. */
static void a_container_that_runs_although_its_start_failed_is_stopped(void **state)
{
    struct world *w = *state;
    fake_engine_fail(w->engine, FAKE_START, 1, ERR_UNKNOWN, "timeout");
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(t, SECRET_1, "pw");
    fake_engine_delay(w->engine, FAKE_START, 30 * CLOCK_MILLISECOND);
    assign_one(w, t);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_START) == 1);
    struct fake_container *c = fake_engine_find(w->engine, TASK_1);
    c->is_running = c->was_started = true;
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(err_of(w, TASK_1), "starting container failed: timeout");
    assert_false(c->is_running);
    assert_false(has_file(w, TASK_1));
}

static void a_start_that_was_not_possible_is_not_asked_for_twice(void **state)
{
    struct world *w = *state;
    fake_engine_fail(w->engine, FAKE_START, 1, ERR_UNKNOWN, "no such program");
    fake_engine_lose(w->engine, FAKE_INSPECT);
    assign_one(w, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_INSPECT) == 1);
    turn_a_little(w);
    fake_engine_up(w->engine);
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(err_of(w, TASK_1), "starting container failed: no such program");
    assert_int_equal(fake_engine_count(w->engine, FAKE_START), 1);
}

static void an_exit_with_a_code_fails_the_task_and_wipes_its_files(void **state)
{
    struct world *w = *state;
    fake_engine_exit(w->engine, run_one(w), 137);
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(message_of(w, TASK_1), "started");
    assert_string_equal(err_of(w, TASK_1), "task: non-zero exit (137)");
    assert_int_equal(w->seen[w->n_seen - 1].exit_code, 137);
    assert_false(has_file(w, TASK_1));
    assert_int_equal(fake_engine_containers(w->engine), 1);
}

static void an_exit_with_zero_completes_the_task(void **state)
{
    struct world *w = *state;
    fake_engine_exit(w->engine, run_one(w), 0);
    WAIT_STATE(w, TASK_1, COMPLETE);
    assert_string_equal(message_of(w, TASK_1), "finished");
}

static void a_task_shut_down_leaves_neither_container_nor_files(void **state)
{
    struct world *w = *state;
    run_one(w);
    change_desire(w, SWARM__TASK_STATE__SHUTDOWN);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    assert_int_equal(fake_engine_containers(w->engine), 0);
    assert_false(has_file(w, TASK_1));
}

static void a_task_is_killed_after_its_grace_period(void **state)
{
    struct world *w = *state;
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    assert_int_equal(message_set_duration(&t->spec->container->stop_grace_period,
                                          20 * CLOCK_MILLISECOND),
                     0);
    put(&t->spec->container->stop_signal, "SIGQUIT");
    assign_one(w, t);
    WAIT_STATE(w, TASK_1, RUNNING);
    struct fake_container *c = fake_engine_find(w->engine, TASK_1);
    c->ignores_signals = true;
    change_desire(w, SWARM__TASK_STATE__SHUTDOWN);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_KILL) == 1);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    assert_int_equal(fake_engine_count(w->engine, FAKE_KILL), 2);
    assert_int_equal(w->seen[w->n_seen - 1].exit_code, 137);
}

/* The signal isn't sent, for the process has ended: nothing is left to wait for. */
static void an_end_just_before_the_stop_signal_is_noticed(void **state)
{
    struct world *w = *state;
    struct fake_container *c = run_one(w);
    fake_engine_delay(w->engine, FAKE_KILL, 30 * CLOCK_MILLISECOND);
    fake_engine_fail(w->engine, FAKE_KILL, 1, ERR_UNKNOWN, "no process");
    change_desire(w, SWARM__TASK_STATE__SHUTDOWN);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_KILL) == 1);
    fake_engine_exit(w->engine, c, 0);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    assert_int_equal(fake_engine_count(w->engine, FAKE_KILL), 1);
}

/* The signal has no answer yet when the manager seems to change its mind. */
static void a_desire_that_goes_back_is_ignored(void **state)
{
    struct world *w = *state;
    struct fake_container *c = run_one(w);
    c->ignores_signals = true;
    fake_engine_delay(w->engine, FAKE_KILL, 30 * CLOCK_MILLISECOND);
    change_desire(w, SWARM__TASK_STATE__SHUTDOWN);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_KILL) == 1);
    change_desire(w, SWARM__TASK_STATE__RUNNING);
    turn_a_little(w);
    fake_engine_exit(w->engine, c, 0);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    assert_int_equal(fake_engine_count(w->engine, FAKE_START), 1);
    assert_int_equal(fake_engine_containers(w->engine), 0);
    assert_int_equal(w->seen[w->n_seen - 2].state, SWARM__TASK_STATE__RUNNING);
}

static void a_task_no_longer_assigned_is_stopped_and_removed(void **state)
{
    struct world *w = *state;
    run_one(w);
    unassign(w);
    TURN_UNTIL(w, fake_engine_containers(w->engine) == 0);
    assert_false(has_file(w, TASK_1));
}

/* What can't be removed: a mount among the files of TASK_1. Released by umount(). */
struct hold {
    char place[128];
};

static void hold_files(struct world *w, struct hold *h)
{
    snprintf(h->place, sizeof(h->place), "%s/" TASK_1 "/held", w->secrets);
    assert_int_equal(mkdir(h->place, 0700), 0);
    assert_int_equal(mount("x", h->place, "tmpfs", 0, NULL), 0);
}

/* Neither of two tasks gets a container; only the second one's files can go. */
static void reject_with_held_files(struct world *w, struct hold *h)
{
    Swarm__AssignmentsMessage *m = message_begin();
    fake_engine_fail(w->engine, FAKE_CREATE, 2, ERR_INVALID_ARGUMENT, "bad mount");
    fake_engine_delay(w->engine, FAKE_CREATE, 30 * CLOCK_MILLISECOND);
    for (int i = 0; i < 2; i++) {
        Swarm__Task *t = task_make(i ? TASK_2 : TASK_1, SWARM__TASK_STATE__RUNNING);
        task_use_secret(t, SECRET_1, "pw");
        add_task(m, t);
    }
    add_secret(m, SECRET_1);
    send_assignments(w, m, true);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_CREATE) == 2);
    hold_files(w, h);
    WAIT_STATE(w, TASK_2, REJECTED);
    turn_a_little(w);
}

static void a_task_is_not_over_before_its_files_are_gone(void **state)
{
    struct world *w = *state;
    struct hold held;
    reject_with_held_files(w, &held);
    assert_int_equal(state_of(w, TASK_1), SWARM__TASK_STATE__PREPARING);
    assert_int_equal(umount(held.place), 0);
    WAIT_STATE(w, TASK_1, REJECTED);
    assert_string_equal(err_of(w, TASK_1), "bad mount");
    assert_false(has_file(w, TASK_1));
}

static void a_task_that_finished_is_not_over_before_its_files_are_gone(void **state)
{
    struct world *w = *state;
    struct hold held;
    struct fake_container *c = run_one(w);
    unsigned before = fake_engine_count(w->engine, FAKE_INSPECT);
    hold_files(w, &held);
    fake_engine_exit(w->engine, c, 0);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_INSPECT) > before);
    turn_a_little(w);
    assert_int_equal(state_of(w, TASK_1), SWARM__TASK_STATE__RUNNING);
    assert_int_equal(umount(held.place), 0);
    WAIT_STATE(w, TASK_1, COMPLETE);
    assert_false(has_file(w, TASK_1));
}

static void a_task_that_was_stopped_is_not_over_before_its_files_are_gone(void **state)
{
    struct world *w = *state;
    struct hold held;
    run_one(w);
    hold_files(w, &held);
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make(TASK_1, SWARM__TASK_STATE__SHUTDOWN));
    send_assignments(w, m, false);
    TURN_UNTIL(w, fake_engine_containers(w->engine) == 0);
    turn_a_little(w);
    assert_int_equal(state_of(w, TASK_1), SWARM__TASK_STATE__RUNNING);
    assert_int_equal(umount(held.place), 0);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    assert_false(has_file(w, TASK_1));
}

static void a_task_is_not_gone_before_its_files_are(void **state)
{
    struct world *w = *state;
    struct hold held;
    reject_with_held_files(w, &held);
    unassign(w);
    turn_a_little(w);
    int before = w->closes;
    agent_remove_all(w->agent, world_closed, w);
    turn_a_little(w);
    assert_int_equal(w->closes, before);
    assert_true(has_file(w, TASK_1));
    assert_int_equal(umount(held.place), 0);
    TURN_UNTIL(w, w->closes == before + 1);
    assert_false(has_file(w, TASK_1));
}

static void the_container_of_a_finished_task_stays_until_it_is_unassigned(void **state)
{
    struct world *w = *state;
    fake_engine_exit(w->engine, run_one(w), 1);
    WAIT_STATE(w, TASK_1, FAILED);
    assert_int_equal(fake_engine_containers(w->engine), 1);
    unassign(w);
    TURN_UNTIL(w, fake_engine_containers(w->engine) == 0);
}

static void a_task_stopped_while_its_image_is_pulled_is_shut_down_at_once(void **state)
{
    struct world *w = *state;
    fake_engine_delay(w->engine, FAKE_IMAGE, CLOCK_HOUR);
    assign_one(w, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_IMAGE) == 1);
    change_desire(w, SWARM__TASK_STATE__SHUTDOWN);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    assert_int_equal(fake_engine_count(w->engine, FAKE_CREATE), 0);
}

/* Wherever the task is when it is to stop, nothing of it remains. */
static void a_task_stopped_during_any_call_leaves_nothing(void **state)
{
    static const enum fake_call_kind kinds[] = {FAKE_IMAGE, FAKE_CREATE, FAKE_START,
                                                FAKE_INSPECT};
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        unsigned before = fake_engine_count(w->engine, kinds[i]);
        fake_engine_delay(w->engine, kinds[i], 30 * CLOCK_MILLISECOND);
        Swarm__AssignmentsMessage *m = message_begin();
        Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
        task_use_secret(t, SECRET_1, "pw");
        add_task(m, t);
        add_secret(m, SECRET_1);
        send_assignments(w, m, true);
        TURN_UNTIL(w, fake_engine_count(w->engine, kinds[i]) > before);
        change_desire(w, SWARM__TASK_STATE__SHUTDOWN);
        WAIT_STATE(w, TASK_1, SHUTDOWN);
        assert_int_equal(fake_engine_containers(w->engine), 0);
        assert_false(has_file(w, TASK_1));
        fake_engine_delay(w->engine, kinds[i], 0);
        unassign(w);
        send_assignments(w, message_begin(), true);
        w->n_seen = 0;
    }
}

static void a_task_with_a_health_check_runs_when_it_is_healthy(void **state)
{
    struct world *w = *state;
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    t->spec->container->healthcheck = message_new(&swarm__health_config__descriptor);
    assign_one(w, t);
    WAIT_STATE(w, TASK_1, STARTING);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_INSPECT) == 1);
    struct fake_container *c = fake_engine_find(w->engine, TASK_1);
    turn_a_little(w);
    assert_int_equal(state_of(w, TASK_1), SWARM__TASK_STATE__STARTING);
    fake_engine_set_health(w->engine, c, ENGINE_HEALTH_HEALTHY);
    WAIT_STATE(w, TASK_1, RUNNING);
    fake_engine_set_health(w->engine, c, ENGINE_HEALTH_UNHEALTHY);
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(err_of(w, TASK_1),
                        "task: non-zero exit (143): dockerexec: unhealthy container");
}

/* The engine answers with what it knew when it was asked. */
static void health_that_changes_while_it_is_asked_for_is_noticed(void **state)
{
    struct world *w = *state;
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    t->spec->container->healthcheck = message_new(&swarm__health_config__descriptor);
    fake_engine_delay(w->engine, FAKE_INSPECT, 30 * CLOCK_MILLISECOND);
    assign_one(w, t);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_INSPECT) == 1);
    struct fake_container *c = fake_engine_find(w->engine, TASK_1);
    fake_engine_set_health(w->engine, c, ENGINE_HEALTH_HEALTHY);
    c->health = ENGINE_HEALTH_STARTING;
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_INSPECT) == 2);
    c->health = ENGINE_HEALTH_HEALTHY;
    WAIT_STATE(w, TASK_1, RUNNING);
}

static void an_end_while_it_is_asked_for_is_noticed(void **state)
{
    struct world *w = *state;
    fake_engine_delay(w->engine, FAKE_INSPECT, 30 * CLOCK_MILLISECOND);
    assign_one(w, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_INSPECT) == 1);
    struct fake_container *c = fake_engine_find(w->engine, TASK_1);
    fake_engine_exit(w->engine, c, 3);
    c->is_running = true;
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_INSPECT) == 2);
    c->is_running = false;
    WAIT_STATE(w, TASK_1, FAILED);
}

static void the_agent_checks_health_for_an_engine_that_does_not(void **state)
{
    struct world *w = *state;
    fake_engine_down(w->engine);
    fake_engine_set_health_checks(w->engine, false);
    fake_engine_up(w->engine);
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    t->spec->container->healthcheck = message_new(&swarm__health_config__descriptor);
    assign_one(w, t);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_HEALTH) >= 2);
    assert_int_equal(state_of(w, TASK_1), SWARM__TASK_STATE__STARTING);
    fake_engine_find(w->engine, TASK_1)->health = ENGINE_HEALTH_HEALTHY;
    WAIT_STATE(w, TASK_1, RUNNING);
    fake_engine_find(w->engine, TASK_1)->health = ENGINE_HEALTH_UNHEALTHY;
    WAIT_STATE(w, TASK_1, FAILED);
}

static void removed_by_hand(int r, const struct err *e, void *user)
{
    assert_int_equal(r, 0);
}

static void a_container_removed_by_hand_fails_the_task(void **state)
{
    struct world *w = *state;
    struct engine *g = fake_engine_base(w->engine);
    run_one(w);
    assert_non_null(g->ops->remove(g, TASK_1, removed_by_hand, NULL));
    WAIT_STATE(w, TASK_1, FAILED);
    assert_string_equal(err_of(w, TASK_1), "No such container: web.1." TASK_1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_task_runs_with_its_files_bound),
        WORLD_TEST(a_task_gets_its_container_with_four_calls_and_no_more),
        WORLD_TEST(a_task_waits_ready_until_it_is_to_run),
        WORLD_TEST(a_task_whose_secret_did_not_come_is_rejected),
        WORLD_TEST(a_hostile_target_is_rejected),
        WORLD_TEST(a_missing_image_is_told_in_dockers_words),
        WORLD_TEST(a_container_that_cannot_be_made_rejects_the_task),
        WORLD_TEST(a_container_that_cannot_start_fails_the_task),
        WORLD_TEST(a_container_that_runs_although_its_start_failed_is_stopped),
        WORLD_TEST(a_start_that_was_not_possible_is_not_asked_for_twice),
        WORLD_TEST(an_exit_with_a_code_fails_the_task_and_wipes_its_files),
        WORLD_TEST(an_exit_with_zero_completes_the_task),
        WORLD_TEST(a_task_shut_down_leaves_neither_container_nor_files),
        WORLD_TEST(a_task_is_killed_after_its_grace_period),
        WORLD_TEST(an_end_just_before_the_stop_signal_is_noticed),
        WORLD_TEST(a_desire_that_goes_back_is_ignored),
        WORLD_TEST(a_task_no_longer_assigned_is_stopped_and_removed),
        WORLD_TEST(a_task_is_not_over_before_its_files_are_gone),
        WORLD_TEST(a_task_that_finished_is_not_over_before_its_files_are_gone),
        WORLD_TEST(a_task_that_was_stopped_is_not_over_before_its_files_are_gone),
        WORLD_TEST(a_task_is_not_gone_before_its_files_are),
        WORLD_TEST(the_container_of_a_finished_task_stays_until_it_is_unassigned),
        WORLD_TEST(a_task_stopped_while_its_image_is_pulled_is_shut_down_at_once),
        WORLD_TEST(a_task_stopped_during_any_call_leaves_nothing),
        WORLD_TEST(a_task_with_a_health_check_runs_when_it_is_healthy),
        WORLD_TEST(health_that_changes_while_it_is_asked_for_is_noticed),
        WORLD_TEST(an_end_while_it_is_asked_for_is_noticed),
        WORLD_TEST(the_agent_checks_health_for_an_engine_that_does_not),
        WORLD_TEST(a_container_removed_by_hand_fails_the_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
