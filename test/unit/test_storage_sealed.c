/* SPDX-License-Identifier: Apache-2.0 */
#include "sealed_fixture.h"

#include <sqlite3.h>

#include "fault_malloc.h"
#include "storage/head.h"

/* Changes the database behind everybody's back. */
static void tamper(struct sealed_fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    char *error = NULL;
    sealed_close(TAKE(f->sealed));
    assert_int_equal(sqlite3_open(f->disk.path, &db), SQLITE_OK);
    sqlite3_exec(db, sql, NULL, NULL, &error);
    assert_null(error);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void assert_loss(struct sealed_fixture *f, const char *text)
{
    assert_int_equal(reload(f), ERR_DATA_LOSS);
    if (!strstr(f->disk.e.text, text))
        fail_msg("\"%s\" isn't in \"%s\"", text, f->disk.e.text);
    assert_null(strstr(f->disk.e.text, CANARY));
}

/* ---- what is committed is loaded ---- */

static void an_empty_storage_says_so_and_takes_commits(void **state)
{
    struct sealed_fixture *f = *state;
    assert_int_equal(reload(f), ERR_NOT_FOUND);
    assert_int_equal(create_secret(f, "a"), 0);
    assert_int_equal(reload(f), 0);
    assert_int_equal(secrets(f), 1);
}

static void objects_of_every_kind_come_back_with_their_version(void **state)
{
    struct sealed_fixture *f = *state;
    struct store_tx *tx = begin(f);
    for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++)
        assert_int_equal(
            store_tx_create(tx, fixture_object(kind, "same-id", "name"), NULL), 0);
    assert_int_equal(commit(f, tx), 0);
    assert_int_equal(create_secret(f, "second"), 0);
    struct store *before = TAKE(f->store);
    assert_int_equal(reload(f), 0);
    assert_int_equal(store_version(store_view(f->store)),
                     store_version(store_view(before)));
    for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++) {
        const struct object *a = store_get(store_view(before), kind, "same-id");
        const struct object *b = store_get(store_view(f->store), kind, "same-id");
        assert_non_null(a);
        assert_non_null(b);
        assert_true(message_equal(a->message, b->message));
    }
    store_free(before);
}

static void updates_and_removals_are_kept(void **state)
{
    struct sealed_fixture *f = *state;
    assert_int_equal(create_secret(f, "a"), 0);
    assert_int_equal(create_secret(f, "b"), 0);
    assert_int_equal(update_secret(f, "a"), 0);
    assert_int_equal(remove_secret(f, "b"), 0);
    assert_int_equal(reload(f), 0);
    assert_int_equal(secrets(f), 1);
    assert_int_equal(update_secret(f, "a"), 0);
    assert_int_equal(remove_secret(f, "a"), 0);
    assert_int_equal(reload(f), 0);
    assert_int_equal(secrets(f), 0);
}

static void the_file_holds_no_plaintext(void **state)
{
    struct sealed_fixture *f = *state;
    struct buf file = BUF_INIT;
    assert_int_equal(create_secret(f, "readable-id"), 0);
    struct store_tx *tx = begin(f);
    assert_int_equal(
        store_tx_create(tx, fixture_object(OBJECT_CONFIG, "config-id", CANARY), NULL), 0);
    assert_int_equal(commit(f, tx), 0);
    sealed_close(TAKE(f->sealed));
    assert_int_equal(file_read(f->disk.path, 1 << 20, &file, NULL), 0);
    assert_non_null(memmem(file.data, file.len, "readable-id", 11));
    assert_null(memmem(file.data, file.len, CANARY, strlen(CANARY)));
    buf_deinit(&file);
}

static void a_commit_that_fails_changes_nothing(void **state)
{
    struct sealed_fixture *f = *state;
    assert_int_equal(create_secret(f, "a"), 0);
    struct store_tx *tx = begin(f);
    struct object *o = fixture_object(OBJECT_CONFIG, "big", "big");
    char *data = calloc(1, STORAGE_VALUE_MAX);
    assert_non_null(data);
    assert_int_equal(message_set_bytes(&o->config->spec->data, data, STORAGE_VALUE_MAX),
                     0);
    free(data);
    assert_int_equal(store_tx_create(tx, o, NULL), 0);
    assert_int_equal(store_tx_update(tx, new_secret(f, "a", "x"), NULL), 0);
    assert_int_equal(commit(f, tx), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(update_secret(f, "a"), 0);
    assert_int_equal(remove_secret(f, "a"), 0);
    assert_int_equal(create_secret(f, "b"), 0);
    assert_int_equal(reload(f), 0);
    assert_int_equal(secrets(f), 1);
}

/* ---- what isn't as it was committed is found ---- */

static void three_secrets(struct sealed_fixture *f)
{
    assert_int_equal(create_secret(f, "a"), 0);
    assert_int_equal(create_secret(f, "b"), 0);
    assert_int_equal(create_secret(f, "c"), 0);
}

static void a_removed_row_is_missed(void **state)
{
    struct sealed_fixture *f = *state;
    three_secrets(f);
    tamper(f, "DELETE FROM rows WHERE key = 'secret/b'");
    assert_loss(f, "1 of 3 secret rows are missing");
}

static void a_removed_head_is_missed(void **state)
{
    struct sealed_fixture *f = *state;
    three_secrets(f);
    tamper(f, "DELETE FROM rows WHERE key = 'meta/head'");
    assert_loss(f, "row meta/head is missing");
}

static void a_row_at_another_place_is_refused(void **state)
{
    struct sealed_fixture *f = *state;
    three_secrets(f);
    tamper(f, "UPDATE rows SET key = 'secret/d' WHERE key = 'secret/b'");
    assert_loss(f, "row secret/d");
    tamper(f, "UPDATE rows SET key = 'config/b' WHERE key = 'secret/d'");
    assert_loss(f, "row config/b");
    tamper(f, "UPDATE rows SET key = 'foreign/b' WHERE key = 'config/b'");
    assert_loss(f, "row foreign/b");
    tamper(f, "UPDATE rows SET key = 'foreign' WHERE key = 'foreign/b'");
    assert_loss(f, "row foreign");
}

static void exchanged_rows_are_refused(void **state)
{
    struct sealed_fixture *f = *state;
    three_secrets(f);
    tamper(f, "CREATE TEMP TABLE t AS SELECT * FROM rows WHERE key = 'secret/a';"
              "UPDATE rows SET value = (SELECT value FROM rows WHERE key = 'secret/b')"
              " WHERE key = 'secret/a';"
              "UPDATE rows SET value = (SELECT value FROM t) WHERE key = 'secret/b'");
    assert_loss(f, "row secret/a");
}

static void a_copied_row_is_refused(void **state)
{
    struct sealed_fixture *f = *state;
    three_secrets(f);
    tamper(f, "INSERT INTO rows SELECT 'secret/d', value FROM rows WHERE key='secret/a'");
    assert_loss(f, "row secret/d");
}

static void an_older_row_put_back_is_found(void **state)
{
    struct sealed_fixture *f = *state;
    three_secrets(f);
    tamper(f, "CREATE TABLE old AS SELECT * FROM rows");
    assert_int_equal(reload(f), 0);
    assert_int_equal(update_secret(f, "b"), 0);
    tamper(f, "UPDATE rows SET value = (SELECT value FROM old WHERE key = 'secret/b')"
              " WHERE key = 'secret/b'");
    assert_loss(f, "a secret row isn't the one that was written last");
}

static void a_removed_row_put_back_is_found(void **state)
{
    struct sealed_fixture *f = *state;
    three_secrets(f);
    tamper(f, "CREATE TABLE old AS SELECT * FROM rows");
    assert_int_equal(reload(f), 0);
    assert_int_equal(remove_secret(f, "b"), 0);
    tamper(f, "INSERT INTO rows SELECT * FROM old WHERE key = 'secret/b'");
    assert_loss(f, "there are 1 secret rows too many");
}

static void an_older_head_put_back_is_found(void **state)
{
    struct sealed_fixture *f = *state;
    three_secrets(f);
    tamper(f, "CREATE TABLE old AS SELECT * FROM rows");
    assert_int_equal(reload(f), 0);
    assert_int_equal(create_secret(f, "d"), 0);
    tamper(f, "UPDATE rows SET value = (SELECT value FROM old WHERE key = 'meta/head')"
              " WHERE key = 'meta/head'");
    assert_loss(f, "too many");
}

/* The byte of a row's value, or -1 behind its end. */
static int byte_of(struct sealed_fixture *f, const char *key, int at)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int byte = -1;
    assert_int_equal(sqlite3_open(f->disk.path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT value FROM rows WHERE key = ?", -1, &stmt, NULL),
        SQLITE_OK);
    sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    if (at < sqlite3_column_bytes(stmt, 0))
        byte = ((const unsigned char *)sqlite3_column_blob(stmt, 0))[at];
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return byte;
}

static void set_byte(struct sealed_fixture *f, const char *key, int at, int byte)
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "UPDATE rows SET value = CAST(substr(value, 1, %d) || x'%02x' || "
             "substr(value, %d) AS BLOB) WHERE key = '%s'",
             at, (unsigned)byte, at + 2, key);
    tamper(f, sql);
}

/* What a damaged disk, or a person, does to one row: a bit in each of its bytes. */
static void a_flipped_bit_anywhere_in_a_row_is_found(void **state)
{
    struct sealed_fixture *f = *state;
    static const char *const keys[] = {"secret/a", HEAD_KEY};
    assert_int_equal(create_secret(f, "a"), 0);
    sealed_close(TAKE(f->sealed));
    for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
        for (int at = 0, byte; (byte = byte_of(f, keys[k], at)) >= 0; at++) {
            set_byte(f, keys[k], at, byte ^ 1 << at % 8);
            assert_loss(f, keys[k]);
            set_byte(f, keys[k], at, byte);
        }
    assert_int_equal(reload(f), 0);
}

static void the_wrong_keys_open_nothing(void **state)
{
    struct sealed_fixture *f = *state;
    assert_int_equal(create_secret(f, "a"), 0);
    sealed_close(TAKE(f->sealed));
    keyring_free(f->keys);
    assert_int_equal(keyring_new(&f->keys), 0);
    assert_loss(f, "data key");
}

static void loading_another_object_than_the_key_says_is_refused(void **state)
{
    struct sealed_fixture *f = *state;
    assert_int_equal(create_secret(f, "a"), 0);
    sealed_close(TAKE(f->sealed));
    assert_int_equal(disk_open(&f->disk), 0);
    struct object *o = fixture_object(OBJECT_SECRET, "other", "other");
    struct buf packed = BUF_INIT;
    struct storage_batch b = STORAGE_BATCH_INIT;
    assert_int_equal(message_pack(o->message, &packed), 0);
    struct storage_write *w = storage_batch_add(&b, "secret/a");
    assert_int_equal(
        keyring_seal(f->keys, "object/secret/a", packed.data, packed.len, &w->value), 0);
    w = storage_batch_add(&b, "secret/z");
    assert_int_equal(keyring_seal(f->keys, "object/secret/z", "\xff", 1, &w->value), 0);
    assert_int_equal(disk_commit(&f->disk, &b), 0);
    disk_close(&f->disk);
    assert_loss(f, "row secret/a: it holds another object");
    tamper(f, "DELETE FROM rows WHERE key = 'secret/a'");
    assert_loss(f, "row secret/z: it has a foreign form");
    object_unref(o);
    buf_deinit(&packed);
}

/* ---- memory runs out ---- */

static void memory_that_runs_out_in_a_commit_loses_nothing(void **state)
{
    struct sealed_fixture *f = *state;
    assert_int_equal(create_secret(f, "a"), 0);
    /* The transaction's own allocations aren't of interest, so they are made first. */
    for (size_t n = 1; n < 20; n++) {
        struct store_tx *tx = begin(f);
        char id[16];
        snprintf(id, sizeof(id), "n%zu", n);
        assert_int_equal(store_tx_create(tx, new_secret(f, id, CANARY), NULL), 0);
        assert_int_equal(store_tx_update(tx, new_secret(f, "a", CANARY), NULL), 0);
        const struct store_change *changes = NULL;
        size_t count = store_tx_changes(tx, &changes);
        store_tx_prepare(tx);
        fault_malloc_at(n);
        sealed_commit(f->sealed, changes, count, store_version(store_tx_view(tx)),
                      disk_on_committed, &f->disk);
        fault_malloc_at(0);
        int r = disk_wait(&f->disk);
        assert_true(r == 0 || r == ERR_NO_MEMORY);
        if (r)
            store_tx_drop(tx);
        else
            store_apply(f->store, tx);
    }
    size_t count = secrets(f);
    assert_int_equal(reload(f), 0);
    assert_int_equal(secrets(f), count);
}

static int load_once(void *user)
{
    struct sealed_fixture *f = user;
    store_free(TAKE(f->store));
    sealed_close(TAKE(f->sealed));
    f->store = store_new();
    int r = f->store ? disk_open(&f->disk) : ERR_NO_MEMORY;
    if (!r)
        r = sealed_open(TAKE(f->disk.storage), f->keys, &f->sealed);
    return r ? r : sealed_load(f->sealed, f->store, &f->disk.e);
}

static void memory_that_runs_out_in_loading_is_an_error(void **state)
{
    struct sealed_fixture *f = *state;
    three_secrets(f);
    assert_true(fault_malloc_each(load_once, f) > 10);
    assert_int_equal(secrets(f), 3);
}

int main(void)
{
#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, sealed_fixture_setup, sealed_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_storage_says_so_and_takes_commits),
        TEST(objects_of_every_kind_come_back_with_their_version),
        TEST(updates_and_removals_are_kept),
        TEST(the_file_holds_no_plaintext),
        TEST(a_commit_that_fails_changes_nothing),
        TEST(a_removed_row_is_missed),
        TEST(a_removed_head_is_missed),
        TEST(a_row_at_another_place_is_refused),
        TEST(exchanged_rows_are_refused),
        TEST(a_copied_row_is_refused),
        TEST(an_older_row_put_back_is_found),
        TEST(a_removed_row_put_back_is_found),
        TEST(an_older_head_put_back_is_found),
        TEST(a_flipped_bit_anywhere_in_a_row_is_found),
        TEST(the_wrong_keys_open_nothing),
        TEST(loading_another_object_than_the_key_says_is_refused),
        TEST(memory_that_runs_out_in_a_commit_loses_nothing),
        TEST(memory_that_runs_out_in_loading_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
