/* SPDX-License-Identifier: Apache-2.0 */
#include "pass_fixture.h"

#include "pass/resolve.h"

/* ---- set ---- */

static const char *value_of(const struct fake *f, const char *id)
{
    for (size_t i = 0; i < f->store.len; i++)
        if (str_equal(f->store.items[i].id, id))
            return buf_str(&f->store.items[i].value);
    return NULL;
}

static void set_takes_what_is_behind_the_first_equals_sign(void **state)
{
    struct fake *f = *state;
    assert_int_equal(RUN(f, NULL, "set", WORD("foo=bar=bar")), 0);
    assert_string_equal(value_of(f, "foo"), "bar=bar");
    assert_int_equal(RUN(f, NULL, "save", WORD("foo=")), 0);
    assert_string_equal(value_of(f, "foo"), "");
    assert_string_equal(f->out, "");
}

static void set_blanks_the_value_in_its_argument(void **state)
{
    struct fake *f = *state;
    char word[] = "foo=secret";
    assert_int_equal(RUN(f, NULL, "set", word), 0);
    assert_memory_equal(word, "foo\0\0\0\0\0\0\0", sizeof(word));
}

static void set_keeps_metadata(void **state)
{
    struct fake *f = *state;
    assert_int_equal(RUN(f, NULL, "set", WORD("--metadata"), WORD("a=b=c"), WORD("x=1")),
                     0);
    assert_string_equal(secret_envelope_get(&f->store.items[0], "a"), "b=c");
    assert_int_equal(RUN(f, NULL, "set", WORD("--metadata=a"), WORD("x=1")),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(f->e.text, "invalid metadata pair (expected key=value): a");
}

static void set_says_what_to_do_about_a_locked_store(void **state)
{
    struct fake *f = *state;
    f->is_locked = true;
    assert_int_equal(RUN(f, NULL, "set", WORD("a=1")), ERR_FAILED_PRECONDITION);
    assert_string_equal(f->e.text,
                        "the store is locked: unlock it (pass store unlock, or "
                        "log in to the desktop)");
}

/* ---- get ---- */

static void get_shows_a_mask_of_one_length(void **state)
{
    struct fake *f = *state;
    fake_add(&f->store, "a", "a long value of many letters", "docker-pass");
    fake_add(&f->vault, "v", "x", "vault");
    assert_int_equal(RUN(f, NULL, "get", WORD("a")), 0);
    assert_string_equal(f->out, "ID: a\nValue: **********\n");
    assert_int_equal(f->n_gets, 0); /* the value wasn't even asked for */
    assert_int_equal(RUN(f, NULL, "get", WORD("v")), 0);
    assert_int_equal(RUN(f, NULL, "get", WORD("n")), ERR_NOT_FOUND);
    assert_string_equal(f->e.text, "secret not found");
    f->has_no_store = true;
    assert_int_equal(RUN(f, NULL, "get", WORD("a")), 0);
}

static void get_reveals_what_is_granted(void **state)
{
    struct fake *f = *state;
    fake_add(&f->store, "a", "value", "docker-pass");
    assert_int_equal(RUN(f, NULL, "get", WORD("--reveal"), WORD("a")), 0);
    assert_string_equal(f->out, "ID: a\nValue: value\n");
    assert_int_equal(f->n_authorized, 1);
    f->is_denied = true;
    assert_int_equal(RUN(f, NULL, "get", WORD("--reveal"), WORD("a")),
                     ERR_PERMISSION_DENIED);
    assert_string_equal(f->e.text, "authorizing: access denied");
    assert_string_equal(f->out, "");
}

/* ---- ls, rm ---- */

static void ls_prints_ids_once_and_in_order(void **state)
{
    struct fake *f = *state;
    fake_add(&f->store, "b", "", "docker-pass");
    fake_add(&f->store, "a/b", "", "docker-pass");
    fake_add(&f->store, "B", "", "docker-pass");
    assert_int_equal(RUN(f, NULL, "ls"), 0);
    assert_string_equal(f->out, "B\na/b\nb\n");
    assert_int_equal(RUN(f, NULL, "ls", WORD("*"), WORD("b"), WORD("**")), 0);
    assert_string_equal(f->out, "B\na/b\nb\n");
    assert_int_equal(RUN(f, NULL, "ls", WORD("--format"), WORD("{{.ID}}:{{.Provider}}")),
                     0);
    assert_string_equal(f->out, "B:docker-pass\na/b:docker-pass\nb:docker-pass\n");
    assert_int_equal(RUN(f, NULL, "ls", WORD("a//b")), ERR_INVALID_ARGUMENT);
}

static void rm_looks_at_all_names_first(void **state)
{
    struct fake *f = *state;
    fake_add(&f->store, "a", "", "docker-pass");
    assert_int_equal(RUN(f, NULL, "rm", WORD("a"), WORD("/b")), ERR_INVALID_ARGUMENT);
    assert_int_equal(f->store.len, 1);
    assert_int_equal(RUN(f, NULL, "rm", WORD("a"), WORD("--force"), WORD("b*")),
                     ERR_INVALID_ARGUMENT);
    assert_int_equal(f->store.len, 1);
}

static void plugins_are_shown_with_their_states(void **state)
{
    struct fake *f = *state;
    assert_int_equal(
        RUN(f, "plugins", "ls", WORD("--format"),
            WORD("{{.Name}} {{.Pattern}} {{.Status}} {{.Message}} {{.Configurable}}")),
        0);
    assert_string_equal(f->out, "docker-pass ** running file false\n"
                                "vault vault/** crashed no route true\n"
                                "off  disabled  true\n");
    assert_int_equal(RUN(f, "store", "show"), 0);
    assert_string_equal(f->out, "file\n  place: /store\n  key: /key\n  state: open\n");
}

/* ---- names ---- */

static void store_is_a_group_and_an_alias(void **state)
{
    assert_true(verb_begins_group("store", NULL));
    assert_true(verb_begins_group("store", "unlock"));
    assert_true(verb_begins_group("store", "--help"));
    assert_false(verb_begins_group("store", "X=1"));
    assert_false(verb_begins_group("store", "token"));
    assert_true(verb_begins_group("plugins", "bogus"));
    assert_ptr_equal(verb_find(NULL, "store"), verb_find(NULL, "set"));
    assert_ptr_equal(verb_find(NULL, "erase"), verb_find(NULL, "rm"));
    assert_null(verb_find(NULL, "unlock"));
}

/* ---- references ---- */

static int resolve(struct fake *f, enum choice_rule rule, const char *value,
                   struct buf *out)
{
    cleanup_resolve struct resolve r = {.rule = rule};
    bool any;
    f->e = (struct err){0};
    int status = resolve_want_text(&r, "KEY", value, strlen(value), &any, &f->e);
    if (!status)
        status = resolve_fetch(&r, &f->secrets, &f->e);
    return status ? status : resolve_text(&r, "KEY", value, strlen(value), out, &f->e);
}

static void references_are_resolved_together(void **state)
{
    struct fake *f = *state;
    cleanup_buf struct buf out = BUF_INIT;
    fake_add(&f->store, "a", "se://b", "docker-pass");
    fake_add(&f->store, "b", "two", "docker-pass");
    assert_int_equal(resolve(f, CHOICE_ONLY, "{{se://a}},se://b {{se://a}}.", &out), 0);
    assert_string_equal(buf_str(&out),
                        "se://b,two se://b."); /* values aren't read again */
    assert_int_equal(f->n_gets, 1);
    assert_int_equal(resolve(f, CHOICE_ONLY, "nothing", &out), 0);
    assert_int_equal(f->n_gets, 1);
}

static void what_fails_is_told_with_its_place(void **state)
{
    struct fake *f = *state;
    cleanup_buf struct buf out = BUF_INIT;
    fake_add(&f->store, "a", "one", "docker-pass");
    fake_add(&f->vault, "a", "two", "vault");
    f->broken = "bad";
    assert_int_equal(resolve(f, CHOICE_ONLY, "se://a", &out), ERR_FAILED_PRECONDITION);
    assert_string_equal(
        f->e.text, "resolving KEY: 2 secrets matched se://a: a (docker-pass), a (vault)");
    assert_int_equal(resolve(f, CHOICE_ONLY, "se://n", &out), ERR_NOT_FOUND);
    assert_string_equal(f->e.text, "resolving KEY: secret not found: se://n");
    assert_int_equal(resolve(f, CHOICE_ONLY, "se://bad", &out), ERR_INTERNAL);
    assert_string_equal(f->e.text, "resolving KEY: the vault is sealed");
    assert_int_equal(out.len, 0);
    assert_int_equal(resolve(f, CHOICE_FIRST, "se://a", &out), 0);
    assert_string_equal(buf_str(&out), "one");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(set_takes_what_is_behind_the_first_equals_sign),
        TEST(set_blanks_the_value_in_its_argument),
        TEST(set_keeps_metadata),
        TEST(set_says_what_to_do_about_a_locked_store),
        TEST(get_shows_a_mask_of_one_length),
        TEST(get_reveals_what_is_granted),
        TEST(ls_prints_ids_once_and_in_order),
        TEST(rm_looks_at_all_names_first),
        TEST(plugins_are_shown_with_their_states),
        TEST(store_is_a_group_and_an_alias),
        TEST(references_are_resolved_together),
        TEST(what_fails_is_told_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
