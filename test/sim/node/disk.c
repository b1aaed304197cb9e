/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"

#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define LATENCY_MAX (30 * CLOCK_MILLISECOND)

static void row_free(struct buf *row)
{
    if (row)
        buf_deinit(row);
    free(row);
}

static int load(struct storage *storage, storage_on_row on_row, void *user, struct err *e)
{
    struct disk *d = CONTAINER_OF(storage, struct disk, storage);
    CHECK(!d->is_busy);
    for (size_t i = 0; i < d->rows.len; i++) {
        const struct buf *value = d->rows.entries[i].value;
        int r = on_row(d->rows.entries[i].key, value->data, value->len, user, e);
        if (r)
            return r;
    }
    return 0;
}

static void write_row(struct disk *d, const struct storage_write *w)
{
    void *old = NULL;
    if (w->value.len == 0) {
        old = map_remove(&d->rows, w->key);
    } else {
        struct buf *row = calloc(1, sizeof(*row));
        CHECK(row && buf_append(row, w->value.data, w->value.len) == 0);
        CHECK(map_put(&d->rows, w->key, row, &old) == 0);
        /* No plaintext reaches a disk. */
        CHECK(!memmem(row->data, row->len, STAGE_CANARY, strlen(STAGE_CANARY)));
    }
    row_free(old);
}

static void on_written(void *user)
{
    struct disk *d = user;
    struct err e = {0};
    if (d->is_full || stage_once_in(60))
        err_set(&e, ERR_RESOURCE_EXHAUSTED, "the disk is full");
    for (size_t i = 0; i < d->batch.len && !e.code; i++)
        write_row(d, &d->batch.writes[i]);
    storage_batch_deinit(&d->batch);
    d->is_busy = false;
    d->done(e.code, e.code ? &e : NULL, d->user);
}

static void commit(struct storage *storage, struct storage_batch *batch,
                   storage_committed done, void *user)
{
    struct disk *d = CONTAINER_OF(storage, struct disk, storage);
    CHECK(!d->is_busy);
    d->is_busy = true;
    d->batch = *batch;
    *batch = (struct storage_batch)STORAGE_BATCH_INIT;
    d->done = done;
    d->user = user;
    timer_start(&d->timer, (int64_t)stage_below((uint64_t)LATENCY_MAX));
}

/* The rows stay for the next manager. */
static void close_storage(struct storage *storage)
{
    struct disk *d = CONTAINER_OF(storage, struct disk, storage);
    CHECK(!d->is_busy);
}

static const struct storage_ops ops = {load, commit, close_storage};

void disk_init(struct disk *d, uv_loop_t *loop)
{
    *d = (struct disk){.storage = {&ops}};
    timer_init(&d->timer, loop, on_written, d);
}

void disk_close(struct disk *d, struct loop_close *c)
{
    for (size_t i = 0; i < d->rows.len; i++)
        row_free(d->rows.entries[i].value);
    map_deinit(&d->rows);
    timer_close(&d->timer, c);
}
