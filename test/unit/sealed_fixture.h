/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "storage_fixture.h"

#include "storage/sealed.h"
#include "store_fixture.h"

/* A store over sealed storage on disk, and transactions that are committed to both. */

#define CANARY "canary-of-a-secret"

struct sealed_fixture {
    struct disk disk;
    struct keyring *keys;
    struct sealed *sealed;
    struct store *store;
};

/* Opens and loads; the result is sealed_load's. */
static inline int reload(struct sealed_fixture *f)
{
    sealed_close(TAKE(f->sealed));
    store_free(TAKE(f->store));
    f->store = store_new();
    assert_non_null(f->store);
    assert_int_equal(disk_open(&f->disk), 0);
    assert_int_equal(sealed_open(TAKE(f->disk.storage), f->keys, &f->sealed), 0);
    return sealed_load(f->sealed, f->store, &f->disk.e);
}

static inline int sealed_fixture_setup(void **state)
{
    struct sealed_fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    disk_init(&f->disk);
    assert_int_equal(crypto_init(NULL), 0);
    assert_int_equal(keyring_new(&f->keys), 0);
    assert_int_equal(reload(f), ERR_NOT_FOUND);
    *state = f;
    return 0;
}

static inline int sealed_fixture_teardown(void **state)
{
    struct sealed_fixture *f = *state;
    sealed_close(f->sealed);
    store_free(f->store);
    keyring_free(f->keys);
    disk_deinit(&f->disk);
    free(f);
    return 0;
}

/* ---- transactions ---- */

static inline struct store_tx *begin(struct sealed_fixture *f)
{
    struct store_tx *tx = NULL;
    assert_int_equal(store_tx_begin(store_view(f->store), 1, &tx), 0);
    return tx;
}

/* Commits a transaction, and applies it when that worked. */
static inline int commit(struct sealed_fixture *f, struct store_tx *tx)
{
    const struct store_change *changes = NULL;
    size_t n = store_tx_changes(tx, &changes);
    store_tx_prepare(tx);
    sealed_commit(f->sealed, changes, n, store_version(store_tx_view(tx)),
                  disk_on_committed, &f->disk);
    int r = disk_wait(&f->disk);
    if (r)
        store_tx_drop(tx);
    else
        store_apply(f->store, tx);
    return r;
}

static inline struct object *new_secret(struct sealed_fixture *f, const char *id,
                                        const char *value)
{
    struct object *o = fixture_object(OBJECT_SECRET, id, id);
    char context[64];
    struct buf payload = BUF_INIT;
    snprintf(context, sizeof(context), "payload/secret/%s", id);
    assert_int_equal(keyring_seal(f->keys, context, value, strlen(value), &payload), 0);
    assert_int_equal(message_set_bytes(&o->secret->spec->data, payload.data, payload.len),
                     0);
    buf_deinit(&payload);
    return o;
}

static inline int create_secret(struct sealed_fixture *f, const char *id)
{
    struct store_tx *tx = begin(f);
    assert_int_equal(store_tx_create(tx, new_secret(f, id, CANARY), NULL), 0);
    return commit(f, tx);
}

static inline int update_secret(struct sealed_fixture *f, const char *id)
{
    struct store_tx *tx = begin(f);
    assert_int_equal(store_tx_update(tx, new_secret(f, id, CANARY), NULL), 0);
    return commit(f, tx);
}

static inline int remove_secret(struct sealed_fixture *f, const char *id)
{
    struct store_tx *tx = begin(f);
    assert_int_equal(store_tx_remove(tx, OBJECT_SECRET, id, NULL), 0);
    return commit(f, tx);
}

static inline size_t secrets(struct sealed_fixture *f)
{
    return store_count(store_view(f->store), OBJECT_SECRET);
}
