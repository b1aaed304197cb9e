/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One commit is one transaction: BEGIN IMMEDIATE, a statement for each write, COMMIT with
 * its one sync of the WAL, all on a thread of libuv's pool. The loop's thread touches the
 * connection only while no commit is under way, so the connection needs no lock.
 */
#include "storage/sqlite.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/macro.h"
#include "base/mem.h"
#include "storage/sqlite_db.h"

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_PUT,
    STATEMENT_REMOVE,
    STATEMENT_LOAD,
    STATEMENTS,
};

static const char *const statement_text[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_PUT] = "REPLACE INTO rows(key, value) VALUES(?1, ?2)",
    [STATEMENT_REMOVE] = "DELETE FROM rows WHERE key = ?1",
    [STATEMENT_LOAD] = "SELECT key, value FROM rows ORDER BY key",
};

struct sqlite {
    struct storage storage;
    uv_loop_t *loop;
    char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];

    /* The commit under way: the worker's until it is over. */
    uv_work_t work;
    bool is_committing;
    struct storage_batch batch;
    int result;
    struct err error;
    storage_committed done;
    void *user;
};

static struct sqlite *sqlite_of(struct storage *s)
{
    return CONTAINER_OF(s, struct sqlite, storage);
}

static int failed(struct sqlite *q, int rc, struct err *e)
{
    return sqlite_db_error(q->db, rc, q->path, e);
}

/* ---- committing, on a worker's thread ---- */

/* Runs a statement without an answer, and forgets what was bound to it. */
static int step(struct sqlite *q, enum statement which, struct err *e)
{
    sqlite3_stmt *stmt = q->statements[which];
    int rc = sqlite3_step(stmt);
    int r = rc == SQLITE_DONE ? 0 : failed(q, rc, e);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return r;
}

static int put_row(struct sqlite *q, const struct storage_write *w, struct err *e)
{
    if (w->value.len > STORAGE_VALUE_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "%s is longer than %zu bytes", w->key,
                       STORAGE_VALUE_MAX);
    enum statement which = w->value.len ? STATEMENT_PUT : STATEMENT_REMOVE;
    sqlite3_stmt *stmt = q->statements[which];
    int rc = sqlite3_bind_text(stmt, 1, w->key, -1, SQLITE_STATIC);
    if (!rc && which == STATEMENT_PUT)
        rc = sqlite3_bind_blob64(stmt, 2, w->value.data, w->value.len, SQLITE_STATIC);
    return rc ? failed(q, rc, e) : step(q, which, e);
}

static int commit_batch(struct sqlite *q, struct err *e)
{
    int r = step(q, STATEMENT_BEGIN, e);
    for (size_t i = 0; !r && i < q->batch.len; i++)
        r = put_row(q, &q->batch.writes[i], e);
    if (!r)
        r = step(q, STATEMENT_COMMIT, e);
    return r;
}

/* A failed transaction is over as far as SQLite is concerned, or has to be ended; a
 * rollback that finds none is no error. */
static void on_work(uv_work_t *work)
{
    struct sqlite *q = CONTAINER_OF(work, struct sqlite, work);
    q->result = commit_batch(q, &q->error);
    if (q->result && !sqlite3_get_autocommit(q->db))
        (void)sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
}

static void on_worked(uv_work_t *work, int status)
{
    struct sqlite *q = CONTAINER_OF(work, struct sqlite, work);
    if (status) /* the worker never ran */
        q->result = err_set(&q->error, ERR_CANCELED, "storage %s: canceled", q->path);
    storage_batch_deinit(&q->batch);
    q->is_committing = false;
    struct err error = q->error;
    q->done(q->result, q->result ? &error : NULL, q->user);
}

static void sqlite_commit(struct storage *s, struct storage_batch *batch,
                          storage_committed done, void *user)
{
    struct sqlite *q = sqlite_of(s);
    assert(!q->is_committing);
    q->is_committing = true;
    q->batch = *batch;
    *batch = (struct storage_batch)STORAGE_BATCH_INIT;
    q->error = (struct err){0};
    q->done = done;
    q->user = user;
    int r = uv_queue_work(q->loop, &q->work, on_work, on_worked);
    assert(r == 0);
}

/* ---- loading ---- */

static int give_row(struct sqlite *q, storage_on_row on_row, void *user, struct err *e)
{
    sqlite3_stmt *stmt = q->statements[STATEMENT_LOAD];
    bool is_typed = sqlite3_column_type(stmt, 0) == SQLITE_TEXT &&
                    sqlite3_column_type(stmt, 1) == SQLITE_BLOB;
    const char *key = (const char *)sqlite3_column_text(stmt, 0);
    const void *value = sqlite3_column_blob(stmt, 1);
    size_t key_len = (size_t)sqlite3_column_bytes(stmt, 0);
    size_t value_len = (size_t)sqlite3_column_bytes(stmt, 1);
    if (!key || (!value && value_len))
        return err_no_memory(e);
    if (!is_typed || key_len >= STORAGE_KEY_SIZE || strlen(key) != key_len ||
        value_len > STORAGE_VALUE_MAX)
        return err_set(e, ERR_DATA_LOSS, "storage %s is damaged: it has a foreign row",
                       q->path);
    return on_row(key, value ? value : "", value_len, user, e);
}

static int sqlite_load(struct storage *s, storage_on_row on_row, void *user,
                       struct err *e)
{
    struct sqlite *q = sqlite_of(s);
    assert(!q->is_committing);
    sqlite3_stmt *stmt = q->statements[STATEMENT_LOAD];
    int rc, r = 0;
    while (!r && (rc = sqlite3_step(stmt)) != SQLITE_DONE)
        r = rc == SQLITE_ROW ? give_row(q, on_row, user, e) : failed(q, rc, e);
    sqlite3_reset(stmt);
    return r;
}

/* ---- opening and closing ---- */

static void sqlite_close(struct storage *s)
{
    struct sqlite *q = sqlite_of(s);
    assert(!q->is_committing);
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(q->statements[i]);
    int rc = sqlite3_close(q->db);
    assert(rc == SQLITE_OK);
    free(q->path);
    free(q);
}

static const struct storage_ops sqlite_ops = {
    .load = sqlite_load,
    .commit = sqlite_commit,
    .close = sqlite_close,
};

static int prepare_statements(struct sqlite *q, struct err *e)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        int rc = sqlite3_prepare_v3(q->db, statement_text[i], -1,
                                    SQLITE_PREPARE_PERSISTENT, &q->statements[i], NULL);
        if (rc)
            return failed(q, rc, e);
    }
    return 0;
}

int sqlite_open(uv_loop_t *loop, const char *path, struct storage **out, struct err *e)
{
    struct sqlite *q = calloc(1, sizeof(*q));
    if (!q)
        return err_no_memory(e);
    q->storage.ops = &sqlite_ops;
    q->loop = loop;
    q->path = mem_dup(path, strlen(path));
    int r = q->path ? sqlite_db_open(path, &q->db, e) : err_no_memory(e);
    if (!r)
        r = prepare_statements(q, e);
    if (r) {
        sqlite_close(&q->storage);
        return r;
    }
    *out = &q->storage;
    return 0;
}
