/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "storage/sqlite.h"

/* A folder with a database, a loop, and commits that are waited for. */
struct disk {
    char folder[64];
    char path[96];
    uv_loop_t loop;
    struct storage *storage;
    struct err e; /* of the last call */
    int outcome;
    bool is_done;
};

static inline int disk_open(struct disk *d)
{
    d->e = (struct err){0};
    return sqlite_open(&d->loop, d->path, &d->storage, &d->e);
}

static inline void disk_close(struct disk *d)
{
    storage_close(TAKE(d->storage));
}

static inline void disk_init(struct disk *d)
{
    *d = (struct disk){0};
    strcpy_cut(d->folder, sizeof(d->folder), "/tmp/coffer-storage-XXXXXX");
    assert_non_null(mkdtemp(d->folder));
    snprintf(d->path, sizeof(d->path), "%s/store.db", d->folder);
    assert_int_equal(uv_loop_init(&d->loop), 0);
}

static inline int disk_remove_one(const char *path, const struct stat *st, int flag,
                                  struct FTW *walk)
{
    return remove(path);
}

static inline void disk_deinit(struct disk *d)
{
    disk_close(d);
    assert_int_equal(uv_loop_close(&d->loop), 0);
    nftw(d->folder, disk_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void disk_on_committed(int r, const struct err *e, void *user)
{
    struct disk *d = user;
    assert_false(d->is_done);
    d->is_done = true;
    d->outcome = r;
    assert_true(r ? e && e->code == r : !e);
    d->e = e ? *e : (struct err){0};
}

/* Runs the loop until the commit that was started is over. */
static inline int disk_wait(struct disk *d)
{
    assert_false(d->is_done);
    while (!d->is_done)
        uv_run(&d->loop, UV_RUN_ONCE);
    d->is_done = false;
    return d->outcome;
}

static inline int disk_commit(struct disk *d, struct storage_batch *b)
{
    storage_commit(d->storage, b, disk_on_committed, d);
    assert_int_equal(b->len, 0);
    assert_null(b->writes);
    return disk_wait(d);
}

static inline void batch_put(struct storage_batch *b, const char *key, const void *data,
                             size_t n)
{
    struct storage_write *w = storage_batch_add(b, key);
    assert_non_null(w);
    assert_int_equal(buf_append(&w->value, data, n), 0);
}

static inline int disk_put(struct disk *d, const char *key, const char *text)
{
    struct storage_batch b = STORAGE_BATCH_INIT;
    batch_put(&b, key, text, strlen(text));
    return disk_commit(d, &b);
}

/* All rows as "key=value;", or the error. */
static inline int disk_on_row(const char *key, const void *value, size_t len, void *user,
                              struct err *e)
{
    return buf_printf(user, "%s=%.*s;", key, (int)len, (const char *)value);
}

static inline int disk_rows(struct disk *d, struct buf *out)
{
    buf_reset(out);
    return storage_load(d->storage, disk_on_row, out, &d->e);
}

static inline void assert_rows(struct disk *d, const char *expected)
{
    struct buf rows = BUF_INIT;
    assert_int_equal(disk_rows(d, &rows), 0);
    assert_string_equal(buf_str(&rows), expected);
    buf_deinit(&rows);
}
