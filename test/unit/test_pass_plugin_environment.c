/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "pass/plugin_environment.h"

/* The environment that docker gives, as text, and what a command gets of it. */
static void expect(const char *const *given, const char *wanted)
{
    cleanup_environment struct environment v = ENVIRONMENT_INIT;
    cleanup_buf struct buf got = BUF_INIT;
    struct err e = {0};
    assert_int_equal(environment_copy(&v, (char **)(uintptr_t)given, &e), 0);
    assert_int_equal(plugin_environment_clean(&v, &e), 0);
    char **block = environment_block(&v);
    assert_non_null(block);
    for (char **line = block; *line; line++)
        assert_int_equal(buf_printf(&got, "%s\n", *line), 0);
    environment_free_block(block);
    assert_string_equal(buf_str(&got), wanted);
}

static void what_docker_says_to_its_plugins_is_gone(void **state)
{
    const char *const given[] = {
        "A=1",
        "DOCKER_CLI_PLUGIN_SOCKET=@docker_cli_1",
        "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND=docker",
        "DOCKER_CLI_HINTS=false",
        "OTEL_RESOURCE_ATTRIBUTES=docker.cli.cobra.command_path=docker%20pass",
        NULL};
    expect(given, "A=1\nDOCKER_CLI_HINTS=false\n");
}

static void attributes_of_the_caller_stay(void **state)
{
    const char *const given[] = {
        "OTEL_RESOURCE_ATTRIBUTES=a=1,docker.cli.cobra.command_path=docker%20pass,b=2",
        NULL};
    expect(given, "OTEL_RESOURCE_ATTRIBUTES=a=1,b=2\n");
    const char *const others[] = {"OTEL_RESOURCE_ATTRIBUTES=a=docker.cli.x,b=", NULL};
    expect(others, "OTEL_RESOURCE_ATTRIBUTES=a=docker.cli.x,b=\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_docker_says_to_its_plugins_is_gone),
        cmocka_unit_test(attributes_of_the_caller_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
