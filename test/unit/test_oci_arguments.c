/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/macro.h"
#include "base/mem.h"
#include "fault_malloc.h"
#include "oci/arguments.h"

#define WORDS_MAX 32

struct line {
    char text[512];
    char *argv[WORDS_MAX + 1];
    int argc;
    struct arguments a;
    struct err e;
    int code;
};

/* Takes a line of words with single blanks between them apart. */
static void parse(struct line *l, const char *text)
{
    memset(l, 0, sizeof(*l));
    snprintf(l->text, sizeof(l->text), "%s", text);
    for (char *at = l->text; at;) {
        l->argv[l->argc++] = at;
        at = strchr(at, ' ');
        if (at)
            *at++ = '\0';
    }
    l->code = arguments_parse(&l->a, l->argc, l->argv, &l->e);
}

static void assert_composed(const struct line *l, const char *const *extra,
                            const char *wanted)
{
    cleanup_free char **words = arguments_compose(&l->a, "/bin/rt", extra);
    cleanup_buf struct buf text = BUF_INIT;
    assert_non_null(words);
    for (size_t i = 0; words[i]; i++)
        assert_int_equal(buf_printf(&text, "%s%s", i ? " " : "", words[i]), 0);
    assert_string_equal(buf_str(&text), wanted);
}

static const char *const extra[] = {"--preserve-fds", "3", "--bundle", "/new", NULL};

static void what_conmon_writes_is_understood(void **state)
{
    (void)state;
    struct line l;
    parse(&l, "rt --log-format=json --log=/x/oci-log --systemd-cgroup create --bundle /b "
              "--pid-file /p abc");
    assert_int_equal(l.code, 0);
    assert_int_equal(l.a.command, COMMAND_CREATE);
    assert_string_equal(l.a.log, "/x/oci-log");
    assert_string_equal(l.a.log_format, "json");
    assert_string_equal(l.a.bundle, "/b");
    assert_string_equal(l.a.id, "abc");
    assert_null(l.a.unknown);
    assert_composed(&l, extra,
                    "/bin/rt --log-format=json --log=/x/oci-log --systemd-cgroup create "
                    "--preserve-fds 3 --bundle /new --pid-file /p abc");
    arguments_deinit(&l.a);
}

static void what_containerd_writes_is_understood(void **state)
{
    (void)state;
    struct line l;
    parse(&l, "rt --coffer-config /c --root /r --log /l --log-format json exec --process "
              "/tmp/p --detach --pid-file /pid abc");
    assert_int_equal(l.code, 0);
    assert_int_equal(l.a.command, COMMAND_EXEC);
    assert_string_equal(l.a.settings, "/c");
    assert_string_equal(l.a.process, "/tmp/p");
    assert_string_equal(l.a.id, "abc");
    assert_composed(&l, NULL,
                    "/bin/rt --root /r --log /l --log-format json exec --process /tmp/p "
                    "--detach --pid-file /pid abc");
    arguments_deinit(&l.a);
}

static void options_are_written_in_several_ways(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "rt -root /r run -d -b /b --preserve-fds=2 x",
        "rt run -b/b -d -preserve-fds 2 x",
        "rt run -db /b --preserve-fds 2 -- x",
        "rt run x --bundle=/b --preserve-fds 2",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct line l;
        parse(&l, lines[i]);
        assert_int_equal(l.code, 0);
        assert_int_equal(l.a.command, COMMAND_RUN);
        assert_string_equal(l.a.bundle, "/b");
        assert_string_equal(l.a.id, "x");
        assert_int_equal(l.a.preserve_fds, 2);
        assert_null(l.a.unknown);
        arguments_deinit(&l.a);
    }
}

static void what_follows_the_container_of_exec_is_the_users(void **state)
{
    (void)state;
    struct line l;
    parse(&l, "rt exec -e A=se://x abc sh --process /p -e B=se://y");
    assert_int_equal(l.code, 0);
    assert_null(l.a.process);
    assert_string_equal(l.a.reference, "A=se://x");
    assert_string_equal(l.a.id, "abc");
    arguments_deinit(&l.a);
}

static void other_commands_are_not_looked_into(void **state)
{
    (void)state;
    struct line l;
    parse(&l, "rt --root /r kill --all --bundle");
    assert_int_equal(l.code, 0);
    assert_int_equal(l.a.command, COMMAND_OTHER);
    assert_composed(&l, NULL, "/bin/rt --root /r kill --all --bundle");
    arguments_deinit(&l.a);
    parse(&l, "rt --version");
    assert_int_equal(l.a.command, COMMAND_OTHER);
    assert_composed(&l, NULL, "/bin/rt --version");
    arguments_deinit(&l.a);
}

static void a_deletion_names_its_container(void **state)
{
    (void)state;
    static const char *const lines[] = {"rt delete x", "rt delete -f x",
                                        "rt --root /r delete --force x",
                                        "rt delete --what x"};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct line l;
        parse(&l, lines[i]);
        assert_int_equal(l.code, 0);
        assert_int_equal(l.a.command, COMMAND_DELETE);
        assert_string_equal(l.a.id, "x");
        arguments_deinit(&l.a);
    }
}

/* Its log must not get a second error; the words are to come to us. */
static void the_state_is_asked_as_the_deletion_was(void **state)
{
    (void)state;
    struct line l;
    cleanup_buf struct buf text = BUF_INIT;
    parse(&l, "rt --root /r --log /x --log-format=json --coffer-config /c "
              "--systemd-cgroup delete --force abc");
    cleanup_free char **words = arguments_for_state(&l.a, "/bin/rt");
    assert_non_null(words);
    for (size_t i = 0; words[i]; i++)
        assert_int_equal(buf_printf(&text, " %s", words[i]), 0);
    assert_string_equal(buf_str(&text), " /bin/rt --root /r --systemd-cgroup state abc");
    arguments_deinit(&l.a);
}

static void a_detached_run_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool is_detached;
    } cases[] = {
        {"rt run x", false},         {"rt run -d x", true},
        {"rt run --detach x", true}, {"rt run -db /b x", true},
        {"rt run -b d x", false},    {"rt create --bundle=d x", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct line l;
        parse(&l, cases[i].line);
        assert_int_equal(l.code, 0);
        assert_int_equal(l.a.is_detached, cases[i].is_detached);
        assert_string_equal(l.a.id, "x");
        arguments_deinit(&l.a);
    }
}

static void unknown_options_are_told(void **state)
{
    (void)state;
    struct line l;
    parse(&l, "rt create --new-thing --bundle /b abc");
    assert_int_equal(l.code, 0);
    assert_string_equal(l.a.unknown, "--new-thing");
    assert_string_equal(l.a.bundle, "/b");
    arguments_deinit(&l.a);
    parse(&l, "rt --new-thing value create abc");
    assert_int_equal(l.code, ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(l.e.text, "--new-thing"));
    arguments_deinit(&l.a);
    parse(&l, "rt --new-thing features");
    assert_int_equal(l.code, 0);
    arguments_deinit(&l.a);
}

static void values_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "rt create --bundle",
        "rt create --preserve-fds x a",
        "rt create --preserve-fds 4097 a",
        "rt create --preserve-fds -1 a",
        "rt --log",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct line l;
        parse(&l, lines[i]);
        assert_int_equal(l.code, ERR_INVALID_ARGUMENT);
        arguments_deinit(&l.a);
    }
}

static void a_line_without_words_is_none(void **state)
{
    (void)state;
    struct arguments a;
    char *none[] = {NULL};
    assert_int_equal(arguments_parse(&a, 0, none, NULL), 0);
    assert_int_equal(a.command, COMMAND_OTHER);
    arguments_deinit(&a);
}

static int parse_one(void *user)
{
    (void)user;
    cleanup_arguments struct arguments a = {0};
    char *argv[] = {(char[]){"rt"}, (char[]){"run"}, (char[]){"x"}, NULL};
    int r = arguments_parse(&a, 3, argv, NULL);
    if (r)
        return r;
    cleanup_free char **words = arguments_compose(&a, "y", extra);
    return words ? 0 : ERR_NO_MEMORY;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    assert_int_equal(fault_malloc_each(parse_one, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_conmon_writes_is_understood),
        cmocka_unit_test(what_containerd_writes_is_understood),
        cmocka_unit_test(options_are_written_in_several_ways),
        cmocka_unit_test(what_follows_the_container_of_exec_is_the_users),
        cmocka_unit_test(other_commands_are_not_looked_into),
        cmocka_unit_test(a_deletion_names_its_container),
        cmocka_unit_test(the_state_is_asked_as_the_deletion_was),
        cmocka_unit_test(a_detached_run_is_known),
        cmocka_unit_test(unknown_options_are_told),
        cmocka_unit_test(values_that_make_no_sense_are_refused),
        cmocka_unit_test(a_line_without_words_is_none),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
