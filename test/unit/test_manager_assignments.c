/* SPDX-License-Identifier: Apache-2.0 */
#include "manager_world.h"

#include "fault_malloc.h"

/* A world with one node, its assignments, and a text of what it was told. */
struct fixture {
    struct world w;
    struct assignments *a;
    struct store_watch watch;
    bool is_due;
    char told[4096];
};

static void on_change(const struct store_change *c, void *user)
{
    struct fixture *f = user;
    if (f->a && assignments_is_concerned(f->a, c))
        f->is_due = true;
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    world_open(&f.w);
    f.watch = (struct store_watch){.on_change = on_change, .user = &f};
    store_watch_add(f.w.store, &f.watch);
    world_add_node(&f.w, "n1");
    world_add_secret(&f.w, "s1");
    world_add_secret(&f.w, "s2");
    f.a = assignments_new("n1");
    assert_non_null(f.a);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    assignments_free(f->a);
    store_watch_remove(&f->watch);
    world_close(&f->w);
    return 0;
}

static size_t show_change(char *out, size_t size, const Swarm__AssignmentChange *c)
{
    static const char *const actions[] = {"update", "remove"};
    const Swarm__Assignment *item = c->assignment;
    if (item->item_case == SWARM__ASSIGNMENT__ITEM_SECRET)
        return (size_t)snprintf(out, size, "%s secret %s\n", actions[c->action],
                                item->secret->id);
    if (item->item_case == SWARM__ASSIGNMENT__ITEM_CONFIG)
        return (size_t)snprintf(out, size, "%s config %s\n", actions[c->action],
                                item->config->id);
    if (!item->task->service_id[0])
        return (size_t)snprintf(out, size, "%s task\n", actions[c->action]);
    return (size_t)snprintf(out, size, "%s task %s.%d %s\n", actions[c->action],
                            item->task->service_id, (int)item->task->slot,
                            task_state_name(item->task->desired_state));
}

static void show_message(struct fixture *f, const Swarm__AssignmentsMessage *m)
{
    size_t n = (size_t)snprintf(f->told, sizeof(f->told), "%s %s>%s\n",
                                m->type ? "incremental" : "complete", m->applies_to,
                                m->results_in);
    for (size_t i = 0; i < m->n_changes; i++)
        n += show_change(f->told + n, sizeof(f->told) - n, m->changes[i]);
}

/* What the node is told next; "-" for nothing. */
static const char *tell(struct fixture *f)
{
    cleanup_message Swarm__AssignmentsMessage *m = NULL;
    assert_int_equal(assignments_update(f->a, store_view(f->w.store), &m), 0);
    f->is_due = false;
    if (!m)
        return "-";
    show_message(f, m);
    return f->told;
}

static void create_with_secret(struct fixture *f, const char *name, uint64_t replicas,
                               const char *secret)
{
    Swarm__ServiceSpec *spec = world_spec(name, replicas);
    world_use_secret(spec, secret, secret);
    world_create(&f->w, spec);
}

static void the_first_message_is_complete(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(tell(f), "complete >1\n");
    assert_string_equal(tell(f), "-");
}

static void a_task_comes_with_its_secrets(void **state)
{
    struct fixture *f = *state;
    tell(f);
    create_with_secret(f, "web", 1, "s1");
    assert_true(f->is_due);
    assert_string_equal(tell(f), "incremental 1>2\n"
                                 "update secret s1\n"
                                 "update task web.1 running\n");
}

static void a_reference_brings_no_secret_whatever_its_id(void **state)
{
    struct fixture *f = *state;
    tell(f);
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_use_secret(spec, "s1", "se://db/password");
    world_create(&f->w, spec);
    assert_string_equal(tell(f), "incremental 1>2\n"
                                 "update task web.1 running\n");
    world_remove(&f->w, OBJECT_SERVICE, "web");
    tell(f);
}

static void a_payload_is_sent_as_it_is_stored(void **state)
{
    struct fixture *f = *state;
    create_with_secret(f, "web", 1, "s1");
    cleanup_message Swarm__AssignmentsMessage *m = NULL;
    assert_int_equal(assignments_update(f->a, store_view(f->w.store), &m), 0);
    const Swarm__Secret *s = m->changes[0]->assignment->secret;
    assert_int_equal(s->spec->data.len, 1);
    assert_memory_equal(s->spec->data.data, "x", 1);
}

static void what_the_node_said_isnt_sent_back(void **state)
{
    struct fixture *f = *state;
    create_with_secret(f, "web", 1, "s1");
    tell(f);
    world_run(&f->w, "web", 1);
    assert_true(f->is_due);
    assert_string_equal(tell(f), "-");
}

static void a_secret_goes_when_its_last_task_is_over(void **state)
{
    struct fixture *f = *state;
    create_with_secret(f, "a", 1, "s1");
    create_with_secret(f, "b", 1, "s1");
    assert_string_equal(strstr(tell(f), "update secret"), "update secret s1\n"
                                                          "update task a.1 running\n"
                                                          "update task b.1 running\n");
    world_obey(&f->w, "a");
    world_obey(&f->w, "b");
    world_remove(&f->w, OBJECT_SERVICE, "a");
    assert_string_equal(tell(f), "incremental 1>2\n"
                                 "update task a.1 remove\n");
    world_obey(&f->w, "a");
    assert_string_equal(tell(f), "incremental 2>3\n"
                                 "remove task\n");
    world_remove(&f->w, OBJECT_SERVICE, "b");
    tell(f);
    world_obey(&f->w, "b");
    assert_string_equal(tell(f), "incremental 4>5\n"
                                 "remove task\n"
                                 "remove secret s1\n");
}

static void a_failed_task_stays_without_its_secret(void **state)
{
    struct fixture *f = *state;
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_policy(spec, SWARM__RESTART_POLICY__RESTART_CONDITION__NONE);
    world_use_secret(spec, "s1", "s1");
    world_create(&f->w, spec);
    tell(f);
    world_fail(&f->w, "web", 1);
    assert_string_equal(tell(f), "incremental 1>2\n"
                                 "update task web.1 shutdown\n"
                                 "remove secret s1\n");
}

static void a_secret_that_changes_hands_stays(void **state)
{
    struct fixture *f = *state;
    create_with_secret(f, "web", 1, "s1");
    world_run(&f->w, "web", 1);
    tell(f);
    world_fail(&f->w, "web", 1);
    const char *told = tell(f);
    assert_null(strstr(told, "secret"));
    assert_non_null(strstr(told, "update task web.1 ready\n"));
}

static void two_references_to_one_secret_are_one_secret(void **state)
{
    struct fixture *f = *state;
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_use_secret(spec, "s1", "s1");
    world_use_secret(spec, "s1", "s1");
    world_use_secret(spec, "s2", "s2");
    world_create(&f->w, spec);
    assert_string_equal(tell(f), "complete >1\n"
                                 "update secret s1\n"
                                 "update secret s2\n"
                                 "update task web.1 running\n");
}

static void a_config_comes_and_goes_as_a_secret_does(void **state)
{
    struct fixture *f = *state;
    Swarm__ConfigSpec *config = world_new(&swarm__config_spec__descriptor);
    config->annotations = world_new(&swarm__annotations__descriptor);
    fixture_set(&config->annotations->name, "c1");
    assert_int_equal(world_try_create(&f->w, OBJECT_CONFIG, "c1", config), 0);
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    Swarm__ConfigReference *ref = world_new(&swarm__config_reference__descriptor);
    fixture_set(&ref->config_id, "c1");
    fixture_set(&ref->config_name, "c1");
    Swarm__ContainerSpec *c = fixture_container(spec->task);
    assert_int_equal(message_append(&c->n_configs, &c->configs, ref), 0);
    world_create(&f->w, spec);
    assert_string_equal(tell(f), "complete >1\n"
                                 "update config c1\n"
                                 "update task web.1 running\n");
    world_remove(&f->w, OBJECT_SERVICE, "web");
    world_obey(&f->w, "web");
    assert_string_equal(tell(f), "incremental 1>2\n"
                                 "remove task\n"
                                 "remove config c1\n");
}

static void a_change_that_couldnt_be_noted_isnt_lost(void **state)
{
    struct fixture *f = *state;
    tell(f);
    create_with_secret(f, "web", 1, "s1");
    tell(f);
    cleanup_object struct object *copy =
        world_edit(&f->w, OBJECT_TASK, world_task(&f->w, "web", 1)->id);
    struct store_change c = {.action = STORE_UPDATE, .before = copy, .after = copy};
    world_remove(&f->w, OBJECT_SERVICE, "web");
    tell(f);
    fault_malloc_at(1);
    assert_true(assignments_is_concerned(f->a, &c));
    fault_malloc_at(0);
    world_obey(&f->w, "web");
    assert_string_equal(tell(f), "incremental 3>4\n"
                                 "remove task\n"
                                 "remove secret s1\n");
}

static void other_nodes_tasks_are_no_news(void **state)
{
    struct fixture *f = *state;
    tell(f);
    world_set_node(&f->w, "n1", SWARM__NODE_STATUS__STATE__READY,
                   SWARM__NODE_SPEC__AVAILABILITY__PAUSE);
    world_add_node(&f->w, "n2");
    create_with_secret(f, "web", 3, "s1");
    assert_false(f->is_due);
    assert_string_equal(tell(f), "-");
}

static void tasks_without_a_node_are_nobodys(void **state)
{
    struct fixture *f = *state;
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_constraint(spec, "node.id==nowhere");
    world_create(&f->w, spec);
    assert_string_equal(tell(f), "complete >1\n");
}

static void a_new_session_is_told_everything(void **state)
{
    struct fixture *f = *state;
    create_with_secret(f, "web", 1, "s1");
    tell(f);
    world_run(&f->w, "web", 1);
    assignments_free(f->a);
    f->a = assignments_new("n1");
    assert_string_equal(tell(f), "complete >1\n"
                                 "update task web.1 running\n"
                                 "update secret s1\n");
}

/* ---- more than one message holds ---- */

#define LARGE_SIZE 500000
#define LARGE_COUNT (ASSIGNMENTS_MESSAGE_SIZE / LARGE_SIZE + 10)

static void add_large_secret(struct fixture *f, const char *name)
{
    cleanup_free char *data = calloc(1, LARGE_SIZE);
    assert_non_null(data);
    Swarm__SecretSpec *spec = world_new(&swarm__secret_spec__descriptor);
    spec->annotations = world_new(&swarm__annotations__descriptor);
    fixture_set(&spec->annotations->name, name);
    assert_int_equal(message_set_bytes(&spec->data, data, LARGE_SIZE), 0);
    assert_int_equal(world_try_create(&f->w, OBJECT_SECRET, name, spec), 0);
}

/* A service of one task whose secrets don't fit into one message. */
static void create_large(struct fixture *f, const char *name)
{
    Swarm__ServiceSpec *spec = world_spec(name, 1);
    for (int i = 0; i < LARGE_COUNT; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%s-%d", name, i);
        add_large_secret(f, id);
        world_use_secret(spec, id, id);
    }
    world_create(&f->w, spec);
}

static Swarm__AssignmentsMessage *next_message(struct fixture *f)
{
    Swarm__AssignmentsMessage *m = NULL;
    assert_int_equal(assignments_update(f->a, store_view(f->w.store), &m), 0);
    assert_non_null(m);
    assert_true(protobuf_c_message_get_packed_size(&m->base) <
                ASSIGNMENTS_MESSAGE_SIZE + 2 * LARGE_SIZE);
    return m;
}

static size_t count_items(const Swarm__AssignmentsMessage *m,
                          Swarm__Assignment__ItemCase item)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_changes; i++)
        n += m->changes[i]->assignment->item_case == item;
    return n;
}

static void what_is_too_much_for_one_message_comes_in_several(void **state)
{
    struct fixture *f = *state;
    create_large(f, "web");
    cleanup_message Swarm__AssignmentsMessage *first = next_message(f);
    assert_int_equal(first->type, SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE);
    assert_int_equal(count_items(first, SWARM__ASSIGNMENT__ITEM_TASK), 0);
    assert_true(assignments_has_more(f->a));
    cleanup_message Swarm__AssignmentsMessage *second = next_message(f);
    assert_int_equal(second->type, SWARM__ASSIGNMENTS_MESSAGE__TYPE__INCREMENTAL);
    assert_string_equal(second->applies_to, first->results_in);
    assert_int_equal(count_items(second, SWARM__ASSIGNMENT__ITEM_TASK), 1);
    assert_int_equal(count_items(first, SWARM__ASSIGNMENT__ITEM_SECRET) +
                         count_items(second, SWARM__ASSIGNMENT__ITEM_SECRET),
                     LARGE_COUNT);
    assert_false(assignments_has_more(f->a));
    assert_string_equal(tell(f), "-");
}

static void what_the_node_runs_is_in_the_first_message(void **state)
{
    struct fixture *f = *state;
    create_large(f, "a");
    create_large(f, "b");
    world_run(&f->w, "a", 1);
    world_run(&f->w, "b", 1);
    cleanup_message Swarm__AssignmentsMessage *m = next_message(f);
    assert_int_equal(count_items(m, SWARM__ASSIGNMENT__ITEM_TASK), 2);
    assert_true(assignments_has_more(f->a));
}

static void a_task_that_is_removed_before_it_was_told_is_no_news(void **state)
{
    struct fixture *f = *state;
    create_large(f, "web");
    message_free(&next_message(f)->base);
    world_obey(&f->w, "web");
    world_remove(&f->w, OBJECT_SERVICE, "web");
    world_obey(&f->w, "web");
    cleanup_message Swarm__AssignmentsMessage *m = next_message(f);
    assert_int_equal(count_items(m, SWARM__ASSIGNMENT__ITEM_TASK), 0);
    assert_false(assignments_has_more(f->a));
}

static int update_without_memory(void *user)
{
    struct fixture *f = user;
    cleanup_message Swarm__AssignmentsMessage *m = NULL;
    int r = assignments_update(f->a, store_view(f->w.store), &m);
    if (!r)
        show_message(f, m);
    return r;
}

/* After a failure the node is told everything anew. */
static void memory_that_runs_out_loses_nothing(void **state)
{
    struct fixture *f = *state;
    tell(f);
    create_with_secret(f, "web", 2, "s1");
    assert_true(fault_malloc_each(update_without_memory, f) > 5);
    assert_non_null(strstr(f->told, "complete >1\n"));
    assert_non_null(strstr(f->told, "update secret s1\n"));
    assert_non_null(strstr(f->told, "update task web.2 running\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(the_first_message_is_complete),
        TEST(a_task_comes_with_its_secrets),
        TEST(a_reference_brings_no_secret_whatever_its_id),
        TEST(a_payload_is_sent_as_it_is_stored),
        TEST(what_the_node_said_isnt_sent_back),
        TEST(a_secret_goes_when_its_last_task_is_over),
        TEST(a_failed_task_stays_without_its_secret),
        TEST(a_secret_that_changes_hands_stays),
        TEST(two_references_to_one_secret_are_one_secret),
        TEST(a_config_comes_and_goes_as_a_secret_does),
        TEST(a_change_that_couldnt_be_noted_isnt_lost),
        TEST(other_nodes_tasks_are_no_news),
        TEST(tasks_without_a_node_are_nobodys),
        TEST(a_new_session_is_told_everything),
        TEST(what_is_too_much_for_one_message_comes_in_several),
        TEST(what_the_node_runs_is_in_the_first_message),
        TEST(a_task_that_is_removed_before_it_was_told_is_no_news),
        TEST(memory_that_runs_out_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
