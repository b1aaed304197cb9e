/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdlib.h>

#include <uv.h>

#include "base/map.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "storage/storage.h"

/* A storage in memory whose next commits can be made to fail. It counts them. */
struct memory_storage {
    struct storage storage;
    struct map rows; /* key -> struct buf, in memory of its own */
    struct defer_queue defers;
    struct defer commit;
    storage_committed done;
    void *user;
    int fail_with; /* 0: commits succeed */
    unsigned commits;
    bool is_busy;
};

static inline int memory_load(struct storage *storage, storage_on_row on_row, void *user,
                              struct err *e)
{
    struct memory_storage *m = CONTAINER_OF(storage, struct memory_storage, storage);
    for (size_t i = 0; i < m->rows.len; i++) {
        const struct buf *value = m->rows.entries[i].value;
        int r = on_row(m->rows.entries[i].key, value->data, value->len, user, e);
        if (r)
            return r;
    }
    return 0;
}

static inline void memory_on_commit(void *user)
{
    struct memory_storage *m = user;
    struct err e = {0};
    m->is_busy = false;
    if (m->fail_with)
        err_set(&e, m->fail_with, "the disk said no");
    m->done(e.code, e.code ? &e : NULL, m->user);
}

static inline void memory_free_row(struct buf *row)
{
    if (row)
        buf_deinit(row);
    free(row);
}

static inline void memory_write(struct memory_storage *m, struct storage_write *w)
{
    void *old = NULL;
    if (!w->value.len) {
        old = map_remove(&m->rows, w->key);
    } else {
        struct buf *row = calloc(1, sizeof(*row));
        if (!row || buf_append(row, w->value.data, w->value.len) ||
            map_put(&m->rows, w->key, row, &old))
            abort();
    }
    memory_free_row(old);
}

static inline void memory_commit(struct storage *storage, struct storage_batch *batch,
                                 storage_committed done, void *user)
{
    struct memory_storage *m = CONTAINER_OF(storage, struct memory_storage, storage);
    if (m->is_busy)
        abort();
    m->is_busy = true;
    m->commits++;
    m->done = done;
    m->user = user;
    for (size_t i = 0; i < batch->len && !m->fail_with; i++)
        memory_write(m, &batch->writes[i]);
    storage_batch_deinit(batch);
    defer_start(&m->commit, &m->defers);
}

/* The struct is the test's; only its contents go. */
static inline void memory_close(struct storage *storage)
{
    struct memory_storage *m = CONTAINER_OF(storage, struct memory_storage, storage);
    for (size_t i = 0; i < m->rows.len; i++)
        memory_free_row(m->rows.entries[i].value);
    map_deinit(&m->rows);
}

static const struct storage_ops memory_storage_ops = {memory_load, memory_commit,
                                                      memory_close};

static inline void memory_storage_init(struct memory_storage *m, uv_loop_t *loop)
{
    *m = (struct memory_storage){.storage = {&memory_storage_ops}};
    defer_queue_init(&m->defers, loop);
    defer_init(&m->commit, memory_on_commit, m);
}
