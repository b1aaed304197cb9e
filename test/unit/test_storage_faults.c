/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails: SQLite's own file system is wrapped, and in each run one operation
 * (the first, the second, ... of a series of commits) fails. Whatever it was, a commit
 * that was acknowledged is there, one that failed isn't seen, the next ones work, and
 * what is read afterwards is what was acknowledged.
 *
 * The same is done with SQLite's memory.
 */
#include "sealed_fixture.h"

#include <sqlite3.h>

static int countdown; /* operations until the one that fails; 0: none will */
static bool stays_broken;
static sqlite3_vfs *real;

static bool must_fail(void)
{
    if (!countdown)
        return false;
    if (countdown > 1) {
        countdown--;
        return false;
    }
    if (!stays_broken)
        countdown = 0;
    return true;
}

/* ---- files ---- */

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct faulty_file *)f)->real;
}

static int faulty_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int faulty_read(sqlite3_file *f, void *data, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), data, n, at);
}

static int faulty_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
    if (must_fail()) /* half of it arrives */
        return real_of(f)->pMethods->xWrite(real_of(f), data, n / 2, at)
                   ? SQLITE_IOERR_WRITE
                   : SQLITE_FULL;
    return real_of(f)->pMethods->xWrite(real_of(f), data, n, at);
}

static int faulty_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (must_fail())
        return SQLITE_IOERR_TRUNCATE;
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int faulty_sync(sqlite3_file *f, int flags)
{
    if (must_fail())
        return SQLITE_IOERR_FSYNC;
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int faulty_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int faulty_lock(sqlite3_file *f, int lock)
{
    return real_of(f)->pMethods->xLock(real_of(f), lock);
}

static int faulty_unlock(sqlite3_file *f, int lock)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), lock);
}

static int faulty_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int faulty_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int faulty_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int faulty_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

/* Version 1: no shared memory, which an exclusive database doesn't need. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_reserved,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_device,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *out_flags)
{
    struct faulty_file *f = (struct faulty_file *)file;
    f->base.pMethods = NULL;
    f->real = (sqlite3_file *)(void *)(f + 1);
    if (must_fail())
        return SQLITE_CANTOPEN;
    int rc = real->xOpen(real, name, f->real, flags, out_flags);
    if (!rc)
        f->base.pMethods = &methods;
    return rc;
}

static sqlite3_vfs faulty;

static int install(void **state)
{
    real = sqlite3_vfs_find(NULL);
    faulty = *real;
    faulty.zName = "faulty";
    faulty.pNext = NULL;
    faulty.szOsFile = (int)sizeof(struct faulty_file) + real->szOsFile;
    faulty.xOpen = faulty_open;
    return sqlite3_vfs_register(&faulty, 1);
}

/* ---- memory ---- */

static sqlite3_mem_methods real_memory;
static int memory_countdown;

static bool memory_must_fail(void)
{
    return memory_countdown && --memory_countdown == 0;
}

static void *faulty_malloc(int n)
{
    return memory_must_fail() ? NULL : real_memory.xMalloc(n);
}

static void *faulty_realloc(void *p, int n)
{
    return memory_must_fail() ? NULL : real_memory.xRealloc(p, n);
}

static int install_all(void **state)
{
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = faulty_malloc;
    memory.xRealloc = faulty_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    return install(state);
}

/* ---- the series ---- */

#define COMMITS 6

/* Which secrets should be there: one for each commit that was acknowledged. */
static void assert_acknowledged(struct sealed_fixture *f, const bool *is_there)
{
    size_t n = 0;
    for (int i = 0; i < COMMITS; i++) {
        char id[8];
        snprintf(id, sizeof(id), "s%d", i);
        assert_int_equal(store_get(store_view(f->store), OBJECT_SECRET, id) != NULL,
                         is_there[i]);
        n += is_there[i];
    }
    assert_int_equal(secrets(f), n);
}

/* Opens anew and commits, with the fault that was set somewhere in it; then checks what
 * is there, without fault. Returns whether the fault came. */
static bool run_series(struct sealed_fixture *f, int *fault)
{
    bool is_there[COMMITS] = {false};
    int armed = *fault;
    *fault = 0;
    sealed_close(TAKE(f->sealed));
    unlink(f->disk.path);
    assert_int_equal(reload(f), ERR_NOT_FOUND);
    *fault = armed;
    bool is_broken = false;
    for (int i = 0; i < COMMITS; i++) {
        char id[8];
        snprintf(id, sizeof(id), "s%d", i);
        is_there[i] = create_secret(f, id) == 0;
        is_broken |= !is_there[i];
    }
    bool was_used = *fault != armed || is_broken;
    *fault = 0;
    assert_int_equal(create_secret(f, "last"), 0);
    assert_int_equal(remove_secret(f, "last"), 0);
    assert_acknowledged(f, is_there);
    assert_int_equal(reload(f), 0);
    assert_acknowledged(f, is_there);
    return was_used && is_broken;
}

static void a_disk_that_fails_once_loses_nothing(void **state)
{
    int failures = 0;
    stays_broken = false;
    for (int n = 1; n < 30; n++) {
        countdown = n;
        failures += run_series(*state, &countdown);
    }
    assert_true(failures >= 3 * COMMITS); /* two writes and a sync each */
}

static void a_disk_that_fails_for_a_time_loses_nothing(void **state)
{
    int failures = 0;
    stays_broken = true;
    for (int n = 1; n < 30; n++) {
        countdown = n;
        failures += run_series(*state, &countdown);
    }
    assert_true(failures >= 3 * COMMITS); /* two writes and a sync each */
}

static void memory_of_sqlite_that_runs_out_loses_nothing(void **state)
{
    int failures = 0;
    for (int n = 1; n < 120; n++) {
        memory_countdown = n;
        failures += run_series(*state, &memory_countdown);
    }
    assert_true(failures > 0);
}

/* Opening, with each allocation of SQLite failing once. */
static void opening_without_memory_is_an_error(void **state)
{
    struct sealed_fixture *f = *state;
    assert_int_equal(create_secret(f, "a"), 0);
    sealed_close(TAKE(f->sealed));
    int n = 1, r;
    do {
        memory_countdown = n++;
        r = disk_open(&f->disk);
        bool has_failed = memory_countdown == 0;
        memory_countdown = 0;
        assert_true(r == 0 || (has_failed && r == ERR_NO_MEMORY));
        if (has_failed)
            disk_close(&f->disk);
        else
            break;
    } while (n < 5000);
    assert_in_range(n, 20, 4999);
    disk_close(&f->disk);
    assert_int_equal(reload(f), 0);
    assert_int_equal(secrets(f), 1);
}

/* Opening, with each operation of the file failing once. */
static void opening_on_a_failing_disk_is_an_error(void **state)
{
    struct sealed_fixture *f = *state;
    sealed_close(TAKE(f->sealed));
    stays_broken = false;
    for (int n = 1; n < 30; n++) {
        unlink(f->disk.path);
        countdown = n;
        int r = disk_open(&f->disk);
        assert_true(r == 0 || r == ERR_IO || r == ERR_RESOURCE_EXHAUSTED);
        countdown = 0;
        disk_close(&f->disk);
        assert_int_equal(reload(f), ERR_NOT_FOUND);
        sealed_close(TAKE(f->sealed));
    }
}

int main(void)
{
#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, sealed_fixture_setup, sealed_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_disk_that_fails_once_loses_nothing),
        TEST(a_disk_that_fails_for_a_time_loses_nothing),
        TEST(memory_of_sqlite_that_runs_out_loses_nothing),
        TEST(opening_without_memory_is_an_error),
        TEST(opening_on_a_failing_disk_is_an_error),
    };
    return cmocka_run_group_tests(tests, install_all, NULL);
}
