/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "engined/allowance.h"
#include "engined/confine.h"

#define PROGRAM "/x/coffer-plugin-"

/*
 * home/  config/plugins  data/  rules/policy (which isn't there)  own/  link -> config
 */
struct fixture {
    char home[64], config[80], data[80], policy[80];
    struct config c;
};

static void make(struct fixture *f, const char *name)
{
    cleanup_free char *path = str_format("%s/%s", f->home, name);
    assert_int_equal(file_make_folders(path, NULL), 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    snprintf(f->home, sizeof(f->home), "/tmp/coffer-allowance-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    snprintf(f->config, sizeof(f->config), "%s/config", f->home);
    snprintf(f->data, sizeof(f->data), "%s/data", f->home);
    snprintf(f->policy, sizeof(f->policy), "%s/rules/policy", f->home);
    make(f, "config/plugins");
    make(f, "data");
    make(f, "rules");
    make(f, "own");
    cleanup_free char *link = str_format("%s/link", f->home);
    assert_int_equal(symlink("config", link), 0);
    f->c.config_folder = f->config;
    f->c.data_folder = f->data;
    f->c.policy = f->policy;
    setenv("HOME", f->home, 1);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", f->home);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Which settings say this path (below the home) of a plugin, what may it write? */
static bool may_write(const struct fixture *f, const char *plugin, const char *key,
                      const char *value, const char *wanted)
{
    struct plugin_settings s = {.n_lines = 1};
    struct allowance a;
    bool is = false;
    cleanup_free char *file = str_format(PROGRAM "%s", plugin);
    cleanup_free char *text = str_format("%s/%s", f->home, value);
    cleanup_free char *word = str_format("%c%s%s", CONFINE_WRITE, f->home, wanted);
    cleanup_free char *name = strdup(key);
    s.lines[0] = (struct plugin_line){name, text};
    assert_int_equal(allowance_make(&f->c, "x", file, &s, &a, NULL), 0);
    for (size_t i = 0; i < a.n; i++)
        is = is || str_equal(a.paths[i], word);
    allowance_deinit(&a);
    return is;
}

static void a_folder_of_its_own_may_be_written(void **state)
{
    const struct fixture *f = *state;
    assert_true(may_write(f, "file", "folder", "own", "/own"));
    assert_true(may_write(f, "file", "folder", "new/one", "/new/one")); /* is made */
    assert_true(may_write(f, "file", "key", "own/k", "/own"));
    assert_true(may_write(f, "pass", "folder", "own/../own", "/own"));
    assert_true(may_write(f, "file", "folder", "config/keys", "/config/keys"));
    assert_true(may_write(f, "file", "key", "link/keys/k", "/config/keys"));
}

static void what_the_engine_goes_by_may_not(void **state)
{
    const struct fixture *f = *state;
    static const char *const ways[] = {"config", "config/../config", "config/", "link",
                                       "own/../link/."};
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        cleanup_free char *key = str_format("%s/k", ways[i]);
        assert_false(may_write(f, "file", "key", key, "/config"));
        assert_false(may_write(f, "file", "folder", ways[i], "/config"));
        assert_false(may_write(f, "pass", "folder", ways[i], "/config"));
    }
    assert_false(may_write(f, "file", "folder", "link/plugins", "/config/plugins"));
    assert_false(may_write(f, "file", "folder", "data", "/data"));
    assert_false(may_write(f, "file", "folder", "rules", "/rules"));
    assert_false(may_write(f, "file", "folder", "own/..", ""));
    assert_false(may_write(f, "file", "key", "k", ""));
}

static void a_variable_says_no_more_than_a_setting(void **state)
{
    const struct fixture *f = *state;
    cleanup_free char *link = str_format("%s/link", f->home);
    setenv("GNUPGHOME", link, 1);
    assert_false(may_write(f, "pass", "other", "own", "/config"));
    assert_false(may_write(f, "pass", "other", "own", "/link"));
    unsetenv("GNUPGHOME");
}

static void a_file_is_no_folder(void **state)
{
    const struct fixture *f = *state;
    cleanup_free char *file = str_format("%s/config/engine.conf", f->home);
    assert_int_equal(file_write(file, 0600, "", 0, NULL), 0);
    assert_false(
        may_write(f, "pass", "folder", "config/engine.conf", "/config/engine.conf"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_folder_of_its_own_may_be_written),
        TEST(what_the_engine_goes_by_may_not),
        TEST(a_variable_says_no_more_than_a_setting),
        TEST(a_file_is_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
