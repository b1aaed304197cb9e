/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Storage: a small key-value store of sealed objects that survives crashes. The key is an
 * object's kind and id, the value its sealed bytes; nothing readable reaches it but
 * kinds, ids, counts and sizes. Behind the vtable is SQLite for one manager
 * (storage/sqlite.h); a replicated one fits behind the same calls.
 *
 * sealed.h, above this, seals and opens the values and detects rows that were cut,
 * changed, exchanged, removed or added.
 *
 * Everything here is called on the loop's thread.
 */

/* A key with its NUL: "secret/<id>", "meta/head". A longer one is our own bug. */
#define STORAGE_KEY_SIZE 96

/* The longest value; a longer one is refused by commit with ERR_RESOURCE_EXHAUSTED. */
#define STORAGE_VALUE_MAX ((size_t)16 << 20)

struct storage_write {
    char key[STORAGE_KEY_SIZE];
    struct buf value; /* empty: remove the row, if it is there */
};

/* One commit: all of its writes or none. A key stands in it once. */
struct storage_batch {
    size_t len, cap;
    struct storage_write *writes;
};

#define STORAGE_BATCH_INIT                                                               \
    {                                                                                    \
        0                                                                                \
    }

/* Adds a write with an empty value, lent until the next call: the caller fills the value
 * or leaves it, which removes the row. NULL when there is no memory. */
struct storage_write *storage_batch_add(struct storage_batch *b,
                                        const char *key) MUST_CHECK;
void storage_batch_deinit(struct storage_batch *b);
#define cleanup_storage_batch CLEANUP(storage_batch_deinit)

/*
 * r is 0 once the batch is on disk, and e NULL then. Otherwise nothing of the batch is in
 * the storage, and later commits work again if the cause is gone:
 *   ERR_RESOURCE_EXHAUSTED  the disk is full, or a value too long
 *   ERR_ABORTED             another writer was there (the fence of a replicated storage)
 *   ERR_DATA_LOSS           the file is damaged
 *   ERR_IO, ERR_NO_MEMORY
 * One reservation: when the disk failed to confirm its write (ERR_IO) and the machine
 * goes down before the next commit, the batch may turn up whole after all.
 */
typedef void (*storage_committed)(int r, const struct err *e, void *user);

/* One row when loading; both lent. An error ends the loading. */
typedef int (*storage_on_row)(const char *key, const void *value, size_t len, void *user,
                              struct err *e);

struct storage;

struct storage_ops {
    /* Calls on_row for each row, in the order of keys (strcmp), then returns. Any error
     * of on_row ends it and is returned. No commit is under way. */
    int (*load)(struct storage *s, storage_on_row on_row, void *user, struct err *e);
    /*
     * Starts to commit a batch; its contents move in, *batch is empty afterwards. done
     * comes from the loop, exactly once, never from within commit. One commit at a time:
     * the next may be started from within done.
     */
    void (*commit)(struct storage *s, struct storage_batch *batch, storage_committed done,
                   void *user);
    /* Closes and frees; no commit is under way. */
    void (*close)(struct storage *s);
};

struct storage {
    const struct storage_ops *ops;
};

static inline int storage_load(struct storage *s, storage_on_row on_row, void *user,
                               struct err *e)
{
    return s->ops->load(s, on_row, user, e);
}

static inline void storage_commit(struct storage *s, struct storage_batch *batch,
                                  storage_committed done, void *user)
{
    s->ops->commit(s, batch, done, user);
}

/* NULL is fine. */
static inline void storage_close(struct storage *s)
{
    if (s)
        s->ops->close(s);
}
