/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_fixture.h"

#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "fault_malloc.h"

static int setup(void **state)
{
    struct disk *d = calloc(1, sizeof(*d));
    assert_non_null(d);
    disk_init(d);
    assert_int_equal(disk_open(d), 0);
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    struct disk *d = *state;
    disk_deinit(d);
    free(d);
    return 0;
}

static void assert_not_opened(struct disk *d, int code)
{
    disk_close(d);
    assert_int_equal(disk_open(d), code);
    assert_null(d->storage);
    assert_non_null(strstr(d->e.text, d->path));
}

/* ---- rows ---- */

static void a_new_storage_is_empty(void **state)
{
    assert_rows(*state, "");
}

static void rows_come_back_in_the_order_of_their_keys(void **state)
{
    struct disk *d = *state;
    assert_int_equal(disk_put(d, "task/b", "2"), 0);
    assert_int_equal(disk_put(d, "secret/z", "1"), 0);
    assert_int_equal(disk_put(d, "task/B", "3"), 0);
    disk_close(d);
    assert_int_equal(disk_open(d), 0);
    assert_rows(d, "secret/z=1;task/B=3;task/b=2;");
}

static void a_batch_writes_replaces_and_removes(void **state)
{
    struct disk *d = *state;
    struct storage_batch b = STORAGE_BATCH_INIT;
    assert_int_equal(disk_put(d, "a", "old"), 0);
    assert_int_equal(disk_put(d, "b", "gone"), 0);
    batch_put(&b, "a", "new", 3);
    batch_put(&b, "c", "made", 4);
    assert_non_null(storage_batch_add(&b, "b"));
    assert_non_null(storage_batch_add(&b, "never there"));
    assert_int_equal(disk_commit(d, &b), 0);
    assert_rows(d, "a=new;c=made;");
}

static void values_are_any_bytes_up_to_the_limit(void **state)
{
    struct disk *d = *state;
    struct storage_batch b = STORAGE_BATCH_INIT;
    char *data = calloc(1, STORAGE_VALUE_MAX + 1);
    assert_non_null(data);
    batch_put(&b, "a", data, STORAGE_VALUE_MAX);
    assert_int_equal(disk_commit(d, &b), 0);
    batch_put(&b, "b", "x", 1);
    batch_put(&b, "a", data, STORAGE_VALUE_MAX + 1);
    assert_int_equal(disk_commit(d, &b), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(disk_put(d, "a", "small"), 0);
    assert_rows(d, "a=small;");
    free(data);
}

static void an_empty_batch_is_committed(void **state)
{
    struct disk *d = *state;
    struct storage_batch b = STORAGE_BATCH_INIT;
    assert_int_equal(disk_commit(d, &b), 0);
}

static int refuse_row(const char *key, const void *value, size_t len, void *user,
                      struct err *e)
{
    ++*(int *)user;
    return err_set(e, ERR_DATA_LOSS, "no %s", key);
}

static void an_error_of_the_reader_ends_the_loading(void **state)
{
    struct disk *d = *state;
    int calls = 0;
    assert_int_equal(disk_put(d, "a", "1"), 0);
    assert_int_equal(disk_put(d, "b", "2"), 0);
    assert_int_equal(storage_load(d->storage, refuse_row, &calls, &d->e), ERR_DATA_LOSS);
    assert_int_equal(calls, 1);
    assert_string_equal(d->e.text, "no a");
    assert_int_equal(disk_put(d, "c", "3"), 0);
    assert_rows(d, "a=1;b=2;c=3;");
}

struct chain {
    struct disk *d;
    int left;
};

static void commit_next(int r, const struct err *e, void *user)
{
    struct chain *c = user;
    assert_int_equal(r, 0);
    c->left--;
    if (!c->left) {
        c->d->is_done = true;
        return;
    }
    struct storage_batch b = STORAGE_BATCH_INIT;
    char key[16];
    snprintf(key, sizeof(key), "row/%d", c->left);
    batch_put(&b, key, "x", 1);
    storage_commit(c->d->storage, &b, commit_next, c);
}

static void the_next_commit_starts_from_within_the_last(void **state)
{
    struct disk *d = *state;
    struct chain c = {d, 4};
    struct storage_batch b = STORAGE_BATCH_INIT;
    batch_put(&b, "row/4", "x", 1);
    storage_commit(d->storage, &b, commit_next, &c);
    assert_int_equal(c.left, 4);
    assert_int_equal(disk_wait(d), 0);
    assert_rows(d, "row/1=x;row/2=x;row/3=x;row/4=x;");
}

/* ---- the file ---- */

static void the_file_is_its_owners_alone(void **state)
{
    struct disk *d = *state;
    char wal[128];
    struct stat st;
    assert_int_equal(disk_put(d, "a", "1"), 0);
    assert_int_equal(stat(d->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    snprintf(wal, sizeof(wal), "%s-wal", d->path);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(chmod(d->path, 0644), 0);
    disk_close(d);
    assert_int_equal(disk_open(d), 0);
    assert_int_equal(stat(d->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_second_opener_is_refused_by_name(void **state)
{
    struct disk *d = *state;
    struct storage *second = NULL;
    assert_int_equal(sqlite_open(&d->loop, d->path, &second, &d->e),
                     ERR_FAILED_PRECONDITION);
    assert_non_null(strstr(d->e.text, d->path));
    assert_non_null(strstr(d->e.text, "in use by another process"));
    assert_int_equal(disk_put(d, "a", "1"), 0);
    assert_rows(d, "a=1;");
}

/* In another process, before anything was written after opening. */
static void another_process_is_refused_too(void **state)
{
    struct disk *d = *state;
    disk_close(d);
    assert_int_equal(disk_open(d), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        uv_loop_t loop;
        struct storage *second = NULL;
        struct err e = {0};
        if (uv_loop_init(&loop))
            _exit(1);
        _exit(sqlite_open(&loop, d->path, &second, &e));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ERR_FAILED_PRECONDITION);
    assert_int_equal(disk_put(d, "a", "1"), 0);
}

static void a_missing_folder_is_named(void **state)
{
    struct disk *d = *state;
    struct storage *other = NULL;
    assert_int_equal(sqlite_open(&d->loop, "/nowhere/at/all/x.db", &other, &d->e),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(d->e.text, "/nowhere/at/all/x.db"));
}

static void replace_file(struct disk *d, const void *data, size_t n)
{
    disk_close(d);
    assert_int_equal(file_replace(d->path, 0600, data, n, &d->e), 0);
}

static void what_is_no_database_is_refused(void **state)
{
    struct disk *d = *state;
    char text[8192];
    memset(text, 'x', sizeof(text));
    replace_file(d, text, sizeof(text));
    assert_not_opened(d, ERR_DATA_LOSS);
    disk_close(d);
    unlink(d->path);
    assert_int_equal(symlink("/etc/passwd", d->path), 0);
    assert_not_opened(d, ERR_DATA_LOSS);
    unlink(d->path);
    assert_int_equal(mkdir(d->path, 0700), 0);
    assert_not_opened(d, ERR_DATA_LOSS);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_foreign_database_is_refused_and_left_alone(void **state)
{
    struct disk *d = *state;
    struct buf before = BUF_INIT, after = BUF_INIT;
    disk_close(d);
    unlink(d->path);
    run_sql(d->path, "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
    assert_int_equal(file_read(d->path, 1 << 20, &before, &d->e), 0);
    assert_not_opened(d, ERR_DATA_LOSS);
    assert_non_null(strstr(d->e.text, "not coffer's"));
    assert_int_equal(file_read(d->path, 1 << 20, &after, &d->e), 0);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    buf_deinit(&before);
    buf_deinit(&after);
}

static void a_newer_form_is_refused(void **state)
{
    struct disk *d = *state;
    disk_close(d);
    run_sql(d->path, "PRAGMA user_version=2");
    assert_not_opened(d, ERR_FAILED_PRECONDITION);
    assert_non_null(strstr(d->e.text, "version 2"));
    assert_non_null(strstr(d->e.text, "start the cofferd that wrote it"));
}

static void a_database_without_its_table_is_refused(void **state)
{
    struct disk *d = *state;
    disk_close(d);
    run_sql(d->path, "DROP TABLE rows");
    assert_not_opened(d, ERR_DATA_LOSS);
}

static void foreign_rows_are_refused(void **state)
{
    struct disk *d = *state;
    struct buf rows = BUF_INIT;
    static const char *const sql[] = {
        "INSERT INTO rows VALUES('a', 'text')",
        "DELETE FROM rows; INSERT INTO rows VALUES(x'41', x'42')",
        "DELETE FROM rows; INSERT INTO rows VALUES('a' || char(0) || 'b', x'42')",
        "DELETE FROM rows; INSERT INTO rows VALUES(hex(zeroblob(48)), x'42')",
    };
    for (size_t i = 0; i < ARRAY_SIZE(sql); i++) {
        disk_close(d);
        run_sql(d->path, sql[i]);
        assert_int_equal(disk_open(d), 0);
        assert_int_equal(disk_rows(d, &rows), ERR_DATA_LOSS);
        assert_non_null(strstr(d->e.text, d->path));
    }
    buf_deinit(&rows);
}

/* ---- damage ---- */

static void fill(struct disk *d, int rows)
{
    char value[3000];
    memset(value, 'v', sizeof(value));
    struct storage_batch b = STORAGE_BATCH_INIT;
    for (int i = 0; i < rows; i++) {
        char key[16];
        snprintf(key, sizeof(key), "row/%d", i);
        batch_put(&b, key, value, sizeof(value));
    }
    assert_int_equal(disk_commit(d, &b), 0);
}

/* A cut file is refused when it is opened, or when its rows are read; if only the end of
 * the last page is gone, what was in it is left to the seals. */
static void a_cut_file_is_found(void **state)
{
    struct disk *d = *state;
    struct buf whole = BUF_INIT, rows = BUF_INIT, expected = BUF_INIT;
    fill(d, 20);
    assert_int_equal(disk_rows(d, &expected), 0);
    disk_close(d);
    assert_int_equal(file_read(d->path, 1 << 20, &whole, &d->e), 0);
    size_t last_page = whole.len - 4096;
    for (size_t n = 1; n < whole.len; n += 1021) {
        replace_file(d, whole.data, n);
        int r = disk_open(d);
        if (!r)
            r = disk_rows(d, &rows);
        if (!r && n > last_page) {
            assert_true(rows.len <= expected.len);
            continue;
        }
        assert_int_equal(r, ERR_DATA_LOSS);
        assert_non_null(strstr(d->e.text, d->path));
    }
    buf_deinit(&whole);
    buf_deinit(&rows);
    buf_deinit(&expected);
}

static void a_file_cut_to_nothing_beside_its_log_is_found(void **state)
{
    struct disk *d = *state;
    char wal[128];
    snprintf(wal, sizeof(wal), "%s-wal", d->path);
    replace_file(d, "", 0);
    assert_int_equal(file_replace(wal, 0600, "log", 3, &d->e), 0);
    assert_not_opened(d, ERR_DATA_LOSS);
    unlink(d->path);
    assert_not_opened(d, ERR_DATA_LOSS);
    unlink(wal);
    assert_int_equal(disk_open(d), 0);
    assert_rows(d, "");
}

static void damaged_pages_are_found_or_leave_the_rows_whole(void **state)
{
    struct disk *d = *state;
    struct buf whole = BUF_INIT, rows = BUF_INIT, expected = BUF_INIT;
    fill(d, 20);
    assert_int_equal(disk_rows(d, &expected), 0);
    disk_close(d);
    assert_int_equal(file_read(d->path, 1 << 20, &whole, &d->e), 0);
    int found = 0;
    for (size_t at = 0; at < whole.len; at += 512) {
        char old = whole.data[at];
        whole.data[at] = (char)~old;
        replace_file(d, whole.data, whole.len);
        whole.data[at] = old;
        int r = disk_open(d);
        if (!r)
            r = disk_rows(d, &rows);
        found += r != 0;
        assert_true(r == 0 || r == ERR_DATA_LOSS);
    }
    assert_true(found > 0);
    buf_deinit(&whole);
    buf_deinit(&rows);
    buf_deinit(&expected);
}

/* ---- the disk is full ---- */

static void a_full_disk_is_said_and_gone_when_there_is_space(void **state)
{
    struct disk *d = *state;
    disk_close(d);
    unlink(d->path);
    if (mount("none", d->folder, "tmpfs", 0, "size=256k") != 0) {
        print_message("skipped: a tmpfs can't be mounted here\n");
        skip();
    }
    static const char big[220 << 10];
    char filler[96];
    struct storage_batch b = STORAGE_BATCH_INIT;
    snprintf(filler, sizeof(filler), "%s/filler", d->folder);
    assert_int_equal(disk_open(d), 0);
    assert_int_equal(disk_put(d, "a", "1"), 0);
    assert_int_equal(file_replace(filler, 0600, big, 100 << 10, &d->e), 0);
    batch_put(&b, "b", big, sizeof(big));
    assert_int_equal(disk_commit(d, &b), ERR_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(d->e.text, d->path));
    assert_rows(d, "a=1;");
    unlink(filler);
    assert_int_equal(disk_put(d, "c", "2"), 0);
    disk_close(d);
    assert_int_equal(disk_open(d), 0);
    assert_rows(d, "a=1;c=2;");
    disk_close(d);
    assert_int_equal(umount2(d->folder, MNT_DETACH), 0);
}

/* ---- memory runs out ---- */

static int open_and_close(void *user)
{
    struct disk *d = user;
    int r = disk_open(d);
    disk_close(d);
    return r;
}

static int build_batch(void *user)
{
    cleanup_storage_batch struct storage_batch b = STORAGE_BATCH_INIT;
    for (int i = 0; i < 20; i++) {
        struct storage_write *w = storage_batch_add(&b, "key");
        if (!w || buf_append(&w->value, "x", 1))
            return ERR_NO_MEMORY;
    }
    return 0;
}

static void memory_that_runs_out_is_an_error(void **state)
{
    struct disk *d = *state;
    disk_close(d);
    assert_true(fault_malloc_each(open_and_close, d) >= 2);
    assert_true(fault_malloc_each(build_batch, NULL) >= 2);
    assert_int_equal(disk_open(d), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_new_storage_is_empty),
        TEST(rows_come_back_in_the_order_of_their_keys),
        TEST(a_batch_writes_replaces_and_removes),
        TEST(values_are_any_bytes_up_to_the_limit),
        TEST(an_empty_batch_is_committed),
        TEST(an_error_of_the_reader_ends_the_loading),
        TEST(the_next_commit_starts_from_within_the_last),
        TEST(the_file_is_its_owners_alone),
        TEST(a_second_opener_is_refused_by_name),
        TEST(another_process_is_refused_too),
        TEST(a_missing_folder_is_named),
        TEST(what_is_no_database_is_refused),
        TEST(a_foreign_database_is_refused_and_left_alone),
        TEST(a_newer_form_is_refused),
        TEST(a_database_without_its_table_is_refused),
        TEST(foreign_rows_are_refused),
        TEST(a_cut_file_is_found),
        TEST(a_file_cut_to_nothing_beside_its_log_is_found),
        TEST(damaged_pages_are_found_or_leave_the_rows_whole),
        TEST(a_full_disk_is_said_and_gone_when_there_is_space),
        TEST(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
