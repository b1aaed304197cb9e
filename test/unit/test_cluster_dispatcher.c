/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatcher_fixture.h"

#include "cluster/node_status.h"

/* Short enough to wait for in a test. */
#define SHORT_PERIOD (10 * CLOCK_MILLISECOND)

/* ---- sessions ---- */

static void a_session_registers_the_node_and_says_where_it_is(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    call_session(f, f->site.node, "", &f->session);
    const Swarm__SessionMessage *m = session_message(f, &f->session, 0);
    assert_true(object_id_is_valid(m->session_id));
    assert_string_equal(m->node->id, SITE_NODE);
    assert_int_equal(m->node->status->state, SWARM__NODE_STATUS__STATE__READY);
    assert_string_equal(m->node->status->addr, "10.0.0.1");
    assert_string_equal(m->node->description->hostname, "host");
    assert_int_equal(m->n_managers, 1);
    assert_string_equal(m->managers[0]->peer->addr, MANAGER_ADDR);
    assert_int_equal(m->root_ca.len, 8);
    assert_memory_equal(m->root_ca.data, "the root", 8);
    assert_int_equal(node_status(f)->state, SWARM__NODE_STATUS__STATE__READY);
}

static void a_second_session_ends_the_first(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call second;
    begin(f, 0);
    const char *id = open_session(f);
    call_session(f, f->site.node, "", &second);
    assert_string_not_equal(session_message(f, &second, 0)->session_id, id);
    assert_int_equal(site_wait_end(&f->site, &f->session), ERR_ABORTED);
    assert_string_equal(f->session.text, "node must disconnect");
}

static void a_session_can_be_taken_up_again(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call again;
    begin(f, 0);
    const char *id = open_session(f);
    call_session(f, f->site.node, id, &again);
    assert_string_equal(session_message(f, &again, 0)->session_id, id);
    assert_int_equal(site_wait_end(&f->site, &f->session), ERR_ABORTED);
}

static void a_node_of_no_swarm_is_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    begin(f, 0);
    call_session(f, f->site.other_node, "", &c);
    assert_int_equal(site_wait_end(&f->site, &c), ERR_NOT_FOUND);
    assert_string_equal(c.text, "node " SITE_OTHER_NODE " not found");
}

static void a_session_without_a_description_is_refused(void **state)
{
    struct fixture *f = *state;
    Swarm__SessionRequest q = SWARM__SESSION_REQUEST__INIT;
    begin(f, 0);
    site_call(f->site.node, &node_protocol_session, &q.base, &f->session);
    assert_int_equal(site_wait_end(&f->site, &f->session), ERR_INVALID_ARGUMENT);
}

static void a_session_with_too_long_a_description_is_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_message Swarm__SessionRequest *q =
        world_new(&swarm__session_request__descriptor);
    cleanup_free char *name = calloc(1, NODE_DESCRIPTION_LIMIT + 1);
    assert_non_null(name);
    memset(name, 'h', NODE_DESCRIPTION_LIMIT);
    q->description = world_new(&swarm__node_description__descriptor);
    fixture_set(&q->description->hostname, name);
    begin(f, 0);
    site_call(f->site.node, &node_protocol_session, &q->base, &f->session);
    assert_int_equal(site_wait_end(&f->site, &f->session), ERR_INVALID_ARGUMENT);
    assert_int_equal(node_status(f)->state, SWARM__NODE_STATUS__STATE__DOWN);
}

static void a_registration_that_is_not_saved_ends_the_session(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    f->site.memory.fail_with = ERR_RESOURCE_EXHAUSTED;
    call_session(f, f->site.node, "", &f->session);
    assert_int_equal(site_wait_end(&f->site, &f->session), ERR_RESOURCE_EXHAUSTED);
    assert_string_equal(f->session.text, "the disk said no");
    assert_int_equal(f->session.n, 0);
    f->site.memory.fail_with = 0;
    open_session(f);
}

static void a_change_of_the_node_is_told(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    open_session(f);
    struct object *o;
    assert_int_equal(object_copy(site_get(&f->site, OBJECT_NODE, SITE_NODE), &o), 0);
    o->node->spec->availability = SWARM__NODE_SPEC__AVAILABILITY__DRAIN;
    struct store_tx *tx = fixture_begin(f->site.store, 1);
    assert_int_equal(store_tx_update(tx, o, NULL), 0);
    store_apply(f->site.store, tx);
    assert_int_equal(session_message(f, &f->session, 1)->node->spec->availability,
                     SWARM__NODE_SPEC__AVAILABILITY__DRAIN);
}

static void a_second_request_on_a_stream_is_ignored(void **state)
{
    struct fixture *f = *state;
    cleanup_message Swarm__SessionRequest *q =
        world_new(&swarm__session_request__descriptor);
    Swarm__AssignmentsRequest again = SWARM__ASSIGNMENTS_REQUEST__INIT;
    q->description = world_new(&swarm__node_description__descriptor);
    begin(f, 0);
    const char *id = open_session(f);
    call_assignments(f, id);
    assignments(f, 0);
    again.session_id = (char *)(uintptr_t)id;
    assert_int_equal(rpc_call_send(f->session.call, &q->base, NULL), 0);
    assert_int_equal(rpc_call_send(f->assignments.call, &again.base, NULL), 0);
    site_settle(&f->site);
    assert_false(f->session.is_ended);
    assert_false(f->assignments.is_ended);
    site_add_service(&f->site, "web", NULL);
    assert_int_equal(assignments(f, 1)->n_changes, 1);
}

/* ---- liveness ---- */

static void a_heartbeat_is_answered_with_the_period(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    begin(f, 2500 * CLOCK_MILLISECOND);
    call_heartbeat(f->site.node, open_session(f), &c);
    assert_int_equal(site_wait_end(&f->site, &c), 0);
    const Swarm__HeartbeatResponse *m = (Swarm__HeartbeatResponse *)c.messages[0];
    assert_int_equal(message_duration(m->period, 0), 2500 * CLOCK_MILLISECOND);
}

static void a_heartbeat_without_its_session_is_refused(void **state)
{
    struct fixture *f = *state;
    char text[256];
    begin(f, 0);
    assert_int_equal(heartbeat(f, SITE_NODE, text), ERR_NOT_FOUND);
    assert_string_equal(text, "node not registered");
    open_session(f);
    assert_int_equal(heartbeat(f, SITE_NODE, text), ERR_INVALID_ARGUMENT);
    assert_string_equal(text, "session invalid");
    assert_int_equal(heartbeat(f, "", text), ERR_INVALID_ARGUMENT);
}

static void another_nodes_session_is_no_ones(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    begin(f, 0);
    call_heartbeat(f->site.other_node, open_session(f), &c);
    assert_int_equal(site_wait_end(&f->site, &c), ERR_NOT_FOUND);
}

static void a_silent_node_is_down_and_its_streams_end(void **state)
{
    struct fixture *f = *state;
    char text[256], id[OBJECT_ID_SIZE];
    begin(f, SHORT_PERIOD);
    strcpy_cut(id, sizeof(id), open_session(f));
    call_assignments(f, id);
    assert_int_equal(site_wait_end(&f->site, &f->session), ERR_ABORTED);
    assert_int_equal(site_wait_end(&f->site, &f->assignments), ERR_ABORTED);
    SITE_UNTIL(&f->site, node_status(f)->state == SWARM__NODE_STATUS__STATE__DOWN);
    assert_string_equal(node_status(f)->message, "heartbeat failure");
    assert_int_equal(heartbeat(f, id, text), ERR_NOT_FOUND);
    /* It may come back, with the session it knows. */
    site_call_deinit(&f->session);
    site_call_deinit(&f->assignments);
    call_session(f, f->site.node, id, &f->session);
    session_message(f, &f->session, 0);
    assert_int_equal(node_status(f)->state, SWARM__NODE_STATUS__STATE__READY);
    assert_string_equal(node_status(f)->message, "");
}

static void a_node_that_is_down_is_so_even_when_the_disk_was_full(void **state)
{
    struct fixture *f = *state;
    begin(f, SHORT_PERIOD);
    open_session(f);
    f->site.memory.fail_with = ERR_RESOURCE_EXHAUSTED;
    site_wait_end(&f->site, &f->session);
    unsigned before = f->site.memory.commits;
    SITE_UNTIL(&f->site, f->site.memory.commits > before);
    SITE_UNTIL(&f->site, !f->site.memory.is_busy);
    assert_int_equal(node_status(f)->state, SWARM__NODE_STATUS__STATE__READY);
    f->site.memory.fail_with = 0;
    SITE_UNTIL(&f->site, node_status(f)->state == SWARM__NODE_STATUS__STATE__DOWN);
}

static void a_lost_stream_is_only_suspicion(void **state)
{
    struct fixture *f = *state;
    char text[256], id[OBJECT_ID_SIZE];
    begin(f, 0);
    strcpy_cut(id, sizeof(id), open_session(f));
    call_assignments(f, id);
    assignments(f, 0);
    rpc_call_cancel(TAKE(f->session.call));
    rpc_call_cancel(TAKE(f->assignments.call));
    site_settle(&f->site);
    assert_int_equal(node_status(f)->state, SWARM__NODE_STATUS__STATE__READY);
    assert_int_equal(heartbeat(f, id, text), 0);
    site_add_service(&f->site, "web", NULL);
}

static void a_new_manager_waits_for_the_nodes_it_knows(void **state)
{
    struct fixture *f = *state;
    site_add_cluster(&f->site, SHORT_PERIOD);
    site_add_node(&f->site, SITE_NODE, SWARM__NODE_STATUS__STATE__READY);
    start_dispatcher(f);
    SITE_UNTIL(&f->site, node_status(f)->state == SWARM__NODE_STATUS__STATE__UNKNOWN);
    SITE_UNTIL(&f->site, node_status(f)->state == SWARM__NODE_STATUS__STATE__DOWN);
}

/* ---- the end ---- */

static void a_removed_nodes_streams_end(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    call_assignments(f, open_session(f));
    assignments(f, 0);
    site_remove(&f->site, OBJECT_NODE, SITE_NODE);
    assert_int_equal(site_wait_end(&f->site, &f->session), ERR_ABORTED);
    assert_int_equal(site_wait_end(&f->site, &f->assignments), ERR_ABORTED);
    assert_string_equal(f->session.text, "the node was removed from the swarm");
}

static void a_node_removed_while_it_registers_is_refused(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    call_session(f, f->site.node, "", &f->session);
    site_remove(&f->site, OBJECT_NODE, SITE_NODE);
    assert_true(site_wait_end(&f->site, &f->session) != 0);
}

static void stopping_ends_all_and_lets_nobody_in(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call again;
    char text[256];
    begin(f, 0);
    call_assignments(f, open_session(f));
    assignments(f, 0);
    dispatcher_stop(f->dispatcher);
    assert_int_equal(site_wait_end(&f->site, &f->session), ERR_UNAVAILABLE);
    assert_int_equal(site_wait_end(&f->site, &f->assignments), ERR_UNAVAILABLE);
    call_session(f, f->site.node, "", &again);
    assert_int_equal(site_wait_end(&f->site, &again), ERR_UNAVAILABLE);
    assert_int_equal(heartbeat(f, SITE_NODE, text), ERR_UNAVAILABLE);
}

static void stopping_while_nodes_register_frees_all(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    call_session(f, f->site.node, "", &f->session);
    unsigned before = f->site.memory.commits;
    SITE_UNTIL(&f->site, f->site.memory.commits > before);
    dispatcher_stop(f->dispatcher);
    assert_int_equal(site_wait_end(&f->site, &f->session), ERR_UNAVAILABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_session_registers_the_node_and_says_where_it_is),
        TEST(a_second_session_ends_the_first),
        TEST(a_session_can_be_taken_up_again),
        TEST(a_node_of_no_swarm_is_refused),
        TEST(a_session_without_a_description_is_refused),
        TEST(a_session_with_too_long_a_description_is_refused),
        TEST(a_registration_that_is_not_saved_ends_the_session),
        TEST(a_change_of_the_node_is_told),
        TEST(a_second_request_on_a_stream_is_ignored),
        TEST(a_heartbeat_is_answered_with_the_period),
        TEST(a_heartbeat_without_its_session_is_refused),
        TEST(another_nodes_session_is_no_ones),
        TEST(a_silent_node_is_down_and_its_streams_end),
        TEST(a_node_that_is_down_is_so_even_when_the_disk_was_full),
        TEST(a_lost_stream_is_only_suspicion),
        TEST(a_new_manager_waits_for_the_nodes_it_knows),
        TEST(a_removed_nodes_streams_end),
        TEST(a_node_removed_while_it_registers_is_refused),
        TEST(stopping_ends_all_and_lets_nobody_in),
        TEST(stopping_while_nodes_register_frees_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
