/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/log_publisher.h"
#include "agent_fixture.h"

static void assign_two(struct world *w)
{
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    add_task(m, task_make(TASK_2, SWARM__TASK_STATE__RUNNING));
    send_assignments(w, m, true);
}

static void end_session(struct world *w)
{
    struct err e;
    struct rpc_exchange *x = w->session;
    w->session = NULL;
    err_set(&e, ERR_ABORTED, "node must disconnect");
    rpc_exchange_end(x, e.code, &e);
}

static void the_node_describes_itself_by_its_engine(void **state)
{
    struct world *w = *state;
    TURN_UNTIL(w, w->sessions == 1);
    assert_string_equal(w->hostname, "fake-host");
}

static void heartbeats_come_at_once_and_then_at_the_period_asked_for(void **state)
{
    struct world *w = *state;
    TURN_UNTIL(w, w->heartbeats >= 3);
    assert_int_equal(w->sessions, 1);
}

static void a_lost_session_is_followed_by_the_next(void **state)
{
    struct world *w = *state;
    TURN_UNTIL(w, w->sessions == 1 && w->assignments);
    end_session(w);
    TURN_UNTIL(w, w->sessions == 2 && w->opened_assignments == 2);
}

static void tasks_go_on_without_a_session_and_are_reported_in_the_next(void **state)
{
    struct world *w = *state;
    assign_two(w);
    WAIT_STATE(w, TASK_1, RUNNING);
    WAIT_STATE(w, TASK_2, RUNNING);
    w->is_silent = true;
    end_session(w);
    TURN_UNTIL(w, w->sessions == 2);
    fake_engine_exit(w->engine, fake_engine_find(w->engine, TASK_1), 0);
    for (int i = 0; i < 20; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_int_equal(state_of(w, TASK_1), SWARM__TASK_STATE__RUNNING);
    w->is_silent = false;
    w->n_seen = 0;
    end_session(w);
    WAIT_STATE(w, TASK_1, COMPLETE);
    WAIT_STATE(w, TASK_2, RUNNING);
    assert_int_equal(fake_engine_count(w->engine, FAKE_START), 2);
}

static void a_complete_list_replaces_everything(void **state)
{
    struct world *w = *state;
    assign_two(w);
    WAIT_STATE(w, TASK_1, RUNNING);
    WAIT_STATE(w, TASK_2, RUNNING);
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make(TASK_2, SWARM__TASK_STATE__RUNNING));
    send_assignments(w, m, true);
    TURN_UNTIL(w, fake_engine_containers(w->engine) == 1);
    assert_true(fake_engine_find(w->engine, TASK_2)->is_running);
}

static void assignments_out_of_sequence_are_asked_for_anew(void **state)
{
    struct world *w = *state;
    assign_two(w);
    WAIT_STATE(w, TASK_2, RUNNING);
    Swarm__AssignmentsMessage *m = message_begin();
    remove_task(m, TASK_1);
    put(&m->applies_to, "77");
    send_assignments(w, m, false);
    TURN_UNTIL(w, w->opened_assignments == 2);
    assert_int_equal(w->sessions, 1);
    assert_int_equal(fake_engine_containers(w->engine), 2);
}

static void statuses_of_one_turn_travel_together(void **state)
{
    struct world *w = *state;
    TURN_UNTIL(w, w->heartbeats >= 1);
    assign_two(w);
    WAIT_STATE(w, TASK_1, RUNNING);
    WAIT_STATE(w, TASK_2, RUNNING);
    assert_true(w->updates <= (int)w->n_seen);
    assert_true(w->n_seen <= 10);
}

static void a_status_that_is_refused_holds_up_no_other(void **state)
{
    struct world *w = *state;
    w->deny_task = 1;
    assign_two(w);
    WAIT_STATE(w, TASK_2, RUNNING);
    assert_int_equal(state_of(w, TASK_1), SWARM__TASK_STATE__NEW);
    assert_int_equal(w->sessions, 1);
}

static void a_status_beyond_the_managers_limits_ends_no_session(void **state)
{
    struct world *w = *state;
    w->denial = ERR_INVALID_ARGUMENT;
    a_status_that_is_refused_holds_up_no_other(state);
}

static void a_task_with_an_invalid_id_is_not_taken(void **state)
{
    struct world *w = *state;
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make("../../../../etc", SWARM__TASK_STATE__RUNNING));
    add_task(m, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    send_assignments(w, m, true);
    WAIT_STATE(w, TASK_1, RUNNING);
    assert_int_equal(fake_engine_containers(w->engine), 1);
}

static void a_task_that_is_no_container_is_rejected(void **state)
{
    struct world *w = *state;
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    message_free(&t->spec->container->base);
    t->spec->container = NULL;
    t->spec->runtime_case = SWARM__TASK_SPEC__RUNTIME__NOT_SET;
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, t);
    send_assignments(w, m, true);
    WAIT_STATE(w, TASK_1, REJECTED);
}

/* ---- another manager ---- */

/* Opens a channel, starts the agent on it and closes the former, which fails if anything
 * still uses it. */
static void change_channel(struct world *w)
{
    struct err e;
    const struct rpc_peer peer = {.node_id = NODE_ID};
    struct rpc_channel *former = w->channel;
    int closes = w->closes;
    assert_int_equal(rpc_local_channel_new(&w->loop, w->server, &peer, &w->channel, &e),
                     0);
    agent_start(w->agent, w->channel);
    rpc_local_channel_close(former, world_closed, w);
    TURN_UNTIL(w, w->closes == closes + 1);
}

static void a_change_of_the_channel_takes_everything_along(void **state)
{
    struct world *w = *state;
    assign_two(w);
    WAIT_STATE(w, TASK_1, RUNNING);
    WAIT_STATE(w, TASK_2, RUNNING);
    TURN_UNTIL(w, w->listen);
    w->listen = NULL;
    w->n_seen = 0;
    change_channel(w);
    TURN_UNTIL(w, w->sessions == 2 && w->listen);
    WAIT_STATE(w, TASK_1, RUNNING);
    fake_engine_exit(w->engine, fake_engine_find(w->engine, TASK_1), 0);
    WAIT_STATE(w, TASK_1, COMPLETE);
    int beats = w->heartbeats;
    TURN_UNTIL(w, w->heartbeats > beats + 1);
    assert_int_equal(w->sessions, 2);
    assert_int_equal(fake_engine_count(w->engine, FAKE_START), 2);
}

static void a_status_on_its_way_is_brought_over_the_next_channel(void **state)
{
    struct world *w = *state;
    assign_two(w);
    WAIT_STATE(w, TASK_2, RUNNING);
    WAIT_STATE(w, TASK_1, RUNNING);
    fake_engine_exit(w->engine, fake_engine_find(w->engine, TASK_2), 3);
    change_channel(w);
    WAIT_STATE(w, TASK_2, FAILED);
}

/* ---- logs ---- */

static void subscribe_as(struct world *w, const char *id, bool follow)
{
    TURN_UNTIL(w, w->listen);
    cleanup_message Swarm__SubscriptionMessage *m =
        message_new(&swarm__subscription_message__descriptor);
    put(&m->id, id);
    m->selector = message_new(&swarm__log_selector__descriptor);
    assert_int_equal(message_append(&m->selector->n_service_ids,
                                    &m->selector->service_ids, strdup(SERVICE_ID)),
                     0);
    m->options = message_new(&swarm__log_subscription_options__descriptor);
    m->options->follow = follow;
    assert_int_equal(rpc_exchange_send(w->listen, &m->base), 0);
}

static void subscribe(struct world *w, bool follow)
{
    subscribe_as(w, "subscription", follow);
}

static void logs_of_a_service_come_with_task_stream_and_time(void **state)
{
    struct world *w = *state;
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    send_assignments(w, m, true);
    WAIT_STATE(w, TASK_1, RUNNING);
    subscribe(w, false);
    TURN_UNTIL(w, w->are_logs_closed);
    assert_string_equal(buf_str(&w->logs), TASK_1 " 1 1795319105500000000 out\n" TASK_1
                                                  " 2 1795319106500000000 error\n");
}

static void logs_that_are_followed_come_of_later_tasks_too(void **state)
{
    struct world *w = *state;
    TURN_UNTIL(w, w->listen);
    subscribe(w, true);
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    send_assignments(w, m, true);
    TURN_UNTIL(w, strstr(buf_str(&w->logs), "error"));
    assert_false(w->are_logs_closed);
}

static void logs_that_are_followed_go_on_when_the_engine_is_back(void **state)
{
    struct world *w = *state;
    TURN_UNTIL(w, w->listen);
    subscribe(w, true);
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    send_assignments(w, m, true);
    TURN_UNTIL(w, strstr(buf_str(&w->logs), "error"));
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_LOGS) == 2); /* and the rest */
    for (int i = 0; i < 20; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    fake_engine_down(w->engine);
    fake_engine_up(w->engine);
    TURN_UNTIL(w, fake_engine_count(w->engine, FAKE_LOGS) == 4);
    for (int i = 0; i < 20; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_false(w->are_logs_closed);
    assert_string_equal(buf_str(&w->logs), TASK_1 " 1 1795319105500000000 out\n" TASK_1
                                                  " 2 1795319106500000000 error\n");
}

static void run_one(struct world *w)
{
    Swarm__AssignmentsMessage *m = message_begin();
    add_task(m, task_make(TASK_1, SWARM__TASK_STATE__RUNNING));
    send_assignments(w, m, true);
    WAIT_STATE(w, TASK_1, RUNNING);
}

static void logs_that_are_not_taken_wait_in_the_engine(void **state)
{
    struct world *w = *state;
    fake_engine_talk(w->engine, 500);
    w->pauses_logs = true;
    run_one(w);
    subscribe(w, false);
    TURN_UNTIL(w, w->publishing);
    for (int i = 0; i < 1000; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_in_range(fake_engine_said(w->engine), 40, 80);
    w->pauses_logs = false;
    rpc_exchange_resume(w->publishing);
    TURN_UNTIL(w, w->are_logs_closed);
    assert_int_equal(fake_engine_said(w->engine), 500);
    assert_true(w->logs.len > (size_t)500 * FAKE_LINE_SIZE);
}

static void logs_that_nobody_takes_can_be_given_up(void **state)
{
    struct world *w = *state;
    fake_engine_talk(w->engine, 500);
    w->pauses_logs = true;
    run_one(w);
    subscribe(w, true);
    TURN_UNTIL(w, w->publishing);
    cleanup_message Swarm__SubscriptionMessage *m =
        message_new(&swarm__subscription_message__descriptor);
    put(&m->id, "subscription");
    m->close = true;
    assert_int_equal(rpc_exchange_send(w->listen, &m->base), 0);
    for (int i = 0; i < 1000; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    assert_true(fake_engine_said(w->engine) < 500);
}

static void too_many_log_requests_are_ended(void **state)
{
    struct world *w = *state;
    fake_engine_talk(w->engine, 500);
    run_one(w);
    for (int i = 0; i < LOG_SUBSCRIPTIONS_MAX; i++)
        subscribe_as(w, (char[]){(char)('A' + i), 0}, true);
    assert_false(w->are_logs_closed);
    subscribe_as(w, "too many", true);
    TURN_UNTIL(w, w->are_logs_closed);
}

static void logs_of_nothing_end_at_once(void **state)
{
    struct world *w = *state;
    subscribe(w, false);
    TURN_UNTIL(w, w->are_logs_closed);
    assert_string_equal(buf_str(&w->logs), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_node_describes_itself_by_its_engine),
        WORLD_TEST(heartbeats_come_at_once_and_then_at_the_period_asked_for),
        WORLD_TEST(a_lost_session_is_followed_by_the_next),
        WORLD_TEST(tasks_go_on_without_a_session_and_are_reported_in_the_next),
        WORLD_TEST(a_complete_list_replaces_everything),
        WORLD_TEST(assignments_out_of_sequence_are_asked_for_anew),
        WORLD_TEST(statuses_of_one_turn_travel_together),
        WORLD_TEST(a_status_that_is_refused_holds_up_no_other),
        WORLD_TEST(a_status_beyond_the_managers_limits_ends_no_session),
        WORLD_TEST(a_task_with_an_invalid_id_is_not_taken),
        WORLD_TEST(a_task_that_is_no_container_is_rejected),
        WORLD_TEST(a_change_of_the_channel_takes_everything_along),
        WORLD_TEST(a_status_on_its_way_is_brought_over_the_next_channel),
        WORLD_TEST(logs_of_a_service_come_with_task_stream_and_time),
        WORLD_TEST(logs_that_are_followed_come_of_later_tasks_too),
        WORLD_TEST(logs_that_are_followed_go_on_when_the_engine_is_back),
        WORLD_TEST(logs_that_are_not_taken_wait_in_the_engine),
        WORLD_TEST(logs_that_nobody_takes_can_be_given_up),
        WORLD_TEST(too_many_log_requests_are_ended),
        WORLD_TEST(logs_of_nothing_end_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
