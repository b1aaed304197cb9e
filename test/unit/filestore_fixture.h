/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A store of encrypted files in a folder of the test's own, and a key for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "filestore/filestore.h"
#include "json/json.h"

#define CANARY "correct-horse-battery-staple"

struct fixture {
    char root[64];
    char folder[128];
    struct filestore *fs;
    struct age_identity *key;
    struct age_keys keys;
};

static inline int setup(void **state)
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

static inline void remove_tree(const char *path)
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

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    filestore_free(f->fs);
    age_identity_free(f->key);
    remove_tree(f->root);
    return 0;
}

static inline int save(struct fixture *f, const char *id, const char *value,
                       bool overwrite)
{
    cleanup_secret_envelope struct secret_envelope s = {0};
    assert_int_equal(secret_envelope_set_id(&s, id, NULL), 0);
    assert_int_equal(secret_envelope_set_value(&s, value, strlen(value), NULL), 0);
    assert_int_equal(secret_envelope_put(&s, "owner", "me", NULL), 0);
    return filestore_save(f->fs, &s, overwrite, age_identity_recipient(f->key), 1, NULL);
}

static inline int get(struct fixture *f, const char *id, struct secret_envelope *out)
{
    *out = (struct secret_envelope){0};
    return filestore_get(f->fs, id, &f->keys, out, NULL);
}

static inline void holds(struct fixture *f, const char *id, const char *value)
{
    cleanup_secret_envelope struct secret_envelope s;
    assert_int_equal(get(f, id, &s), 0);
    assert_string_equal(s.id, id);
    assert_string_equal(buf_str(&s.value), value);
    assert_string_equal(secret_envelope_get(&s, "owner"), "me");
}

static inline void path_of(struct fixture *f, const char *rest, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", f->folder, rest);
}

static inline size_t count_entries(const char *path)
{
    size_t n = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder))
        n++;
    closedir(folder);
    return n - 2;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
