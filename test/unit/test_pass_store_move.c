/* SPDX-License-Identifier: Apache-2.0 */
/* A move between two stores in memory: what is changed while it is under way. */
#include "pass_fixture.h"

#include "base/buf.h"
#include "base/file.h"

#define SETTINGS_MAX 4096

/* The one that is used is the fixture's; an engine begins to use what its settings say
 * when it starts anew, so when the one before ends. */
struct two {
    struct fake fake;
    struct secret_envelopes other;
    bool is_keychain; /* the one that is used */
    char folder[32], settings[64];
};

static struct two *two_of(struct secrets *s)
{
    return CONTAINER_OF(fake_of(s), struct two, fake);
}

static bool settings_say_keychain(const struct two *t)
{
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(file_read(t->settings, SETTINGS_MAX, &text, NULL), 0);
    return strstr(buf_str(&text), "keychain") != NULL;
}

static void save(struct two *t, const char *id, const char *value)
{
    fake_remove(&t->fake.secrets, id, NULL);
    fake_add(&t->fake.store, id, value, "docker-pass");
}

/* When the first store is used again, all is copied, and somebody saves "a" in it. */
static int end(struct secrets *s, struct err *e)
{
    struct two *t = two_of(s);
    bool is_keychain = settings_say_keychain(t);
    if (is_keychain != t->is_keychain) {
        struct secret_envelopes used = t->fake.store;
        t->fake.store = t->other;
        t->other = used;
        if (!is_keychain)
            save(t, "a", "meanwhile");
    }
    t->is_keychain = is_keychain;
    return fake_end(s, e);
}

static int state_of(struct secrets *s, struct coffer_store_state *out, struct err *e)
{
    int r = fake_state(s, out, e);
    if (two_of(s)->is_keychain)
        strcpy_cut(out->kind, sizeof(out->kind), "keychain");
    return r;
}

static int setup(void **state)
{
    static struct secrets_ops ops;
    struct two *t = calloc(1, sizeof(*t));
    if (!t)
        return -1;
    ops = fake_ops;
    ops.end = end;
    ops.state = state_of;
    t->fake.secrets.ops = &ops;
    strcpy_cut(t->folder, sizeof(t->folder), "/tmp/store-move-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    snprintf(t->settings, sizeof(t->settings), "%s/engine.conf", t->folder);
    setenv("COFFER_HOME", t->folder, 1);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct two *t = *state;
    secret_envelopes_deinit(&t->fake.store);
    secret_envelopes_deinit(&t->other);
    unsetenv("COFFER_HOME");
    assert_int_equal(unlink(t->settings), 0);
    assert_int_equal(rmdir(t->folder), 0); /* with nothing else in it */
    free(t);
    return 0;
}

static const char *value_of(const struct secret_envelopes *store, const char *id)
{
    for (size_t i = 0; i < store->len; i++)
        if (str_equal(store->items[i].id, id))
            return buf_str(&store->items[i].value);
    return NULL;
}

static void what_is_saved_meanwhile_stays(void **state)
{
    struct two *t = *state;
    save(t, "a", "one");
    save(t, "b", "two");
    int r = RUN(&t->fake, "store", "set", WORD("--move"), WORD("keychain"));
    assert_int_equal(r, ERR_ALREADY_EXISTS);
    assert_non_null(strstr(t->fake.e.text, "1 secrets stay in the store file"));
    assert_true(t->is_keychain);
    assert_string_equal(value_of(&t->fake.store, "a"), "one");
    assert_string_equal(value_of(&t->fake.store, "b"), "two");
    assert_string_equal(value_of(&t->other, "a"), "meanwhile");
    assert_null(value_of(&t->other, "b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_saved_meanwhile_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
