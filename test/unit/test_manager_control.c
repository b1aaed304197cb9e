/* SPDX-License-Identifier: Apache-2.0 */
#include "manager_world.h"

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

static Swarm__SecretSpec *secret(const char *name, const char *data)
{
    Swarm__SecretSpec *spec = world_new(&swarm__secret_spec__descriptor);
    spec->annotations = world_new(&swarm__annotations__descriptor);
    fixture_set(&spec->annotations->name, name);
    assert_int_equal(message_set_bytes(&spec->data, data, strlen(data)), 0);
    return spec;
}

static Swarm__ConfigSpec *config(const char *name, const char *data)
{
    Swarm__ConfigSpec *spec = world_new(&swarm__config_spec__descriptor);
    spec->annotations = world_new(&swarm__annotations__descriptor);
    fixture_set(&spec->annotations->name, name);
    assert_int_equal(message_set_bytes(&spec->data, data, strlen(data)), 0);
    return spec;
}

static void label(Swarm__Annotations *a, const char *key, const char *value)
{
    assert_int_equal(message_map_put(&a->n_labels, &a->labels, key, value), 0);
}

static void use_config(Swarm__ServiceSpec *spec, const char *id, const char *name)
{
    Swarm__ContainerSpec *c = fixture_container(spec->task);
    Swarm__ConfigReference *ref = world_new(&swarm__config_reference__descriptor);
    fixture_set(&ref->config_id, id);
    fixture_set(&ref->config_name, name);
    assert_int_equal(message_append(&c->n_configs, &c->configs, ref), 0);
}

static const struct control_update plain;

/* ---- names ---- */

static void names_are_taken_once(void **state)
{
    struct world *w = *state;
    world_add_secret(w, "token");
    world_create(w, world_spec("web", 0));
    world_refused(w, world_try_create(w, OBJECT_SECRET, "s2", secret("Token", "x")),
                  ERR_ALREADY_EXISTS, "secret Token already exists");
    assert_int_equal(world_try_create(w, OBJECT_CONFIG, "c1", config("token", "x")), 0);
    world_refused(w, world_try_create(w, OBJECT_CONFIG, "c2", config("token", "x")),
                  ERR_ALREADY_EXISTS, "config token already exists");
    world_refused(w, world_try_create(w, OBJECT_SERVICE, "w2", world_spec("web", 0)),
                  ERR_ALREADY_EXISTS,
                  "name conflicts with an existing object: service web already exists");
}

static void the_created_object_is_lent(void **state)
{
    struct world *w = *state;
    struct manager_env env = world_env(w);
    const struct object *o;
    world_begin(w);
    assert_int_equal(
        control_create(w->tx, &env, OBJECT_SECRET, "s1", secret("a", "x"), &o, &w->e), 0);
    assert_string_equal(object_id(o), "s1");
    assert_int_equal(object_version(o), 1);
    assert_int_equal(message_time(object_meta(o)->created_at, 0), w->now);
}

/* ---- references ---- */

static void a_service_refers_to_what_exists(void **state)
{
    struct world *w = *state;
    world_add_secret(w, "token");
    Swarm__ServiceSpec *spec = world_spec("web", 0);
    world_use_secret(spec, "token", "token");
    world_create(w, spec);

    spec = world_spec("w2", 0);
    world_use_secret(spec, "nosuch", "a");
    world_refused(w, world_try_create(w, OBJECT_SERVICE, "w2", spec),
                  ERR_INVALID_ARGUMENT, "secret not found: a");
    spec = world_spec("w2", 0);
    world_use_secret(spec, "nosuch", "b");
    world_use_secret(spec, "token", "token");
    world_use_secret(spec, "token", "wrongname");
    world_refused(w, world_try_create(w, OBJECT_SERVICE, "w2", spec),
                  ERR_INVALID_ARGUMENT, "secrets not found: b, wrongname");
    spec = world_spec("w2", 0);
    use_config(spec, "nosuch", "c");
    world_refused(w, world_try_create(w, OBJECT_SERVICE, "w2", spec),
                  ERR_INVALID_ARGUMENT, "config not found: c");

    spec = world_spec_of(w, "web");
    world_use_secret(spec, "nosuch", "z");
    world_refused(w, world_try_update(w, OBJECT_SERVICE, "web", plain, spec),
                  ERR_INVALID_ARGUMENT, "secret not found: z");
}

static void a_reference_to_the_secrets_engine_is_no_secret_of_ours(void **state)
{
    struct world *w = *state;
    char id[OBJECT_ID_SIZE], again[OBJECT_ID_SIZE];
    secret_reference_id("se://db/password", id);
    secret_reference_id("se://db/password", again);
    assert_string_equal(id, again);
    assert_true(object_id_is_valid(id));
    secret_reference_id("se://db/passwore", again);
    assert_string_not_equal(id, again);

    world_add_secret(w, "token");
    Swarm__ServiceSpec *spec = world_spec("web", 0);
    world_use_secret(spec, id, "se://db/password");
    world_use_secret(spec, "token", "se://other");
    world_create(w, spec);
    world_remove(w, OBJECT_SECRET, "token");
}

static void what_is_in_use_cant_be_removed(void **state)
{
    struct world *w = *state;
    world_add_secret(w, "token");
    assert_int_equal(world_try_create(w, OBJECT_CONFIG, "c1", config("conf", "x")), 0);
    Swarm__ServiceSpec *spec = world_spec("web", 0);
    world_use_secret(spec, "token", "token");
    use_config(spec, "c1", "conf");
    world_create(w, spec);
    world_refused(w, world_try_remove(w, OBJECT_SECRET, "token", false),
                  ERR_INVALID_ARGUMENT,
                  "secret 'token' is in use by the following service: web");
    world_refused(w, world_try_remove(w, OBJECT_CONFIG, "c1", false),
                  ERR_INVALID_ARGUMENT,
                  "config 'conf' is in use by the following service: web");
    spec = world_spec("api", 0);
    world_use_secret(spec, "token", "token");
    assert_int_equal(world_try_create(w, OBJECT_SERVICE, "z-last-id", spec), 0);
    world_refused(w, world_try_remove(w, OBJECT_SECRET, "token", true),
                  ERR_INVALID_ARGUMENT,
                  "secret 'token' is in use by the following services: api, web");
    world_remove(w, OBJECT_SERVICE, "web");
    world_remove(w, OBJECT_SERVICE, "z-last-id");
    world_remove(w, OBJECT_SECRET, "token");
    world_remove(w, OBJECT_CONFIG, "c1");
    world_refused(w, world_try_remove(w, OBJECT_SECRET, "token", false), ERR_NOT_FOUND,
                  "secret token not found");
}

/* Tasks that still stop don't keep a secret; Docker's rule looks at services only. */
static void tasks_dont_keep_a_secret(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n");
    world_add_secret(w, "token");
    Swarm__ServiceSpec *spec = world_spec("web", 1);
    world_use_secret(spec, "token", "token");
    world_create(w, spec);
    world_run(w, "web", 1);
    world_remove(w, OBJECT_SERVICE, "web");
    world_remove(w, OBJECT_SECRET, "token");
}

/* ---- updates ---- */

static void only_labels_of_secrets_and_configs_change(void **state)
{
    struct world *w = *state;
    struct control_update same = {.data_unchanged = true};
    assert_int_equal(world_try_create(w, OBJECT_SECRET, "s1", secret("a", "x")), 0);
    assert_int_equal(world_try_create(w, OBJECT_CONFIG, "c1", config("a", "x")), 0);
    const char *refusal = "only updates to Labels are allowed";
    world_refused(w, world_try_update(w, OBJECT_SECRET, "s1", plain, secret("b", "")),
                  ERR_INVALID_ARGUMENT, refusal);
    world_refused(w, world_try_update(w, OBJECT_SECRET, "s1", plain, secret("a", "y")),
                  ERR_INVALID_ARGUMENT, refusal);
    world_refused(w, world_try_update(w, OBJECT_CONFIG, "c1", plain, config("a", "y")),
                  ERR_INVALID_ARGUMENT, refusal);
    assert_int_equal(world_try_update(w, OBJECT_CONFIG, "c1", plain, config("a", "x")),
                     0);
    Swarm__SecretSpec *spec = secret("a", "x");
    label(spec->annotations, "k", "v");
    assert_int_equal(world_try_update(w, OBJECT_SECRET, "s1", same, spec), 0);
    const struct object *o = store_get(store_view(w->store), OBJECT_SECRET, "s1");
    const Swarm__Annotations *a = object_annotations(o);
    assert_string_equal(message_map_get(a->n_labels, a->labels, "k"), "v");
    assert_int_equal(o->secret->spec->data.len, 1);
    assert_int_equal(world_try_update(w, OBJECT_SECRET, "s1", plain, secret("a", "")), 0);
    o = store_get(store_view(w->store), OBJECT_SECRET, "s1");
    assert_int_equal(o->secret->spec->data.len, 1);
}

static void an_update_needs_the_version(void **state)
{
    struct world *w = *state;
    struct control_update stale = {.version = 99};
    world_create(w, world_spec("web", 0));
    world_refused(w,
                  world_try_update(w, OBJECT_SERVICE, "web", stale, world_spec("web", 1)),
                  ERR_UNKNOWN, "update out of sequence");
    world_refused(
        w, world_try_update(w, OBJECT_SERVICE, "nosuch", stale, world_spec("web", 1)),
        ERR_NOT_FOUND, "service nosuch not found");
}

static void services_keep_name_and_mode(void **state)
{
    struct world *w = *state;
    world_create(w, world_spec("web", 0));
    world_refused(w,
                  world_try_update(w, OBJECT_SERVICE, "web", plain, world_spec("api", 0)),
                  ERR_UNIMPLEMENTED, "renaming services is not supported");
    Swarm__ServiceSpec *spec = world_spec("web", 0);
    message_free(&spec->replicated->base);
    spec->mode_case = SWARM__SERVICE_SPEC__MODE_GLOBAL;
    spec->global = world_new(&swarm__global_service__descriptor);
    world_refused(w, world_try_update(w, OBJECT_SERVICE, "web", plain, spec),
                  ERR_UNIMPLEMENTED, "service mode change is not allowed");
}

static void a_service_remembers_its_former_spec(void **state)
{
    struct world *w = *state;
    struct control_update rollback = {.rollback = true};
    world_create(w, world_spec("web", 1));
    world_refused(w, world_try_update(w, OBJECT_SERVICE, "web", rollback, NULL),
                  ERR_FAILED_PRECONDITION, "service web does not have a previous spec");
    uint64_t version = world_service(w, "web")->meta->version->index;
    world_scale(w, "web", 3);
    const Swarm__Service *s = world_service(w, "web");
    assert_int_equal(s->spec_version->index, version);
    assert_int_equal(s->previous_spec_version->index, 0);
    assert_int_equal(s->previous_spec->replicated->replicas, 1);
    assert_int_equal(world_try_update(w, OBJECT_SERVICE, "web", rollback, NULL), 0);
    s = world_service(w, "web");
    assert_int_equal(s->spec->replicated->replicas, 1);
    assert_int_equal(s->spec_version->index, 0);
    assert_int_equal(s->previous_spec->replicated->replicas, 3);
    assert_int_equal(s->previous_spec_version->index, version);
}

static void a_rollback_needs_the_secrets_of_then(void **state)
{
    struct world *w = *state;
    struct control_update rollback = {.rollback = true};
    world_add_secret(w, "token");
    Swarm__ServiceSpec *spec = world_spec("web", 0);
    world_use_secret(spec, "token", "token");
    world_create(w, spec);
    world_update(w, "web", world_spec("web", 0));
    world_remove(w, OBJECT_SECRET, "token");
    world_refused(w, world_try_update(w, OBJECT_SERVICE, "web", rollback, NULL),
                  ERR_INVALID_ARGUMENT, "secret not found: token");
}

/* ---- nodes ---- */

static Swarm__NodeSpec *node_spec(Swarm__NodeRole role)
{
    Swarm__NodeSpec *spec = world_new(&swarm__node_spec__descriptor);
    spec->desired_role = role;
    return spec;
}

static const Swarm__Node *node(struct world *w, const char *id)
{
    const struct object *o = store_get(store_view(w->store), OBJECT_NODE, id);
    return o ? o->node : NULL;
}

static void a_nodes_labels_and_availability_change(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n1");
    Swarm__NodeSpec *spec = node_spec(SWARM__NODE_ROLE__WORKER);
    spec->availability = SWARM__NODE_SPEC__AVAILABILITY__DRAIN;
    spec->annotations = world_new(&swarm__annotations__descriptor);
    label(spec->annotations, "disk", "ssd");
    assert_int_equal(world_try_update(w, OBJECT_NODE, "n1", plain, spec), 0);
    const Swarm__NodeSpec *now = node(w, "n1")->spec;
    assert_int_equal(now->availability, SWARM__NODE_SPEC__AVAILABILITY__DRAIN);
    assert_string_equal(now->annotations->labels[0]->value, "ssd");
}

/* The scheduler looks at the labels of any node. */
static void a_node_update_may_leave_the_labels_out(void **state)
{
    struct world *w = *state;
    world_add_node(w, "n1");
    assert_int_equal(world_try_update(w, OBJECT_NODE, "n1", plain,
                                      node_spec(SWARM__NODE_ROLE__WORKER)),
                     0);
    assert_non_null(node(w, "n1")->spec->annotations);
    assert_int_equal(node(w, "n1")->spec->annotations->n_labels, 0);
}

static void roles_dont_change_yet(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        world_try_create(w, OBJECT_NODE, "m", node_spec(SWARM__NODE_ROLE__MANAGER)), 0);
    assert_int_equal(node(w, "m")->role, SWARM__NODE_ROLE__MANAGER);
    world_add_node(w, "n1");
    world_refused(
        w,
        world_try_update(w, OBJECT_NODE, "m", plain, node_spec(SWARM__NODE_ROLE__WORKER)),
        ERR_FAILED_PRECONDITION, "attempting to demote the last manager of the swarm");
    world_refused(w,
                  world_try_update(w, OBJECT_NODE, "n1", plain,
                                   node_spec(SWARM__NODE_ROLE__MANAGER)),
                  ERR_UNIMPLEMENTED, "promoting a node to manager is not supported yet");
}

static void a_node_that_is_up_is_removed_by_force(void **state)
{
    struct world *w = *state;
    world_add_cluster(w, 5);
    world_add_node(w, "n1");
    world_create(w, world_spec("web", 1));
    world_run(w, "web", 1);
    world_refused(w, world_try_remove(w, OBJECT_NODE, "n1", false),
                  ERR_FAILED_PRECONDITION, "node n1 is not down and can't be removed");
    assert_int_equal(world_try_remove(w, OBJECT_NODE, "n1", true), 0);
    assert_null(node(w, "n1"));
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    world_tasks(w, "web", &l);
    assert_int_equal(l.objects[0]->task->status->state, SWARM__TASK_STATE__ORPHANED);
    assert_string_equal(l.objects[0]->task->status->message,
                        "Task belonged to a node that has been deleted");
    assert_string_equal(world_show(w, "web"), "1 shutdown orphaned n1\n"
                                              "1 ready pending -\n");
    const Swarm__Cluster *c = store_cluster(store_view(w->store));
    assert_int_equal(c->n_blacklisted_certificates, 1);
    assert_string_equal(c->blacklisted_certificates[0]->key, "n1");
    assert_true(message_time(c->blacklisted_certificates[0]->value->expiry, 0) ==
                w->now + 97 * 24 * CLOCK_HOUR);
}

static void a_manager_isnt_removed(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        world_try_create(w, OBJECT_NODE, "m", node_spec(SWARM__NODE_ROLE__MANAGER)), 0);
    world_refused(w, world_try_remove(w, OBJECT_NODE, "m", true), ERR_FAILED_PRECONDITION,
                  "node m is a cluster manager and is a member of the raft cluster. It "
                  "must be demoted to worker before removal");
}

static void a_blacklist_forgets_what_expired(void **state)
{
    struct world *w = *state;
    world_add_cluster(w, 5);
    world_add_node(w, "n1");
    world_add_node(w, "n2");
    assert_int_equal(world_try_remove(w, OBJECT_NODE, "n1", true), 0);
    world_wait(w, 98 * 24 * CLOCK_HOUR);
    assert_int_equal(world_try_remove(w, OBJECT_NODE, "n2", true), 0);
    const Swarm__Cluster *c = store_cluster(store_view(w->store));
    assert_int_equal(c->n_blacklisted_certificates, 1);
    assert_string_equal(c->blacklisted_certificates[0]->key, "n2");
}

/* ---- the cluster ---- */

static void there_is_one_cluster(void **state)
{
    struct world *w = *state;
    world_add_cluster(w, 5);
    Swarm__ClusterSpec *spec = world_new(&swarm__cluster_spec__descriptor);
    spec->annotations = world_new(&swarm__annotations__descriptor);
    fixture_set(&spec->annotations->name, "second");
    world_refused(w, world_try_create(w, OBJECT_CLUSTER, "c2", spec), ERR_ALREADY_EXISTS,
                  "cluster default already exists");
    world_refused(w, world_try_remove(w, OBJECT_CLUSTER, "c", true), ERR_UNIMPLEMENTED,
                  "removing a cluster is not supported");
}

static void tokens_rotate_one_by_one(void **state)
{
    struct world *w = *state;
    struct control_update rotate = {.rotate_worker_token = true, .worker_token = "new"};
    world_add_cluster(w, 5);
    const Swarm__Cluster *c = store_cluster(store_view(w->store));
    world_refused(
        w, world_try_update(w, OBJECT_CLUSTER, "c", rotate, message_copy(&c->spec->base)),
        ERR_FAILED_PRECONDITION, "the cluster has no join tokens to rotate");
    struct object *o = world_edit(w, OBJECT_CLUSTER, "c");
    o->cluster->root_ca = world_new(&swarm__root_ca__descriptor);
    o->cluster->root_ca->join_tokens = world_new(&swarm__join_tokens__descriptor);
    fixture_set(&o->cluster->root_ca->join_tokens->manager, "old");
    world_write(w, o);
    c = store_cluster(store_view(w->store));
    assert_int_equal(
        world_try_update(w, OBJECT_CLUSTER, "c", rotate, message_copy(&c->spec->base)),
        0);
    c = store_cluster(store_view(w->store));
    assert_string_equal(c->root_ca->join_tokens->worker, "new");
    assert_string_equal(c->root_ca->join_tokens->manager, "old");
}

static void users_dont_make_tasks_or_networks(void **state)
{
    struct world *w = *state;
    world_refused(
        w,
        world_try_create(w, OBJECT_TASK, "t", world_new(&swarm__task_spec__descriptor)),
        ERR_UNIMPLEMENTED, "creating a task is not supported");
    world_refused(w,
                  world_try_create(w, OBJECT_NETWORK, "t",
                                   world_new(&swarm__network_spec__descriptor)),
                  ERR_UNIMPLEMENTED, "creating a network is not supported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(names_are_taken_once),
        TEST(the_created_object_is_lent),
        TEST(a_service_refers_to_what_exists),
        TEST(a_reference_to_the_secrets_engine_is_no_secret_of_ours),
        TEST(what_is_in_use_cant_be_removed),
        TEST(tasks_dont_keep_a_secret),
        TEST(only_labels_of_secrets_and_configs_change),
        TEST(an_update_needs_the_version),
        TEST(services_keep_name_and_mode),
        TEST(a_service_remembers_its_former_spec),
        TEST(a_rollback_needs_the_secrets_of_then),
        TEST(a_nodes_labels_and_availability_change),
        TEST(a_node_update_may_leave_the_labels_out),
        TEST(roles_dont_change_yet),
        TEST(a_node_that_is_up_is_removed_by_force),
        TEST(a_manager_isnt_removed),
        TEST(a_blacklist_forgets_what_expired),
        TEST(there_is_one_cluster),
        TEST(tokens_rotate_one_by_one),
        TEST(users_dont_make_tasks_or_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
