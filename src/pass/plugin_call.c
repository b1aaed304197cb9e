/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "pass/pass.h"
#include "pass/private.h"

/*
 * How docker calls a plugin of its command line (docker's own flags stand before the name
 * of the plugin, which is the first word after them):
 *
 *   docker-pass docker-cli-plugin-metadata      who are you?
 *   docker-pass --debug pass ls                 for `docker --debug pass ls`
 *   docker-pass __complete pass l               for a shell's completion
 *
 * and a person: docker-pass ls.
 */
#define NAME "pass"
#define METADATA "docker-cli-plugin-metadata"
#define COMPLETE "__complete"
#define COMPLETE_PLAIN "__completeNoDesc"

/* Docker sets it for what it starts, to how docker itself was called. */
#define DOCKER_MARK "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"

/* Docker's global flags. They are about daemons, which is nothing to us. */
static const struct flag docker_flags[] = {
    {"config", 0, &flag_string, "", NULL, NULL},
    {"context", 'c', &flag_string, "", NULL, NULL},
    {"debug", 'D', &flag_switch, "", NULL, NULL},
    {"host", 'H', &flag_list, "", NULL, NULL},
    {"log-level", 'l', &flag_string, "", NULL, NULL},
    {"tls", 0, &flag_switch, "", NULL, NULL},
    {"tlscacert", 0, &flag_string, "", NULL, NULL},
    {"tlscert", 0, &flag_string, "", NULL, NULL},
    {"tlskey", 0, &flag_string, "", NULL, NULL},
    {"tlsverify", 0, &flag_switch, "", NULL, NULL},
    {"help", 'h', &flag_switch, "", NULL, NULL},
    {0},
};

static int print_metadata(void)
{
    int n = printf("{\"SchemaVersion\":\"0.1.0\",\"Vendor\":\"coffer\","
                   "\"Version\":\"v%s\",\"ShortDescription\":\"Docker Pass Plugin\"}\n",
                   COFFER_VERSION);
    return n < 0 || fflush(stdout) ? PASS_FAILED : 0;
}

/* Takes docker's flags away from the front. */
static int skip_flags(int *argc, char **argv, bool *help)
{
    struct err e = {0};
    struct flags flags = FLAGS_INIT;
    int r = flags_parse(&flags, docker_flags, true, argc, argv, &e);
    if (r)
        fprintf(stderr, "Error: %s\n", err_text(&e));
    *help = flags_switch(&flags, "help");
    flags_deinit(&flags);
    return r;
}

static bool is_completion(const char *word)
{
    return str_equal(word, COMPLETE) || str_equal(word, COMPLETE_PLAIN);
}

/* The words behind "__complete", of which docker's first is our name. */
static int complete(int argc, char **argv)
{
    int named = argc > 1 && str_equal(argv[0], NAME);
    return pass_complete(argc - named, argv + named);
}

int pass_plugin_main(int argc, char **argv)
{
    argc -= argc > 0;
    argv++;
    if (argc && str_equal(argv[0], METADATA))
        return print_metadata();
    if (argc && is_completion(argv[0]))
        return complete(argc - 1, argv + 1);
    bool help = false;
    if (skip_flags(&argc, argv, &help))
        return PASS_FAILED;
    bool by_docker = getenv(DOCKER_MARK);
    int named = argc && str_equal(argv[0], NAME);
    struct pass p = {.program = by_docker || named ? "docker pass" : "docker-pass",
                     .is_docker_child = by_docker};
    return pass_run(&p, help ? 0 : argc - named, argv + named);
}
