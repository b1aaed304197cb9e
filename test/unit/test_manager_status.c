/* SPDX-License-Identifier: Apache-2.0 */
#include "manager_world.h"

static int setup(void **state)
{
    static struct world w;
    world_open(&w);
    world_add_node(&w, "n1");
    world_create(&w, world_spec("web", 1));
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static Swarm__TaskStatus *status(Swarm__TaskState state)
{
    Swarm__TaskStatus *s = world_new(&swarm__task_status__descriptor);
    s->state = state;
    return s;
}

/* What task_status_report answers, and how many objects it changed. */
static int report(struct world *w, const char *node, const char *task,
                  const Swarm__TaskStatus *s, size_t *changed)
{
    const struct store_change *changes;
    world_begin(w);
    int r = task_status_report(w->tx, node, task, s, w->now, &w->e);
    *changed = store_tx_changes(w->tx, &changes);
    if (!r)
        world_commit(w);
    return r;
}

static const Swarm__Task *task(struct world *w)
{
    return world_task(w, "web", 1);
}

static void a_report_is_taken_with_the_time(void **state)
{
    struct world *w = *state;
    cleanup_message Swarm__TaskStatus *s = status(SWARM__TASK_STATE__STARTING);
    size_t changed;
    s->runtime_status_case = SWARM__TASK_STATUS__RUNTIME_STATUS_CONTAINER;
    s->container = world_new(&swarm__container_status__descriptor);
    s->container->pid = 42;
    fixture_set(&s->applied_by, "somebody else");
    assert_int_equal(report(w, "n1", task(w)->id, s, &changed), 0);
    assert_int_equal(changed, 1);
    assert_int_equal(task(w)->status->state, SWARM__TASK_STATE__STARTING);
    assert_int_equal(task(w)->status->container->pid, 42);
    assert_true(message_time(task(w)->status->applied_at, 0) == w->now);
    assert_string_equal(task(w)->status->applied_by, "");
}

static void the_same_report_twice_changes_nothing(void **state)
{
    struct world *w = *state;
    cleanup_message Swarm__TaskStatus *s = status(SWARM__TASK_STATE__RUNNING);
    size_t changed;
    assert_int_equal(report(w, "n1", task(w)->id, s, &changed), 0);
    assert_int_equal(changed, 1);
    w->now += CLOCK_SECOND;
    assert_int_equal(report(w, "n1", task(w)->id, s, &changed), 0);
    assert_int_equal(changed, 0);
}

static void a_state_never_moves_back(void **state)
{
    struct world *w = *state;
    cleanup_message Swarm__TaskStatus *running = status(SWARM__TASK_STATE__RUNNING);
    cleanup_message Swarm__TaskStatus *ready = status(SWARM__TASK_STATE__READY);
    size_t changed;
    assert_int_equal(report(w, "n1", task(w)->id, running, &changed), 0);
    assert_int_equal(report(w, "n1", task(w)->id, ready, &changed), 0);
    assert_int_equal(changed, 0);
    assert_int_equal(task(w)->status->state, SWARM__TASK_STATE__RUNNING);
}

static void an_unknown_task_is_ignored(void **state)
{
    struct world *w = *state;
    cleanup_message Swarm__TaskStatus *s = status(SWARM__TASK_STATE__RUNNING);
    size_t changed;
    assert_int_equal(report(w, "n1", "nosuch", s, &changed), 0);
    assert_int_equal(changed, 0);
}

static void another_nodes_task_is_refused(void **state)
{
    struct world *w = *state;
    cleanup_message Swarm__TaskStatus *s = status(SWARM__TASK_STATE__RUNNING);
    size_t changed;
    world_refused(w, report(w, "n2", task(w)->id, s, &changed), ERR_PERMISSION_DENIED,
                  "cannot update a task not assigned this node");
}

static void only_a_nodes_states_are_taken(void **state)
{
    static const Swarm__TaskState bad[] = {
        SWARM__TASK_STATE__NEW,    SWARM__TASK_STATE__PENDING,
        SWARM__TASK_STATE__REMOVE, SWARM__TASK_STATE__ORPHANED,
        (Swarm__TaskState)555,     (Swarm__TaskState)-1,
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        cleanup_message Swarm__TaskStatus *s = status(bad[i]);
        size_t changed;
        assert_int_equal(report(w, "n1", task(w)->id, s, &changed), ERR_INVALID_ARGUMENT);
        assert_int_equal(changed, 0);
        store_tx_drop(w->tx);
        w->tx = NULL;
    }
}

static void long_texts_are_cut_between_characters(void **state)
{
    struct world *w = *state;
    cleanup_message Swarm__TaskStatus *s = status(SWARM__TASK_STATE__FAILED);
    size_t changed;
    free(s->err == protobuf_c_empty_string ? NULL : s->err);
    s->err = malloc(2 * TASK_STATUS_TEXT_LIMIT);
    assert_non_null(s->err);
    memset(s->err, 'x', 2 * TASK_STATUS_TEXT_LIMIT - 1);
    s->err[2 * TASK_STATUS_TEXT_LIMIT - 1] = '\0';
    memcpy(s->err + TASK_STATUS_TEXT_LIMIT - 2, "\xe2\x82\xac", 3);
    cleanup_free char *id = mem_dup(task(w)->id, strlen(task(w)->id));
    assert_int_equal(report(w, "n1", id, s, &changed), 0);
    const struct object *o = store_get(store_view(w->store), OBJECT_TASK, id);
    assert_int_equal(strlen(o->task->status->err), TASK_STATUS_TEXT_LIMIT - 2);
}

static void too_much_is_refused(void **state)
{
    struct world *w = *state;
    cleanup_message Swarm__TaskStatus *s = status(SWARM__TASK_STATE__RUNNING);
    size_t changed;
    s->port_status = world_new(&swarm__port_status__descriptor);
    for (int i = 0; i <= TASK_STATUS_PORTS_LIMIT; i++)
        assert_int_equal(message_append(&s->port_status->n_ports, &s->port_status->ports,
                                        world_new(&swarm__port_config__descriptor)),
                         0);
    assert_int_equal(report(w, "n1", task(w)->id, s, &changed), ERR_INVALID_ARGUMENT);
    store_tx_drop(w->tx);
    w->tx = NULL;
}

/* Whatever it is that a node makes long, it isn't kept. */
static void a_large_status_is_refused(void **state)
{
    struct world *w = *state;
    cleanup_message Swarm__TaskStatus *s = status(SWARM__TASK_STATE__RUNNING);
    size_t changed;
    Swarm__PortConfig *port = world_new(&swarm__port_config__descriptor);
    s->port_status = world_new(&swarm__port_status__descriptor);
    assert_int_equal(
        message_append(&s->port_status->n_ports, &s->port_status->ports, port), 0);
    port->name = malloc(TASK_STATUS_SIZE_LIMIT + 1);
    assert_non_null(port->name);
    memset(port->name, 'p', TASK_STATUS_SIZE_LIMIT);
    port->name[TASK_STATUS_SIZE_LIMIT] = '\0';
    assert_int_equal(report(w, "n1", task(w)->id, s, &changed), ERR_INVALID_ARGUMENT);
    store_tx_drop(w->tx);
    w->tx = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_report_is_taken_with_the_time),
        TEST(the_same_report_twice_changes_nothing),
        TEST(a_state_never_moves_back),
        TEST(an_unknown_task_is_ignored),
        TEST(another_nodes_task_is_refused),
        TEST(only_a_nodes_states_are_taken),
        TEST(long_texts_are_cut_between_characters),
        TEST(too_much_is_refused),
        TEST(a_large_status_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
