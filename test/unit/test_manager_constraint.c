/* SPDX-License-Identifier: Apache-2.0 */
#include "manager_world.h"

#include "manager/constraint.h"

/* A manager at 10.1.2.3 with labels of both kinds. */
static struct object *make_node(void)
{
    struct object *o = fixture_object(OBJECT_NODE, "n1abc", "Host-1");
    Swarm__Node *n = o->node;
    n->role = SWARM__NODE_ROLE__MANAGER;
    fixture_set(&n->status->addr, "10.1.2.3");
    Swarm__Annotations *a = n->spec->annotations;
    assert_int_equal(message_map_put(&a->n_labels, &a->labels, "disk", "SSD"), 0);
    assert_int_equal(message_map_put(&a->n_labels, &a->labels, "empty", ""), 0);
    Swarm__NodeDescription *d = n->description;
    d->platform = world_new(&swarm__platform__descriptor);
    fixture_set(&d->platform->os, "linux");
    fixture_set(&d->platform->architecture, "x86_64");
    d->engine = world_new(&swarm__engine_description__descriptor);
    assert_int_equal(
        message_map_put(&d->engine->n_labels, &d->engine->labels, "storage", "zfs"), 0);
    return o;
}

static bool allows(const char *text, const Swarm__Node *n)
{
    cleanup_message Swarm__Placement *p = world_new(&swarm__placement__descriptor);
    assert_int_equal(
        message_append(&p->n_constraints, &p->constraints, mem_dup(text, strlen(text))),
        0);
    return constraints_allow(p, n);
}

static void a_node_fulfils_a_constraint_or_not(void **state)
{
    static const struct {
        const char *text;
        bool holds;
    } table[] = {
        {"node.id==n1abc", true},
        {"node.id == N1ABC", true},
        {"node.id!=n1abc", false},
        {"node.id==n1", false},
        {"node.hostname==host-1", true},
        {"node.hostname!=host-2", true},
        {"node.role==manager", true},
        {"NODE.ROLE==Manager", true},
        {"node.role==worker", false},
        {"node.role!=worker", true},
        {"node.platform.os==linux", true},
        {"node.platform.arch==x86_64", true},
        {"node.platform.arch==amd64", false},
        {"node.labels.disk==ssd", true},
        {"node.labels.disk!=ssd", false},
        {"node.labels.DISK==ssd", false},
        {"node.labels.nosuch==x", false},
        {"node.labels.nosuch!=x", true},
        {"node.labels.empty!=x", true},
        {"engine.labels.storage==zfs", true},
        {"engine.labels.nosuch==zfs", false},
        {"node.ip==10.1.2.3", true},
        {"node.ip!=10.1.2.3", false},
        {"node.ip==10.1.0.0/16", true},
        {"node.ip==10.1.2.0/23", true},
        {"node.ip==10.1.4.0/22", false},
        {"node.ip==0.0.0.0/0", true},
        {"node.ip!=10.2.0.0/16", true},
        {"node.ip==fd00::/8", false},
        {"node.ip!=fd00::/8", true},
        {"node.ip==10.1.2.3/33", false},
        {"node.ip==somewhere", false},
        {"node.ip!=somewhere", false},
        {"node.nosuch==x", false},
        {"node.nosuch!=x", false},
        {"nonsense", false},
        {"node.labels.disk==s*", false},
    };
    cleanup_object struct object *o = make_node();
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (allows(table[i].text, o->node) != table[i].holds)
            fail_msg("%s", table[i].text);
}

static void a_node_that_says_nothing_of_itself_has_empty_values(void **state)
{
    cleanup_object struct object *o = fixture_object(OBJECT_NODE, "n1", "x");
    message_free(&o->node->description->base);
    o->node->description = NULL;
    assert_false(allows("node.hostname==x", o->node));
    assert_true(allows("node.hostname!=x", o->node));
    assert_false(allows("node.platform.os==linux", o->node));
    assert_true(allows("engine.labels.a!=b", o->node));
    assert_false(allows("node.ip==10.0.0.1", o->node));
}

static void all_constraints_must_hold(void **state)
{
    cleanup_object struct object *o = make_node();
    cleanup_message Swarm__ServiceSpec *spec = world_spec("web", 1);
    assert_true(constraints_allow(NULL, o->node));
    world_constraint(spec, "node.role==manager");
    world_constraint(spec, "node.labels.disk==ssd");
    assert_true(constraints_allow(spec->task->placement, o->node));
    world_constraint(spec, "node.id==other");
    assert_false(constraints_allow(spec->task->placement, o->node));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_fulfils_a_constraint_or_not),
        cmocka_unit_test(a_node_that_says_nothing_of_itself_has_empty_values),
        cmocka_unit_test(all_constraints_must_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
