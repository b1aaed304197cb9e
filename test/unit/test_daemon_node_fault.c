/* SPDX-License-Identifier: Apache-2.0 */
/* What fails on a node's ways, what is cut short, and memory that runs out. */
#include "node_fixture.h"

/* ---- what fails ---- */

static void what_node_json_does_not_say_stops_the_start(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(file_replace(path_of(f, "state/node.json"), 0600, "{", 1, &f->err),
                     0);
    assert_int_equal(start(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->outcome.text, "node.json"));
    assert_null(node_cluster(f->node));
}

static void a_member_without_its_store_does_not_begin_anew(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    close_node(f);
    assert_int_equal(cluster_remove_files(path_of(f, "state/swarm"), &f->err), 0);
    assert_int_equal(open_node(f), 0);
    assert_int_equal(start(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->outcome.text, "has lost its contents"));
}

static void a_store_of_another_swarm_is_not_taken(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state other = *node_state(f->node);
    close_node(f);
    other.cluster_id[0] = other.cluster_id[0] == 'a' ? 'b' : 'a';
    assert_int_equal(node_state_save(path_of(f, "state/node.json"), &other, &f->err), 0);
    assert_int_equal(open_node(f), 0);
    assert_int_equal(start(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->outcome.text, "is of another swarm"));
}

static void files_that_cant_be_made_are_told(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(file_replace(path_of(f, "state/swarm"), 0600, "", 0, &f->err), 0);
    assert_int_not_equal(start(f), 0);
    assert_non_null(strstr(f->outcome.text, "swarm"));
    assert_int_equal(unlink(path_of(f, "state/swarm")), 0);
    assert_int_equal(start(f), 0);
}

static void without_an_engine_or_a_place_for_secrets_nothing_stays_open(void **state)
{
    struct fixture *f = *state;
    plan = ENGINE_REFUSED;
    assert_int_equal(start(f), ERR_IO);
    assert_string_equal(f->outcome.text, "no engine today");
    assert_null(node_cluster(f->node));
    plan = ENGINE_UP;
    assert_int_equal(file_replace(path_of(f, "run/secrets"), 0600, "", 0, &f->err), 0);
    assert_int_not_equal(start(f), 0);
    assert_null(node_cluster(f->node));
    assert_int_equal(unlink(path_of(f, "run/secrets")), 0);
    assert_int_equal(start(f), 0);
    assert_int_equal(f->begins, 1);
}

/* ---- notes that can't be written, or come too early ---- */

static void a_node_that_could_not_begin_is_no_member(void **state)
{
    struct fixture *f = *state;
    plan = ENGINE_REFUSED;
    f->config.auto_init = false;
    assert_int_equal(start(f), 0);
    assert_int_equal(init(f, &(struct node_init){.advertise_addr = "127.0.0.1"}), ERR_IO);
    assert_int_equal(node_state(f->node)->membership, NODE_FRESH);
    restart(f);
    assert_int_equal(start(f), 0);
    assert_null(node_cluster(f->node));
    plan = ENGINE_UP;
    assert_int_equal(init(f, &(struct node_init){.advertise_addr = "127.0.0.1"}), 0);
}

/* Renames can't replace a folder. */
static void a_confirmation_that_cannot_be_noted_can_be_asked_for_again(void **state)
{
    struct fixture *f = *state;
    char kept[128];
    const struct node_init how = {.advertise_addr = "127.0.0.9:2000"};
    assert_int_equal(start(f), 0);
    strcpy_cut(kept, sizeof(kept), path_of(f, "state/kept"));
    assert_int_equal(rename(path_of(f, "state/node.json"), kept), 0);
    assert_int_equal(mkdir(path_of(f, "state/node.json"), 0700), 0);
    assert_int_not_equal(confirm(f, &how), 0);
    assert_true(node_state(f->node)->is_auto);
    assert_int_equal(rmdir(path_of(f, "state/node.json")), 0);
    assert_int_equal(rename(kept, path_of(f, "state/node.json")), 0);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(self_of(f)->manager_status->addr, "127.0.0.9:2000");
        assert_string_equal(node_state(f->node)->manager_addr, "127.0.0.9:2000");
        restart(f);
        assert_int_equal(start(f), 0);
    }
    assert_int_equal(confirm(f, &how), 0);
    assert_false(node_state(f->node)->is_auto);
}

/* ---- the end ---- */

static void a_request_under_way_hears_of_the_end(void **state)
{
    struct fixture *f = *state;
    node_start(f->node, on_done, &f->outcome);
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
    assert_int_equal(f->outcome.code, ERR_CANCELED);
    assert_int_equal(open_node(f), 0);
    assert_int_equal(start(f), 0);
    f->outcome = (struct outcome){0};
    fake_engine_down(engine);
    node_leave_swarm(f->node, on_done, &f->outcome);
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
}

static void a_confirmation_under_way_hears_of_the_end(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    f->outcome = (struct outcome){0};
    node_confirm_swarm(f->node, &(struct node_init){.advertise_addr = ""}, on_done,
                       &f->outcome);
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
}

static void an_outcome_that_is_known_comes_before_the_end(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(file_replace(path_of(f, "state/node.json"), 0600, "{", 1, &f->err),
                     0);
    node_start(f->node, on_done, &f->outcome);
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
    assert_int_equal(f->outcome.code, ERR_DATA_LOSS);
}

/* ---- memory ---- */

/* One life with its n-th allocation failing: start, confirmation, leave. What fails is
 * told once and for want of memory; then the node is as able as before. */
static bool live_without_memory(struct fixture *f, size_t n)
{
    fault_malloc_at(n);
    if (!open_node(f)) {
        if (!start(f) && !confirm(f, &(struct node_init){.advertise_addr = "127.0.0.1"}))
            (void)!leave(f);
        assert_true(f->outcome.code == 0 || fault_malloc_has_failed());
        close_node(f);
    }
    bool has_failed = fault_malloc_has_failed();
    fault_malloc_at(0);
    remove_all_files(f);
    return has_failed;
}

static void memory_that_runs_out_is_told_and_leaks_nothing(void **state)
{
    struct fixture *f = *state;
    size_t n = 1;
    close_node(f);
    while (live_without_memory(f, n))
        n++;
    assert_true(n > 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_node_json_does_not_say_stops_the_start),
        TEST(a_member_without_its_store_does_not_begin_anew),
        TEST(a_store_of_another_swarm_is_not_taken),
        TEST(files_that_cant_be_made_are_told),
        TEST(without_an_engine_or_a_place_for_secrets_nothing_stays_open),
        TEST(a_node_that_could_not_begin_is_no_member),
        TEST(a_confirmation_that_cannot_be_noted_can_be_asked_for_again),
        TEST(a_request_under_way_hears_of_the_end),
        TEST(a_confirmation_under_way_hears_of_the_end),
        TEST(an_outcome_that_is_known_comes_before_the_end),
        TEST(memory_that_runs_out_is_told_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
