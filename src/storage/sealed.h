/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/crypto.h"
#include "storage/storage.h"
#include "store/store.h"

/*
 * The store's objects in a storage: each is packed and sealed into one row, bound to its
 * kind and id. A head row, written with each commit, binds all rows together, so that at
 * loading every row that is damaged, missing, foreign, exchanged or older than it should
 * be is found. What can't be found is a whole storage put back from an older copy.
 *
 * Secrets' payloads and the key of the certificate authority are sealed before they come
 * here, under contexts of their own.
 */
struct sealed;

/* Takes over the storage (also when this fails); the keys are borrowed. ERR_NO_MEMORY. */
int sealed_open(struct storage *storage, struct keyring *keys,
                struct sealed **out) MUST_CHECK;

/* Closes the storage, too; no commit is under way. NULL is fine. */
void sealed_close(struct sealed *s);

/*
 * Fills an empty store with all objects and its version. Comes before the first commit.
 *   ERR_NOT_FOUND  the storage has no rows at all: it is new, or everything is lost;
 *                  which one, the caller knows. Commits work afterwards, from version 0.
 *   ERR_DATA_LOSS  the text names the row, or the kind of the rows that are missing
 * After any other error than ERR_NOT_FOUND the store is of no use, nor is this.
 */
int sealed_load(struct sealed *s, struct store *store, struct err *e) MUST_CHECK;

/*
 * Commits what a transaction changed (each object once), and the store's version. The
 * changes are looked at within the call only. done comes from the loop, exactly once,
 * never from within the call; one commit at a time, the next may be started from within
 * done. Codes as storage_committed.
 */
void sealed_commit(struct sealed *s, const struct store_change *changes, size_t n,
                   uint64_t version, storage_committed done, void *user);

/* ---- after a rotation of the data key (reseal.c) ---- */

/* One object that is sealed with an old key, in its row or in its payload: a secret's
 * data, or the key of the cluster's certificate authority (which counts when it isn't
 * sealed at all, too). */
struct sealed_stale {
    enum object_kind kind;
    char id[STORAGE_KEY_SIZE];
    bool is_payload;
};

/*
 * Lists up to max objects that are sealed with an old key, and returns their number. When
 * there are none, and sealed_is_current, the old keys can go (keyfile_drop_old).
 */
size_t sealed_list_stale(const struct sealed *s, struct sealed_stale *out, size_t max);

/* Is every row, the head included, and every payload sealed with the current key? */
bool sealed_is_current(const struct sealed *s);

/*
 * Seals up to `limit` stale rows anew, in one commit as above; the objects and the
 * store's version stay as they are. Payloads that are stale aren't touched: a store
 * update that replaces the object with one sealed anew does that, and its row with it.
 * view is the store as committed. limit is at most SEALED_RESEAL_MAX.
 */
#define SEALED_RESEAL_MAX 64
void sealed_reseal(struct sealed *s, const struct store_view *view, size_t limit,
                   storage_committed done, void *user);
