/* SPDX-License-Identifier: Apache-2.0 */
/* What file systems lack, and what crashes and full disks leave behind. */
#include "filestore_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"

/* In place of the C library's: file systems with less, such as NFS or an overlay, and a
 * process that is killed before any of its steps. */
static bool knows_no_flags, moves_no_secret;
static bool removes_nothing;
static unsigned steps_to_crash; /* 0: none comes */

static void step(void)
{
    if (steps_to_crash && --steps_to_crash == 0)
        _exit(0);
}

static int refuse(int errnum)
{
    errno = errnum;
    return -1;
}

static bool is_secret(const char *path)
{
    return strrchr(path, '/')[1] != '.' && !strstr(path, "/.");
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to,
              unsigned flags)
{
    step();
    if (flags && (knows_no_flags || moves_no_secret))
        return refuse(moves_no_secret ? EXDEV : EINVAL);
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int rename(const char *from, const char *to)
{
    step();
    if (moves_no_secret && is_secret(from))
        return refuse(EXDEV);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdir(const char *path, mode_t mode)
{
    step();
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int rmdir(const char *path)
{
    step();
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

int unlinkat(int folder, const char *path, int flags)
{
    step();
    if (removes_nothing)
        return refuse(EIO);
    return (int)syscall(SYS_unlinkat, folder, path, flags);
}

static void what_a_crash_left_is_swept(void **state)
{
    struct fixture *f = *state;
    char path[256];
    cleanup_secret_envelopes struct secret_envelopes list = {0};
    cleanup_pattern struct pattern all = PATTERN_INIT;
    path_of(f, ".writing-abcdef", path, sizeof(path));
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(f, ".writing-abcdef/secretage.tmp", path, sizeof(path));
    assert_int_equal(file_replace(path, 0600, "x", 1, NULL), 0);
    assert_int_equal(pattern_parse(&all, "**", 2, NULL), 0);
    assert_int_equal(filestore_list(f->fs, &all, &f->keys, &list, NULL), 0);
    assert_int_equal(list.len, 0);
    assert_int_equal(save(f, "a", "1", false), 0);
    assert_int_equal(count_entries(f->folder), 2);
}

/* A limit on the size of files stands for a disk that is full. */
static void a_write_that_fails_leaves_the_old_secret(void **state)
{
    struct fixture *f = *state;
    struct rlimit before, none;
    assert_int_equal(save(f, "a", "1", false), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){100, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int overwritten = save(f, "a", "2", true), added = save(f, "b", "2", true);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_not_equal(overwritten, 0);
    assert_int_not_equal(added, 0);
    holds(f, "a", "1");
    assert_int_equal(count_entries(f->folder), 2);
}

static void replaces_and_removes(struct fixture *f)
{
    struct secret_envelope s;
    assert_int_equal(save(f, "a", "1", false), 0);
    assert_int_equal(save(f, "a", "2", false), ERR_ALREADY_EXISTS);
    assert_int_equal(save(f, "a", "2", true), 0);
    holds(f, "a", "2");
    assert_int_equal(count_entries(f->folder), 2);
    assert_int_equal(filestore_remove(f->fs, "a", NULL), 0);
    assert_int_equal(get(f, "a", &s), ERR_NOT_FOUND);
    assert_int_equal(count_entries(f->folder), 1);
}

static void a_file_system_without_flags_of_rename_is_enough(void **state)
{
    knows_no_flags = true;
    replaces_and_removes(*state);
    knows_no_flags = false;
}

static void a_file_system_that_moves_no_old_folder_is_enough(void **state)
{
    moves_no_secret = true;
    replaces_and_removes(*state);
    moves_no_secret = false;
}

/* The words say what is so, and the next command makes it so. */
static void what_fails_when_it_is_begun_is_finished_by_the_next(void **state)
{
    struct fixture *f = *state;
    cleanup_secret_envelope struct secret_envelope s = {0}, new_one = {0};
    struct err e;
    assert_int_equal(save(f, "a", "1", false), 0);
    assert_int_equal(secret_envelope_set_id(&new_one, "a", NULL), 0);
    assert_int_equal(secret_envelope_put(&new_one, "owner", "me", NULL), 0);
    assert_int_equal(secret_envelope_set_value(&new_one, "2", 1, NULL), 0);
    moves_no_secret = removes_nothing = true;
    int r = filestore_save(f->fs, &new_one, true, age_identity_recipient(f->key), 1, &e);
    removes_nothing = false;
    assert_int_equal(r, ERR_IO);
    assert_non_null(strstr(e.text, "it is begun, and the next command finishes it"));
    holds(f, "a", "2");
    removes_nothing = true;
    r = filestore_remove(f->fs, "a", &e);
    moves_no_secret = removes_nothing = false;
    assert_int_equal(r, ERR_IO);
    assert_non_null(strstr(e.text, "it is begun, and the next command finishes it"));
    assert_int_equal(get(f, "a", &s), ERR_NOT_FOUND);
    assert_int_equal(count_entries(f->folder), 1);
}

/* NFS makes such a file of one that is removed while it is open. */
static void files_of_others_keep_nobody_from_the_store(void **state)
{
    struct fixture *f = *state;
    char path[256];
    assert_int_equal(save(f, "a", "1", false), 0);
    path_of(f, ".replacing", path, sizeof(path));
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(f, ".replacing/.nfs0001", path, sizeof(path));
    assert_int_equal(file_write(path, 0600, "x", 1, NULL), 0);
    holds(f, "a", "1");
    moves_no_secret = true;
    assert_int_equal(save(f, "a", "2", true), 0);
    holds(f, "a", "2");
    assert_int_equal(filestore_remove(f->fs, "a", NULL), 0);
    moves_no_secret = false;
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(save(f, "b", "1", false), 0);
    assert_int_equal(count_entries(f->folder), 3);
}

/* As where the store can only be read. */
static void what_is_unfinished_stops_no_reader_of_another_secret(void **state)
{
    struct fixture *f = *state;
    cleanup_secret_envelope struct secret_envelope s = {0};
    cleanup_secret_envelopes struct secret_envelopes list = {0};
    cleanup_pattern struct pattern all = PATTERN_INIT, others = PATTERN_INIT;
    assert_int_equal(pattern_parse(&all, "**", 2, NULL), 0);
    assert_int_equal(pattern_parse(&others, "x/*", 3, NULL), 0);
    assert_int_equal(save(f, "a", "1", false), 0);
    assert_int_equal(save(f, "x/b", "1", false), 0);
    moves_no_secret = removes_nothing = true;
    assert_int_equal(filestore_remove(f->fs, "a", NULL), ERR_IO);
    holds(f, "x/b", "1");
    assert_int_equal(filestore_list(f->fs, &others, &f->keys, &list, NULL), 0);
    assert_int_equal(list.len, 1);
    assert_int_equal(filestore_list(f->fs, &all, &f->keys, &list, NULL), ERR_IO);
    assert_int_equal(get(f, "a", &s), ERR_IO);
    moves_no_secret = removes_nothing = false;
}

static bool is_listed(struct fixture *f, const char *id)
{
    cleanup_secret_envelopes struct secret_envelopes list = {0};
    cleanup_pattern struct pattern all = PATTERN_INIT;
    assert_int_equal(pattern_parse(&all, "**", 2, NULL), 0);
    assert_int_equal(filestore_list(f->fs, &all, &f->keys, &list, NULL), 0);
    return list.len == 1 && str_equal(list.items[0].id, id);
}

/* Does it, and is killed before the nth step. Returns whether there was no such step. */
static bool crash_at(struct fixture *f, unsigned n, int (*what)(struct fixture *f))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        steps_to_crash = n;
        int r = what(f);
        _exit(r ? 2 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 1;
}

static int overwrite(struct fixture *f)
{
    return save(f, "a", "2", true);
}

static int take_away(struct fixture *f)
{
    return filestore_remove(f->fs, "a", NULL);
}

/* The old one until some step, from then on the new one. */
static void crash_at_each_step(struct fixture *f)
{
    bool is_over = false, was_new = false;
    for (unsigned n = 1; !is_over; n++) {
        cleanup_secret_envelope struct secret_envelope s = {0};
        assert_int_equal(save(f, "a", "1", true), 0);
        is_over = crash_at(f, n, overwrite);
        assert_int_equal(get(f, "a", &s), 0);
        bool is_new = str_equal(buf_str(&s.value), "2");
        assert_true(is_new || str_equal(buf_str(&s.value), "1"));
        assert_string_equal(secret_envelope_get(&s, "owner"), "me");
        assert_true(is_new || !was_new);
        assert_true(is_listed(f, "a"));
        was_new = is_new;
    }
    assert_true(was_new);
    is_over = false;
    for (unsigned n = 1; !is_over; n++) {
        assert_int_equal(save(f, "a", "1", true), 0);
        is_over = crash_at(f, n, take_away);
        if (is_listed(f, "a"))
            holds(f, "a", "1");
    }
    assert_false(is_listed(f, "a"));
    assert_int_equal(save(f, "a", "1", true), 0);
    assert_int_equal(count_entries(f->folder), 2);
}

static void after_a_crash_a_secret_is_the_old_one_or_the_new(void **state)
{
    struct fixture *f = *state;
    crash_at_each_step(f);
    knows_no_flags = true;
    crash_at_each_step(f);
    moves_no_secret = true;
    crash_at_each_step(f);
    knows_no_flags = moves_no_secret = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_crash_left_is_swept),
        TEST(a_write_that_fails_leaves_the_old_secret),
        TEST(a_file_system_without_flags_of_rename_is_enough),
        TEST(a_file_system_that_moves_no_old_folder_is_enough),
        TEST(what_fails_when_it_is_begun_is_finished_by_the_next),
        TEST(files_of_others_keep_nobody_from_the_store),
        TEST(what_is_unfinished_stops_no_reader_of_another_secret),
        TEST(after_a_crash_a_secret_is_the_old_one_or_the_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
