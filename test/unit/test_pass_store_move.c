/* SPDX-License-Identifier: Apache-2.0 */
/* A move between two stores in memory: what is changed while it is under way. */
#include "pass_fixture.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "pass/store_note.h"

#define SETTINGS_MAX 4096

/* The one that is used is the fixture's; an engine begins to use what its settings say
 * when it starts anew, so when the one before ends. */
struct two {
    struct fake fake;
    struct secret_envelopes other;
    bool is_keychain;  /* the one that is used */
    bool has_own_will; /* no settings are looked at */
    char folder[32], settings[64], lock[64];
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
    bool is_keychain = t->has_own_will ? t->is_keychain : settings_say_keychain(t);
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

static int each_plugin(struct secrets *s, secrets_plugin_seen *seen, void *user,
                       struct err *e)
{
    const struct coffer_plugin_info store = {
        .name = "docker-pass",
        .status = COFFER_PLUGIN_RUNNING,
        .status_message = two_of(s)->is_keychain ? "keychain" : "file"};
    return seen(&store, user, e);
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
    ops.each_plugin = each_plugin;
    t->fake.secrets.ops = &ops;
    strcpy_cut(t->folder, sizeof(t->folder), "/tmp/store-move-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    snprintf(t->settings, sizeof(t->settings), "%s/engine.conf", t->folder);
    snprintf(t->lock, sizeof(t->lock), "%s/store.lock", t->folder);
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
    assert_int_equal(unlink(t->lock), 0);
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

static int move_to_keychain(struct two *t)
{
    return RUN(&t->fake, "store", "set", WORD("--move"), WORD("keychain"));
}

static void what_is_saved_meanwhile_stays(void **state)
{
    struct two *t = *state;
    save(t, "a", "one");
    save(t, "b", "two");
    assert_int_equal(move_to_keychain(t), ERR_ALREADY_EXISTS);
    assert_non_null(strstr(t->fake.e.text, "1 secrets stay in the store file"));
    assert_true(t->is_keychain);
    assert_string_equal(value_of(&t->fake.store, "a"), "one");
    assert_string_equal(value_of(&t->fake.store, "b"), "two");
    assert_string_equal(value_of(&t->other, "a"), "meanwhile");
    assert_null(value_of(&t->other, "b"));
}

/* Each would be found in its own place, taken for a copy, and removed. */
static void an_engine_that_does_not_switch_loses_nothing(void **state)
{
    struct two *t = *state;
    t->has_own_will = true;
    save(t, "a", "one");
    assert_int_equal(move_to_keychain(t), ERR_FAILED_PRECONDITION);
    assert_non_null(strstr(t->fake.e.text, "doesn't use the store keychain"));
    assert_string_equal(value_of(&t->fake.store, "a"), "one");
}

static void one_of_two_moves_waits_for_the_other(void **state)
{
    struct two *t = *state;
    save(t, "a", "one");
    int lock = open(t->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_int_equal(move_to_keychain(t), ERR_FAILED_PRECONDITION);
    assert_int_equal(RUN(&t->fake, "store", "set", WORD("keychain")),
                     ERR_FAILED_PRECONDITION);
    assert_int_equal(t->fake.n_ends, 0);
    close(lock);
    assert_int_equal(RUN(&t->fake, "store", "set", WORD("keychain")), 0);
}

/* One note, so one lock, whatever folders the sessions have. */
static void two_sessions_have_one_lock(void **state)
{
    char root[] = "/tmp/store-lock-XXXXXX", config[64], path[64], runs[2][64];
    int first = -1, second = -1;
    assert_non_null(mkdtemp(root));
    snprintf(config, sizeof(config), "%s/coffer", root);
    snprintf(path, sizeof(path), "%s/coffer/store.lock", root);
    setenv("XDG_CONFIG_HOME", root, 1);
    for (int i = 0; i < 2; i++) {
        snprintf(runs[i], sizeof(runs[i]), "%s/%d", root, i);
        assert_int_equal(mkdir(runs[i], 0700), 0);
    }
    setenv("XDG_RUNTIME_DIR", runs[0], 1);
    assert_int_equal(store_note_lock(&first, NULL), 0);
    setenv("XDG_RUNTIME_DIR", runs[1], 1);
    assert_int_equal(store_note_lock(&second, NULL), ERR_FAILED_PRECONDITION);
    close(first);
    assert_int_equal(store_note_lock(&second, NULL), 0);
    close(second);
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("XDG_CONFIG_HOME");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(config), 0);
    assert_int_equal(rmdir(runs[0]) || rmdir(runs[1]) || rmdir(root), 0);
}

/* Its value is there, what was noted about it isn't. */
static void other_metadata_is_not_lost(void **state)
{
    struct two *t = *state;
    save(t, "b", "two");
    struct secret_envelope *b = &t->fake.store.items[0];
    assert_int_equal(secret_envelope_put(b, "owner", "ann", NULL), 0);
    fake_add(&t->other, "b", "two", "docker-pass");
    assert_int_equal(move_to_keychain(t), ERR_ALREADY_EXISTS);
    assert_string_equal(value_of(&t->other, "b"), "two");
    assert_string_equal(secret_envelope_get(&t->other.items[0], "owner"), "ann");
}

static void expect_note(const char *text, int code)
{
    struct store_note note;
    assert_int_equal(store_note_parse(text, &note, NULL), code);
}

static void a_note_that_is_damaged_is_refused(void **state)
{
    static const char *const damaged[] = {"",
                                          "file",
                                          "file ",
                                          "file keychain",
                                          "file file\n",
                                          "file keychain\nmore",
                                          "file auto\n",
                                          "ab\ncd ef",
                                          "filekeychain \n"};
    expect_note("file keychain\n", 0);
    expect_note("keychain file\n", 0);
    for (size_t i = 0; i < ARRAY_SIZE(damaged); i++)
        expect_note(damaged[i], ERR_DATA_LOSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_engine_that_does_not_switch_loses_nothing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_two_moves_waits_for_the_other, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(other_metadata_is_not_lost, setup, teardown),
        cmocka_unit_test(two_sessions_have_one_lock),
        cmocka_unit_test(a_note_that_is_damaged_is_refused),
        cmocka_unit_test_setup_teardown(what_is_saved_meanwhile_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
