/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out at any moment of a run: the transaction stays as it was, and after
 * a reset the next run does all that the failed one should have done. */
#include "fault_malloc.h"
#include "manager_world.h"

static int setup(void **state)
{
    static struct world w;
    world_open(&w);
    world_add_node(&w, "n1");
    world_add_node(&w, "n2");
    world_add_secret(&w, "s1");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static int run(void *user)
{
    struct world *w = user;
    struct manager_env env = world_env(w);
    const struct store_change *changes;
    size_t before = store_tx_changes(w->tx, &changes);
    int r = manager_run(w->manager, w->tx, &env, &w->e);
    if (!r)
        return 0;
    assert_string_equal(w->e.text, "out of memory");
    assert_int_equal(store_tx_changes(w->tx, &changes), before);
    manager_reset(w->manager);
    return r;
}

static void apply(struct world *w)
{
    store_tx_prepare(w->tx);
    store_apply(w->store, w->tx);
    w->tx = NULL;
}

static Swarm__ServiceSpec *spec(void)
{
    Swarm__ServiceSpec *s = world_spec("web", 3);
    world_use_secret(s, "s1", "s1");
    return s;
}

static void a_new_service(void **state)
{
    struct world *w = *state;
    struct manager_env env = world_env(w);
    world_begin(w);
    assert_int_equal(
        control_create(w->tx, &env, OBJECT_SERVICE, "web", spec(), NULL, &w->e), 0);
    assert_true(fault_malloc_each(run, w) > 50);
    apply(w);
    assert_string_equal(world_show(w, "web"), "1 running assigned n1\n"
                                              "2 running assigned n2\n"
                                              "3 running assigned n1\n");
}

static void an_update(void **state)
{
    struct world *w = *state;
    struct manager_env env = world_env(w);
    world_create(w, spec());
    world_obey(w, "web");
    Swarm__ServiceSpec *s = world_spec_of(w, "web");
    s->task->force_update++;
    struct control_update how = {.version =
                                     world_service(w, "web")->meta->version->index};
    w->now += CLOCK_SECOND;
    world_begin(w);
    assert_int_equal(
        control_update(w->tx, &env, OBJECT_SERVICE, "web", &how, s, NULL, &w->e), 0);
    fault_malloc_each(run, w);
    apply(w);
    assert_string_equal(world_update_status(w, "web"), "updating: update in progress");
    assert_string_equal(world_show(w, "web"), "1 shutdown running n1\n"
                                              "1 ready assigned n1\n"
                                              "2 running running n2\n"
                                              "3 running running n1\n");
}

static void a_lost_node(void **state)
{
    struct world *w = *state;
    world_create(w, spec());
    world_obey(w, "web");
    struct object *o = world_edit(w, OBJECT_NODE, "n2");
    o->node->status->state = SWARM__NODE_STATUS__STATE__DOWN;
    w->now += CLOCK_SECOND;
    world_begin(w);
    assert_int_equal(store_tx_update(w->tx, o, &w->e), 0);
    fault_malloc_each(run, w);
    apply(w);
    assert_string_equal(world_show(w, "web"), "1 running running n1\n"
                                              "2 shutdown running n2\n"
                                              "2 ready assigned n1\n"
                                              "3 running running n1\n");
}

static void a_removal(void **state)
{
    struct world *w = *state;
    world_create(w, spec());
    world_obey(w, "web");
    world_begin(w);
    assert_int_equal(store_tx_remove(w->tx, OBJECT_SERVICE, "web", &w->e), 0);
    fault_malloc_each(run, w);
    apply(w);
    assert_string_equal(world_show(w, "web"), "1 remove running n1\n"
                                              "2 remove running n2\n"
                                              "3 remove running n1\n");
}

/* ---- what users ask for ---- */

/* A request with its n-th allocation failing; the transaction is thrown away. */
static int create_with_fault(struct world *w, size_t n)
{
    struct manager_env env = world_env(w);
    Swarm__ServiceSpec *s = spec();
    const struct store_change *changes;
    world_begin(w);
    fault_malloc_at(n);
    int r = control_create(w->tx, &env, OBJECT_SERVICE, "api", s, NULL, &w->e);
    fault_malloc_at(0);
    assert_int_equal(store_tx_changes(w->tx, &changes), r ? 0 : 1);
    store_tx_drop(w->tx);
    w->tx = NULL;
    return r;
}

static void a_request_to_create(void **state)
{
    struct world *w = *state;
    size_t n = 1;
    for (int r; (r = create_with_fault(w, n)); n++)
        assert_int_equal(r, ERR_NO_MEMORY);
    assert_true(n > 5);
}

static int update_with_fault(struct world *w, size_t n)
{
    struct manager_env env = world_env(w);
    Swarm__ServiceSpec *s = world_spec_of(w, "web");
    struct control_update how = {.version =
                                     world_service(w, "web")->meta->version->index};
    world_begin(w);
    fault_malloc_at(n);
    int r = control_update(w->tx, &env, OBJECT_SERVICE, "web", &how, s, NULL, &w->e);
    fault_malloc_at(0);
    store_tx_drop(w->tx);
    w->tx = NULL;
    return r;
}

static void a_request_to_update(void **state)
{
    struct world *w = *state;
    size_t n = 1;
    world_create(w, spec());
    for (int r; (r = update_with_fault(w, n)); n++)
        assert_int_equal(r, ERR_NO_MEMORY);
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_new_service), TEST(an_update),           TEST(a_lost_node),
        TEST(a_removal),     TEST(a_request_to_create), TEST(a_request_to_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
