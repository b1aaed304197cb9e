/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"

struct fixture {
    struct store *store;
    struct store_tx *tx;
};

static void load(struct store *s, struct object *o)
{
    assert_int_equal(store_load(s, o, NULL), 0);
}

static void load_services(struct store *s)
{
    struct object *o = fixture_object(OBJECT_SERVICE, "v1", "web");
    fixture_use_secret(o, "s1");
    fixture_use_secret(o, "s2");
    fixture_use_secret(o, "s1");
    load(s, o);
    o = fixture_object(OBJECT_SERVICE, "v2", "Webhook");
    fixture_use_secret(o, "s2");
    fixture_use_config(o, "c1");
    load(s, o);
}

static void load_tasks(struct store *s)
{
    load(s, fixture_task("t1", "v1", "n1"));
    load(s, fixture_task("t3", "v1", ""));
    load(s, fixture_task("t5", "v2", "n1"));
    struct object *o = fixture_task("t7", "v2", "n2");
    fixture_use_secret(o, "s2");
    load(s, o);
}

/* Some of everything in the store, and a transaction on it. */
static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.store = store_new()};
    assert_non_null(f.store);
    load(f.store, fixture_object(OBJECT_SECRET, "s2", "beta"));
    load(f.store, fixture_object(OBJECT_SECRET, "s1", "Gamma"));
    load(f.store, fixture_object(OBJECT_SECRET, "x1", "alpha"));
    load(f.store, fixture_object(OBJECT_NODE, "n2", "host"));
    load(f.store, fixture_object(OBJECT_NODE, "n1", "Host"));
    load_services(f.store);
    load_tasks(f.store);
    f.tx = fixture_begin(f.store, 1);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_tx_drop(f->tx);
    store_free(f->store);
    return 0;
}

/* Finds exactly these ids, given as "a b c", in this order? */
static void assert_found(const struct store_view *v, enum object_kind kind,
                         enum store_by by, const char *key, const char *ids)
{
    cleanup_object_list struct object_list found = OBJECT_LIST_INIT;
    assert_int_equal(store_find(v, kind, by, key, &found), 0);
    char text[512] = "";
    for (size_t i = 0, n = 0; i < found.len; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? " " : "",
                              object_id(found.objects[i]));
    assert_string_equal(text, ids);
}

static void all_of_a_kind_come_sorted_by_id(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_view(f->store);
    assert_found(v, OBJECT_SECRET, STORE_ALL, NULL, "s1 s2 x1");
    assert_found(v, OBJECT_TASK, STORE_ALL, NULL, "t1 t3 t5 t7");
    assert_found(v, OBJECT_NETWORK, STORE_ALL, NULL, "");
    assert_int_equal(store_count(v, OBJECT_TASK), 4);
    assert_int_equal(store_count(v, OBJECT_NETWORK), 0);
}

static void ids_are_found_by_prefix_and_their_case_matters(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_view(f->store);
    assert_found(v, OBJECT_SECRET, STORE_BY_ID_PREFIX, "s", "s1 s2");
    assert_found(v, OBJECT_SECRET, STORE_BY_ID_PREFIX, "s2", "s2");
    assert_found(v, OBJECT_SECRET, STORE_BY_ID_PREFIX, "S", "");
    assert_found(v, OBJECT_SECRET, STORE_BY_ID_PREFIX, "s22", "");
}

static void names_are_found_in_any_case(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_view(f->store);
    assert_found(v, OBJECT_SECRET, STORE_BY_NAME, "gamma", "s1");
    assert_found(v, OBJECT_SECRET, STORE_BY_NAME, "gam", "");
    assert_found(v, OBJECT_SERVICE, STORE_BY_NAME_PREFIX, "WEB", "v1 v2");
    assert_found(v, OBJECT_SERVICE, STORE_BY_NAME, "WEB", "v1");
    assert_string_equal(object_id(store_get_by_name(v, OBJECT_SECRET, "ALPHA")), "x1");
    assert_null(store_get_by_name(v, OBJECT_SECRET, "alph"));
}

static void what_a_name_prefix_finds_is_sorted_by_id(void **state)
{
    struct fixture *f = *state;
    assert_found(store_view(f->store), OBJECT_SECRET, STORE_BY_NAME_PREFIX, "",
                 "s1 s2 x1");
}

static void nodes_are_found_by_host_name(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_view(f->store);
    assert_found(v, OBJECT_NODE, STORE_BY_NAME, "HOST", "n1 n2");
    assert_non_null(store_get_by_name(v, OBJECT_NODE, "host"));
}

static void a_node_without_description_has_no_name(void **state)
{
    struct fixture *f = *state;
    struct object *o =
        fixture_wrap(OBJECT_NODE, message_new(object_descriptor(OBJECT_NODE)));
    fixture_set(&o->node->id, "n9");
    load(f->store, o);
    assert_found(store_view(f->store), OBJECT_NODE, STORE_BY_NAME_PREFIX, "", "n1 n2");
    assert_found(store_view(f->store), OBJECT_NODE, STORE_BY_NAME, "", "");
}

static void tasks_are_found_by_the_name_of_their_container(void **state)
{
    struct fixture *f = *state;
    struct object *o = fixture_task("t9", "v1", "n1");
    fixture_set(&o->task->service_annotations->name, "redis");
    o->task->slot = 3;
    load(f->store, o);
    const struct store_view *v = store_view(f->store);
    assert_found(v, OBJECT_TASK, STORE_BY_NAME, "redis.3.t9", "t9");
    assert_found(v, OBJECT_TASK, STORE_BY_NAME_PREFIX, "redis.", "t9");
}

static void tasks_are_found_by_service_and_node(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_view(f->store);
    assert_found(v, OBJECT_TASK, STORE_BY_SERVICE, "v1", "t1 t3");
    assert_found(v, OBJECT_TASK, STORE_BY_SERVICE, "v", "");
    assert_found(v, OBJECT_TASK, STORE_BY_NODE, "n1", "t1 t5");
    assert_found(v, OBJECT_TASK, STORE_BY_NODE, "", "t3");
    assert_found(v, OBJECT_SERVICE, STORE_BY_SERVICE, "v1", "");
}

static void users_of_a_secret_or_config_are_found(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_view(f->store);
    assert_found(v, OBJECT_SERVICE, STORE_BY_SECRET, "s1", "v1");
    assert_found(v, OBJECT_SERVICE, STORE_BY_SECRET, "s2", "v1 v2");
    assert_found(v, OBJECT_SERVICE, STORE_BY_CONFIG, "c1", "v2");
    assert_found(v, OBJECT_SERVICE, STORE_BY_CONFIG, "s1", "");
    assert_found(v, OBJECT_TASK, STORE_BY_SECRET, "s2", "t7");
}

static void resource_references_count_as_use(void **state)
{
    struct fixture *f = *state;
    struct object *o = fixture_object(OBJECT_SERVICE, "v3", "plugin");
    Swarm__TaskSpec *spec = o->service->spec->task;
    const Swarm__ResourceType types[] = {SWARM__RESOURCE_TYPE__SECRET,
                                         SWARM__RESOURCE_TYPE__CONFIG,
                                         SWARM__RESOURCE_TYPE__TASK};
    const char *const ids[] = {"s9", "c9", "t9"};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        Swarm__ResourceReference *ref =
            message_new(&swarm__resource_reference__descriptor);
        assert_non_null(ref);
        ref->resource_type = types[i];
        fixture_set(&ref->resource_id, ids[i]);
        assert_int_equal(
            message_append(&spec->n_resource_references, &spec->resource_references, ref),
            0);
    }
    load(f->store, o);
    const struct store_view *v = store_view(f->store);
    assert_found(v, OBJECT_SERVICE, STORE_BY_SECRET, "s9", "v3");
    assert_found(v, OBJECT_SERVICE, STORE_BY_CONFIG, "c9", "v3");
    assert_found(v, OBJECT_SERVICE, STORE_BY_SECRET, "t9", "");
}

static void a_transaction_shows_its_own_among_the_others(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_tx_view(f->tx);
    assert_int_equal(store_tx_create(f->tx, fixture_task("t2", "v1", "n1"), NULL), 0);
    assert_int_equal(store_tx_create(f->tx, fixture_task("t0", "v1", "n2"), NULL), 0);
    assert_int_equal(store_tx_create(f->tx, fixture_task("t8", "v1", "n1"), NULL), 0);
    assert_found(v, OBJECT_TASK, STORE_ALL, NULL, "t0 t1 t2 t3 t5 t7 t8");
    assert_found(v, OBJECT_TASK, STORE_BY_SERVICE, "v1", "t0 t1 t2 t3 t8");
    assert_found(v, OBJECT_TASK, STORE_BY_NODE, "n1", "t1 t2 t5 t8");
    assert_int_equal(store_count(v, OBJECT_TASK), 7);
}

static void an_update_moves_an_object_from_one_key_to_another(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_tx_view(f->tx);
    assert_int_equal(store_tx_update(f->tx, fixture_task("t3", "v1", "n2"), NULL), 0);
    assert_found(v, OBJECT_TASK, STORE_BY_NODE, "", "");
    assert_found(v, OBJECT_TASK, STORE_BY_NODE, "n2", "t3 t7");
    assert_int_equal(store_tx_update(f->tx, fixture_task("t3", "v1", "n1"), NULL), 0);
    assert_found(v, OBJECT_TASK, STORE_BY_NODE, "n2", "t7");
    store_apply(f->store, TAKE(f->tx));
    v = store_view(f->store);
    assert_found(v, OBJECT_TASK, STORE_BY_NODE, "", "");
    assert_found(v, OBJECT_TASK, STORE_BY_NODE, "n1", "t1 t3 t5");
}

static void a_removed_object_is_hidden(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v = store_tx_view(f->tx);
    assert_int_equal(store_tx_remove(f->tx, OBJECT_TASK, "t5", NULL), 0);
    assert_found(v, OBJECT_TASK, STORE_ALL, NULL, "t1 t3 t7");
    assert_found(v, OBJECT_TASK, STORE_BY_NODE, "n1", "t1");
    assert_int_equal(store_tx_remove(f->tx, OBJECT_SECRET, "s1", NULL), 0);
    assert_null(store_get_by_name(v, OBJECT_SECRET, "gamma"));
    assert_int_equal(store_tx_remove(f->tx, OBJECT_NODE, "n1", NULL), 0);
    assert_string_equal(object_id(store_get_by_name(v, OBJECT_NODE, "host")), "n2");
}

static void found_objects_are_appended_to_a_list(void **state)
{
    struct fixture *f = *state;
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    const struct store_view *v = store_view(f->store);
    assert_int_equal(store_find(v, OBJECT_TASK, STORE_BY_SERVICE, "v2", &l), 0);
    assert_int_equal(store_find(v, OBJECT_TASK, STORE_BY_SERVICE, "v1", &l), 0);
    const char *const ids[] = {"t5", "t7", "t1", "t3"};
    assert_int_equal(l.len, ARRAY_SIZE(ids));
    for (size_t i = 0; i < l.len; i++)
        assert_string_equal(object_id(l.objects[i]), ids[i]);
}

static void a_list_keeps_its_objects_when_the_store_goes(void **state)
{
    struct fixture *f = *state;
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    assert_int_equal(store_find(store_view(f->store), OBJECT_SECRET, STORE_ALL, NULL, &l),
                     0);
    store_tx_drop(TAKE(f->tx));
    store_free(TAKE(f->store));
    assert_string_equal(object_name(l.objects[0]), "Gamma");
}

static void there_is_a_cluster_once_it_was_created(void **state)
{
    struct fixture *f = *state;
    assert_null(store_cluster(store_view(f->store)));
    struct object *o = fixture_object(OBJECT_CLUSTER, "k1", "default");
    assert_int_equal(store_tx_create(f->tx, o, NULL), 0);
    assert_string_equal(store_cluster(store_tx_view(f->tx))->id, "k1");
    assert_null(store_cluster(store_view(f->store)));
    store_apply(f->store, TAKE(f->tx));
    assert_string_equal(store_cluster(store_view(f->store))->id, "k1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_of_a_kind_come_sorted_by_id),
        TEST(ids_are_found_by_prefix_and_their_case_matters),
        TEST(names_are_found_in_any_case),
        TEST(what_a_name_prefix_finds_is_sorted_by_id),
        TEST(nodes_are_found_by_host_name),
        TEST(a_node_without_description_has_no_name),
        TEST(tasks_are_found_by_the_name_of_their_container),
        TEST(tasks_are_found_by_service_and_node),
        TEST(users_of_a_secret_or_config_are_found),
        TEST(resource_references_count_as_use),
        TEST(a_transaction_shows_its_own_among_the_others),
        TEST(an_update_moves_an_object_from_one_key_to_another),
        TEST(a_removed_object_is_hidden),
        TEST(found_objects_are_appended_to_a_list),
        TEST(a_list_keeps_its_objects_when_the_store_goes),
        TEST(there_is_a_cluster_once_it_was_created),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
