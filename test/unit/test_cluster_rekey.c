/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_fixture.h"

#include <unistd.h>

#include "cluster/ca_key.h"
#include "cluster/rekey.h"

/* More than one piece of work. */
#define SECRETS (SEALED_RESEAL_MAX + 10)

struct fixture {
    struct site site;
    char folder[32];
    char *keyfile;
    struct rekey *rekey;
};

static void start_rekey(struct fixture *f)
{
    f->rekey = rekey_new(&f->site.loop, f->site.proposer, f->site.store, f->site.sealed,
                         f->site.keys, f->keyfile);
    assert_non_null(f->rekey);
    rekey_start(f->rekey);
}

static void add_secrets(struct fixture *f)
{
    for (int i = 0; i < SECRETS; i++) {
        char id[OBJECT_ID_SIZE];
        snprintf(id, sizeof(id), "secret%d", i);
        site_add_secret(&f->site, id, id);
    }
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/coffer-rekey-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->keyfile = str_format("%s/keys", f->folder);
    site_open(&f->site);
    assert_int_equal(keyfile_save(f->keyfile, f->site.keys, &f->site.err), 0);
    site_add_cluster(&f->site, 0);
    add_secrets(f);
    *state = f;
    return 0;
}

static void stop_rekey(struct fixture *f)
{
    site_close_proposer(&f->site);
    if (!f->rekey)
        return;
    f->site.is_closed = false;
    rekey_close(TAKE(f->rekey), site_on_closed, &f->site);
    SITE_UNTIL(&f->site, f->site.is_closed);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    stop_rekey(f);
    site_close(&f->site);
    unlink(f->keyfile);
    assert_int_equal(rmdir(f->folder), 0);
    free(f->keyfile);
    free(f);
    return 0;
}

static void rotate(struct fixture *f)
{
    size_t before = keyring_count(f->site.keys);
    assert_int_equal(keyfile_rotate(f->keyfile, f->site.keys, &f->site.err), 0);
    assert_int_equal(keyring_count(f->site.keys), before + 1);
}

/* Nothing but the current key is needed any more, neither here nor in the file. */
static void assert_all_current(struct fixture *f)
{
    assert_int_equal(keyring_count(f->site.keys), 1);
    assert_true(sealed_is_current(f->site.sealed));
    struct keyring *stored;
    assert_int_equal(keyfile_load(f->keyfile, &stored, &f->site.err), 0);
    assert_int_equal(keyring_count(stored), 1);
    assert_memory_equal(keyring_current_id(stored), keyring_current_id(f->site.keys),
                        SEAL_KEY_ID_SIZE);
    keyring_free(stored);
}

static void assert_value(struct fixture *f, const char *id)
{
    const struct object *o = site_get(&f->site, OBJECT_SECRET, id);
    ProtobufCBinaryData plain = {strlen(id), (uint8_t *)(uintptr_t)id};
    bool is_equal = false;
    assert_int_equal(
        secret_payload_is_equal(f->site.keys, o, &plain, &is_equal, &f->site.err), 0);
    assert_true(is_equal);
}

static void assert_values(struct fixture *f)
{
    for (int i = 0; i < SECRETS; i++) {
        char id[OBJECT_ID_SIZE];
        snprintf(id, sizeof(id), "secret%d", i);
        assert_value(f, id);
    }
}

static void a_rotation_seals_all_anew_and_forgets_the_old_key(void **state)
{
    struct fixture *f = *state;
    rotate(f);
    start_rekey(f);
    SITE_UNTIL(&f->site, keyring_count(f->site.keys) == 1);
    assert_all_current(f);
    assert_values(f);
    stop_rekey(f);
    site_restart(&f->site);
    assert_int_equal(store_count(store_view(f->site.store), OBJECT_SECRET), SECRETS);
    assert_values(f);
}

static void without_a_rotation_nothing_is_written(void **state)
{
    struct fixture *f = *state;
    unsigned before = f->site.memory.commits;
    start_rekey(f);
    site_settle(&f->site);
    assert_int_equal(f->site.memory.commits, before);
}

static void a_restart_in_the_middle_goes_on(void **state)
{
    struct fixture *f = *state;
    rotate(f);
    start_rekey(f);
    unsigned before = f->site.memory.commits;
    SITE_UNTIL(&f->site, f->site.memory.commits > before);
    stop_rekey(f);
    assert_int_equal(keyring_count(f->site.keys), 2);
    site_restart(&f->site);
    start_rekey(f);
    SITE_UNTIL(&f->site, keyring_count(f->site.keys) == 1);
    assert_all_current(f);
    assert_values(f);
}

/* The disk is full from now on; what was begun has failed. */
static void start_on_full_disk(struct fixture *f)
{
    rotate(f);
    f->site.memory.fail_with = ERR_RESOURCE_EXHAUSTED;
    unsigned before = f->site.memory.commits;
    start_rekey(f);
    SITE_UNTIL(&f->site, f->site.memory.commits > before && !f->site.memory.is_busy);
    site_settle(&f->site);
    assert_int_equal(keyring_count(f->site.keys), 2);
}

static void it_goes_on_by_itself_after_the_disk_was_full(void **state)
{
    struct fixture *f = *state;
    start_on_full_disk(f);
    f->site.memory.fail_with = 0;
    SITE_UNTIL(&f->site, keyring_count(f->site.keys) == 1);
    assert_all_current(f);
    assert_values(f);
}

static void a_new_start_does_not_wait_for_the_retry(void **state)
{
    struct fixture *f = *state;
    start_on_full_disk(f);
    f->site.memory.fail_with = 0;
    rekey_start(f->rekey);
    uint64_t before = uv_now(&f->site.loop);
    SITE_UNTIL(&f->site, keyring_count(f->site.keys) == 1);
    assert_true(uv_now(&f->site.loop) - before < REKEY_RETRY_FIRST / CLOCK_MILLISECOND);
    assert_all_current(f);
}

static void it_closes_while_it_waits_for_the_retry(void **state)
{
    struct fixture *f = *state;
    start_on_full_disk(f);
    stop_rekey(f);
    assert_int_equal(keyring_count(f->site.keys), 2);
}

static int do_nothing(struct store_tx *tx, const struct manager_env *env, void *user,
                      struct err *e)
{
    return 0;
}

static void it_goes_on_by_itself_after_the_queue_was_full(void **state)
{
    struct fixture *f = *state;
    rotate(f);
    for (int i = 0; i < PROPOSER_QUEUE_MAX; i++)
        assert_int_equal(
            proposer_submit(f->site.proposer, do_nothing, NULL, NULL, &f->site.err), 0);
    start_rekey(f);
    SITE_UNTIL(&f->site, keyring_count(f->site.keys) == 1);
    assert_all_current(f);
}

/* The folder is gone when the old keys are to be forgotten, and comes back. */
static void it_goes_on_by_itself_when_the_key_file_could_not_be_written(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *away = str_format("%s-away", f->folder);
    rotate(f);
    assert_int_equal(rename(f->folder, away), 0);
    start_rekey(f);
    SITE_UNTIL(&f->site, sealed_is_current(f->site.sealed));
    site_settle(&f->site);
    assert_int_equal(keyring_count(f->site.keys), 2);
    assert_int_equal(rename(away, f->folder), 0);
    SITE_UNTIL(&f->site, keyring_count(f->site.keys) == 1);
    assert_all_current(f);
}

static void changes_come_through_meanwhile(void **state)
{
    struct fixture *f = *state;
    rotate(f);
    start_rekey(f);
    site_add_secret(&f->site, "new", "new");
    site_remove(&f->site, OBJECT_SECRET, "secret1");
    rotate(f);
    rekey_start(f->rekey);
    SITE_UNTIL(&f->site, keyring_count(f->site.keys) == 1);
    assert_all_current(f);
    assert_value(f, "new");
    assert_null(site_get(&f->site, OBJECT_SECRET, "secret1"));
}

static int put_object(struct store_tx *tx, const struct manager_env *env, void *user,
                      struct err *e)
{
    return store_tx_update(tx, user, e);
}

static const char *cluster_id(struct fixture *f)
{
    return store_cluster(store_view(f->site.store))->id;
}

/* As it was stored before it was sealed. */
static void set_plain_ca_key(struct fixture *f)
{
    struct object *o;
    assert_int_equal(object_copy(site_get(&f->site, OBJECT_CLUSTER, cluster_id(f)), &o),
                     0);
    assert_int_equal(message_set_bytes(&o->cluster->root_ca->ca_key, "the key", 7), 0);
    assert_int_equal(site_propose(&f->site, put_object, o), 0);
}

static void assert_ca_key(struct fixture *f)
{
    cleanup_buf struct buf opened = BUF_INIT;
    const Swarm__Cluster *c = store_cluster(store_view(f->site.store));
    assert_true(keyring_is_current(f->site.keys, c->root_ca->ca_key.data,
                                   c->root_ca->ca_key.len));
    assert_int_equal(ca_key_open(f->site.keys, c, &opened, &f->site.err), 0);
    assert_string_equal(buf_str(&opened), "the key");
}

static void a_key_of_the_authority_that_is_not_sealed_is_sealed_at_start(void **state)
{
    struct fixture *f = *state;
    set_plain_ca_key(f);
    start_rekey(f);
    SITE_UNTIL(&f->site, sealed_is_current(f->site.sealed));
    assert_ca_key(f);
    rotate(f);
    rekey_start(f->rekey);
    SITE_UNTIL(&f->site, keyring_count(f->site.keys) == 1);
    assert_all_current(f);
    assert_ca_key(f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_of_the_authority_that_is_not_sealed_is_sealed_at_start),
        TEST(a_rotation_seals_all_anew_and_forgets_the_old_key),
        TEST(without_a_rotation_nothing_is_written),
        TEST(a_restart_in_the_middle_goes_on),
        TEST(it_goes_on_by_itself_after_the_disk_was_full),
        TEST(it_goes_on_by_itself_after_the_queue_was_full),
        TEST(it_goes_on_by_itself_when_the_key_file_could_not_be_written),
        TEST(a_new_start_does_not_wait_for_the_retry),
        TEST(it_closes_while_it_waits_for_the_retry),
        TEST(changes_come_through_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
