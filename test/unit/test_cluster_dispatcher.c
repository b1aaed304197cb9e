/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_fixture.h"

#include "cluster/dispatcher.h"
#include "swarm/dispatcher.pb-c.h"

#define MANAGER_ADDR "10.0.0.1:2377"

/* Short enough to wait for in a test. */
#define SHORT_PERIOD (10 * CLOCK_MILLISECOND)

struct fixture {
    struct site site;
    struct dispatcher *dispatcher;
    struct site_call session, assignments; /* of SITE_NODE */
};

static void start_dispatcher(struct fixture *f)
{
    struct dispatcher_config config = {
        .loop = &f->site.loop,
        .store = f->site.store,
        .proposer = f->site.proposer,
        .keys = f->site.keys,
        .server = f->site.server,
        .manager_addr = MANAGER_ADDR,
    };
    assert_int_equal(dispatcher_new(&config, &f->dispatcher, &f->site.err), 0);
}

/* A cluster with one node that never was here yet. */
static void begin(struct fixture *f, int64_t heartbeat_period)
{
    site_add_cluster(&f->site, heartbeat_period);
    site_add_node(&f->site, SITE_NODE, SWARM__NODE_STATUS__STATE__DOWN);
    start_dispatcher(f);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    site_open(&f->site);
    *state = f;
    return 0;
}

/* In the order of cluster.c. */
static int tear_down(void **state)
{
    struct fixture *f = *state;
    site_call_deinit(&f->session);
    site_call_deinit(&f->assignments);
    site_settle(&f->site);
    if (f->dispatcher) {
        dispatcher_stop(f->dispatcher);
        site_close_proposer(&f->site);
        f->site.is_closed = false;
        dispatcher_free(f->dispatcher, site_on_closed, &f->site);
        SITE_UNTIL(&f->site, f->site.is_closed);
    }
    site_close(&f->site);
    free(f);
    return 0;
}

/* ---- what a node says ---- */

static void call_session(struct fixture *f, struct rpc_channel *channel,
                         const char *session_id, struct site_call *c)
{
    cleanup_message Swarm__SessionRequest *q =
        world_new(&swarm__session_request__descriptor);
    q->description = world_new(&swarm__node_description__descriptor);
    fixture_set(&q->description->hostname, "host");
    fixture_set(&q->session_id, session_id);
    site_call(channel, &node_protocol_session, &q->base, c);
}

static const Swarm__SessionMessage *session_message(struct fixture *f,
                                                    struct site_call *c, size_t i)
{
    return (const Swarm__SessionMessage *)site_wait_message(&f->site, c, i);
}

/* Registers SITE_NODE. */
static const char *open_session(struct fixture *f)
{
    call_session(f, f->site.node, "", &f->session);
    return session_message(f, &f->session, 0)->session_id;
}

static void call_heartbeat(struct rpc_channel *channel, const char *session_id,
                           struct site_call *c)
{
    Swarm__HeartbeatRequest q = SWARM__HEARTBEAT_REQUEST__INIT;
    q.session_id = (char *)(uintptr_t)session_id;
    site_call(channel, &node_protocol_heartbeat, &q.base, c);
}

static int heartbeat(struct fixture *f, const char *session_id, char text[256])
{
    cleanup_call struct site_call c;
    call_heartbeat(f->site.node, session_id, &c);
    int r = site_wait_end(&f->site, &c);
    strcpy_cut(text, 256, c.text);
    return r;
}

static void call_assignments(struct fixture *f, const char *session_id)
{
    Swarm__AssignmentsRequest q = SWARM__ASSIGNMENTS_REQUEST__INIT;
    q.session_id = (char *)(uintptr_t)session_id;
    site_call(f->site.node, &node_protocol_assignments, &q.base, &f->assignments);
}

static const Swarm__AssignmentsMessage *assignments(struct fixture *f, size_t i)
{
    return (const Swarm__AssignmentsMessage *)site_wait_message(&f->site, &f->assignments,
                                                                i);
}

static void call_report(struct rpc_channel *channel, const char *session_id,
                        const char *task_id, Swarm__TaskState state, struct site_call *c)
{
    cleanup_message Swarm__UpdateTaskStatusRequest *q =
        world_new(&swarm__update_task_status_request__descriptor);
    Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *u =
        world_new(&swarm__update_task_status_request__task_status_update__descriptor);
    fixture_set(&q->session_id, session_id);
    fixture_set(&u->task_id, task_id);
    u->status = world_new(&swarm__task_status__descriptor);
    u->status->state = state;
    assert_int_equal(message_append(&q->n_updates, &q->updates, u), 0);
    site_call(channel, &node_protocol_update_task_status, &q->base, c);
}

static const Swarm__NodeStatus *node_status(const struct fixture *f)
{
    return site_get(&f->site, OBJECT_NODE, SITE_NODE)->node->status;
}

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

/* ---- assignments ---- */

static const Swarm__Assignment *change(const Swarm__AssignmentsMessage *m,
                                       Swarm__Assignment__ItemCase item,
                                       Swarm__AssignmentChange__AssignmentAction action)
{
    for (size_t i = 0; i < m->n_changes; i++)
        if (m->changes[i]->assignment->item_case == item &&
            m->changes[i]->action == action)
            return m->changes[i]->assignment;
    return NULL;
}

#define UPDATE SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__UPDATE
#define REMOVE SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__REMOVE

static void assert_secret(const Swarm__AssignmentsMessage *m, const char *id,
                          const char *value)
{
    const Swarm__Assignment *a = change(m, SWARM__ASSIGNMENT__ITEM_SECRET, UPDATE);
    assert_non_null(a);
    assert_string_equal(a->secret->id, id);
    assert_int_equal(a->secret->spec->data.len, strlen(value));
    assert_memory_equal(a->secret->spec->data.data, value, strlen(value));
}

static void a_node_gets_its_tasks_and_only_their_secrets_opened(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    const char *id = open_session(f);
    site_add_secret(&f->site, "mine", "my value");
    site_add_secret(&f->site, "not-mine", "another value");
    site_add_service(&f->site, "web", "mine");
    call_assignments(f, id);
    const Swarm__AssignmentsMessage *m = assignments(f, 0);
    assert_int_equal(m->type, SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE);
    assert_int_equal(m->n_changes, 2);
    assert_string_equal(change(m, SWARM__ASSIGNMENT__ITEM_TASK, UPDATE)->task->service_id,
                        "web");
    assert_secret(m, "mine", "my value");
    const ProtobufCBinaryData *stored =
        &site_get(&f->site, OBJECT_SECRET, "mine")->secret->spec->data;
    assert_true(keyring_is_current(f->site.keys, stored->data, stored->len));
}

static void what_is_new_is_told_by_increments(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    call_assignments(f, open_session(f));
    assert_int_equal(assignments(f, 0)->n_changes, 0);
    site_add_secret(&f->site, "key", "value");
    site_add_service(&f->site, "web", "key");
    const Swarm__AssignmentsMessage *m = assignments(f, 1);
    assert_int_equal(m->type, SWARM__ASSIGNMENTS_MESSAGE__TYPE__INCREMENTAL);
    assert_string_equal(m->applies_to, assignments(f, 0)->results_in);
    assert_int_equal(m->n_changes, 2);
    assert_secret(m, "key", "value");
    /* Nothing of a service for another node. */
    site_add_secret(&f->site, "unused", "value");
    site_settle(&f->site);
    assert_int_equal(f->assignments.n, 2);
}

static void a_secret_goes_when_its_task_is_over(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    char task[OBJECT_ID_SIZE];
    begin(f, 0);
    const char *id = open_session(f);
    call_assignments(f, id);
    site_add_secret(&f->site, "key", "value");
    site_add_service(&f->site, "web", "key");
    assignments(f, 1);
    strcpy_cut(task, sizeof(task), site_task(&f->site, "web")->id);
    site_remove(&f->site, OBJECT_SERVICE, "web");
    const Swarm__AssignmentsMessage *m = assignments(f, 2);
    assert_null(change(m, SWARM__ASSIGNMENT__ITEM_SECRET, REMOVE));
    call_report(f->site.node, id, task, SWARM__TASK_STATE__SHUTDOWN, &c);
    assert_int_equal(site_wait_end(&f->site, &c), 0);
    m = assignments(f, 3);
    assert_string_equal(change(m, SWARM__ASSIGNMENT__ITEM_SECRET, REMOVE)->secret->id,
                        "key");
    assert_string_equal(change(m, SWARM__ASSIGNMENT__ITEM_TASK, REMOVE)->task->id, task);
}

static void a_payload_that_cant_be_opened_ends_the_stream_without_it(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    const char *id = open_session(f);
    site_add_secret(&f->site, "key", "value");
    struct object *o;
    assert_int_equal(object_copy(site_get(&f->site, OBJECT_SECRET, "key"), &o), 0);
    o->secret->spec->data.data[o->secret->spec->data.len - 1] ^= 1;
    struct store_tx *tx = fixture_begin(f->site.store, 1);
    assert_int_equal(store_tx_update(tx, o, NULL), 0);
    store_apply(f->site.store, tx);
    site_add_service(&f->site, "web", "key");
    call_assignments(f, id);
    assert_int_equal(site_wait_end(&f->site, &f->assignments), ERR_DATA_LOSS);
    assert_int_equal(f->assignments.n, 0);
}

static void a_second_stream_of_assignments_ends_the_first(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call second;
    Swarm__AssignmentsRequest q = SWARM__ASSIGNMENTS_REQUEST__INIT;
    begin(f, 0);
    q.session_id = (char *)(uintptr_t)open_session(f);
    call_assignments(f, q.session_id);
    assignments(f, 0);
    site_call(f->site.node, &node_protocol_assignments, &q.base, &second);
    assert_int_equal(site_wait_end(&f->site, &f->assignments), ERR_ABORTED);
    site_wait_message(&f->site, &second, 0);
    assert_false(second.is_ended);
}

static void assignments_need_a_session(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    call_assignments(f, SITE_NODE);
    assert_int_equal(site_wait_end(&f->site, &f->assignments), ERR_NOT_FOUND);
}

/* ---- reports ---- */

/* A service whose one task is at SITE_NODE. */
static const char *begin_with_task(struct fixture *f, const char **session_id)
{
    begin(f, 0);
    *session_id = open_session(f);
    site_add_service(&f->site, "web", NULL);
    const Swarm__Task *t = site_task(&f->site, "web");
    assert_string_equal(t->node_id, SITE_NODE);
    return t->id;
}

static void a_report_is_durable_before_it_is_answered(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    const char *id, *task = begin_with_task(f, &id);
    unsigned before = f->site.memory.commits;
    call_report(f->site.node, id, task, SWARM__TASK_STATE__RUNNING, &c);
    SITE_UNTIL(&f->site, f->site.memory.commits > before);
    assert_int_equal(c.n, 0);
    assert_false(c.is_ended);
    assert_int_equal(site_wait_end(&f->site, &c), 0);
    assert_int_equal(c.n, 1);
    assert_int_equal(site_task(&f->site, "web")->status->state,
                     SWARM__TASK_STATE__RUNNING);
}

static void a_report_that_is_not_saved_is_an_error(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    const char *id, *task = begin_with_task(f, &id);
    f->site.memory.fail_with = ERR_RESOURCE_EXHAUSTED;
    call_report(f->site.node, id, task, SWARM__TASK_STATE__RUNNING, &c);
    assert_int_equal(site_wait_end(&f->site, &c), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(c.n, 0);
    assert_int_equal(site_task(&f->site, "web")->status->state,
                     SWARM__TASK_STATE__ASSIGNED);
    f->site.memory.fail_with = 0;
}

static void another_nodes_task_is_not_to_be_reported(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call session, c;
    const char *id, *task = begin_with_task(f, &id);
    site_add_node(&f->site, SITE_OTHER_NODE, SWARM__NODE_STATUS__STATE__DOWN);
    call_session(f, f->site.other_node, "", &session);
    call_report(f->site.other_node, session_message(f, &session, 0)->session_id, task,
                SWARM__TASK_STATE__RUNNING, &c);
    assert_int_equal(site_wait_end(&f->site, &c), ERR_PERMISSION_DENIED);
    assert_int_equal(site_task(&f->site, "web")->status->state,
                     SWARM__TASK_STATE__ASSIGNED);
}

static void a_report_without_a_status_is_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    cleanup_message Swarm__UpdateTaskStatusRequest *q =
        world_new(&swarm__update_task_status_request__descriptor);
    Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *u =
        world_new(&swarm__update_task_status_request__task_status_update__descriptor);
    const char *id, *task = begin_with_task(f, &id);
    fixture_set(&q->session_id, id);
    fixture_set(&u->task_id, task);
    assert_int_equal(message_append(&q->n_updates, &q->updates, u), 0);
    site_call(f->site.node, &node_protocol_update_task_status, &q->base, &c);
    assert_int_equal(site_wait_end(&f->site, &c), ERR_INVALID_ARGUMENT);
}

static void a_report_counts_even_when_its_caller_is_gone(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    const char *id, *task = begin_with_task(f, &id);
    unsigned before = f->site.memory.commits;
    call_report(f->site.node, id, task, SWARM__TASK_STATE__RUNNING, &c);
    SITE_UNTIL(&f->site, f->site.memory.commits > before);
    rpc_call_cancel(TAKE(c.call));
    SITE_UNTIL(&f->site,
               site_task(&f->site, "web")->status->state == SWARM__TASK_STATE__RUNNING);
}

static void two_reports_in_one_call_are_one(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    Swarm__UpdateTaskStatusRequest q = SWARM__UPDATE_TASK_STATUS_REQUEST__INIT;
    const char *id, *task = begin_with_task(f, &id);
    call_report(f->site.node, id, task, SWARM__TASK_STATE__RUNNING, &c);
    q.session_id = (char *)(uintptr_t)id;
    assert_int_equal(rpc_call_send(c.call, &q.base, NULL), 0);
    assert_int_equal(site_wait_end(&f->site, &c), 0);
    site_settle(&f->site);
    assert_int_equal(c.n, 1);
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
        TEST(a_node_gets_its_tasks_and_only_their_secrets_opened),
        TEST(what_is_new_is_told_by_increments),
        TEST(a_secret_goes_when_its_task_is_over),
        TEST(a_payload_that_cant_be_opened_ends_the_stream_without_it),
        TEST(a_second_stream_of_assignments_ends_the_first),
        TEST(assignments_need_a_session),
        TEST(a_report_is_durable_before_it_is_answered),
        TEST(a_report_that_is_not_saved_is_an_error),
        TEST(another_nodes_task_is_not_to_be_reported),
        TEST(a_report_without_a_status_is_refused),
        TEST(a_report_counts_even_when_its_caller_is_gone),
        TEST(two_reports_in_one_call_are_one),
        TEST(a_removed_nodes_streams_end),
        TEST(a_node_removed_while_it_registers_is_refused),
        TEST(stopping_ends_all_and_lets_nobody_in),
        TEST(stopping_while_nodes_register_frees_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
