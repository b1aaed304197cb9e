/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fault_malloc.h"
#include "pass/env_file.h"

struct parsed {
    struct environment env;
    struct err e;
    int code;
};

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct parsed));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    struct parsed *p = *state;
    environment_deinit(&p->env);
    free(p);
    return 0;
}

static void parse(struct parsed *p, const char *text)
{
    p->code = env_file_parse(text, strlen(text), &p->env, &p->e);
}

static void expect(struct parsed *p, const char *name, const char *value)
{
    assert_int_equal(p->code, 0);
    assert_non_null(environment_get(&p->env, name));
    assert_string_equal(environment_get(&p->env, name), value);
}

static void expect_refused(struct parsed *p, const char *text, const char *words)
{
    parse(p, text);
    assert_int_equal(p->code, ERR_INVALID_ARGUMENT);
    assert_string_equal(p->e.text, words);
}

static void bare_values_end_with_the_line_or_a_comment(void **state)
{
    parse(*state,
          "\xef\xbb\xbf"
          "A=1\r\n\n# no\n  B = two words \t# said\nC=x#y\nD=\nE=#z\n\texport F=f");
    expect(*state, "A", "1");
    expect(*state, "B", "two words");
    expect(*state, "C", "x#y");
    expect(*state, "D", "");
    expect(*state, "E", "");
    expect(*state, "F", "f");
}

static void names_may_have_dots_and_be_called_export(void **state)
{
    parse(*state, "a.b-c=1\nexport=2\nexportable=3\n");
    expect(*state, "a.b-c", "1");
    expect(*state, "export", "2");
    expect(*state, "exportable", "3");
}

static void single_quotes_keep_everything(void **state)
{
    parse(*state, "A='a $B \\n \"x\"\nline' # said\nB=b");
    expect(*state, "A", "a $B \\n \"x\"\nline");
    expect(*state, "B", "b");
}

static void double_quotes_have_escapes_and_variables(void **state)
{
    parse(*state, "N=na\nA=\"a\\tb\\n\\\"\\\\ \\$N $N${N}x \\q\n2\"\n");
    expect(*state, "A", "a\tb\n\"\\ $N nanax \\q\n2");
}

static void variables_come_from_the_file_then_the_environment(void **state)
{
    struct parsed *p = *state;
    assert_int_equal(environment_set(&p->env, "OUT", "out", 3, NULL), 0);
    assert_int_equal(environment_set(&p->env, "BOTH", "old", 3, NULL), 0);
    parse(p, "BOTH=new\nA=$OUT-$BOTH-$NONE-$-$1-\\$OUT\n");
    expect(p, "A", "out-new--$-$1-$OUT");
}

static void blanks_of_a_variable_at_the_end_stay(void **state)
{
    struct parsed *p = *state;
    assert_int_equal(environment_set(&p->env, "S", "x ", 2, NULL), 0);
    parse(p, "A=$S  \nB=a $NONE  \n");
    expect(p, "A", "x ");
    expect(p, "B", "a");
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    struct parsed *p = *state;
    expect_refused(p, "A=1\n=x\n", "line 2: no name of a variable");
    expect_refused(p, "\n\nABC\n", "line 3: no '=' behind the name");
    expect_refused(p, "A='x\ny\n", "line 1: a ' that isn't closed");
    expect_refused(p, "\nA=\"x\ny\n", "line 2: a \" that isn't closed");
    expect_refused(p, "A='x' y\n", "line 1: there is more behind the closing quote");
    expect_refused(p, "A=${B:-x}\n", "line 1: only a name may stand in ${}");
    expect_refused(p, "A=\"${B\n", "line 1: only a name may stand in ${}");
    p->code = env_file_parse("A=\0", 3, &p->env, &p->e);
    assert_string_equal(p->e.text, "it has a NUL byte: no text");
}

static void a_value_that_doubles_itself_meets_a_limit(void **state)
{
    struct parsed *p = *state;
    char line[64] = "A=xxxxxxxxxxxxxxxx\n";
    parse(p, line);
    for (int i = 0; i < 64 && p->code == 0; i++)
        parse(p, "A=$A$A\n");
    assert_int_equal(p->code, ERR_RESOURCE_EXHAUSTED);
}

static void a_block_is_sorted_by_its_whole_text(void **state)
{
    struct parsed *p = *state;
    char *variables[] = {(char *)(uintptr_t) "A1=x", (char *)(uintptr_t) "A=b=c",
                         (char *)(uintptr_t) "none", (char *)(uintptr_t) "A1=y", NULL};
    assert_int_equal(environment_copy(&p->env, variables, NULL), 0);
    char **block = environment_block(&p->env);
    assert_string_equal(block[0], "A1=y");
    assert_string_equal(block[1], "A=b=c");
    assert_null(block[2]);
    environment_free_block(block);
    assert_int_equal(environment_set(&p->env, "N", "a\0b", 3, NULL),
                     ERR_INVALID_ARGUMENT);
}

static int parse_all(void *user)
{
    cleanup_environment struct environment env = ENVIRONMENT_INIT;
    static const char text[] = "A=1\nexport B=\"x $A\"\nC='y'\nA=$B\n";
    int r = env_file_parse(text, strlen(text), &env, NULL);
    char **block = r ? NULL : environment_block(&env);
    environment_free_block(block);
    return r ? r : block ? 0 : ERR_NO_MEMORY;
}

static void every_allocation_may_fail(void **state)
{
    assert_true(fault_malloc_each(parse_all, NULL) > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void expect_bytes(const struct parsed *p)
{
    size_t bytes = 0;
    for (size_t i = 0; i < p->env.values.len; i++)
        bytes +=
            strlen(p->env.values.entries[i].key) + strlen(p->env.values.entries[i].value);
    assert_int_equal(p->env.bytes, bytes);
}

/* A small file that asks for sixteen gigabytes. */
static void values_do_not_multiply_without_end(void **state)
{
    struct parsed *p = *state;
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(buf_append_str(&text, "A="), 0);
    for (int i = 0; i < 900 * 1024; i++)
        assert_int_equal(buf_append_char(&text, 'x'), 0);
    for (int i = 0; i < 9; i++)
        assert_int_equal(buf_printf(&text, "\nB%d=$A", i), 0);
    parse(p, buf_str(&text));
    assert_int_equal(p->code, ERR_RESOURCE_EXHAUSTED);
    assert_true(p->env.bytes <= ENVIRONMENT_BYTES_MAX);
    /* What is there may still be replaced. */
    assert_int_equal(environment_set(&p->env, "A", "y", 1, &p->e), 0);
    expect_bytes(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bare_values_end_with_the_line_or_a_comment),
        TEST(names_may_have_dots_and_be_called_export),
        TEST(single_quotes_keep_everything),
        TEST(double_quotes_have_escapes_and_variables),
        TEST(variables_come_from_the_file_then_the_environment),
        TEST(blanks_of_a_variable_at_the_end_stay),
        TEST(what_is_wrong_is_told_with_its_line),
        TEST(a_value_that_doubles_itself_meets_a_limit),
        TEST(values_do_not_multiply_without_end),
        TEST(a_block_is_sorted_by_its_whole_text),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
