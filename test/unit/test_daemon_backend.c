/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "backend_node.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cluster/secret_payload.h"
#include "daemon/backend.h"
#include "loop/loop.h"
#include "manager_world.h"

#define CANARY "canary-of-a-secret"

/* An answer of the backend's. */
struct answer {
    bool is_there;
    int code;
    char text[256];
    char id[OBJECT_ID_SIZE];
    uint64_t version;
};

struct fixture {
    uv_loop_t loop;
    char root[32], folder[64];
    struct node node;
    struct cluster *cluster;
    struct bootstrap bootstrap;
    struct backend *backend;
    struct answer answer;
    bool is_closed;
    struct err err;
};

/* ---- the fixture ---- */

static void on_closed(void *user)
{
    struct fixture *f = user;
    f->is_closed = true;
}

static void wait_until_closed(struct fixture *f)
{
    while (!f->is_closed)
        uv_run(&f->loop, UV_RUN_ONCE);
    f->is_closed = false;
}

static void on_bootstrapped(int r, const struct err *e, void *user)
{
    struct fixture *f = user;
    assert_int_equal(r, 0);
    f->is_closed = true;
}

static void begin_swarm(struct fixture *f)
{
    struct cluster_config config = {.loop = &f->loop, .folder = f->folder};
    assert_int_equal(cluster_open(&config, &f->cluster, &f->err), 0);
    assert_int_equal(
        bootstrap_init(&f->bootstrap, NULL, "10.0.0.1:2377", clock_now(), &f->err), 0);
    assert_int_equal(
        cluster_bootstrap(f->cluster, &f->bootstrap, on_bootstrapped, f, &f->err), 0);
    wait_until_closed(f);
    f->node.state.membership = NODE_MEMBER;
    strcpy_cut(f->node.state.node_id, sizeof(f->node.state.node_id),
               f->bootstrap.node_id);
    f->node.cluster = f->cluster;
    f->node.watch.on_begin(f->cluster, f->node.watch.user);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    *state = f;
    assert_int_equal(crypto_init(&f->err), 0);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    strcpy_cut(f->root, sizeof(f->root), "/tmp/coffer-backend-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->folder, sizeof(f->folder), "%s/swarm", f->root);
    assert_int_equal(node_backend_new(&f->loop, &f->node, &f->backend, &f->err), 0);
    defer_queue_init(&f->node.defers, &f->loop);
    begin_swarm(f);
    return 0;
}

static void close_backend(struct fixture *f)
{
    f->node.watch.on_end(f->cluster, f->node.watch.user);
    node_backend_close(f->backend, on_closed, f);
    wait_until_closed(f);
    f->backend = NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct loop_close closing;
    if (f->backend)
        close_backend(f);
    cluster_close(f->cluster, on_closed, f);
    wait_until_closed(f);
    loop_close_init(&closing, on_closed, f);
    defer_queue_close(&f->node.defers, &closing);
    loop_close_end(&closing);
    wait_until_closed(f);
    bootstrap_deinit(&f->bootstrap);
    assert_int_equal(cluster_remove_files(f->folder, &f->err), 0);
    assert_int_equal(rmdir(f->folder), 0);
    assert_int_equal(rmdir(f->root), 0);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

/* ---- requests ---- */

static void on_answer(int r, const struct err *e, const struct object *o, void *user)
{
    struct answer *a = user;
    assert_false(a->is_there);
    *a = (struct answer){.is_there = true, .code = r};
    if (r)
        strcpy_cut(a->text, sizeof(a->text), err_text(e));
    if (o) {
        strcpy_cut(a->id, sizeof(a->id), object_id(o));
        a->version = object_version(o);
    }
}

/* Answers come from the loop. */
static int wait_for_answer(struct fixture *f)
{
    assert_false(f->answer.is_there);
    while (!f->answer.is_there)
        uv_run(&f->loop, UV_RUN_ONCE);
    return f->answer.code;
}

static int create(struct fixture *f, enum object_kind kind, void *spec)
{
    f->answer.is_there = false;
    f->backend->ops->create(f->backend, kind, spec, on_answer, &f->answer);
    return wait_for_answer(f);
}

static int update(struct fixture *f, enum object_kind kind, const char *id,
                  const struct control_update *how, void *spec)
{
    f->answer.is_there = false;
    f->backend->ops->update(f->backend, kind, id, how, spec, on_answer, &f->answer);
    return wait_for_answer(f);
}

static int remove_object(struct fixture *f, enum object_kind kind, const char *id)
{
    f->answer.is_there = false;
    f->backend->ops->remove(f->backend, kind, id, false, on_answer, &f->answer);
    return wait_for_answer(f);
}

static int init(struct fixture *f, struct backend_init *how)
{
    f->answer.is_there = false;
    f->backend->ops->init(f->backend, how, on_answer, &f->answer);
    return wait_for_answer(f);
}

static int leave(struct fixture *f, bool force)
{
    f->answer.is_there = false;
    f->backend->ops->leave(f->backend, force, on_answer, &f->answer);
    return wait_for_answer(f);
}

static const struct object *get(struct fixture *f, enum object_kind kind, const char *id)
{
    const struct store_view *v;
    assert_int_equal(f->backend->ops->view(f->backend, &v, &f->err), 0);
    return store_get(v, kind, id);
}

static Swarm__SecretSpec *secret_spec(const char *name, const char *value)
{
    Swarm__SecretSpec *spec = world_new(&swarm__secret_spec__descriptor);
    spec->annotations = world_new(&swarm__annotations__descriptor);
    fixture_set(&spec->annotations->name, name);
    assert_int_equal(message_set_bytes(&spec->data, value, strlen(value)), 0);
    return spec;
}

static void create_secret(struct fixture *f, char id[OBJECT_ID_SIZE])
{
    assert_int_equal(create(f, OBJECT_SECRET, secret_spec("key", CANARY)), 0);
    strcpy_cut(id, OBJECT_ID_SIZE, f->answer.id);
}

/* ---- secrets ---- */

static void assert_no_canary(struct fixture *f, const char *name)
{
    char path[128];
    cleanup_buf struct buf text = BUF_INIT;
    snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    assert_int_equal(file_read(path, (size_t)64 << 20, &text, &f->err), 0);
    assert_null(memmem(text.data, text.len, CANARY, strlen(CANARY)));
}

static void a_secret_is_sealed_at_once_and_stays_so(void **state)
{
    struct fixture *f = *state;
    char id[OBJECT_ID_SIZE];
    create_secret(f, id);
    const Swarm__Secret *secret = get(f, OBJECT_SECRET, id)->secret;
    assert_string_equal(secret->spec->annotations->name, "key");
    assert_null(
        memmem(secret->spec->data.data, secret->spec->data.len, CANARY, strlen(CANARY)));
    assert_true(keyring_is_current(cluster_keys(f->cluster), secret->spec->data.data,
                                   secret->spec->data.len));
    assert_no_canary(f, "store.db");
    assert_no_canary(f, "store.db-wal");
}

static void what_is_invalid_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, OBJECT_SECRET, secret_spec("key", "")),
                     ERR_INVALID_ARGUMENT);
    assert_int_equal(create(f, OBJECT_SECRET, secret_spec("", CANARY)),
                     ERR_INVALID_ARGUMENT);
    assert_int_equal(create(f, OBJECT_NETWORK, NULL), ERR_UNIMPLEMENTED);
    char id[OBJECT_ID_SIZE];
    create_secret(f, id);
    assert_int_equal(create(f, OBJECT_SECRET, secret_spec("key", CANARY)),
                     ERR_ALREADY_EXISTS);
}

static int update_secret(struct fixture *f, const char *id, const char *value,
                         const char *label)
{
    struct control_update how = {.version = object_version(get(f, OBJECT_SECRET, id))};
    Swarm__SecretSpec *spec = secret_spec("key", value);
    assert_int_equal(message_map_put(&spec->annotations->n_labels,
                                     &spec->annotations->labels, "label", label),
                     0);
    return update(f, OBJECT_SECRET, id, &how, spec);
}

static void labels_change_with_the_same_data_or_none(void **state)
{
    struct fixture *f = *state;
    char id[OBJECT_ID_SIZE];
    create_secret(f, id);
    assert_int_equal(update_secret(f, id, "", "one"), 0);
    assert_int_equal(update_secret(f, id, CANARY, "two"), 0);
    assert_int_equal(update_secret(f, id, "another value", "three"),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(f->answer.text, "only updates to Labels are allowed");
    const Swarm__Secret *secret = get(f, OBJECT_SECRET, id)->secret;
    assert_string_equal(message_map_get(secret->spec->annotations->n_labels,
                                        secret->spec->annotations->labels, "label"),
                        "two");
    ProtobufCBinaryData plain = {strlen(CANARY), (uint8_t *)(uintptr_t)CANARY};
    bool is_equal = false;
    assert_int_equal(secret_payload_is_equal(cluster_keys(f->cluster),
                                             get(f, OBJECT_SECRET, id), &plain, &is_equal,
                                             &f->err),
                     0);
    assert_true(is_equal);
}

static void a_secret_that_is_not_there_cant_be_written(void **state)
{
    struct fixture *f = *state;
    struct control_update how = {.version = 1};
    assert_int_equal(update(f, OBJECT_SECRET, "missing", &how, secret_spec("key", "x")),
                     ERR_NOT_FOUND);
    assert_int_equal(remove_object(f, OBJECT_SECRET, "missing"), ERR_NOT_FOUND);
}

/* ---- services ---- */

static Swarm__ServiceSpec *service_spec(const char *secret_id)
{
    Swarm__ServiceSpec *spec = world_spec("web", 2);
    world_use_secret(spec, secret_id, "key");
    Swarm__SecretReference *ref = spec->task->container->secrets[0];
    ref->target_case = SWARM__SECRET_REFERENCE__TARGET_FILE;
    ref->file = world_new(&swarm__file_target__descriptor);
    fixture_set(&ref->file->name, "key");
    fixture_set(&ref->file->uid, "0");
    fixture_set(&ref->file->gid, "0");
    return spec;
}

static void a_secret_in_use_stays(void **state)
{
    struct fixture *f = *state;
    char id[OBJECT_ID_SIZE], service[OBJECT_ID_SIZE];
    create_secret(f, id);
    assert_int_equal(create(f, OBJECT_SERVICE, service_spec(id)), 0);
    strcpy_cut(service, sizeof(service), f->answer.id);
    assert_int_equal(remove_object(f, OBJECT_SECRET, id), ERR_INVALID_ARGUMENT);
    assert_string_equal(f->answer.text,
                        "secret 'key' is in use by the following service: web");
    assert_int_equal(remove_object(f, OBJECT_SERVICE, service), 0);
    assert_int_equal(remove_object(f, OBJECT_SECRET, id), 0);
    assert_null(get(f, OBJECT_SECRET, id));
}

static void an_update_needs_the_version_that_was_seen(void **state)
{
    struct fixture *f = *state;
    struct control_update how = {0};
    char id[OBJECT_ID_SIZE];
    assert_int_equal(create(f, OBJECT_SERVICE, world_spec("web", 1)), 0);
    strcpy_cut(id, sizeof(id), f->answer.id);
    how.version = f->answer.version;
    assert_int_equal(update(f, OBJECT_SERVICE, id, &how, world_spec("web", 3)), 0);
    assert_int_equal(update(f, OBJECT_SERVICE, id, &how, world_spec("web", 4)),
                     ERR_UNKNOWN);
    assert_string_equal(f->answer.text, "update out of sequence");
    how = (struct control_update){.version = object_version(get(f, OBJECT_SERVICE, id)),
                                  .rollback = true};
    assert_int_equal(update(f, OBJECT_SERVICE, id, &how, NULL), 0);
    assert_int_equal(get(f, OBJECT_SERVICE, id)->service->spec->replicated->replicas, 1);
}

/* ---- the swarm ---- */

static void a_token_can_be_drawn_anew(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v;
    char worker[JOIN_TOKEN_SIZE], manager[JOIN_TOKEN_SIZE];
    assert_int_equal(f->backend->ops->view(f->backend, &v, &f->err), 0);
    const Swarm__Cluster *c = store_cluster(v);
    strcpy_cut(worker, sizeof(worker), c->root_ca->join_tokens->worker);
    strcpy_cut(manager, sizeof(manager), c->root_ca->join_tokens->manager);
    struct control_update how = {.version = object_version(get(f, OBJECT_CLUSTER, c->id)),
                                 .rotate_worker_token = true};
    assert_int_equal(update(f, OBJECT_CLUSTER, c->id, &how, message_copy(&c->spec->base)),
                     0);
    c = store_cluster(v);
    assert_string_not_equal(c->root_ca->join_tokens->worker, worker);
    assert_true(token_is_valid(c->root_ca->join_tokens->worker));
    assert_string_equal(c->root_ca->join_tokens->manager, manager);
}

static void without_a_swarm_nothing_is_to_be_seen_or_written(void **state)
{
    struct fixture *f = *state;
    const struct store_view *v;
    struct backend_swarm swarm;
    f->node.cluster = NULL;
    f->backend->ops->swarm(f->backend, &swarm);
    assert_int_equal(swarm.state, SWARM_INACTIVE);
    assert_string_equal(swarm.node_id, "");
    assert_int_equal(f->backend->ops->view(f->backend, &v, &f->err), ERR_UNAVAILABLE);
    assert_int_equal(create(f, OBJECT_SECRET, secret_spec("key", CANARY)),
                     ERR_UNAVAILABLE);
    assert_non_null(strstr(f->answer.text, "This node is not a swarm manager."));
    assert_int_equal(leave(f, true), ERR_UNAVAILABLE);
    assert_string_equal(f->answer.text, "This node is not part of a swarm");
}

static void a_swarm_tells_who_it_is(void **state)
{
    struct fixture *f = *state;
    struct backend_swarm swarm;
    f->backend->ops->swarm(f->backend, &swarm);
    assert_int_equal(swarm.state, SWARM_ACTIVE);
    assert_string_equal(swarm.node_id, f->bootstrap.node_id);
    assert_true(swarm.is_manager);
    assert_false(swarm.is_auto);
}

static void an_own_swarm_is_confirmed_by_init(void **state)
{
    struct fixture *f = *state;
    struct backend_init how = {.advertise_addr = "10.0.0.9", .availability = "pause"};
    f->node.state.is_auto = true;
    how.spec = world_new(&swarm__cluster_spec__descriptor);
    assert_int_equal(cluster_spec_set_defaults(how.spec), 0);
    assert_int_equal(init(f, &how), 0);
    assert_null(how.spec);
    assert_string_equal(f->answer.id, f->bootstrap.node_id);
    assert_int_equal(f->node.confirmations, 1);
    assert_string_equal(f->node.asked.advertise_addr, "10.0.0.9");
    assert_int_equal(f->node.asked.availability, SWARM__NODE_SPEC__AVAILABILITY__PAUSE);
    assert_non_null(f->node.asked.spec);
    assert_int_equal(init(f, &how), ERR_UNAVAILABLE);
    assert_int_equal(f->node.inits, 0);
}

static void a_node_outside_is_taken_in_by_init(void **state)
{
    struct fixture *f = *state;
    struct backend_init how = {.listen_addr = "0.0.0.0:2377",
                               .advertise_addr = "10.0.0.1",
                               .availability = "drain",
                               .subnet_size = 24};
    f->node.cluster = NULL;
    how.spec = world_new(&swarm__cluster_spec__descriptor);
    assert_int_equal(cluster_spec_set_defaults(how.spec), 0);
    assert_int_equal(init(f, &how), 0);
    assert_int_equal(f->node.inits, 1);
    assert_null(how.spec);
}

static void what_init_cant_do_it_names(void **state)
{
    struct fixture *f = *state;
    struct backend_init autolock = {.autolock = true};
    struct backend_init forced = {.force_new_cluster = true};
    struct backend_init path = {.data_path_addr = "10.0.0.1"};
    struct backend_init unknown = {.availability = "sleepy"};
    f->node.cluster = NULL;
    assert_int_equal(init(f, &autolock), ERR_UNIMPLEMENTED);
    assert_int_equal(init(f, &forced), ERR_UNIMPLEMENTED);
    assert_int_equal(init(f, &path), ERR_UNIMPLEMENTED);
    struct backend_init listen = {.listen_addr = "127.0.0.1:2377"};
    struct backend_init port = {.listen_addr = "0.0.0.0:7946"};
    struct backend_init subnet = {.subnet_size = 28};
    assert_int_equal(init(f, &listen), ERR_UNIMPLEMENTED);
    assert_non_null(strstr(f->answer.text, "ListenAddr: 127.0.0.1:2377"));
    assert_int_equal(init(f, &port), ERR_UNIMPLEMENTED);
    assert_int_equal(init(f, &subnet), ERR_UNIMPLEMENTED);
    assert_non_null(strstr(f->answer.text, "SubnetSize: 28"));
    assert_int_equal(init(f, &unknown), ERR_INVALID_ARGUMENT);
    assert_string_equal(f->answer.text, "invalid Availability: \"sleepy\"");
    assert_int_equal(f->node.inits, 0);
}

static void the_last_manager_leaves_only_by_force(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(leave(f, false), ERR_UNAVAILABLE);
    assert_non_null(strstr(f->answer.text, "Use `--force`"));
    assert_int_equal(f->node.leaves, 0);
    assert_int_equal(leave(f, true), ERR_UNAVAILABLE);
    assert_string_equal(f->answer.text, "not now");
    assert_int_equal(f->node.leaves, 1);
}

static void one_way_in_or_out_is_gone_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct backend_init how = {.advertise_addr = "", .availability = ""};
    f->node.is_busy = true;
    assert_int_equal(init(f, &how), ERR_UNAVAILABLE);
    assert_int_equal(leave(f, true), ERR_UNAVAILABLE);
    assert_non_null(strstr(f->answer.text, "on its way into or out of a swarm"));
    assert_int_equal(f->node.inits + f->node.leaves + f->node.confirmations, 0);
}

static void refusals_that_are_due_come_before_the_end(void **state)
{
    struct fixture *f = *state;
    struct answer created = {0}, left = {0};
    const struct backend_ops *ops = f->backend->ops;
    ops->create(f->backend, OBJECT_SECRET, secret_spec("", CANARY), on_answer, &created);
    ops->leave(f->backend, false, on_answer, &left);
    assert_false(created.is_there || left.is_there);
    close_backend(f);
    assert_int_equal(created.code, ERR_INVALID_ARGUMENT);
    assert_int_equal(left.code, ERR_UNAVAILABLE);
}

/* ---- watching ---- */

struct watcher {
    struct store_watch watch;
    struct backend *backend;
    struct watcher *removes; /* this one, at its first change */
    int changes, commits;
};

static void on_change(const struct store_change *c, void *user)
{
    struct watcher *w = user;
    w->changes++;
    if (w->removes)
        w->backend->ops->unwatch(w->backend, &TAKE(w->removes)->watch);
}

static void on_commit(const struct store_view *v, void *user)
{
    struct watcher *w = user;
    w->commits++;
}

static void watch(struct fixture *f, struct watcher *w, struct watcher *removes)
{
    *w = (struct watcher){.watch = {.on_change = on_change, .on_commit = on_commit},
                          .backend = f->backend,
                          .removes = removes};
    w->watch.user = w;
    f->backend->ops->watch(f->backend, &w->watch);
}

static void watchers_may_go_while_they_are_told(void **state)
{
    struct fixture *f = *state;
    struct watcher a, b, c, d;
    char id[OBJECT_ID_SIZE];
    watch(f, &a, &b); /* the next one */
    watch(f, &b, NULL);
    watch(f, &c, &a); /* one before */
    watch(f, &d, &d); /* itself */
    create_secret(f, id);
    assert_int_equal(a.changes, 1);
    assert_int_equal(b.changes, 0);
    assert_int_equal(c.changes, 1);
    assert_int_equal(d.changes, 1);
    assert_int_equal(a.commits, 0);
    assert_int_equal(c.commits, 1);
    assert_int_equal(remove_object(f, OBJECT_SECRET, id), 0);
    assert_int_equal(a.changes + b.changes + d.changes, 2);
    assert_int_equal(c.changes, 2);
}

static void a_watch_outlives_its_swarm(void **state)
{
    struct fixture *f = *state;
    struct watcher w;
    char id[OBJECT_ID_SIZE];
    watch(f, &w, NULL);
    f->node.watch.on_end(f->cluster, f->node.watch.user);
    create_secret(f, id);
    assert_int_equal(w.changes, 0);
    f->node.watch.on_begin(f->cluster, f->node.watch.user);
    assert_int_equal(remove_object(f, OBJECT_SECRET, id), 0);
    assert_int_equal(w.changes, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_secret_is_sealed_at_once_and_stays_so),
        TEST(what_is_invalid_is_refused),
        TEST(labels_change_with_the_same_data_or_none),
        TEST(a_secret_that_is_not_there_cant_be_written),
        TEST(a_secret_in_use_stays),
        TEST(an_update_needs_the_version_that_was_seen),
        TEST(a_token_can_be_drawn_anew),
        TEST(without_a_swarm_nothing_is_to_be_seen_or_written),
        TEST(a_swarm_tells_who_it_is),
        TEST(an_own_swarm_is_confirmed_by_init),
        TEST(a_node_outside_is_taken_in_by_init),
        TEST(what_init_cant_do_it_names),
        TEST(the_last_manager_leaves_only_by_force),
        TEST(one_way_in_or_out_is_gone_at_a_time),
        TEST(refusals_that_are_due_come_before_the_end),
        TEST(watchers_may_go_while_they_are_told),
        TEST(a_watch_outlives_its_swarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
