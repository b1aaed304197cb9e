/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"

static const char *const variables[] = {"COFFER_HOME",    "HOME",
                                        "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
                                        "XDG_DATA_HOME",  "XDG_RUNTIME_DIR"};

static int setup(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
    return setenv("HOME", "/me", 1);
}

typedef int find(char **out, struct err *e);

static void expect(find *which, const char *wanted)
{
    cleanup_free char *got = NULL;
    assert_int_equal(which(&got, NULL), 0);
    assert_string_equal(got, wanted);
}

static void without_more_all_is_in_home(void **state)
{
    expect(home_config_folder, "/me/.config/coffer");
    expect(home_data_folder, "/me/.local/share/coffer");
    expect(home_docker_cache_folder, "/me/.cache/docker-secrets-engine");
}

static void the_base_directories_count_more_than_home(void **state)
{
    setenv("XDG_CONFIG_HOME", "/c", 1);
    setenv("XDG_DATA_HOME", "/d", 1);
    setenv("XDG_CACHE_HOME", "/k", 1);
    expect(home_config_folder, "/c/coffer");
    expect(home_data_folder, "/d/coffer");
    expect(home_docker_cache_folder, "/k/docker-secrets-engine");
}

static void a_relative_base_directory_does_not_count(void **state)
{
    setenv("XDG_CONFIG_HOME", "c", 1);
    setenv("XDG_DATA_HOME", "", 1);
    expect(home_config_folder, "/me/.config/coffer");
    expect(home_data_folder, "/me/.local/share/coffer");
}

static void one_folder_for_all_counts_most(void **state)
{
    setenv("XDG_CONFIG_HOME", "/c", 1);
    setenv("COFFER_HOME", "/one", 1);
    expect(home_config_folder, "/one");
    expect(home_data_folder, "/one");
    expect(home_run_folder, "/one");
    expect(home_docker_cache_folder, "/me/.cache/docker-secrets-engine");
}

static void expect_no_session(void)
{
    char user[64], wanted[128];
    cleanup_free char *session = NULL;
    snprintf(user, sizeof(user), "/run/user/%u", (unsigned)geteuid());
    snprintf(wanted, sizeof(wanted), "%s/coffer", user);
    assert_int_equal(home_session_folder(&session, NULL), 0);
    if (geteuid() == 0 || access(user, F_OK))
        assert_null(session);
    else
        assert_string_equal(session, user);
    if (geteuid() == 0)
        expect(home_run_folder, "/run/coffer-engine");
    else if (access(user, F_OK))
        expect(home_run_folder, "/me/.cache/coffer");
    else
        expect(home_run_folder, wanted);
}

static void sockets_without_a_session_have_a_place(void **state)
{
    expect_no_session();
}

static void sockets_are_in_the_folder_of_the_session(void **state)
{
    char folder[] = "/tmp/coffer-home-XXXXXX", wanted[64];
    assert_non_null(mkdtemp(folder));
    snprintf(wanted, sizeof(wanted), "%s/coffer", folder);
    setenv("XDG_RUNTIME_DIR", folder, 1);
    expect(home_run_folder, wanted);
    expect(home_session_folder, folder);
    assert_int_equal(rmdir(folder), 0);
    expect_no_session();
}

/* As after a plain `su`. */
static void the_session_of_another_user_does_not_count(void **state)
{
    char folder[] = "/tmp/coffer-home-XXXXXX";
    assert_non_null(mkdtemp(folder));
    bool is_other = geteuid() == 0 && chown(folder, 1, 1) == 0;
    setenv("XDG_RUNTIME_DIR", is_other ? folder : "/", 1);
    expect_no_session();
    assert_int_equal(rmdir(folder), 0);
}

static void without_a_variable_the_user_database_knows(void **state)
{
    cleanup_free char *got = NULL;
    unsetenv("HOME");
    assert_int_equal(home_config_folder(&got, NULL), 0);
    assert_true(str_ends_with(got, "/.config/coffer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_more_all_is_in_home, setup),
        cmocka_unit_test_setup(the_base_directories_count_more_than_home, setup),
        cmocka_unit_test_setup(a_relative_base_directory_does_not_count, setup),
        cmocka_unit_test_setup(one_folder_for_all_counts_most, setup),
        cmocka_unit_test_setup(sockets_without_a_session_have_a_place, setup),
        cmocka_unit_test_setup(sockets_are_in_the_folder_of_the_session, setup),
        cmocka_unit_test_setup(the_session_of_another_user_does_not_count, setup),
        cmocka_unit_test_setup(without_a_variable_the_user_database_knows, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
