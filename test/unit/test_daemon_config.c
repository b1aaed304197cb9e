/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "daemon/config.h"

struct fixture {
    struct config config;
    struct err err;
    enum config_verb verb;
    char file[64];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    strcpy_cut(f->file, sizeof(f->file), "/tmp/coffer-config-XXXXXX");
    int fd = mkstemp(f->file);
    return close(fd);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    config_deinit(&f->config);
    unlink(f->file);
    free(f);
    return 0;
}

static void write_file(struct fixture *f, const char *text)
{
    FILE *out = fopen(f->file, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

/* The file of the fixture stands for the one in /etc, which may be there or not. */
static int parse(struct fixture *f, char **flags)
{
    char *argv[16] = {(char[]){"cofferd"}, (char[]){"--config"}, f->file};
    int argc = 3;
    for (; flags && *flags; flags++)
        argv[argc++] = *flags;
    return config_parse(&f->config, argc, argv, &f->verb, &f->err);
}

static void defaults_are_the_system_s_folders(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(parse(f, NULL), 0);
    assert_int_equal(f->verb, CONFIG_RUN);
    assert_null(f->config.engine);
    assert_string_equal(f->config.state_dir, "/var/lib/coffer");
    assert_string_equal(f->config.run_dir, "/run/coffer");
    assert_string_equal(f->config.socket, "/run/coffer/coffer.sock");
    assert_string_equal(f->config.group, "coffer");
    assert_true(f->config.auto_init);
}

static void the_socket_follows_the_run_folder(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(parse(f, (char *[]){(char[]){"--run-dir=/r"}, NULL}), 0);
    assert_string_equal(f->config.socket, "/r/coffer.sock");
}

static void a_flag_wins_over_the_environment_and_that_over_the_file(void **state)
{
    struct fixture *f = *state;
    write_file(f,
               "# a comment\n\n group = from-file \nstate-dir=/file\nrun-dir = /file\n");
    setenv("COFFER_STATE_DIR", "/environment", 1);
    setenv("COFFER_RUN_DIR", "/environment", 1);
    int r = parse(f, (char *[]){(char[]){"--run-dir"}, (char[]){"/flag"}, NULL});
    unsetenv("COFFER_STATE_DIR");
    unsetenv("COFFER_RUN_DIR");
    assert_int_equal(r, 0);
    assert_string_equal(f->config.group, "from-file");
    assert_string_equal(f->config.state_dir, "/environment");
    assert_string_equal(f->config.run_dir, "/flag");
}

static void auto_init_is_turned_off_by_flag_or_file(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(parse(f, (char *[]){(char[]){"--no-auto-init"}, NULL}), 0);
    assert_false(f->config.auto_init);
    config_deinit(&f->config);
    write_file(f, "auto-init = false\n");
    assert_int_equal(parse(f, NULL), 0);
    assert_false(f->config.auto_init);
}

static void help_and_version_need_nothing_else(void **state)
{
    struct fixture *f = *state;
    write_file(f, "nonsense\n");
    assert_int_equal(parse(f, (char *[]){(char[]){"--help"}, NULL}), 0);
    assert_int_equal(f->verb, CONFIG_HELP);
    assert_int_equal(parse(f, (char *[]){(char[]){"--version"}, NULL}), 0);
    assert_int_equal(f->verb, CONFIG_VERSION);
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *flag;
        const char *file;
        const char *text;
    } cases[] = {
        {"--nonsense=1", "", "unknown flag '--nonsense'; see cofferd --help"},
        {"--engine", "", "--engine needs a value; see cofferd --help"},
        {"extra", "", "unexpected argument 'extra'; see cofferd --help"},
        {"--engine=tcp://1.2.3.4", "",
         "engine 'tcp://1.2.3.4': only unix:///PATH is supported"},
        {"--log-level=loud", "", "log-level 'loud' is none of error, warn, info, debug"},
        {"--state-dir=here", "", "state-dir, run-dir and socket must be absolute paths"},
        {"--group=g", "group\n", "line 1: it is not of the form 'name = value'"},
        {"--group=g", "\ncolour = red\n", "line 2: unknown setting 'colour'"},
        {"--group=g", "auto-init = maybe\n",
         "auto-init is 'true' or 'false', not 'maybe'"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *flag = strdup(cases[i].flag);
        write_file(f, cases[i].file);
        int r = parse(f, (char *[]){flag, NULL});
        free(flag);
        assert_int_equal(r, ERR_INVALID_ARGUMENT);
        assert_true(str_ends_with(err_text(&f->err), cases[i].text));
    }
}

static void a_file_that_was_asked_for_must_be_there(void **state)
{
    struct fixture *f = *state;
    unlink(f->file);
    assert_int_equal(parse(f, NULL), ERR_NOT_FOUND);
    assert_non_null(strstr(err_text(&f->err), f->file));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_the_system_s_folders),
        TEST(the_socket_follows_the_run_folder),
        TEST(a_flag_wins_over_the_environment_and_that_over_the_file),
        TEST(auto_init_is_turned_off_by_flag_or_file),
        TEST(help_and_version_need_nothing_else),
        TEST(what_is_wrong_is_named),
        TEST(a_file_that_was_asked_for_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
