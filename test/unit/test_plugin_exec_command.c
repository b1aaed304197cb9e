/* SPDX-License-Identifier: Apache-2.0 */
/* How a command line of the configuration becomes words, without a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "exec/command.h"

/* Parses, and compares the words, joined with '|'. */
static void assert_words(const char *text, const char *wanted)
{
    struct err e;
    cleanup_command struct command c = {0};
    cleanup_buf struct buf joined = BUF_INIT;
    assert_int_equal(command_parse(text, &c, &e), 0);
    for (size_t i = 0; i < c.n; i++)
        assert_int_equal(buf_printf(&joined, "%s%s", i ? "|" : "", c.words[i]), 0);
    assert_null(c.words[c.n]);
    assert_string_equal(buf_str(&joined), wanted);
}

static void assert_refused(const char *text)
{
    struct err e;
    struct command c;
    assert_int_equal(command_parse(text, &c, &e), ERR_INVALID_ARGUMENT);
}

static void blanks_and_quotes_make_words(void **state)
{
    assert_words("prog", "prog");
    assert_words("  prog\t--flag  {id} ", "prog|--flag|{id}");
    assert_words("'a b' \"c d\" e'f 'g", "a b|c d|ef g");
    assert_words("\"a\\\"b\\\\c\\d\" 'x\\y'", "a\"b\\c\\d|x\\y");
    assert_words("p '' \"\"", "p||");
}

static void nothing_is_a_shells(void **state)
{
    assert_words("p $HOME `id` ;|& *", "p|$HOME|`id`|;|&|*");
}

static void what_is_no_command_is_refused(void **state)
{
    assert_refused("");
    assert_refused(" \t ");
    assert_refused("p 'open");
    assert_refused("p \"open\\\"");
}

static void too_many_words_are_refused(void **state)
{
    char text[2 * COMMAND_WORDS_MAX + 3];
    for (size_t i = 0; i <= COMMAND_WORDS_MAX; i++) {
        text[2 * i] = 'a';
        text[2 * i + 1] = ' ';
    }
    text[2 * COMMAND_WORDS_MAX] = '\0';
    cleanup_command struct command c = {0};
    assert_int_equal(command_parse(text, &c, NULL), 0);
    assert_int_equal(c.n, COMMAND_WORDS_MAX);
    text[2 * COMMAND_WORDS_MAX] = 'a';
    text[2 * COMMAND_WORDS_MAX + 1] = '\0';
    assert_refused(text);
}

static void an_id_stands_where_the_words_say(void **state)
{
    cleanup_command struct command c = {0}, with = {0};
    assert_int_equal(command_parse("p {id} --key={id}/{id} x{i}", &c, NULL), 0);
    assert_true(command_has_id(&c));
    assert_int_equal(command_with_id(&c, "a/b", &with, NULL), 0);
    assert_string_equal(with.words[1], "a/b");
    assert_string_equal(with.words[2], "--key=a/b/a/b");
    assert_string_equal(with.words[3], "x{i}");
    assert_null(with.words[4]);
}

static void an_id_never_becomes_an_option(void **state)
{
    struct err e;
    struct command with;
    cleanup_command struct command c = {0}, safe = {0}, made = {0};
    assert_int_equal(command_parse("p {id}", &c, NULL), 0);
    assert_int_equal(command_with_id(&c, "--help", &with, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text,
                        "--help would be an option of p, since it begins with '-'");
    assert_int_equal(command_parse("p --id={id}", &safe, NULL), 0);
    assert_int_equal(command_with_id(&safe, "--help", &made, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_and_quotes_make_words),
        cmocka_unit_test(nothing_is_a_shells),
        cmocka_unit_test(what_is_no_command_is_refused),
        cmocka_unit_test(too_many_words_are_refused),
        cmocka_unit_test(an_id_stands_where_the_words_say),
        cmocka_unit_test(an_id_never_becomes_an_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
