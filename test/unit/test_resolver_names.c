/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_fixture.h"

#include "base/macro.h"
#include "resolver/plugin.h"
#include "resolver/realm.h"
#include "resolver/variable.h"

static void versions_follow_gos_rules(void **state)
{
    static const char *const good[] = {"v1",         "v1.2",          "v0.0.0",
                                       "v1.2.3+x",   "v1.2.3-rc.1+b", "v1.2.3-0a",
                                       "v1.2.3--.-", "v1.2.3+001"};
    static const char *const bad[] = {"v01",       "v1.02",     "v1.2.3.4", "v1-rc",
                                      "v1.2-rc",   "v1+x",      "v1.2.3-",  "v1.2.3+",
                                      "v1.2.3-01", "v1.2.3-a.", "v1.",      "v1.2.3-a_b",
                                      "v-1",       "v1.2.3 ",   "V1"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        if (plugin_check_version(good[i], NULL))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (plugin_check_version(bad[i], NULL) != ERR_INVALID_ARGUMENT)
            fail_msg("%s", bad[i]);
}

static void the_words_for_a_bad_version_are_dockers(void **state)
{
    struct err e = {0};
    assert_int_equal(plugin_check_version("1.0.0", &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "parsing version: missing version prefix");
    assert_int_equal(plugin_check_version("vx", &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "parsing version: invalid version: vx");
    assert_int_equal(plugin_check_version("", &e), ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(e.text, "empty version"));
}

static void a_plugins_name_is_any_text_for_a_line(void **state)
{
    char name[PLUGIN_NAME_MAX + 2];
    assert_int_equal(plugin_check_name("docker pass \xc3\xa9", NULL), 0);
    assert_int_equal(plugin_check_name("", NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(plugin_check_name("a\nb", NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(plugin_check_name("a\x1b[2J", NULL), ERR_INVALID_ARGUMENT);
    memset(name, 'n', sizeof(name));
    name[PLUGIN_NAME_MAX] = '\0';
    assert_int_equal(plugin_check_name(name, NULL), 0);
    name[PLUGIN_NAME_MAX] = 'n';
    name[PLUGIN_NAME_MAX + 1] = '\0';
    assert_int_equal(plugin_check_name(name, NULL), ERR_INVALID_ARGUMENT);
}

static const char *realm_name(const char *id)
{
    const struct realm *realm = realm_of(id);
    return realm ? realm->pattern : "";
}

static void an_id_is_in_the_innermost_realm(void **state)
{
    assert_string_equal(realm_name("docker/mcp/x"), "docker/mcp/**");
    assert_string_equal(realm_name("docker/mcp/oauth/x"), "docker/mcp/oauth/**");
    assert_string_equal(realm_name("docker/mcp"), "docker/mcp/**");
    assert_string_equal(realm_name("docker/mcpx"), "");
    assert_string_equal(realm_name("docker/auth/hub-staging/a"),
                        "docker/auth/hub-staging/**");
    assert_string_equal(realm_name("docker"), "");
    assert_string_equal(realm_name("my/docker/mcp/x"), "");
    assert_true(realm_of("docker/secrets-engine/plugins/x")->is_internal);
    assert_true(realm_of("docker/secrets-engine/a")->is_internal);
    assert_false(realm_of("docker/mcp/a")->is_internal);
}

static int variable(const char *name)
{
    return variable_check_name(name, strlen(name), NULL);
}

static void a_variable_has_no_special_characters(void **state)
{
    static const char refused[] = " !@#$%^&*()-+=\\{}[]|;:'\",<>?/\n\x7f";
    assert_int_equal(variable("GH_TOKEN"), 0);
    assert_int_equal(variable("a.b~1"), 0);
    assert_int_equal(variable("\xc3\xa9"), 0);
    assert_int_equal(variable(""), ERR_INVALID_ARGUMENT);
    for (size_t i = 0; i < sizeof(refused); i++) {
        const char name[] = {'A', refused[i], 'B'};
        assert_int_equal(variable_check_name(name, 3, NULL), ERR_INVALID_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_follow_gos_rules),
        cmocka_unit_test(the_words_for_a_bad_version_are_dockers),
        cmocka_unit_test(a_plugins_name_is_any_text_for_a_line),
        cmocka_unit_test(an_id_is_in_the_innermost_realm),
        cmocka_unit_test(a_variable_has_no_special_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
