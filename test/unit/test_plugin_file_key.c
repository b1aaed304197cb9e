/* SPDX-License-Identifier: Apache-2.0 */
/* Where the key of the encrypted files is looked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "crypto/crypto.h"
#include "file/key.h"

struct fixture {
    char home[64], folder[128], place[128], old[128], given[128];
    struct age_identity *key; /* of whoever wrote it last */
    struct store_key k;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.home = "/tmp/plugin-file-key-XXXXXX"};
    *state = &f;
    if (crypto_init(NULL) || !mkdtemp(f.home))
        return -1;
    snprintf(f.folder, sizeof(f.folder), "%s/keys", f.home);
    snprintf(f.place, sizeof(f.place), "%s/keys/store", f.home);
    snprintf(f.old, sizeof(f.old), "%s/key", f.home);
    snprintf(f.given, sizeof(f.given), "%s/coffer-key", f.home);
    return setenv("COFFER_HOME", f.home, 1);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_key_deinit(&f->k);
    age_identity_free(f->key);
    unsetenv("COFFER_HOME");
    unsetenv("CREDENTIALS_DIRECTORY");
    const char *const files[] = {f->place, f->old, f->given};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        unlink(files[i]);
    rmdir(f->folder);
    return rmdir(f->home);
}

static void make_key(struct fixture *f, const char *path)
{
    age_identity_free(f->key);
    assert_int_equal(filestore_key_create(path, FILESTORE_CLEAR, NULL, &f->key, NULL), 0);
}

static void has_key(struct fixture *f)
{
    assert_int_equal(store_key_need(&f->k, NULL), 0);
    assert_memory_equal(age_identity_recipient(f->k.key), age_identity_recipient(f->key),
                        32);
}

static int protect(struct fixture *f, struct err *e)
{
    struct age_passphrase none = {"", 0, AGE_WORK_DEFAULT};
    return store_key_protect(&f->k, "clear", none, none, false, e);
}

static void a_key_in_its_old_place_is_read_and_not_replaced(void **state)
{
    struct fixture *f = *state;
    struct coffer_store_state told;
    make_key(f, f->old);
    assert_int_equal(store_key_init(&f->k, NULL, NULL), 0);
    assert_int_equal(store_key_need_to_write(&f->k, true, NULL), 0);
    has_key(f);
    assert_int_equal(access(f->place, F_OK), -1);
    assert_int_equal(store_key_describe(&f->k, false, &told, NULL), 0);
    assert_non_null(strstr(told.key, "in clear; its place is now "));
    assert_non_null(strstr(told.key, f->place));
}

/* And then used there, at once. */
static void a_key_in_its_old_place_is_to_be_moved_before_it_is_changed(void **state)
{
    struct fixture *f = *state;
    struct err e;
    char words[300];
    make_key(f, f->old);
    snprintf(words, sizeof(words), "mv %s %s", f->old, f->place);
    assert_int_equal(store_key_init(&f->k, "", NULL), 0);
    assert_int_equal(protect(f, &e), ERR_FAILED_PRECONDITION);
    assert_non_null(strstr(e.text, words));
    assert_int_equal(mkdir(f->folder, 0700), 0);
    assert_int_equal(rename(f->old, f->place), 0);
    assert_int_equal(protect(f, &e), 0);
    has_key(f);
    store_key_lock(&f->k);
    has_key(f);
}

static void a_key_in_its_place_comes_first(void **state)
{
    struct fixture *f = *state;
    make_key(f, f->old);
    make_key(f, f->given);
    make_key(f, f->place);
    setenv("CREDENTIALS_DIRECTORY", f->home, 1);
    assert_int_equal(store_key_init(&f->k, NULL, NULL), 0);
    has_key(f);
    assert_string_equal(f->k.path, f->place);
}

/* As it was when the old place was the only one. */
static void a_key_in_its_old_place_comes_before_that_of_systemd(void **state)
{
    struct fixture *f = *state;
    make_key(f, f->given);
    make_key(f, f->old);
    setenv("CREDENTIALS_DIRECTORY", f->home, 1);
    assert_int_equal(store_key_init(&f->k, NULL, NULL), 0);
    has_key(f);
    store_key_deinit(&f->k);
    assert_int_equal(unlink(f->old), 0);
    assert_int_equal(store_key_init(&f->k, NULL, NULL), 0);
    assert_true(f->k.is_given);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_in_its_old_place_is_read_and_not_replaced),
        TEST(a_key_in_its_old_place_is_to_be_moved_before_it_is_changed),
        TEST(a_key_in_its_place_comes_first),
        TEST(a_key_in_its_old_place_comes_before_that_of_systemd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
