/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "secretfs/secret_files.h"
#include "secretfs/secret_fs.h"
#include "secretfs/secret_tree.h"

#define TASK "aaaaaaaaaaaaaaaaaaaaaaaa1"

struct fixture {
    char dir[64];
    struct secret_fs fs;
    struct secret_files files;
    struct err e;
};

static bool can_mount(void)
{
    static int answer = -1;
    if (answer < 0)
        answer = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return answer;
}

static int setup(void **state)
{
    if (!can_mount())
        skip();
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy_cut(f->dir, sizeof(f->dir), "/tmp/secret-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(secret_fs_open(&f->fs, f->dir, &f->e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (!f)
        return 0;
    secret_files_deinit(&f->files);
    secret_fs_close(&f->fs);
    while (umount2(f->dir, MNT_DETACH) == 0)
        ;
    rmdir(f->dir);
    free(f);
    return 0;
}

static struct secret_file file(const char *target)
{
    return (struct secret_file){
        .target = target, .uid = "0", .gid = "0", .mode = 0444, .data = "value", .n = 5};
}

static int write_one(struct fixture *f, const struct secret_file *file)
{
    return secret_files_write(&f->fs, TASK, file, 1, false, &f->files, &f->e);
}

static struct stat stat_of(const struct fixture *f, const char *below)
{
    char path[512];
    struct stat st = {0};
    snprintf(path, sizeof(path), "%s/%s", f->dir, below);
    assert_int_equal(lstat(path, &st), 0);
    return st;
}

static bool is_empty(struct fixture *f)
{
    int64_t bytes, files;
    assert_int_equal(secret_tree_count(f->fs.fd, &bytes, &files, &f->e), 0);
    return files == 0 && access(f->dir, F_OK) == 0;
}

static void assert_path(const struct fixture *f, size_t i, const char *below)
{
    cleanup_free char *path = str_format("%s/%s", f->dir, below);
    assert_true(i < f->files.n_paths);
    assert_string_equal(f->files.paths[i], path);
}

static void each_reference_has_its_own_owner_and_mode(void **state)
{
    struct fixture *f = *state;
    struct secret_file files[] = {file("pw"), file("db/pw.txt"), file("/etc/key")};
    files[1].uid = "33";
    files[1].gid = "44";
    files[1].mode = 0400;
    assert_int_equal(secret_files_write(&f->fs, TASK, files, ARRAY_SIZE(files), false,
                                        &f->files, &f->e),
                     0);
    assert_int_equal(stat_of(f, TASK).st_mode & 07777, 0700);
    assert_int_equal(stat_of(f, TASK "/secrets").st_mode & 07777, 0755);
    assert_int_equal(stat_of(f, TASK "/secrets/db").st_mode & 07777, 0755);
    assert_int_equal(stat_of(f, TASK "/secrets/pw").st_mode & 07777, 0444);
    struct stat st = stat_of(f, TASK "/secrets/db/pw.txt");
    assert_int_equal(st.st_mode & 07777, 0400);
    assert_int_equal(st.st_uid, 33);
    assert_int_equal(st.st_gid, 44);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(f->files.n_binds, 2);
    assert_string_equal(f->files.binds[0].target, "/run/secrets");
    assert_string_equal(f->files.binds[1].target, "/etc/key");
    assert_path(f, 1, TASK "/secrets/db/pw.txt");
    assert_path(f, 2, TASK "/files/0");
}

static void a_target_below_run_secrets_goes_with_the_others(void **state)
{
    struct fixture *f = *state;
    struct secret_file files[] = {file("/run/secrets/a"), file("conf"),
                                  file("run/secrets/b")};
    files[1].is_config = files[2].is_config = true;
    assert_int_equal(secret_files_write(&f->fs, TASK, files, 3, false, &f->files, &f->e),
                     0);
    stat_of(f, TASK "/secrets/a");
    stat_of(f, TASK "/secrets/b");
    assert_int_equal(f->files.n_binds, 2);
    assert_string_equal(f->files.binds[1].target, "/conf");
}

static void files_are_bound_one_by_one_where_a_mount_is(void **state)
{
    struct fixture *f = *state;
    struct secret_file files[] = {file("a"), file("/run/secrets/b/c"), file("/d")};
    assert_int_equal(secret_files_write(&f->fs, TASK, files, 3, true, &f->files, &f->e),
                     0);
    assert_int_equal(f->files.n_binds, 3);
    assert_string_equal(f->files.binds[0].target, "/run/secrets/a");
    assert_string_equal(f->files.binds[1].target, "/run/secrets/b/c");
    assert_string_equal(f->files.binds[2].target, "/d");
    stat_of(f, TASK "/files/1");
    assert_path(f, 1, TASK "/files/1");
}

/* As many bytes and parts as a manager lets through have a place here. */
static void what_a_manager_takes_has_a_place(void **state)
{
    struct secret_place place;
    struct err e;
    char longest[TARGET_SIZE_LIMIT], deepest[2 * TARGET_PARTS_LIMIT];
    memset(longest, 'x', sizeof(longest));
    for (size_t i = 100; i < sizeof(longest) - 2; i += 100)
        longest[i] = '/';
    longest[sizeof(longest) - 1] = '\0';
    for (size_t i = 0; i < sizeof(deepest); i++)
        deepest[i] = i % 2 ? '/' : 'x';
    deepest[sizeof(deepest) - 1] = '\0';
    assert_int_equal(secret_place_of(longest, false, &place, &e), 0);
    assert_string_equal(place.path, longest);
    assert_int_equal(secret_place_of(deepest, false, &place, &e), 0);
    assert_string_equal(place.path, deepest);
}

/* In an image /var/run may be a link to /run. */
static void files_are_bound_one_by_one_where_another_is(void **state)
{
    struct fixture *f = *state;
    struct secret_file files[] = {file("a"), file("/var/run/secrets/b")};
    assert_int_equal(secret_files_write(&f->fs, TASK, files, 2, false, &f->files, &f->e),
                     0);
    assert_int_equal(f->files.n_binds, 2);
    assert_string_equal(f->files.binds[0].target, "/run/secrets/a");
    assert_string_equal(f->files.binds[1].target, "/var/run/secrets/b");
}

static void a_file_in_the_place_of_another_by_that_link_is_refused(void **state)
{
    struct fixture *f = *state;
    struct secret_file files[] = {file("a"), file("/var/run/secrets/a")};
    assert_int_equal(secret_files_write(&f->fs, TASK, files, 2, false, &f->files, &f->e),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(err_text(&f->e),
                        "references have a conflicting target: '/var/run/secrets/a'");
    assert_true(is_empty(f));
}

static void removal_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct secret_file files[] = {file("a/b/c"), file("/x")};
    assert_int_equal(secret_files_write(&f->fs, TASK, files, 2, false, &f->files, &f->e),
                     0);
    assert_int_equal(secret_files_remove(&f->fs, TASK, &f->e), 0);
    assert_true(is_empty(f));
    assert_int_equal(f->fs.used, 0);
    assert_int_equal(f->fs.files, 0);
    assert_int_equal(secret_files_remove(&f->fs, TASK, &f->e), 0);
}

/* Somebody who still holds the file open sees zeros. */
static void removal_overwrites(void **state)
{
    struct fixture *f = *state;
    struct secret_file one = file("pw");
    char path[256], content[5];
    assert_int_equal(write_one(f, &one), 0);
    snprintf(path, sizeof(path), "%s/" TASK "/secrets/pw", f->dir);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(secret_files_remove(&f->fs, TASK, &f->e), 0);
    assert_int_equal(pread(fd, content, 5, 0), 5);
    assert_memory_equal(content, "\0\0\0\0\0", 5);
}

static void hostile_targets_are_refused_and_leave_nothing(void **state)
{
    static const char *const bad[] = {"",   "..",  "../x",      "a/../../x", "a//b", "/",
                                      "a/", "./a", "/etc/../x", "a/..",      "//etc"};
    struct fixture *f = *state;
    char name[300], deep[200] = "";
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct secret_file one = file(bad[i]);
        assert_int_equal(write_one(f, &one), ERR_INVALID_ARGUMENT);
        assert_true(is_empty(f));
    }
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    struct secret_file longer = file(name);
    assert_int_equal(write_one(f, &longer), ERR_INVALID_ARGUMENT);
    for (size_t i = 0; i + 2 < sizeof(deep); i += 2)
        memcpy(deep + i, "d/", 3);
    deep[strlen(deep) - 1] = '\0';
    struct secret_file deeper = file(deep);
    assert_int_equal(write_one(f, &deeper), ERR_INVALID_ARGUMENT);
}

static void two_references_with_one_target_are_refused(void **state)
{
    static const char *const pairs[][2] = {{"a", "/run/secrets/a"},
                                           {"/x", "/x"},
                                           {"a", "a/b"},
                                           {"a/b", "a"},
                                           {"/x", "/x/y"},
                                           {"/x/y", "/x"},
                                           {"a", "/run/secrets"},
                                           {"/run/secrets", "a"},
                                           {"/run", "a"}};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct secret_file files[] = {file(pairs[i][0]), file(pairs[i][1])};
        assert_int_equal(
            secret_files_write(&f->fs, TASK, files, 2, false, &f->files, &f->e),
            ERR_INVALID_ARGUMENT);
        assert_true(is_empty(f));
    }
}

static void owners_are_numbers(void **state)
{
    static const char *const bad[] = {"root", "-1", "4294967295", "1x", "99999999999"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct secret_file one = file("pw");
        one.uid = bad[i];
        assert_int_equal(write_one(f, &one), ERR_INVALID_ARGUMENT);
        assert_null(strstr(f->e.text, "value"));
        assert_true(is_empty(f));
    }
}

static void a_link_in_the_way_is_not_followed(void **state)
{
    struct fixture *f = *state;
    struct secret_file one = file("pw");
    char path[256];
    snprintf(path, sizeof(path), "%s/" TASK, f->dir);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_int_equal(write_one(f, &one), 0);
    assert_true(S_ISDIR(stat_of(f, TASK).st_mode));
    assert_int_equal(access("/tmp/secrets", F_OK), -1);
}

static void only_ids_are_directories(void **state)
{
    struct fixture *f = *state;
    struct secret_file one = file("pw");
    assert_int_equal(secret_files_write(&f->fs, "../x", &one, 1, false, &f->files, &f->e),
                     ERR_INVALID_ARGUMENT);
}

/* ---- the file system ---- */

static void a_mount_of_an_earlier_run_is_used_again(void **state)
{
    struct fixture *f = *state;
    struct secret_fs again;
    struct secret_file one = file("pw");
    assert_int_equal(write_one(f, &one), 0);
    assert_int_equal(secret_fs_open(&again, f->dir, &f->e), 0);
    assert_int_equal(again.kind, f->fs.kind);
    struct stat a, b;
    assert_int_equal(fstat(again.fd, &a), 0);
    assert_int_equal(fstat(f->fs.fd, &b), 0);
    assert_int_equal(a.st_dev, b.st_dev);
    secret_fs_close(&again);
}

static void the_mount_is_ours_alone_and_holds_no_programs(void **state)
{
    struct fixture *f = *state;
    char line[1024], found[1024] = "";
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    while (fgets(line, sizeof(line), mounts)) {
        if (strstr(line, f->dir))
            strcpy_cut(found, sizeof(found), line);
    }
    fclose(mounts);
    assert_non_null(strstr(found, "nosuid,nodev,noexec"));
    assert_null(strstr(found, "shared:"));
    assert_int_equal(stat_of(f, ".").st_mode & 07777, 0700);
}

static void a_mount_that_is_less_safe_is_refused(void **state)
{
    struct fixture *f = *state;
    struct secret_fs other;
    assert_int_equal(mount("x", f->dir, "tmpfs", 0, "mode=0700"), 0);
    assert_int_equal(secret_fs_open(&other, f->dir, &f->e), ERR_FAILED_PRECONDITION);
    assert_int_equal(umount(f->dir), 0);
    assert_int_equal(
        mount("x", f->dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755"), 0);
    assert_int_equal(secret_fs_open(&other, f->dir, &f->e), ERR_FAILED_PRECONDITION);
    assert_int_equal(secret_fs_open(&other, "relative", &f->e), ERR_INVALID_ARGUMENT);
}

static void ramfs_is_kept_within_bounds_by_counting(void **state)
{
    struct fixture *f = *state;
    struct secret_fs ram;
    struct secret_file one = file("pw");
    assert_int_equal(
        mount("x", f->dir, "ramfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"), 0);
    assert_int_equal(secret_fs_open(&ram, f->dir, &f->e), 0);
    assert_int_equal(ram.kind, SECRET_FS_RAMFS);
    assert_int_equal(secret_files_write(&ram, TASK, &one, 1, false, &f->files, &f->e), 0);
    secret_fs_close(&ram);
    assert_int_equal(secret_fs_open(&ram, f->dir, &f->e), 0);
    assert_int_equal(ram.used, 5);
    assert_int_equal(ram.files, 1);
    ram.used = SECRET_FS_SIZE_MAX - 4;
    assert_int_equal(secret_fs_reserve(&ram, 5, &f->e), ERR_RESOURCE_EXHAUSTED);
    secret_fs_close(&ram);
}

static rlim_t limit(int what, rlim_t n)
{
    struct rlimit old, new;
    assert_int_equal(getrlimit((__rlimit_resource_t)what, &old), 0);
    new = old;
    new.rlim_cur = n;
    assert_int_equal(setrlimit((__rlimit_resource_t)what, &new), 0);
    return old.rlim_cur;
}

static void a_file_that_is_cut_short_is_counted_for_what_it_was(void **state)
{
    struct fixture *f = *state;
    struct secret_file one = file("pw");
    signal(SIGXFSZ, SIG_IGN);
    rlim_t before = limit(RLIMIT_FSIZE, 3);
    assert_int_not_equal(write_one(f, &one), 0);
    limit(RLIMIT_FSIZE, before);
    assert_true(is_empty(f));
    assert_int_equal(f->fs.used, 0);
    assert_int_equal(f->fs.files, 0);
}

static void a_file_that_can_not_be_made_is_not_counted(void **state)
{
    struct fixture *f = *state;
    struct secret_file one = file("pw");
    int next = dup(f->fs.fd);
    assert_true(next >= 0);
    close(next);
    rlim_t before = limit(RLIMIT_NOFILE, (rlim_t)next + 1);
    assert_int_not_equal(write_one(f, &one), 0);
    limit(RLIMIT_NOFILE, before);
    assert_int_equal(secret_files_remove(&f->fs, TASK, &f->e), 0);
    assert_true(is_empty(f));
    assert_int_equal(f->fs.used, 0);
    assert_int_equal(f->fs.files, 0);
}

static void an_engine_in_our_namespace_sees_the_secrets(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(secret_fs_check_engine(&f->fs, getpid(), &f->e), 0);
    assert_int_equal(secret_fs_check_engine(&f->fs, 0, &f->e), 0);
    /* process 1 lives outside of the namespace that this test has made */
    assert_int_equal(secret_fs_check_engine(&f->fs, 1, &f->e), ERR_FAILED_PRECONDITION);
}

/* All begin together, when the pipe is closed. */
static _Noreturn void open_when_told(const char *dir, int gate)
{
    struct secret_fs fs;
    char c;
    bool was_told = read(gate, &c, 1) == 0;
    _exit(was_told && secret_fs_open(&fs, dir, NULL) == 0 ? 0 : 1);
}

static size_t count_mounts(const char *dir)
{
    char line[1024];
    size_t n = 0;
    FILE *f = fopen("/proc/self/mounts", "re");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        n += strstr(line, dir) != NULL;
    fclose(f);
    return n;
}

static void of_several_that_open_it_at_once_one_mounts(void **state)
{
    enum {
        PROCESSES = 8
    };
    struct fixture *f = *state;
    pid_t children[PROCESSES];
    int gate[2];
    assert_int_equal(umount2(f->dir, MNT_DETACH), 0);
    assert_int_equal(pipe(gate), 0);
    for (size_t i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            close(gate[1]);
            open_when_told(f->dir, gate[0]);
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (size_t i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_mounts(f->dir), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_reference_has_its_own_owner_and_mode),
        TEST(a_target_below_run_secrets_goes_with_the_others),
        TEST(files_are_bound_one_by_one_where_a_mount_is),
        TEST(files_are_bound_one_by_one_where_another_is),
        TEST(a_file_in_the_place_of_another_by_that_link_is_refused),
        TEST(what_a_manager_takes_has_a_place),
        TEST(removal_leaves_nothing),
        TEST(removal_overwrites),
        TEST(hostile_targets_are_refused_and_leave_nothing),
        TEST(two_references_with_one_target_are_refused),
        TEST(owners_are_numbers),
        TEST(a_link_in_the_way_is_not_followed),
        TEST(only_ids_are_directories),
        TEST(a_mount_of_an_earlier_run_is_used_again),
        TEST(of_several_that_open_it_at_once_one_mounts),
        TEST(the_mount_is_ours_alone_and_holds_no_programs),
        TEST(a_mount_that_is_less_safe_is_refused),
        TEST(ramfs_is_kept_within_bounds_by_counting),
        TEST(a_file_that_is_cut_short_is_counted_for_what_it_was),
        TEST(a_file_that_can_not_be_made_is_not_counted),
        TEST(an_engine_in_our_namespace_sees_the_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
