/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "fault_malloc.h"
#include "filestore/filestore.h"
#include "json/json.h"

/* In place of the C library's: file systems with less, such as NFS or an overlay, and a
 * process that is killed before any of its steps. */
static bool knows_no_flags, moves_no_secret;
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
    return (int)syscall(SYS_unlinkat, folder, path, flags);
}

#define CANARY "correct-horse-battery-staple"

struct fixture {
    char root[64];
    char folder[128];
    struct filestore *fs;
    struct age_identity *key;
    struct age_keys keys;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.root = "/tmp/coffer-filestore-XXXXXX"};
    *state = &f;
    json_setup();
    if (crypto_init(NULL) || !mkdtemp(f.root) || age_identity_new(&f.key))
        return -1;
    snprintf(f.folder, sizeof(f.folder), "%s/a/b", f.root);
    f.keys = (struct age_keys){&f.key, 1, NULL};
    return filestore_open(f.folder, &f.fs, NULL);
}

static void remove_tree(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        cleanup_free char *inner = str_format("%s/%s", path, entry->d_name);
        if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
            continue;
        if (unlink(inner))
            remove_tree(inner);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    filestore_free(f->fs);
    age_identity_free(f->key);
    remove_tree(f->root);
    return 0;
}

static int save(struct fixture *f, const char *id, const char *value, bool overwrite)
{
    cleanup_secret_envelope struct secret_envelope s = {0};
    assert_int_equal(secret_envelope_set_id(&s, id, NULL), 0);
    assert_int_equal(secret_envelope_set_value(&s, value, strlen(value), NULL), 0);
    assert_int_equal(secret_envelope_put(&s, "owner", "me", NULL), 0);
    return filestore_save(f->fs, &s, overwrite, age_identity_recipient(f->key), 1, NULL);
}

static int get(struct fixture *f, const char *id, struct secret_envelope *out)
{
    *out = (struct secret_envelope){0};
    return filestore_get(f->fs, id, &f->keys, out, NULL);
}

static void holds(struct fixture *f, const char *id, const char *value)
{
    cleanup_secret_envelope struct secret_envelope s;
    assert_int_equal(get(f, id, &s), 0);
    assert_string_equal(s.id, id);
    assert_string_equal(buf_str(&s.value), value);
    assert_string_equal(secret_envelope_get(&s, "owner"), "me");
}

static void path_of(struct fixture *f, const char *rest, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", f->folder, rest);
}

static size_t count_entries(const char *path)
{
    size_t n = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder))
        n++;
    closedir(folder);
    return n - 2;
}

static void what_was_saved_is_there(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(save(f, "db/password", CANARY, false), 0);
    holds(f, "db/password", CANARY);
    assert_int_equal(save(f, "db/password", "other", false), ERR_ALREADY_EXISTS);
    holds(f, "db/password", CANARY);
    assert_int_equal(save(f, "db/password", "other", true), 0);
    holds(f, "db/password", "other");
    assert_int_equal(count_entries(f->folder), 2); /* it and the lock */
}

/* As Docker's code and the age tool look for them; base64("db/password"). */
static void files_have_the_public_layout(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char path[256];
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(save(f, "db/password", CANARY, false), 0);
    path_of(f, "ZGIvcGFzc3dvcmQ=", path, sizeof(path));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    path_of(f, "ZGIvcGFzc3dvcmQ=/metadata.json", path, sizeof(path));
    assert_int_equal(file_read(path, 100, &text, NULL), 0);
    assert_string_equal(buf_str(&text), "{\"owner\":\"me\"}");
    path_of(f, "ZGIvcGFzc3dvcmQ=/secretage", path, sizeof(path));
    buf_reset(&text);
    assert_int_equal(file_read(path, 1000, &text, NULL), 0);
    assert_true(str_starts_with(buf_str(&text), "age-encryption.org/v1\n"));
    assert_null(memmem(text.data, text.len, CANARY, strlen(CANARY)));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_removed_secret_is_gone(void **state)
{
    struct fixture *f = *state;
    struct secret_envelope s;
    assert_int_equal(filestore_remove(f->fs, "a", NULL), ERR_NOT_FOUND);
    assert_int_equal(save(f, "a", "1", false), 0);
    assert_int_equal(filestore_remove(f->fs, "a", NULL), 0);
    assert_int_equal(get(f, "a", &s), ERR_NOT_FOUND);
    assert_int_equal(filestore_remove(f->fs, "a", NULL), ERR_NOT_FOUND);
    assert_int_equal(count_entries(f->folder), 1);
}

static void a_list_is_sorted_and_filtered(void **state)
{
    struct fixture *f = *state;
    cleanup_secret_envelopes struct secret_envelopes list = {0};
    cleanup_pattern struct pattern p = PATTERN_INIT;
    char path[256];
    assert_int_equal(pattern_parse(&p, "db/*", 4, NULL), 0);
    assert_int_equal(filestore_list(f->fs, &p, &f->keys, &list, NULL), 0);
    assert_int_equal(list.len, 0);
    assert_int_equal(save(f, "db/b", "2", false), 0);
    assert_int_equal(save(f, "db/a", "1", false), 0);
    assert_int_equal(save(f, "web/a", "3", false), 0);
    path_of(f, "not base64", path, sizeof(path));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(filestore_list(f->fs, &p, &f->keys, &list, NULL), 0);
    assert_int_equal(list.len, 2);
    assert_string_equal(list.items[0].id, "db/a");
    assert_string_equal(buf_str(&list.items[1].value), "2");
    secret_envelopes_deinit(&list);
    assert_int_equal(filestore_list(f->fs, &p, NULL, &list, NULL), 0);
    assert_int_equal(list.items[0].value.len, 0);
    assert_string_equal(secret_envelope_get(&list.items[0], "owner"), "me");
}

/* A list of one id looks at nothing else, so that its time isn't the folder's size. */
static void an_id_is_found_without_the_others(void **state)
{
    struct fixture *f = *state;
    cleanup_secret_envelopes struct secret_envelopes list = {0};
    cleanup_pattern struct pattern one = PATTERN_INIT, none = PATTERN_INIT;
    cleanup_pattern struct pattern long_one = PATTERN_INIT;
    char id[FILESTORE_ID_MAX + 2] = {0};
    memset(id, 'a', sizeof(id) - 1);
    assert_int_equal(pattern_parse(&one, "db/a", 4, NULL), 0);
    assert_int_equal(pattern_parse(&none, "db/c", 4, NULL), 0);
    assert_int_equal(pattern_parse(&long_one, id, strlen(id), NULL), 0);
    assert_int_equal(save(f, "db/a", "1", false), 0);
    assert_int_equal(save(f, "db/b", "2", false), 0);
    assert_int_equal(chmod(f->folder, 0100), 0); /* for who isn't root it has no list */
    assert_int_equal(filestore_list(f->fs, &one, &f->keys, &list, NULL), 0);
    assert_int_equal(filestore_list(f->fs, &none, &f->keys, &list, NULL), 0);
    assert_int_equal(filestore_list(f->fs, &long_one, &f->keys, &list, NULL), 0);
    assert_int_equal(chmod(f->folder, 0700), 0);
    assert_int_equal(list.len, 1);
    assert_string_equal(buf_str(&list.items[0].value), "1");
}

static void other_keys_open_nothing(void **state)
{
    struct fixture *f = *state;
    struct age_identity *other;
    cleanup_secret_envelope struct secret_envelope s = {0};
    struct err e;
    assert_int_equal(age_identity_new(&other), 0);
    assert_int_equal(save(f, "a", CANARY, false), 0);
    struct age_keys keys = {&other, 1, NULL};
    assert_int_equal(filestore_get(f->fs, "a", &keys, &s, &e), ERR_PERMISSION_DENIED);
    assert_non_null(strstr(e.text, "read secret a: "));
    assert_int_equal(s.value.len, 0);
    age_identity_free(other);
}

static void a_damaged_file_is_told(void **state)
{
    struct fixture *f = *state;
    struct secret_envelope s;
    char path[256];
    assert_int_equal(save(f, "a", CANARY, false), 0);
    path_of(f, "YQ==/secretage", path, sizeof(path));
    assert_int_equal(truncate(path, 170), 0);
    assert_int_equal(get(f, "a", &s), ERR_DATA_LOSS);
    secret_envelope_deinit(&s);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(get(f, "a", &s), ERR_DATA_LOSS);
    secret_envelope_deinit(&s);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(get(f, "a", &s), ERR_DATA_LOSS);
    secret_envelope_deinit(&s);
    path_of(f, "YQ==/metadata.json", path, sizeof(path));
    assert_int_equal(file_replace(path, 0600, "[1]", 3, NULL), 0);
    assert_int_equal(get(f, "a", &s), ERR_DATA_LOSS);
    secret_envelope_deinit(&s);
}

/* With values the whole fails: who asked must not take a part for all. */
static void a_list_names_what_is_damaged(void **state)
{
    struct fixture *f = *state;
    cleanup_secret_envelopes struct secret_envelopes list = {0}, one = {0}, values = {0};
    cleanup_pattern struct pattern all = PATTERN_INIT, id = PATTERN_INIT;
    char path[256];
    assert_int_equal(save(f, "a", "1", false), 0);
    assert_int_equal(save(f, "b", "2", false), 0);
    path_of(f, "YQ==/metadata.json", path, sizeof(path));
    assert_int_equal(file_replace(path, 0600, "{", 1, NULL), 0);
    assert_int_equal(pattern_parse(&all, "**", 2, NULL), 0);
    assert_int_equal(pattern_parse(&id, "a", 1, NULL), 0);
    assert_int_equal(filestore_list(f->fs, &all, &f->keys, &values, NULL), ERR_DATA_LOSS);
    assert_int_equal(filestore_list(f->fs, &all, NULL, &list, NULL), 0);
    assert_int_equal(filestore_list(f->fs, &id, NULL, &one, NULL), 0);
    assert_int_equal(list.len, 2);
    assert_string_equal(secret_envelope_get(&list.items[1], "owner"), "me");
    const struct secret_envelope *damaged[] = {&list.items[0], &one.items[0]};
    for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
        const char *why = secret_envelope_get(damaged[i], SECRET_METADATA_DAMAGED);
        assert_string_equal(damaged[i]->id, "a");
        assert_int_equal(damaged[i]->n_metadata, 1);
        assert_non_null(strstr(why, path));
    }
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

static void an_id_too_long_for_a_file_is_refused(void **state)
{
    struct fixture *f = *state;
    char id[FILESTORE_ID_MAX + 2];
    memset(id, 'x', sizeof(id));
    id[FILESTORE_ID_MAX + 1] = '\0';
    assert_int_equal(save(f, id, "1", false), ERR_INVALID_ARGUMENT);
    id[FILESTORE_ID_MAX] = '\0';
    assert_int_equal(save(f, id, "1", false), 0);
    holds(f, id, "1");
}

static void a_folder_that_others_may_use_is_refused(void **state)
{
    struct fixture *f = *state;
    struct filestore *again;
    struct err e;
    assert_int_equal(chmod(f->folder, 0750), 0);
    assert_int_equal(filestore_open(f->folder, &again, &e), ERR_PERMISSION_DENIED);
    assert_non_null(strstr(e.text, "chmod 700"));
    assert_int_equal(chmod(f->folder, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(f->folder, 1, 1), 0);
        assert_int_equal(filestore_open(f->folder, &again, NULL), ERR_PERMISSION_DENIED);
        assert_int_equal(chown(f->folder, 0, 0), 0);
    }
}

/* Docker's code takes a lock for stale that wasn't touched for 30 seconds. */
static void the_lock_is_touched_when_it_is_taken(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct stat st;
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(save(f, "a", "1", false), 0);
    path_of(f, ".posixage.lock", path, sizeof(path));
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    holds(f, "a", "1");
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_mtime > 1000);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* and let go */
    close(fd);
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

static void a_full_store_takes_no_more(void **state)
{
    struct fixture *f = *state;
    char path[256], name[32];
    assert_int_equal(save(f, "a", "1", false), 0);
    for (int i = 1; i < FILESTORE_SECRETS_MAX; i++) {
        snprintf(name, sizeof(name), "other%d", i);
        path_of(f, name, path, sizeof(path));
        assert_int_equal(mkdir(path, 0700), 0);
    }
    assert_int_equal(save(f, "b", "1", false), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(save(f, "a", "2", true), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(save(f, "b", "1", false), 0);
}

static void a_key_comes_back_from_its_file(void **state)
{
    struct fixture *f = *state;
    struct age_passphrase pass = {"open sesame", 11, 2}, wrong = {"close", 5, 2};
    struct age_identity *key, *again = NULL;
    char path[256];
    path_of(f, "new/folder/key", path, sizeof(path));
    assert_int_equal(filestore_key_read(path, NULL, &again, NULL), ERR_NOT_FOUND);
    assert_int_equal(filestore_key_create(path, FILESTORE_CLEAR, NULL, &key, NULL), 0);
    assert_int_equal(filestore_key_create(path, FILESTORE_CLEAR, NULL, &again, NULL),
                     ERR_ALREADY_EXISTS);
    assert_int_equal(filestore_key_read(path, NULL, &again, NULL), 0);
    assert_memory_equal(age_identity_recipient(key), age_identity_recipient(again), 32);
    age_identity_free(again);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(filestore_key_read(path, NULL, &again, NULL), ERR_PERMISSION_DENIED);

    assert_int_equal(filestore_key_write(path, key, FILESTORE_PASSPHRASE, &pass, NULL),
                     0);
    assert_int_equal(filestore_key_read(path, NULL, &again, NULL),
                     ERR_FAILED_PRECONDITION);
    assert_int_equal(filestore_key_read(path, &wrong, &again, NULL),
                     ERR_PERMISSION_DENIED);
    assert_int_equal(filestore_key_read(path, &pass, &again, NULL), 0);
    assert_memory_equal(age_identity_recipient(key), age_identity_recipient(again), 32);
    age_identity_free(again);
    age_identity_free(key);
    assert_int_equal(file_replace(path, 0600, "# nothing\n", 10, NULL), 0);
    assert_int_equal(filestore_key_read(path, NULL, &again, NULL), ERR_DATA_LOSS);
}

static int save_and_read(void *user)
{
    struct fixture *f = user;
    cleanup_secret_envelope struct secret_envelope s = {0}, got = {0};
    int r = secret_envelope_set_id(&s, "a/b", NULL);
    if (!r)
        r = secret_envelope_set_value(&s, CANARY, strlen(CANARY), NULL);
    if (!r)
        r = secret_envelope_put(&s, "k", "v", NULL);
    if (!r)
        r = filestore_save(f->fs, &s, true, age_identity_recipient(f->key), 1, NULL);
    return r ? r : filestore_get(f->fs, "a/b", &f->keys, &got, NULL);
}

static void memory_that_runs_out_is_an_error(void **state)
{
    struct fixture *f = *state;
    assert_true(fault_malloc_each(save_and_read, f) > 10);
    assert_int_equal(count_entries(f->folder), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_saved_is_there),
        TEST(files_have_the_public_layout),
        TEST(a_removed_secret_is_gone),
        TEST(a_list_is_sorted_and_filtered),
        TEST(an_id_is_found_without_the_others),
        TEST(other_keys_open_nothing),
        TEST(a_damaged_file_is_told),
        TEST(a_list_names_what_is_damaged),
        TEST(what_a_crash_left_is_swept),
        TEST(an_id_too_long_for_a_file_is_refused),
        TEST(a_folder_that_others_may_use_is_refused),
        TEST(the_lock_is_touched_when_it_is_taken),
        TEST(a_write_that_fails_leaves_the_old_secret),
        TEST(a_file_system_without_flags_of_rename_is_enough),
        TEST(a_file_system_that_moves_no_old_folder_is_enough),
        TEST(after_a_crash_a_secret_is_the_old_one_or_the_new),
        TEST(a_full_store_takes_no_more),
        TEST(a_key_comes_back_from_its_file),
        TEST(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
