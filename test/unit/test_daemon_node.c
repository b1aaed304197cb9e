/* SPDX-License-Identifier: Apache-2.0 */
/* A node's ways: start, init, confirmation, leave. */
#include "node_fixture.h"

#include "agent/agent.h"

/* ---- start ---- */

static void a_fresh_node_becomes_a_swarm_of_one(void **state)
{
    struct fixture *f = *state;
    assert_null(node_cluster(f->node));
    assert_int_equal(start(f), 0);
    assert_non_null(node_cluster(f->node));
    assert_int_equal(node_state(f->node)->membership, NODE_MEMBER);
    assert_true(node_state(f->node)->is_auto);
    assert_string_equal(node_state(f->node)->cluster_id, cluster_of(f)->id);
    assert_true(node_ca_pem(f->node)->len > 0 && node_ca_spki(f->node)->len > 0);
    assert_string_not_equal(node_address(f->node), "");
    assert_int_equal(f->begins, 1);
    close_node(f);
    assert_int_equal(f->ends, 1);
}

static void a_restarted_node_is_who_it_was(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    restart(f);
    assert_int_equal(start(f), 0);
    assert_string_equal(node_state(f->node)->node_id, before.node_id);
    assert_string_equal(node_state(f->node)->cluster_id, before.cluster_id);
    assert_string_equal(node_state(f->node)->manager_addr, before.manager_addr);
}

static void a_node_that_was_cut_off_before_its_note_finds_its_swarm(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    close_node(f);
    assert_int_equal(unlink(path_of(f, "state/node.json")), 0);
    assert_int_equal(open_node(f), 0);
    assert_int_equal(start(f), 0);
    assert_string_equal(node_state(f->node)->node_id, before.node_id);
    assert_true(node_state(f->node)->is_auto);
}

static void without_auto_init_a_fresh_node_waits(void **state)
{
    struct fixture *f = *state;
    f->config.auto_init = false;
    assert_int_equal(start(f), 0);
    assert_null(node_cluster(f->node));
    assert_int_equal(f->begins, 0);
    const struct node_init how = {.advertise_addr = "127.0.0.1:4000"};
    assert_int_equal(init(f, &how), 0);
    assert_non_null(node_cluster(f->node));
    assert_false(node_state(f->node)->is_auto);
    assert_string_equal(node_address(f->node), "127.0.0.1");
}

/* ---- settling ---- */

static void a_start_is_done_when_the_node_has_registered(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    assert_int_equal(self_of(f)->status->state, SWARM__NODE_STATUS__STATE__READY);
    assert_string_equal(self_of(f)->description->hostname, "fake-host");
    restart(f);
    assert_int_equal(start(f), 0);
    assert_int_equal(self_of(f)->status->state, SWARM__NODE_STATUS__STATE__READY);
}

static void an_engine_that_is_away_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    plan = ENGINE_SILENT;
    node_start(f->node, on_done, &f->outcome);
    TURN_UNTIL(f, node_cluster(f->node));
    assert_int_equal(f->outcome.times, 0);
    int64_t before = clock_monotonic();
    fake_engine_up(engine);
    fake_engine_down(engine);
    assert_int_equal(wait_for_outcome(f), 0);
    assert_true(clock_monotonic() - before < NODE_SETTLE_TIMEOUT / 2);
    assert_int_not_equal(self_of(f)->status->state, SWARM__NODE_STATUS__STATE__READY);
}

static void an_engine_that_says_nothing_is_not_waited_for_long(void **state)
{
    struct fixture *f = *state;
    plan = ENGINE_SILENT;
    assert_int_equal(start(f), 0);
    assert_non_null(node_cluster(f->node));
    fake_engine_up(engine);
    TURN_UNTIL(f, self_of(f)->status->state == SWARM__NODE_STATUS__STATE__READY);
}

static void an_end_while_it_settles_is_one(void **state)
{
    struct fixture *f = *state;
    plan = ENGINE_SILENT;
    node_start(f->node, on_done, &f->outcome);
    TURN_UNTIL(f, node_cluster(f->node));
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
    assert_int_equal(f->outcome.code, ERR_CANCELED);
}

/* ---- init ---- */

static void the_settings_say_the_address_that_a_request_leaves_out(void **state)
{
    struct fixture *f = *state;
    char said[] = "127.0.0.7";
    f->config.auto_init = false;
    f->config.advertise_addr = said;
    assert_int_equal(start(f), 0);
    assert_int_equal(init(f, &(struct node_init){.advertise_addr = ""}), 0);
    assert_string_equal(node_state(f->node)->manager_addr, "127.0.0.7:2377");
}

static void an_address_that_is_none_leaves_the_node_outside(void **state)
{
    struct fixture *f = *state;
    f->config.auto_init = false;
    assert_int_equal(start(f), 0);
    const struct node_init how = {.advertise_addr = "nosuch0",
                                  .spec = spec_with_history(3)};
    assert_int_equal(init(f, &how), ERR_INVALID_ARGUMENT);
    assert_null(node_cluster(f->node));
    assert_int_equal(init(f, &(struct node_init){.advertise_addr = "127.0.0.1"}), 0);
}

/* ---- confirmation ---- */

static void a_confirmed_swarm_is_as_asked_and_the_same(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    char token[JOIN_TOKEN_SIZE];
    strcpy_cut(token, sizeof(token), cluster_of(f)->root_ca->join_tokens->worker);
    const struct node_init how = {
        .advertise_addr = "127.0.0.9:2000",
        .availability = SWARM__NODE_SPEC__AVAILABILITY__DRAIN,
        .spec = spec_with_history(3),
    };
    assert_int_equal(confirm(f, &how), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cluster_of(f)->spec->orchestration->task_history_retention_limit,
                         3);
        assert_string_equal(cluster_of(f)->id, before.cluster_id);
        assert_string_equal(cluster_of(f)->root_ca->join_tokens->worker, token);
        assert_string_equal(self_of(f)->id, before.node_id);
        assert_int_equal(self_of(f)->spec->availability,
                         SWARM__NODE_SPEC__AVAILABILITY__DRAIN);
        assert_string_equal(self_of(f)->manager_status->addr, "127.0.0.9:2000");
        assert_string_equal(self_of(f)->status->addr, "127.0.0.9");
        assert_string_equal(node_address(f->node), "127.0.0.9");
        assert_false(node_state(f->node)->is_auto);
        restart(f);
        assert_int_equal(start(f), 0);
    }
}

static void a_confirmation_that_says_no_address_keeps_it(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    assert_int_equal(confirm(f, &(struct node_init){.advertise_addr = ""}), 0);
    assert_string_equal(node_state(f->node)->manager_addr, before.manager_addr);
    assert_string_equal(self_of(f)->manager_status->addr, before.manager_addr);
}

static void assert_unchanged(struct fixture *f, uint64_t version, const char *addr)
{
    const struct store_view *v = store_view(cluster_store(node_cluster(f->node)));
    assert_int_equal(object_version(store_get(v, OBJECT_CLUSTER, cluster_of(f)->id)),
                     version);
    assert_int_equal(self_of(f)->spec->availability,
                     SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    assert_string_equal(node_state(f->node)->manager_addr, addr);
    assert_true(node_state(f->node)->is_auto);
}

static void a_confirmation_with_a_bad_value_changes_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    const struct store_view *v = store_view(cluster_store(node_cluster(f->node)));
    uint64_t version = object_version(store_get(v, OBJECT_CLUSTER, before.cluster_id));
    struct node_init how = {.advertise_addr = "nosuch0",
                            .availability = SWARM__NODE_SPEC__AVAILABILITY__PAUSE,
                            .spec = spec_with_history(3)};
    assert_int_equal(confirm(f, &how), ERR_INVALID_ARGUMENT);
    assert_unchanged(f, version, before.manager_addr);
    how.advertise_addr = "127.0.0.1";
    how.spec = spec_with_history(3);
    assert_int_equal(
        message_set_duration(&how.spec->ca_config->node_cert_expiry, CLOCK_MINUTE), 0);
    assert_int_equal(confirm(f, &how), ERR_INVALID_ARGUMENT);
    assert_unchanged(f, version, before.manager_addr);
}

/* ---- leave ---- */

static void a_node_that_left_stays_out_and_keeps_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    assert_int_equal(leave(f), 0);
    assert_null(node_cluster(f->node));
    assert_int_equal(f->ends, 1);
    assert_int_equal(node_ca_pem(f->node)->len, 0);
    assert_int_equal(access(path_of(f, "state/swarm/store.db"), F_OK), -1);
    assert_int_equal(access(path_of(f, "state/swarm/keys"), F_OK), -1);
    restart(f);
    assert_int_equal(start(f), 0);
    assert_null(node_cluster(f->node));
    assert_int_equal(init(f, &(struct node_init){.advertise_addr = "127.0.0.1"}), 0);
    assert_int_equal(f->begins, 2);
}

/* The engine went before it could be asked what it has. */
static void start_without_engine(struct fixture *f)
{
    plan = ENGINE_SILENT;
    node_start(f->node, on_done, &f->outcome);
    TURN_UNTIL(f, node_cluster(f->node));
    fake_engine_up(engine);
    fake_engine_down(engine);
    assert_int_equal(wait_for_outcome(f), 0);
}

static void leave_without_engine(struct fixture *f)
{
    f->outcome = (struct outcome){0};
    node_leave_swarm(f->node, on_done, &f->outcome);
    assert_null(node_cluster(f->node));
    assert_int_equal(f->ends, 1);
    assert_int_equal(wait_for_outcome(f), 0);
}

static void a_leave_does_not_wait_for_an_engine_that_is_away(void **state)
{
    struct fixture *f = *state;
    char id[OBJECT_ID_SIZE], name[64];
    start_without_engine(f);
    strcpy_cut(id, sizeof(id), node_state(f->node)->node_id);
    snprintf(name, sizeof(name), "web.1.%s", id);
    leave_without_engine(f);
    assert_int_equal(node_state(f->node)->membership, NODE_LEFT);
    assert_string_equal(node_state(f->node)->former[0], id);
    restart(f);
    assert_int_equal(start(f), 0);
    struct fake_engine *left = engine;
    assert_non_null(fake_engine_add(left, name, id, id, true));
    plan = ENGINE_UP;
    assert_int_equal(init(f, &(struct node_init){.advertise_addr = "127.0.0.1"}), 0);
    assert_string_equal(node_state(f->node)->former[0], id);
    fake_engine_up(left);
    TURN_UNTIL(f, !*node_state(f->node)->former[0]);
    assert_int_equal(fake_engine_containers(left), 0);
    restart(f);
    assert_int_equal(start(f), 0);
    assert_string_equal(node_state(f->node)->former[0], "");
}

/* ---- cancel ---- */

/* Its time would be over only after AGENT_ENGINE_PATIENCE. */
static void a_leave_is_canceled_and_the_node_is_still_a_member(void **state)
{
    struct fixture *f = *state;
    char id[OBJECT_ID_SIZE];
    start_without_engine(f);
    strcpy_cut(id, sizeof(id), node_state(f->node)->node_id);
    f->outcome = (struct outcome){0};
    node_leave_swarm(f->node, on_done, &f->outcome);
    uint64_t before = uv_now(&f->loop);
    node_cancel(f->node);
    TURN_UNTIL(f, f->outcome.times);
    assert_int_equal(f->outcome.code, ERR_CANCELED);
    assert_true(uv_now(&f->loop) - before < AGENT_ENGINE_PATIENCE / CLOCK_MILLISECOND);
    assert_true(node_is_busy(f->node));
    restart(f);
    assert_int_equal(f->outcome.times, 0);
    plan = ENGINE_UP;
    assert_int_equal(start(f), 0);
    assert_string_equal(node_state(f->node)->node_id, id);
    assert_non_null(node_cluster(f->node));
}

static void an_init_that_has_to_settle_only_is_done_at_once(void **state)
{
    struct fixture *f = *state;
    plan = ENGINE_SILENT;
    node_start(f->node, on_done, &f->outcome);
    TURN_UNTIL(f, node_cluster(f->node));
    uint64_t before = uv_now(&f->loop);
    node_cancel(f->node);
    TURN_UNTIL(f, f->outcome.times);
    assert_int_equal(f->outcome.code, 0);
    assert_true(uv_now(&f->loop) - before < NODE_SETTLE_TIMEOUT / CLOCK_MILLISECOND);
    assert_non_null(node_cluster(f->node));
}

static void an_init_is_canceled_before_it_serves(void **state)
{
    struct fixture *f = *state;
    node_start(f->node, on_done, &f->outcome);
    assert_null(node_cluster(f->node));
    node_cancel(f->node);
    TURN_UNTIL(f, f->outcome.times);
    assert_int_equal(f->outcome.code, ERR_CANCELED);
    assert_null(node_cluster(f->node));
    restart(f);
    assert_int_equal(start(f), 0);
}

static void a_cancel_lets_a_swarm_be(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    node_cancel(f->node);
    assert_non_null(node_cluster(f->node));
    assert_int_equal(f->ends, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_node_becomes_a_swarm_of_one),
        TEST(a_restarted_node_is_who_it_was),
        TEST(a_node_that_was_cut_off_before_its_note_finds_its_swarm),
        TEST(without_auto_init_a_fresh_node_waits),
        TEST(a_start_is_done_when_the_node_has_registered),
        TEST(an_engine_that_is_away_is_not_waited_for),
        TEST(an_engine_that_says_nothing_is_not_waited_for_long),
        TEST(an_end_while_it_settles_is_one),
        TEST(the_settings_say_the_address_that_a_request_leaves_out),
        TEST(an_address_that_is_none_leaves_the_node_outside),
        TEST(a_confirmed_swarm_is_as_asked_and_the_same),
        TEST(a_confirmation_that_says_no_address_keeps_it),
        TEST(a_confirmation_with_a_bad_value_changes_nothing),
        TEST(a_node_that_left_stays_out_and_keeps_nothing),
        TEST(a_leave_does_not_wait_for_an_engine_that_is_away),
        TEST(a_leave_is_canceled_and_the_node_is_still_a_member),
        TEST(an_init_that_has_to_settle_only_is_done_at_once),
        TEST(an_init_is_canceled_before_it_serves),
        TEST(a_cancel_lets_a_swarm_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
