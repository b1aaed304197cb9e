/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "objects/objects.h"

/*
 * Storage: a small key-value store of sealed objects that survives crashes. The key is an
 * object's kind and id, the value its sealed bytes; nothing readable reaches it but
 * kinds, ids, counts and sizes. Behind the vtable is SQLite for one manager
 * (storage/sqlite.c); a replicated one fits behind the same calls.
 *
 * sealed.h, above this, seals and opens the values and detects rows that were cut,
 * changed, exchanged, removed or added.
 */
struct storage_write {
    char key[96];     /* "secret/<id>", "meta/head" */
    struct buf value; /* empty: remove the row */
};

/* One commit: all of its writes or none. */
struct storage_batch {
    size_t len;
    struct storage_write *writes;
};

/* r is 0 once the batch is on disk. ERR_RESOURCE_EXHAUSTED for a full disk, ERR_IO;
 * nothing of the batch is stored then. ERR_ABORTED: another writer was there (the fence
 * of a replicated storage). */
typedef void (*storage_committed)(int r, const struct err *e, void *user);

struct storage;

struct storage_ops {
    /* Calls on_row for each row, in the order of keys, then returns. Any error of on_row
     * ends it and is returned. */
    int (*load)(struct storage *s,
                int (*on_row)(const char *key, const void *value, size_t len, void *user,
                              struct err *e),
                void *user, struct err *e);
    /*
     * Starts to commit a batch; its contents move in. done comes from the loop, exactly
     * once, never from within commit. One commit at a time: the next may be started from
     * within done.
     */
    void (*commit)(struct storage *s, struct storage_batch *batch, storage_committed done,
                   void *user);
    /* Closes; no commit is under way. */
    void (*close)(struct storage *s);
};

struct storage {
    const struct storage_ops *ops;
};
