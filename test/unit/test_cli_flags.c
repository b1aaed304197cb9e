/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "cli/flags.h"
#include "cli/values.h"
#include "fault_malloc.h"

static const struct flag table[] = {
    {"detach", 'd', &flag_switch, "", NULL, NULL},
    {"quiet", 'q', &flag_switch, "", NULL, NULL},
    {"label", 'l', &flag_label, "", NULL, NULL},
    {"name", 0, &flag_string, "", NULL, NULL},
    {"network", 0, &flag_string, "", NULL, "networks are not there"},
    {"replicas", 'r', &flag_uint, "", NULL, NULL},
    {0},
};

#define WORDS_MAX 16

/* A command line, and what became of it. */
struct line {
    char *argv[WORDS_MAX];
    int argc;
    struct flags flags;
    struct err e;
};

static int parse(struct line *l, bool first_ends, const char *const *words)
{
    *l = (struct line){0};
    for (; words[l->argc]; l->argc++)
        l->argv[l->argc] = (char *)(uintptr_t)words[l->argc];
    return flags_parse(&l->flags, table, first_ends, &l->argc, l->argv, &l->e);
}

#define PARSE(l, first_ends, ...)                                                        \
    parse(l, first_ends, (const char *const[]){__VA_ARGS__, NULL})

static void every_form_of_a_value_is_read(void **state)
{
    struct line l;
    assert_int_equal(PARSE(&l, false, "--replicas", "3", "a", "--name=x=y", "-r4"), 0);
    assert_string_equal(flags_string(&l.flags, "replicas"), "4");
    assert_string_equal(flags_string(&l.flags, "name"), "x=y");
    assert_int_equal(l.argc, 1);
    assert_string_equal(l.argv[0], "a");
    flags_deinit(&l.flags);
}

static void short_switches_stand_together(void **state)
{
    struct line l;
    assert_int_equal(PARSE(&l, false, "-dql", "a=b", "-r=5"), 0);
    assert_true(flags_switch(&l.flags, "detach"));
    assert_true(flags_switch(&l.flags, "quiet"));
    assert_string_equal(flags_string(&l.flags, "label"), "a=b");
    assert_string_equal(flags_string(&l.flags, "replicas"), "5");
    flags_deinit(&l.flags);
}

static void a_switch_takes_a_value_only_behind_equals(void **state)
{
    struct line l;
    assert_int_equal(PARSE(&l, false, "--detach=false", "--quiet", "false"), 0);
    assert_true(flags_has(&l.flags, "detach"));
    assert_false(flags_switch(&l.flags, "detach"));
    assert_true(flags_switch(&l.flags, "quiet"));
    assert_int_equal(l.argc, 1);
    flags_deinit(&l.flags);
}

static void a_list_keeps_its_order(void **state)
{
    struct line l;
    size_t i = 0;
    assert_int_equal(PARSE(&l, false, "-l", "b", "--label", "a", "-l=c=d"), 0);
    assert_string_equal(flags_next(&l.flags, "label", &i), "b");
    assert_string_equal(flags_next(&l.flags, "label", &i), "a");
    assert_string_equal(flags_next(&l.flags, "label", &i), "c=d");
    assert_null(flags_next(&l.flags, "label", &i));
    flags_deinit(&l.flags);
}

static void the_command_of_a_container_keeps_its_flags(void **state)
{
    struct line l;
    assert_int_equal(PARSE(&l, true, "-d", "image", "ls", "-l", "--name"), 0);
    assert_int_equal(l.argc, 4);
    assert_string_equal(l.argv[2], "-l");
    assert_int_equal(l.flags.len, 1);
    flags_deinit(&l.flags);
}

static void two_dashes_end_the_flags(void **state)
{
    struct line l;
    assert_int_equal(PARSE(&l, false, "-d", "--", "-x", "-", "--y"), 0);
    assert_int_equal(l.argc, 3);
    assert_string_equal(l.argv[0], "-x");
    flags_deinit(&l.flags);
    assert_int_equal(PARSE(&l, false, "-"), 0);
    assert_int_equal(l.argc, 1);
    flags_deinit(&l.flags);
}

static void assert_refused(const char *const *words, const char *text)
{
    struct line l;
    assert_int_equal(parse(&l, false, words), ERR_INVALID_ARGUMENT);
    assert_string_equal(l.e.text, text);
}

#define REFUSED(text, ...) assert_refused((const char *const[]){__VA_ARGS__, NULL}, text)

static void what_makes_no_sense_is_refused_in_dockers_words(void **state)
{
    REFUSED("unknown flag: --foo", "--foo=1");
    REFUSED("unknown shorthand flag: 'z' in -dz", "-dz");
    REFUSED("flag needs an argument: --name", "--name");
    REFUSED("flag needs an argument: 'l' in -dl", "-dl");
    REFUSED("invalid argument \"-1\" for \"-r, --replicas\" flag: strconv.ParseUint: "
            "parsing \"-1\": invalid syntax",
            "--replicas", "-1");
    REFUSED("invalid argument \"maybe\" for \"-d, --detach\" flag: strconv.ParseBool: "
            "parsing \"maybe\": invalid syntax",
            "--detach=maybe");
    REFUSED(
        "invalid argument \"\" for \"-l, --label\" flag: invalid label '': empty name",
        "--label=");
}

static void a_flag_we_lack_is_refused_by_name(void **state)
{
    REFUSED("--network: networks are not there", "--network", "x");
}

static int parse_some(void *user)
{
    struct line l;
    int r = PARSE(&l, false, "-dq", "--label", "a=b", "x");
    if (!r)
        flags_deinit(&l.flags);
    return r;
}

static void memory_that_runs_out_is_told(void **state)
{
    assert_true(fault_malloc_each(parse_some, NULL) >= 1);
}

/* ---- values ---- */

static void sizes_have_binary_units(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {{"64m", 64 << 20}, {"1.5GiB", INT64_C(3) << 29},
                {"4096", 4096},    {"1kb", 1024},
                {"2 B", 2},        {"0", 0}};
    static const char *const bad[] = {"",     "x", "1x",  "-1",
                                      "1.m.", "m", "1kk", "99999999p"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        int64_t n = -1;
        assert_int_equal(value_bytes(good[i].text, &n, NULL), 0);
        assert_int_equal(n, good[i].bytes);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t n;
        assert_int_equal(value_bytes(bad[i], &n, NULL), ERR_INVALID_ARGUMENT);
    }
}

static void cpus_are_read_to_the_nano(void **state)
{
    int64_t n;
    struct err e;
    assert_int_equal(value_cpus("0.5", &n, &e), 0);
    assert_int_equal(n, 500000000);
    assert_int_equal(value_cpus(".000000001", &n, &e), 0);
    assert_int_equal(n, 1);
    assert_int_equal(value_cpus("0.0000000001", &n, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "value is too precise");
    assert_int_equal(value_cpus("x", &n, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "failed to parse x as a rational number");
    assert_int_equal(value_cpus("99999999999999", &n, &e), ERR_INVALID_ARGUMENT);
}

static void modes_are_octal(void **state)
{
    uint32_t mode;
    assert_int_equal(value_mode("0400", &mode, NULL), 0);
    assert_int_equal(mode, 0400);
    assert_int_equal(value_mode("7777", &mode, NULL), 0);
    assert_int_equal(value_mode("0999", &mode, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(value_mode("17777", &mode, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(value_mode("", &mode, NULL), ERR_INVALID_ARGUMENT);
}

static void whole_numbers_may_be_negative(void **state)
{
    int64_t n;
    double d;
    assert_int_equal(value_int("-12", &n, NULL), 0);
    assert_int_equal(n, -12);
    assert_int_equal(value_int("--1", &n, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(value_int("9223372036854775808", &n, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(value_float("0.25", &d, NULL), 0);
    assert_true(d > 0.24 && d < 0.26);
    assert_int_equal(value_float("nan", &d, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(value_float("1e999", &d, NULL), ERR_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_value_is_read),
        cmocka_unit_test(short_switches_stand_together),
        cmocka_unit_test(a_switch_takes_a_value_only_behind_equals),
        cmocka_unit_test(a_list_keeps_its_order),
        cmocka_unit_test(the_command_of_a_container_keeps_its_flags),
        cmocka_unit_test(two_dashes_end_the_flags),
        cmocka_unit_test(what_makes_no_sense_is_refused_in_dockers_words),
        cmocka_unit_test(a_flag_we_lack_is_refused_by_name),
        cmocka_unit_test(memory_that_runs_out_is_told),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(cpus_are_read_to_the_nano),
        cmocka_unit_test(modes_are_octal),
        cmocka_unit_test(whole_numbers_may_be_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
