/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatcher_fixture.h"

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

static void a_payload_that_cant_be_opened_is_left_out(void **state)
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
    const Swarm__AssignmentsMessage *m = assignments(f, 0);
    assert_non_null(change(m, SWARM__ASSIGNMENT__ITEM_TASK, UPDATE));
    assert_null(change(m, SWARM__ASSIGNMENT__ITEM_SECRET, UPDATE));
}

#define LARGE_SIZE 500000
#define LARGE_COUNT (RPC_LOCAL_BYTES_MAX / LARGE_SIZE + 20)

/* A service with so many large secrets. LARGE_COUNT are more than may be on their way to
 * a node at once. */
static void add_large_service(struct fixture *f, size_t count)
{
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    cleanup_free char *value = malloc(LARGE_SIZE + 1);
    assert_non_null(value);
    memset(value, 'v', LARGE_SIZE);
    value[LARGE_SIZE] = '\0';
    for (size_t i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof(id), "key-%zu", i);
        site_add_secret(&f->site, id, value);
        world_use_secret(spec, id, id);
    }
    struct site_spec q = {OBJECT_SERVICE, "web", spec};
    assert_int_equal(site_propose(&f->site, site_run_control, &q), 0);
}

static void more_secrets_than_a_channel_takes_at_once_arrive_in_order(void **state)
{
    struct fixture *f = *state;
    size_t n = 0, i = 0;
    begin(f, 0);
    const char *id = open_session(f);
    add_large_service(f, LARGE_COUNT);
    call_assignments(f, id);
    while (!change(assignments(f, i), SWARM__ASSIGNMENT__ITEM_TASK, UPDATE))
        n += assignments(f, i++)->n_changes;
    assert_true(i > 4);
    n += assignments(f, i)->n_changes;
    assert_int_equal(n, LARGE_COUNT + 1);
    assert_false(f->assignments.is_ended);
}

static void a_stream_that_ends_is_told_no_more(void **state)
{
    struct fixture *f = *state;
    begin(f, 0);
    const char *id = open_session(f);
    add_large_service(f, 3 * ASSIGNMENTS_MESSAGE_SIZE / LARGE_SIZE);
    call_assignments(f, id);
    assignments(f, 0);
    rpc_call_cancel(TAKE(f->assignments.call));
    site_settle(&f->site);
    assert_true(f->assignments.n < 3);
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

static void add_update(Swarm__UpdateTaskStatusRequest *q, const char *task,
                       Swarm__TaskState state)
{
    Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *u =
        world_new(&swarm__update_task_status_request__task_status_update__descriptor);
    fixture_set(&u->task_id, task);
    u->status = world_new(&swarm__task_status__descriptor);
    u->status->state = state;
    assert_int_equal(message_append(&q->n_updates, &q->updates, u), 0);
}

static void a_refused_update_does_not_hold_up_the_others(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    cleanup_message Swarm__UpdateTaskStatusRequest *q =
        world_new(&swarm__update_task_status_request__descriptor);
    const char *id, *task = begin_with_task(f, &id);
    fixture_set(&q->session_id, id);
    add_update(q, task, SWARM__TASK_STATE__NEW);
    add_update(q, "nosuch", SWARM__TASK_STATE__RUNNING);
    add_update(q, task, SWARM__TASK_STATE__RUNNING);
    site_call(f->site.node, &node_protocol_update_task_status, &q->base, &c);
    assert_int_equal(site_wait_end(&f->site, &c), ERR_INVALID_ARGUMENT);
    assert_int_equal(site_task(&f->site, "web")->status->state,
                     SWARM__TASK_STATE__RUNNING);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_node_gets_its_tasks_and_only_their_secrets_opened),
        TEST(what_is_new_is_told_by_increments),
        TEST(a_secret_goes_when_its_task_is_over),
        TEST(a_payload_that_cant_be_opened_is_left_out),
        TEST(more_secrets_than_a_channel_takes_at_once_arrive_in_order),
        TEST(a_stream_that_ends_is_told_no_more),
        TEST(a_second_stream_of_assignments_ends_the_first),
        TEST(assignments_need_a_session),
        TEST(a_report_is_durable_before_it_is_answered),
        TEST(a_report_that_is_not_saved_is_an_error),
        TEST(another_nodes_task_is_not_to_be_reported),
        TEST(a_report_without_a_status_is_refused),
        TEST(a_refused_update_does_not_hold_up_the_others),
        TEST(a_report_counts_even_when_its_caller_is_gone),
        TEST(two_reports_in_one_call_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
