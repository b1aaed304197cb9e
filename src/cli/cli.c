/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/str.h"
#include "cli/command.h"

#define HOST_DEFAULT "unix:///run/coffer/coffer.sock"

const struct flag cli_global_flags[] = {
    {"help", 'h', &flag_switch, "Print help and quit", NULL, NULL},
    {"host", 'H', &flag_string,
     "Daemon socket to connect to: unix:///PATH. Without it: "
     "$COFFER_HOST, $DOCKER_HOST if that is a unix socket",
     HOST_DEFAULT, NULL},
    {"version", 'v', &flag_switch, "Print version information and quit", NULL, NULL},
    {0},
};

/* ---- which daemon ---- */

static const char *host_from_environment(void)
{
    const char *ours = getenv("COFFER_HOST"), *dockers = getenv("DOCKER_HOST");
    if (!str_is_empty(ours))
        return ours;
    return dockers && str_starts_with(dockers, "unix://") ? dockers : HOST_DEFAULT;
}

/* ---- errors ---- */

static int tell(const struct err *e, int status)
{
    fflush(stdout);
    fprintf(stderr, "%s\n", err_text(e));
    return status;
}

static int bad_flags(const struct cli *c, const struct err *e)
{
    fprintf(stderr, "%s\n", err_text(e));
    if (c->command)
        help_hint(stderr, c->group, c->command);
    else
        help_group_hint(stderr, command_group_find(NULL));
    return CLI_BAD_FLAGS;
}

static int unknown_command(const struct command_group *g, const char *name)
{
    fprintf(stderr, "coffer: unknown command: coffer %s%s%s\n", g->name ? g->name : "",
            g->name ? " " : "", name);
    help_group_hint(stderr, g);
    return CLI_FAILED;
}

/* A noun has no flags but --help. */
static int unknown_flag(const struct command_group *g, int argc, char **argv)
{
    static const struct flag none[] = {{0}};
    struct err e = {0};
    struct flags flags = FLAGS_INIT;
    int r = flags_parse(&flags, none, true, &argc, argv, &e);
    flags_deinit(&flags);
    if (!r)
        return unknown_command(g, argv[0]);
    fprintf(stderr, "%s\n", err_text(&e));
    help_group_hint(stderr, g);
    return CLI_BAD_FLAGS;
}

static void wanted_arguments(const struct command *c, char out[64])
{
    const char *s = c->min == 1 ? "" : "s";
    if (c->max == 0)
        strcpy_cut(out, 64, "accepts no arguments");
    else if (c->max == c->min)
        snprintf(out, 64, "requires %d argument%s", c->min, s);
    else if (c->max < 0)
        snprintf(out, 64, "requires at least %d argument%s", c->min, s);
    else
        snprintf(out, 64, "requires at least %d and at most %d arguments", c->min,
                 c->max);
}

static int check_arguments(const struct cli *c)
{
    if (c->argc >= c->command->min && (c->command->max < 0 || c->argc <= c->command->max))
        return 0;
    char wanted[64];
    wanted_arguments(c->command, wanted);
    fprintf(stderr, "coffer: 'coffer %s%s%s' %s\n", c->group->name ? c->group->name : "",
            c->group->name ? " " : "", c->command->name, wanted);
    help_hint(stderr, c->group, c->command);
    return CLI_FAILED;
}

/* ---- running a command ---- */

/* A reader of standard output that has gone away is no failure of ours, a full disk is.
 */
static int flush_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "coffer: can't write to standard output\n");
    return CLI_FAILED;
}

static int run_command(struct cli *c)
{
    struct err e = {0};
    int r = client_new(c->host, &c->client, &e);
    if (!r)
        r = c->command->run(c, &e);
    client_free(c->client);
    return flush_output(r ? tell(&e, CLI_FAILED) : c->status);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && !str_equal(argv[i], "--"); i++)
        if (str_equal(argv[i], "--help") || str_equal(argv[i], "-h"))
            return true;
    return false;
}

/* Arguments of a command whose flags are its own and not ours to read. */
static bool reads_no_flags(const struct command *c)
{
    return !c->flags && c->max < 0 && c->first_ends;
}

static int start_command(struct cli *c, int argc, char **argv)
{
    struct err e = {0};
    int before_command = c->command->first_ends && argc ? 1 : argc;
    c->argc = argc;
    c->argv = argv;
    if (!reads_no_flags(c->command)) {
        if (asks_for_help(before_command, argv)) {
            help_command(stdout, c->group, c->command);
            return flush_output(0);
        }
        int r = flags_parse(&c->flags, c->command->flags, c->command->first_ends,
                            &c->argc, argv, &e);
        if (r)
            return bad_flags(c, &e);
    }
    argv[c->argc] = NULL;
    int status = check_arguments(c);
    if (!status)
        status = run_command(c);
    flags_deinit(&c->flags);
    return status;
}

static int find_and_start(struct cli *c, int argc, char **argv)
{
    if (c->addition && str_equal(argv[0], c->addition->name))
        return c->addition->run(argc - 1, argv + 1);
    c->group = command_group_find(argv[0]);
    if (c->group && (argc == 1 || asks_for_help(1, argv + 1))) {
        help_group(stdout, c->group);
        return flush_output(0);
    }
    if (c->group && argv[1][0] == '-')
        return unknown_flag(c->group, argc - 1, argv + 1);
    int names = c->group ? 2 : 1;
    if (!c->group)
        c->group = command_group_find(NULL);
    c->command = command_find(c->group, argv[names - 1]);
    if (!c->command)
        return unknown_command(c->group, argv[names - 1]);
    return start_command(c, argc - names, argv + names);
}

/* What stands before the command. */
static int parse_globals(struct cli *c, int argc, char **argv)
{
    struct err e = {0};
    struct flags globals = FLAGS_INIT;
    int r = flags_parse(&globals, cli_global_flags, true, &argc, argv, &e);
    if (r)
        return bad_flags(c, &e);
    const char *host = flags_string(&globals, "host");
    c->host = host ? host : host_from_environment();
    bool version = flags_switch(&globals, "version"),
         help = flags_switch(&globals, "help");
    flags_deinit(&globals);
    if (version)
        printf("coffer version %s\n", COFFER_VERSION);
    else if (help || argc == 0)
        help_program(stdout, c->addition);
    else if (str_equal(argv[0], "__complete"))
        complete_words(c, argc - 1, argv + 1);
    else
        return find_and_start(c, argc, argv);
    return flush_output(0);
}

static int check_encoding(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        json_t *text = json_string(argv[i]);
        if (!text) {
            fprintf(stderr, "coffer: argument %d is no valid UTF-8\n", i);
            return CLI_BAD_FLAGS;
        }
        json_decref(text);
    }
    return 0;
}

int cli_main(int argc, char **argv, const struct cli_addition *addition)
{
    struct cli c = {.addition = addition};
    /* Secrets pass through our memory: no core of it. */
    prctl(PR_SET_DUMPABLE, 0);
    json_setup();
    int status = check_encoding(argc, argv);
    return status || argc < 1 ? status : parse_globals(&c, argc - 1, argv + 1);
}
