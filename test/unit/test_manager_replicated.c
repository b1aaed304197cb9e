/* SPDX-License-Identifier: Apache-2.0 */
#include "manager_world.h"

static int setup(void **state)
{
    static struct world w;
    world_open(&w);
    world_add_node(&w, "n1");
    world_add_node(&w, "n2");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static void a_new_service_is_scheduled_in_its_own_transaction(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 3));
    assert_string_equal(world_show(w, "web"), "1 running assigned n1\n"
                                              "2 running assigned n2\n"
                                              "3 running assigned n1\n");
    const Swarm__Task *t = world_task(w, "web", 1);
    assert_string_equal(t->status->message, "scheduler assigned task to node");
    assert_string_equal(t->status->err, "");
    assert_string_equal(t->service_annotations->name, "web");
    assert_int_equal(t->spec_version->index, 0);
    assert_true(object_id_is_valid(t->id));
    assert_string_equal(world_update_status(w, "web"), "-");
    assert_true(manager_deadline(w->manager) == CLOCK_NEVER);
}

static void a_task_is_in_the_network_of_its_spec(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    Swarm__NetworkAttachmentConfig *config =
        world_new(&swarm__network_attachment_config__descriptor);
    fixture_set(&config->target, "none");
    assert_int_equal(
        message_append(&spec->task->n_networks, &spec->task->networks, config), 0);
    world_create(w, spec);
    const Swarm__Task *t = world_task(w, "web", 1);
    assert_int_equal(t->n_networks, 1);
    const Swarm__Network *network = t->networks[0]->network;
    assert_string_equal(network->id, "none");
    assert_string_equal(network->spec->annotations->name, "none");
    assert_string_equal(network->spec->driver_config->name, "null");
}

static void scaling_up_fills_the_lowest_numbers(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    world_obey(w, "web");
    world_scale(w, "web", 3);
    assert_string_equal(world_show(w, "web"), "1 running running n1\n"
                                              "2 running assigned n2\n"
                                              "3 running assigned n1\n");
    assert_string_equal(world_update_status(w, "web"), "-");
}

static void scaling_down_leaves_the_nodes_balanced(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 4)); /* 1, 3 on n1; 2, 4 on n2 */
    world_obey(w, "web");
    world_scale(w, "web", 2);
    assert_string_equal(world_show(w, "web"), "1 running running n1\n"
                                              "2 running running n2\n"
                                              "3 remove running n1\n"
                                              "4 remove running n2\n");
    world_obey(w, "web");
    assert_string_equal(world_show(w, "web"), "1 running running n1\n"
                                              "2 running running n2\n");
}

static void scaling_down_prefers_to_keep_what_runs(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 2));
    world_run(w, "web", 2);
    world_scale(w, "web", 1);
    assert_string_equal(world_show(w, "web"), "1 remove assigned n1\n"
                                              "2 running running n2\n");
}

static void a_number_that_was_given_up_is_used_again(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 2));
    world_run(w, "web", 2);
    world_scale(w, "web", 1);
    world_obey(w, "web");
    world_scale(w, "web", 2);
    assert_string_equal(world_show(w, "web"), "1 running assigned n1\n"
                                              "2 running running n2\n");
}

static void no_replicas_are_no_tasks(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 0));
    assert_string_equal(world_show(w, "web"), "");
}

static void tasks_of_a_removed_service_wait_for_their_nodes(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 2));
    world_run(w, "web", 1);
    world_remove(w, OBJECT_SERVICE, "web");
    assert_null(world_service(w, "web"));
    assert_string_equal(world_show(w, "web"), "1 remove running n1\n"
                                              "2 remove assigned n2\n");
    world_obey(w, "web");
    assert_string_equal(world_show(w, "web"), "");
}

static void tasks_without_a_node_go_with_their_service_at_once(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = world_spec("web", 2);
    world_constraint(spec, "node.labels.disk==ssd");
    world_create(w, spec);
    assert_string_equal(world_show(w, "web"), "1 running pending -\n"
                                              "2 running pending -\n");
    world_remove(w, OBJECT_SERVICE, "web");
    assert_string_equal(world_show(w, "web"), "");
}

static void a_drained_node_is_left_without_a_delay(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    world_obey(w, "web");
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__READY,
                   SWARM__NODE_SPEC__AVAILABILITY__DRAIN);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n1\n"
                                              "1 ready assigned n2\n");
    world_obey(w, "web"); /* the old one stops, so the new one may begin */
    assert_string_equal(world_show(w, "web"), "1 shutdown shutdown n1\n"
                                              "1 running ready n2\n");
}

static void a_paused_node_keeps_its_tasks_and_gets_no_new_ones(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 2));
    world_obey(w, "web");
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__READY,
                   SWARM__NODE_SPEC__AVAILABILITY__PAUSE);
    world_scale(w, "web", 3);
    assert_string_equal(world_show(w, "web"), "1 running running n1\n"
                                              "2 running running n2\n"
                                              "3 running assigned n2\n");
}

static void tasks_of_a_node_that_is_down_run_elsewhere_after_the_delay(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    world_obey(w, "web");
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__DOWN,
                   SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n1\n"
                                              "1 ready assigned n2\n");
    world_wait(w, 5 * CLOCK_SECOND);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n1\n"
                                              "1 running assigned n2\n");
}

static void a_node_whose_state_is_unknown_keeps_its_tasks(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    world_obey(w, "web");
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__UNKNOWN,
                   SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__DISCONNECTED,
                   SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    assert_string_equal(world_show(w, "web"), "1 running running n1\n");
}

static void tasks_of_a_node_that_is_down_for_a_day_are_orphaned(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    world_obey(w, "web");
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__DOWN,
                   SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    world_wait(w, 24 * CLOCK_HOUR - 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n1\n"
                                              "1 running assigned n2\n");
    world_wait(w, 1);
    assert_string_equal(world_show(w, "web"), "1 shutdown orphaned n1\n"
                                              "1 running assigned n2\n");
}

static void a_node_that_returns_within_the_day_keeps_its_tasks(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    world_obey(w, "web");
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__DOWN,
                   SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    world_wait(w, 10 * CLOCK_SECOND);
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__READY,
                   SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    world_wait(w, 48 * CLOCK_HOUR);
    assert_string_equal(world_show(w, "web"), "1 shutdown running n1\n"
                                              "1 running assigned n2\n");
}

static void many_tasks_are_made_in_several_runs(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 2500));
    assert_int_equal(store_count(store_view(w->store), OBJECT_TASK), 1000);
    assert_true(manager_deadline(w->manager) <= w->now);
    world_wait(w, 0);
    assert_int_equal(store_count(store_view(w->store), OBJECT_TASK), 2500);
    assert_true(manager_deadline(w->manager) == CLOCK_NEVER);
}

static void a_new_manager_goes_on_where_the_old_one_was(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 2));
    world_obey(w, "web");
    world_fail(w, "web", 1);
    manager_reset(w->manager);
    world_begin(w);
    world_commit(w);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n1\n"
                                              "1 ready assigned n1\n"
                                              "2 running running n2\n");
    world_wait(w, 5 * CLOCK_SECOND);
    assert_string_equal(world_show(w, "web"), "1 shutdown failed n1\n"
                                              "1 running assigned n1\n"
                                              "2 running running n2\n");
}

static void running_twice_in_one_transaction_changes_nothing_more(void **state)
{
    struct world *w = *state;
    struct manager_env env = world_env(w);
    const struct store_change *changes;
    world_begin(w);
    assert_int_equal(control_create(w->tx, &env, OBJECT_SERVICE, "web",
                                    world_spec("web", 3), NULL, &w->e),
                     0);
    assert_int_equal(manager_run(w->manager, w->tx, &env, &w->e), 0);
    size_t n = store_tx_changes(w->tx, &changes);
    uint64_t version = store_version(store_tx_view(w->tx));
    assert_int_equal(manager_run(w->manager, w->tx, &env, &w->e), 0);
    assert_int_equal(store_tx_changes(w->tx, &changes), n);
    assert_int_equal(store_version(store_tx_view(w->tx)), version);
    store_apply(w->store, w->tx);
    w->tx = NULL;
    assert_string_equal(world_show(w, "web"), "1 running assigned n1\n"
                                              "2 running assigned n2\n"
                                              "3 running assigned n1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_new_service_is_scheduled_in_its_own_transaction),
        TEST(a_task_is_in_the_network_of_its_spec),
        TEST(scaling_up_fills_the_lowest_numbers),
        TEST(scaling_down_leaves_the_nodes_balanced),
        TEST(scaling_down_prefers_to_keep_what_runs),
        TEST(a_number_that_was_given_up_is_used_again),
        TEST(no_replicas_are_no_tasks),
        TEST(tasks_of_a_removed_service_wait_for_their_nodes),
        TEST(tasks_without_a_node_go_with_their_service_at_once),
        TEST(a_drained_node_is_left_without_a_delay),
        TEST(a_paused_node_keeps_its_tasks_and_gets_no_new_ones),
        TEST(tasks_of_a_node_that_is_down_run_elsewhere_after_the_delay),
        TEST(a_node_whose_state_is_unknown_keeps_its_tasks),
        TEST(tasks_of_a_node_that_is_down_for_a_day_are_orphaned),
        TEST(a_node_that_returns_within_the_day_keeps_its_tasks),
        TEST(many_tasks_are_made_in_several_runs),
        TEST(a_new_manager_goes_on_where_the_old_one_was),
        TEST(running_twice_in_one_transaction_changes_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
