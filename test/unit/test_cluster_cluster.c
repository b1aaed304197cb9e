/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "loop/clock.h"
#include "net/rpc_local.h"

/* The manager's folder on a real disk. */
struct fixture {
    uv_loop_t loop;
    char root[32];
    char folder[64];
    struct cluster *cluster;
    struct bootstrap bootstrap;
    bool is_done, is_closed;
    int code;
    struct err err;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(crypto_init(&f->err), 0);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    strcpy_cut(f->root, sizeof(f->root), "/tmp/coffer-cluster-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->folder, sizeof(f->folder), "%s/swarm", f->root);
    *state = f;
    return 0;
}

static void on_closed(void *user)
{
    struct fixture *f = user;
    f->is_closed = true;
}

static void close_cluster(struct fixture *f)
{
    if (!f->cluster)
        return;
    f->is_closed = false;
    cluster_close(TAKE(f->cluster), on_closed, f);
    while (!f->is_closed)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    close_cluster(f);
    assert_int_equal(cluster_remove_files(f->folder, &f->err), 0);
    rmdir(f->folder);
    assert_int_equal(rmdir(f->root), 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    bootstrap_deinit(&f->bootstrap);
    free(f);
    return 0;
}

static int open_cluster(struct fixture *f)
{
    struct cluster_config config = {.loop = &f->loop, .folder = f->folder};
    return cluster_open(&config, &f->cluster, &f->err);
}

static void on_done(int r, const struct err *e, void *user)
{
    struct fixture *f = user;
    f->is_done = true;
    f->code = r;
}

/* A cluster that has its first objects. */
static void begin(struct fixture *f)
{
    assert_int_equal(open_cluster(f), 0);
    assert_false(cluster_exists(f->cluster));
    assert_int_equal(
        bootstrap_init(&f->bootstrap, NULL, "10.0.0.1:2377", clock_now(), &f->err), 0);
    f->is_done = false;
    assert_int_equal(cluster_bootstrap(f->cluster, &f->bootstrap, on_done, f, &f->err),
                     0);
    while (!f->is_done)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->code, 0);
    assert_true(cluster_exists(f->cluster));
}

static const char *path_of(struct fixture *f, const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    return path;
}

static mode_t mode_of(struct fixture *f, const char *name)
{
    struct stat st;
    assert_int_equal(stat(path_of(f, name), &st), 0);
    return st.st_mode & 07777;
}

static void a_new_cluster_is_there_when_it_is_opened_again(void **state)
{
    struct fixture *f = *state;
    begin(f);
    close_cluster(f);
    assert_int_equal(open_cluster(f), 0);
    assert_true(cluster_exists(f->cluster));
    const struct store_view *v = store_view(cluster_store(f->cluster));
    assert_string_equal(store_cluster(v)->id, f->bootstrap.cluster_id);
    assert_non_null(store_get(v, OBJECT_NODE, f->bootstrap.node_id));
}

static void its_files_are_its_own(void **state)
{
    struct fixture *f = *state;
    begin(f);
    assert_int_equal(mode_of(f, "."), 0700);
    assert_int_equal(mode_of(f, "keys"), 0600);
    assert_int_equal(mode_of(f, "store.db"), 0600);
    assert_int_equal(mode_of(f, "certificates/swarm-node.key"), 0600);
    assert_int_equal(mode_of(f, "certificates/swarm-node.crt") & 0600, 0600);
    assert_int_equal(mode_of(f, "certificates/swarm-root-ca.crt") & 0600, 0600);
}

static void it_has_its_certificates_before_it_exists(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_cluster(f), 0);
    assert_int_equal(
        bootstrap_init(&f->bootstrap, NULL, "10.0.0.1:2377", clock_now(), &f->err), 0);
    assert_int_equal(cluster_bootstrap(f->cluster, &f->bootstrap, on_done, f, &f->err),
                     0);
    assert_int_equal(mode_of(f, "certificates/swarm-node.key"), 0600);
    close_cluster(f);
    assert_true(f->is_done);
}

static void two_at_once_are_refused(void **state)
{
    struct fixture *f = *state;
    begin(f);
    struct cluster_config config = {.loop = &f->loop, .folder = f->folder};
    struct cluster *second;
    assert_int_equal(cluster_open(&config, &second, &f->err), ERR_FAILED_PRECONDITION);
}

static void a_database_without_its_keys_is_not_begun_anew(void **state)
{
    struct fixture *f = *state;
    begin(f);
    close_cluster(f);
    assert_int_equal(unlink(path_of(f, "keys")), 0);
    assert_int_equal(open_cluster(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->err.text, "/swarm/keys is missing"));
    assert_int_equal(access(path_of(f, "keys"), F_OK), -1);
}

static void keys_without_their_database_are_an_empty_store(void **state)
{
    struct fixture *f = *state;
    begin(f);
    close_cluster(f);
    unlink(path_of(f, "store.db"));
    unlink(path_of(f, "store.db-wal"));
    assert_int_equal(open_cluster(f), 0);
    assert_false(cluster_exists(f->cluster));
}

static void overwrite(struct fixture *f, const char *name, off_t at, const char *text)
{
    cleanup_fd int fd = open(path_of(f, name), O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, text, strlen(text), at), (ssize_t)strlen(text));
}

static void a_damaged_database_is_named(void **state)
{
    struct fixture *f = *state;
    begin(f);
    close_cluster(f);
    overwrite(f, "store.db", 0, "this is no database of anybody's");
    assert_int_equal(open_cluster(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->err.text, "/swarm/store.db"));
}

static void damaged_keys_are_named(void **state)
{
    struct fixture *f = *state;
    begin(f);
    close_cluster(f);
    overwrite(f, "keys", 40, "x");
    assert_int_equal(open_cluster(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->err.text, "/swarm/keys"));
}

static void keys_of_another_cluster_are_refused(void **state)
{
    struct fixture *f = *state;
    begin(f);
    close_cluster(f);
    struct keyring *other;
    assert_int_equal(keyring_new(&other), 0);
    assert_int_equal(keyfile_save(path_of(f, "keys"), other, &f->err), 0);
    keyring_free(other);
    assert_int_equal(open_cluster(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->err.text, "/swarm/store.db"));
}

static void nothing_is_left_after_removal(void **state)
{
    struct fixture *f = *state;
    begin(f);
    close_cluster(f);
    assert_int_equal(cluster_remove_files(f->folder, &f->err), 0);
    assert_int_equal(rmdir(f->folder), 0);
    assert_int_equal(cluster_remove_files(f->folder, &f->err), 0);
}

static void it_serves_and_closes_with_calls_open(void **state)
{
    struct fixture *f = *state;
    struct rpc_peer peer = {.is_manager = true};
    struct rpc_channel *channel;
    begin(f);
    assert_int_equal(cluster_serve(f->cluster, "10.0.0.1:2377", &f->err), 0);
    strcpy_cut(peer.node_id, sizeof(peer.node_id), f->bootstrap.node_id);
    assert_int_equal(rpc_local_channel_new(&f->loop, cluster_server(f->cluster), &peer,
                                           &channel, &f->err),
                     0);
    f->is_closed = false;
    rpc_local_channel_close(channel, on_closed, f);
    while (!f->is_closed)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void rotating_the_key_leaves_one_key(void **state)
{
    struct fixture *f = *state;
    begin(f);
    assert_int_equal(cluster_serve(f->cluster, "10.0.0.1:2377", &f->err), 0);
    uint8_t old[SEAL_KEY_ID_SIZE];
    memcpy(old, keyring_current_id(cluster_keys(f->cluster)), sizeof(old));
    assert_int_equal(cluster_rotate_key(f->cluster, &f->err), 0);
    while (keyring_count(cluster_keys(f->cluster)) > 1)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_memory_not_equal(old, keyring_current_id(cluster_keys(f->cluster)),
                            sizeof(old));
    close_cluster(f);
    assert_int_equal(open_cluster(f), 0);
    assert_true(cluster_exists(f->cluster));
}

static void a_rotation_that_was_cut_short_goes_on(void **state)
{
    struct fixture *f = *state;
    begin(f);
    assert_int_equal(cluster_serve(f->cluster, "10.0.0.1:2377", &f->err), 0);
    assert_int_equal(cluster_rotate_key(f->cluster, &f->err), 0);
    close_cluster(f);
    assert_int_equal(open_cluster(f), 0);
    assert_int_equal(keyring_count(cluster_keys(f->cluster)), 2);
    assert_int_equal(cluster_serve(f->cluster, "10.0.0.1:2377", &f->err), 0);
    while (keyring_count(cluster_keys(f->cluster)) > 1)
        uv_run(&f->loop, UV_RUN_ONCE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_cluster_is_there_when_it_is_opened_again),
        TEST(its_files_are_its_own),
        TEST(it_has_its_certificates_before_it_exists),
        TEST(two_at_once_are_refused),
        TEST(a_database_without_its_keys_is_not_begun_anew),
        TEST(keys_without_their_database_are_an_empty_store),
        TEST(a_damaged_database_is_named),
        TEST(damaged_keys_are_named),
        TEST(keys_of_another_cluster_are_refused),
        TEST(nothing_is_left_after_removal),
        TEST(it_serves_and_closes_with_calls_open),
        TEST(rotating_the_key_leaves_one_key),
        TEST(a_rotation_that_was_cut_short_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
