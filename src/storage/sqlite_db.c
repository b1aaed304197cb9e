/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is ours alone: with locking_mode=EXCLUSIVE set before the first access SQLite
 * keeps its lock until it closes, and needs no shared memory file for the WAL's index.
 *
 * Order matters: whose file it is comes before anything is written to it.
 */
#include "storage/sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

/* "coff" in application_id marks the file as ours. */
#define APPLICATION_ID 0x636f6666
#define SCHEMA_VERSION 1

/* Every database begins with these bytes; SQLite itself takes one byte for none. */
#define HEADER_SIZE 100

/* What a WAL that grew by large values is cut to once it was written back. */
#define WAL_SIZE_LIMIT "16777216"

#define STRING(x) #x
#define STRING_OF(x) STRING(x)

static const char before_access[] = "PRAGMA locking_mode=EXCLUSIVE;"
                                    "PRAGMA trusted_schema=OFF;"
                                    "PRAGMA cell_size_check=ON;"
                                    "PRAGMA temp_store=MEMORY;"
                                    "PRAGMA secure_delete=ON;"
                                    "PRAGMA synchronous=FULL;"
                                    "PRAGMA journal_size_limit=" WAL_SIZE_LIMIT ";";

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE rows(key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;"
    "PRAGMA application_id=" STRING_OF(APPLICATION_ID) ";"
                                                       "PRAGMA user_version=" STRING_OF(
                                                           SCHEMA_VERSION) ";"
                                                                           "COMMIT;";

/* ---- results ---- */

static int code_of_io(sqlite3 *db)
{
    int errnum = sqlite3_system_errno(db);
    if (errnum == ENOSPC || errnum == EDQUOT)
        return ERR_RESOURCE_EXHAUSTED;
    return errnum == EACCES || errnum == EPERM ? ERR_PERMISSION_DENIED : ERR_IO;
}

static int code_of(sqlite3 *db, int rc)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return ERR_NO_MEMORY;
    if (rc == SQLITE_IOERR_SHORT_READ)
        return ERR_DATA_LOSS;
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
        return ERR_RESOURCE_EXHAUSTED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_FAILED_PRECONDITION;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* our statements are right: it is the schema that isn't */
        return ERR_DATA_LOSS;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
        return ERR_PERMISSION_DENIED;
    default:
        return code_of_io(db);
    }
}

int sqlite_db_error(sqlite3 *db, int rc, const char *path, struct err *e)
{
    int code = code_of(db, rc);
    int errnum = sqlite3_system_errno(db);
    if (code == ERR_NO_MEMORY)
        return err_no_memory(e);
    if (code == ERR_FAILED_PRECONDITION)
        return err_set(e, code, "storage %s is in use by another process", path);
    if (code == ERR_DATA_LOSS)
        return err_set(e, code, "storage %s is damaged: %s", path, sqlite3_errmsg(db));
    if (code == ERR_RESOURCE_EXHAUSTED)
        return err_set(e, code, "storage %s: no space is left on the disk", path);
    return err_set(e, code, "storage %s: %s (%s)", path, sqlite3_errmsg(db),
                   errnum ? strerror(errnum) : "no reason given");
}

/* ---- the file ---- */

static int create_file(const char *path, struct err *e)
{
    cleanup_fd int fd =
        open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, errno, "create storage %s", path);
    if (fchmod(fd, 0600))
        return err_errno(e, errno, "create storage %s", path);
    return file_sync_folder(path, e);
}

/* SQLite takes a file without bytes for a new database and drops its log. When there is a
 * log the file wasn't new, but was cut. */
static int check_not_cut(const char *path, struct err *e)
{
    cleanup_free char *wal = str_format("%s-wal", path);
    if (!wal)
        return err_no_memory(e);
    struct stat st;
    if (stat(wal, &st) == 0 && st.st_size > 0)
        return err_set(e, ERR_DATA_LOSS,
                       "storage %s is damaged: it is empty, but its log isn't", path);
    return 0;
}

/* Never opens a file that is there: closing it would drop the locks that this process may
 * have on it (POSIX says so). */
static int prepare_file(const char *path, struct err *e)
{
    struct stat st;
    if (lstat(path, &st) && errno == ENOENT) {
        int r = check_not_cut(path, e);
        return r ? r : create_file(path, e);
    }
    if (lstat(path, &st))
        return err_errno(e, errno, "storage %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_DATA_LOSS, "storage %s is not a regular file", path);
    if ((st.st_mode & 07777) != 0600 && chmod(path, 0600))
        return err_errno(e, errno, "storage %s", path);
    if (st.st_size > 0 && st.st_size < HEADER_SIZE)
        return err_set(e, ERR_DATA_LOSS, "storage %s is damaged: it is cut", path);
    return st.st_size == 0 ? check_not_cut(path, e) : 0;
}

/* ---- the database ---- */

static int run(sqlite3 *db, const char *sql, const char *path, struct err *e)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc ? sqlite_db_error(db, rc, path, e) : 0;
}

static int ask_number(sqlite3 *db, const char *sql, const char *path, int64_t *out,
                      struct err *e)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (!rc)
        rc = sqlite3_step(stmt);
    int r = rc == SQLITE_ROW ? 0 : sqlite_db_error(db, rc, path, e);
    if (!r)
        *out = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return r;
}

/* Is the one text of the answer `expected`? */
static int expect_text(sqlite3 *db, const char *sql, const char *expected,
                       const char *path, struct err *e)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (!rc)
        rc = sqlite3_step(stmt);
    const char *text =
        rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    int r = 0;
    if (rc != SQLITE_ROW)
        r = sqlite_db_error(db, rc, path, e);
    else if (!text)
        r = err_no_memory(e);
    else if (!str_equal(text, expected))
        r = err_set(e, ERR_DATA_LOSS, "storage %s is damaged: %s", path, text);
    sqlite3_finalize(stmt);
    return r;
}

/* *is_new: nobody wrote to it yet. */
static int check_identity(sqlite3 *db, const char *path, bool *is_new, struct err *e)
{
    int64_t id, version, tables;
    int r = ask_number(db, "PRAGMA application_id", path, &id, e);
    if (!r)
        r = ask_number(db, "PRAGMA user_version", path, &version, e);
    if (!r)
        r = ask_number(db, "SELECT count(*) FROM sqlite_schema", path, &tables, e);
    if (r)
        return r;
    *is_new = id == 0 && version == 0 && tables == 0;
    if (*is_new)
        return 0;
    if (id != APPLICATION_ID)
        return err_set(e, ERR_DATA_LOSS, "storage %s is a database, but not coffer's",
                       path);
    if (version != SCHEMA_VERSION)
        return err_set(
            e, ERR_FAILED_PRECONDITION,
            "storage %s has version %lld, this program knows version %d: start "
            "the cofferd that wrote it",
            path, (long long)version, SCHEMA_VERSION);
    return 0;
}

static int set_up(sqlite3 *db, const char *path, struct err *e)
{
    bool is_new = false;
    sqlite3_extended_result_codes(db, 1);
    int r = run(db, before_access, path, e);
    if (!r)
        r = check_identity(db, path, &is_new, e);
    if (!r)
        r = expect_text(db, "PRAGMA journal_mode=WAL", "wal", path, e);
    if (!r && is_new)
        r = run(db, schema, path, e);
    if (!r)
        r = expect_text(db, "PRAGMA quick_check(1)", "ok", path, e);
    return r;
}

int sqlite_db_open(const char *path, sqlite3 **out, struct err *e)
{
    int r = prepare_file(path, e);
    if (r)
        return r;
    sqlite3 *db = NULL;
    int rc =
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!db)
        return err_no_memory(e);
    r = rc ? sqlite_db_error(db, rc, path, e) : set_up(db, path, e);
    if (r) {
        sqlite3_close(db);
        return r;
    }
    *out = db;
    return 0;
}
