/* SPDX-License-Identifier: Apache-2.0 */
#include "filestore_fixture.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "fault_malloc.h"

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

/* Descriptors that have run out stand for all that passes. */
static void what_may_pass_is_no_damage(void **state)
{
    struct fixture *f = *state;
    cleanup_secret_envelope struct secret_envelope s = {0};
    cleanup_secret_envelopes struct secret_envelopes list = {0};
    cleanup_pattern struct pattern id = PATTERN_INIT;
    struct rlimit before, few;
    assert_int_equal(save(f, "a", "1", false), 0);
    assert_int_equal(pattern_parse(&id, "a", 1, NULL), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(STDIN_FILENO);
    close(next);
    few = (struct rlimit){(rlim_t)next + 1, before.rlim_max}; /* the lock, no file */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    int got = filestore_get(f->fs, "a", NULL, &s, NULL);
    int listed = filestore_list(f->fs, &id, NULL, &list, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(got, ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(listed, ERR_RESOURCE_EXHAUSTED);
}

/* More than is read; Docker's code writes no file for none. */
static void metadata_is_damaged_or_missing(void **state)
{
    struct fixture *f = *state;
    cleanup_secret_envelope struct secret_envelope much = {0}, none = {0};
    cleanup_buf struct buf text = BUF_INIT;
    char path[256];
    assert_int_equal(save(f, "a", "1", false), 0);
    path_of(f, "YQ==/metadata.json", path, sizeof(path));
    for (int i = 0; i <= SECRET_METADATA_MAX; i++)
        assert_int_equal(buf_printf(&text, "%s\"%d\":\"x\"", i ? "," : "{", i), 0);
    assert_int_equal(buf_append_char(&text, '}'), 0);
    assert_int_equal(file_replace(path, 0600, text.data, text.len, NULL), 0);
    assert_int_equal(filestore_get(f->fs, "a", NULL, &much, NULL), 0);
    assert_non_null(secret_envelope_get(&much, SECRET_METADATA_DAMAGED));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(filestore_get(f->fs, "a", NULL, &none, NULL), 0);
    assert_int_equal(none.n_metadata, 0);
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
    const struct CMUnitTest tests[] = {
        TEST(what_was_saved_is_there),
        TEST(files_have_the_public_layout),
        TEST(a_removed_secret_is_gone),
        TEST(a_list_is_sorted_and_filtered),
        TEST(an_id_is_found_without_the_others),
        TEST(other_keys_open_nothing),
        TEST(a_damaged_file_is_told),
        TEST(a_list_names_what_is_damaged),
        TEST(what_may_pass_is_no_damage),
        TEST(metadata_is_damaged_or_missing),
        TEST(an_id_too_long_for_a_file_is_refused),
        TEST(a_folder_that_others_may_use_is_refused),
        TEST(the_lock_is_touched_when_it_is_taken),
        TEST(a_full_store_takes_no_more),
        TEST(a_key_comes_back_from_its_file),
        TEST(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
