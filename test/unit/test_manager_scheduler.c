/* SPDX-License-Identifier: Apache-2.0 */
#include "manager_world.h"

#include "manager/filter.h"

#define GIB ((int64_t)1 << 30)

static int setup(void **state)
{
    static struct world w;
    world_open(&w);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

/* ---- nodes and services with wishes ---- */

static void describe(struct world *w, const char *id, int64_t cpus, int64_t memory,
                     const char *architecture)
{
    struct object *o = world_edit(w, OBJECT_NODE, id);
    Swarm__NodeDescription *d = o->node->description;
    d->resources = world_new(&swarm__resources__descriptor);
    d->resources->nano_cpus = cpus;
    d->resources->memory_bytes = memory;
    d->platform = world_new(&swarm__platform__descriptor);
    fixture_set(&d->platform->os, "linux");
    fixture_set(&d->platform->architecture, architecture);
    world_write(w, o);
}

static Swarm__ServiceSpec *reserving(const char *name, uint64_t replicas, int64_t memory)
{
    Swarm__ServiceSpec *spec = world_spec(name, replicas);
    spec->task->resources = world_new(&swarm__resource_requirements__descriptor);
    spec->task->resources->reservations = world_new(&swarm__resources__descriptor);
    spec->task->resources->reservations->memory_bytes = memory;
    return spec;
}

static Swarm__ServiceSpec *for_platform(const char *name, const char *architecture)
{
    Swarm__ServiceSpec *spec = world_spec(name, 1);
    Swarm__Platform *p = world_new(&swarm__platform__descriptor);
    fixture_set(&p->architecture, architecture);
    fixture_set(&p->os, "linux");
    spec->task->placement = world_new(&swarm__placement__descriptor);
    assert_int_equal(message_append(&spec->task->placement->n_platforms,
                                    &spec->task->placement->platforms, p),
                     0);
    return spec;
}

static const char *why(struct world *w, const char *service)
{
    const Swarm__Task *t = world_task(w, service, 1);
    assert_int_equal(t->status->state, SWARM__TASK_STATE__PENDING);
    assert_string_equal(t->status->message, "pending task scheduling");
    return t->status->err;
}

/* ---- explanations ---- */

static void without_nodes_there_is_no_reason_to_give(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    assert_string_equal(why(w, "web"), "no suitable node");
}

static void a_task_says_why_it_waits(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n1");
    describe(w, "n1", 0, GIB, "x86_64");
    Swarm__ServiceSpec *spec = world_spec("constrained", 1);
    world_constraint(spec, "node.role==manager");
    world_create(w, spec);
    assert_string_equal(
        why(w, "constrained"),
        "no suitable node (scheduling constraints not satisfied on 1 node)");
    world_create(w, reserving("big", 1, 2 * GIB));
    assert_string_equal(why(w, "big"),
                        "no suitable node (insufficient resources on 1 node)");
    world_create(w, for_platform("other", "s390x"));
    assert_string_equal(why(w, "other"),
                        "no suitable node (unsupported platform on 1 node)");
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__READY,
                   SWARM__NODE_SPEC__AVAILABILITY__PAUSE);
    world_create(w, world_spec("web", 1));
    assert_string_equal(why(w, "web"),
                        "no suitable node (1 node not available for new tasks)");
}

static void the_most_frequent_reason_comes_first(void **state)
{
    struct filter_tally tally = {.refused = {[FILTER_READY] = 1,
                                             [FILTER_RESOURCES] = 3,
                                             [FILTER_CONSTRAINTS] = 12,
                                             [FILTER_PLATFORM] = 3}};
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(filter_explain(&tally, &text), 0);
    assert_string_equal(buf_str(&text),
                        "no suitable node (scheduling constraints not satisfied on 12 "
                        "nodes; insufficient resources on 3 nodes; unsupported platform "
                        "on 3 nodes; 1 node not available for new tasks)");
    tally = (struct filter_tally){.refused = {[FILTER_READY] = 2}};
    buf_reset(&text);
    assert_int_equal(filter_explain(&tally, &text), 0);
    assert_string_equal(buf_str(&text),
                        "no suitable node (2 nodes not available for new tasks)");
}

static void the_explanation_goes_when_a_node_is_found(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 1));
    world_add_node(w, "n1");
    const Swarm__Task *t = world_task(w, "web", 1);
    assert_int_equal(t->status->state, SWARM__TASK_STATE__ASSIGNED);
    assert_string_equal(t->status->err, "");
    assert_string_equal(t->status->message, "scheduler assigned task to node");
}

/* ---- trying again ---- */

static void room_that_a_task_leaves_is_used(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n1");
    describe(w, "n1", 0, GIB, "x86_64");
    world_create(w, reserving("one", 1, GIB));
    world_create(w, reserving("two", 1, GIB));
    assert_string_equal(why(w, "two"),
                        "no suitable node (insufficient resources on 1 node)");
    world_run(w, "one", 1);
    world_remove(w, OBJECT_SERVICE, "one");
    assert_string_equal(world_show(w, "two"), "1 running pending -\n");
    world_obey(w, "one");
    assert_string_equal(world_show(w, "two"), "1 running assigned n1\n");
}

static void a_label_that_is_added_lets_a_task_run(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n1");
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_constraint(spec, "node.labels.disk==ssd");
    world_create(w, spec);
    struct object *o = world_edit(w, OBJECT_NODE, "n1");
    Swarm__Annotations *a = o->node->spec->annotations;
    assert_int_equal(message_map_put(&a->n_labels, &a->labels, "disk", "ssd"), 0);
    world_write(w, o);
    assert_string_equal(world_show(w, "web"), "1 running assigned n1\n");
}

static void waiting_writes_nothing(void **state)
{
    struct world *w = *state;
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_constraint(spec, "node.id==n9");
    world_add_node(w, "n1");
    world_create(w, spec);
    uint64_t version = world_task(w, "web", 1)->meta->version->index;
    world_set_node(w, "n1", SWARM__NODE_STATUS__STATE__READY,
                   SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    world_wait(w, CLOCK_HOUR);
    assert_int_equal(world_task(w, "web", 1)->meta->version->index, version);
}

/* ---- where to ---- */

static void tasks_of_a_service_are_spread(void **state)
{
    struct world *w = *state;
    size_t per_node[3] = {0};
    for (int i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof(id), "n%d", i);
        world_add_node(w, id);
    }
    world_create(w, world_spec("web", 8));
    for (uint64_t i = 1; i <= 8; i++)
        per_node[world_task(w, "web", i)->node_id[1] - '0']++;
    assert_int_equal(per_node[0], 3);
    assert_int_equal(per_node[1], 3);
    assert_int_equal(per_node[2], 2);
}

static void among_equals_the_emptier_node_is_taken(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n1");
    world_create(w, world_spec("a", 2));
    world_add_node(w, "n2");
    world_create(w, world_spec("b", 1));
    assert_string_equal(world_show(w, "b"), "1 running assigned n2\n");
}

static void a_full_node_gets_no_more(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n1");
    world_add_node(w, "n2");
    describe(w, "n1", 0, GIB, "x86_64");
    describe(w, "n2", 0, 3 * GIB, "x86_64");
    world_create(w, reserving("web", 5, GIB));
    assert_string_equal(world_show(w, "web"), "1 running assigned n1\n"
                                              "2 running assigned n2\n"
                                              "3 running assigned n2\n"
                                              "4 running assigned n2\n"
                                              "5 running pending -\n");
    assert_string_equal(world_task(w, "web", 5)->status->err,
                        "no suitable node (insufficient resources on 2 nodes)");
}

static void names_of_machines_are_the_kernels_or_dockers(void **state)
{
    static const struct {
        const char *wanted, *actual;
        bool fits;
    } table[] = {
        {"amd64", "x86_64", true},  {"x86_64", "amd64", true},
        {"arm64", "aarch64", true}, {"aarch64", "arm64", true},
        {"", "x86_64", true},       {"amd64", "aarch64", false},
        {"arm", "aarch64", false},
    };
    struct world *w = *state;
    world_add_node(w, "n1");
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        char name[16];
        snprintf(name, sizeof(name), "web%zu", i);
        struct object *o = world_edit(w, OBJECT_NODE, "n1");
        message_free((ProtobufCMessage *)o->node->description->platform);
        o->node->description->platform = NULL;
        message_free((ProtobufCMessage *)o->node->description->resources);
        o->node->description->resources = NULL;
        world_write(w, o);
        describe(w, "n1", 0, 0, table[i].actual);
        world_create(w, for_platform(name, table[i].wanted));
        assert_int_equal(world_task(w, name, 1)->status->state ==
                             SWARM__TASK_STATE__ASSIGNED,
                         table[i].fits);
        world_remove(w, OBJECT_SERVICE, name);
        world_obey(w, name);
    }
}

/* ---- a node that changes under its tasks ---- */

static void tasks_leave_a_node_that_lost_its_label(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n1");
    world_add_node(w, "n2");
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_constraint(spec, "node.labels.old!=yes");
    world_create(w, spec);
    world_create(w, world_spec("other", 1));
    world_run(w, "web", 1);
    struct object *o = world_edit(w, OBJECT_NODE, "n1");
    Swarm__Annotations *a = o->node->spec->annotations;
    assert_int_equal(message_map_put(&a->n_labels, &a->labels, "old", "yes"), 0);
    world_write(w, o);
    assert_string_equal(world_show(w, "web"), "1 shutdown rejected n1\n"
                                              "1 ready assigned n2\n");
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    world_tasks(w, "web", &l);
    assert_string_equal(l.objects[0]->task->status->message,
                        "task rejected by constraint enforcer");
    assert_string_equal(l.objects[0]->task->status->err,
                        "assigned node no longer meets constraints");
}

static void tasks_leave_a_node_that_shrank(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n1");
    describe(w, "n1", 0, 2 * GIB, "x86_64");
    world_create(w, reserving("web", 2, GIB));
    struct object *o = world_edit(w, OBJECT_NODE, "n1");
    o->node->description->resources->memory_bytes = GIB;
    w->now += CLOCK_SECOND;
    world_write(w, o);
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    world_tasks(w, "web", &l);
    size_t rejected = 0;
    for (size_t i = 0; i < l.len; i++)
        rejected += l.objects[i]->task->status->state == SWARM__TASK_STATE__REJECTED;
    assert_int_equal(l.len, 3);
    assert_int_equal(rejected, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(without_nodes_there_is_no_reason_to_give),
        TEST(a_task_says_why_it_waits),
        TEST(the_most_frequent_reason_comes_first),
        TEST(the_explanation_goes_when_a_node_is_found),
        TEST(room_that_a_task_leaves_is_used),
        TEST(a_label_that_is_added_lets_a_task_run),
        TEST(waiting_writes_nothing),
        TEST(tasks_of_a_service_are_spread),
        TEST(among_equals_the_emptier_node_is_taken),
        TEST(a_full_node_gets_no_more),
        TEST(names_of_machines_are_the_kernels_or_dockers),
        TEST(tasks_leave_a_node_that_lost_its_label),
        TEST(tasks_leave_a_node_that_shrank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
