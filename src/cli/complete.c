/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/output.h"

/*
 * Completion: the words before the last are read as far as they name a command; the last
 * is the beginning of what is looked for. Nothing is told when something is wrong.
 */

static void offer(const char *word, const char *beginning)
{
    if (str_starts_with(word, beginning))
        puts(word);
}

static void offer_flags(const struct flag *table, const char *beginning)
{
    for (; table && table->name; table++) {
        char word[80];
        snprintf(word, sizeof(word), "--%s", table->name);
        if (!table->refused)
            offer(word, beginning);
    }
}

static void offer_commands(const struct command_group *g, const char *beginning)
{
    for (const struct command *c = g->commands; c->name; c++)
        if (c->summary)
            offer(c->name, beginning);
}

static void offer_nouns(const struct cli_addition *addition, const char *beginning)
{
    if (addition)
        offer(addition->name, beginning);
    for (const struct command_group *g = command_groups; g->commands; g++)
        if (g->name)
            offer(g->name, beginning);
    offer_commands(command_group_find(NULL), beginning);
}

/* The names of the objects of a collection. */
static void offer_objects(struct cli *c, const char *path, const char *name,
                          const char *beginning)
{
    cleanup_json json_t *objects = NULL;
    if (client_get(c->client, path, &objects, NULL))
        return;
    for (size_t i = 0; i < json_array_size(objects); i++)
        offer(field_string(json_array_get(objects, i), name), beginning);
}

static void offer_arguments(struct cli *c, const struct command *command,
                            const char *beginning)
{
    switch (command->takes) {
    case TAKES_SECRETS:
        offer_objects(c, "/secrets", "Spec.Name", beginning);
        break;
    case TAKES_CONFIGS:
        offer_objects(c, "/configs", "Spec.Name", beginning);
        break;
    case TAKES_SERVICES:
        offer_objects(c, "/services", "Spec.Name", beginning);
        break;
    case TAKES_NODES:
        offer_objects(c, "/nodes", "Description.Hostname", beginning);
        break;
    case TAKES_ROLES:
        offer("worker", beginning);
        offer("manager", beginning);
        break;
    case TAKES_NOTHING:
    case TAKES_FILES:
        break;
    }
}

/* What the values of a flag name, for those that name objects. */
static const char *collection_of_flag(const struct flag *flag)
{
    if (str_equal(flag->name, "secret") || str_starts_with(flag->name, "secret-"))
        return "/secrets";
    if (str_equal(flag->name, "config") || str_starts_with(flag->name, "config-"))
        return "/configs";
    return NULL;
}

static void complete_command(struct cli *c, const struct command *command, int argc,
                             char **argv)
{
    const char *last = argv[argc - 1];
    const char *before = argc > 1 ? argv[argc - 2] : last;
    const struct flag *flag = NULL;
    if (before[0] == '-' && before[1] == '-')
        flag = flag_find(command->flags, before + 2, strlen(before + 2));
    if (last[0] == '-')
        offer_flags(command->flags, last);
    else if (flag && flag->type->name && collection_of_flag(flag))
        offer_objects(c, collection_of_flag(flag), "Spec.Name", last);
    else if (!flag || !flag->type->name)
        offer_arguments(c, command, last);
}

/* Takes out what stands before the command; the daemon it names is the one to ask. */
static int skip_globals(struct cli *c, int *argc, char **argv)
{
    struct flags globals = FLAGS_INIT;
    int n = *argc - 1;
    char *last = argv[n];
    int r = flags_parse(&globals, cli_global_flags, true, &n, argv, NULL);
    if (r)
        return r;
    const char *host = flags_string(&globals, "host");
    c->host = host ? host : c->host;
    flags_deinit(&globals);
    argv[n] = last;
    *argc = n + 1;
    return 0;
}

void complete_words(struct cli *c, int argc, char **argv)
{
    if (argc == 0 || skip_globals(c, &argc, argv))
        return;
    if (c->addition && argc > 1 && str_equal(argv[0], c->addition->name)) {
        c->addition->complete(argc - 1, argv + 1);
        return;
    }
    if (client_new(c->host, &c->client, NULL))
        return;
    const struct command_group *g = argc > 1 ? command_group_find(argv[0]) : NULL;
    int names = g ? 2 : 1;
    const struct command_group *from = g ? g : command_group_find(NULL);
    const struct command *command =
        argc > names ? command_find(from, argv[names - 1]) : NULL;
    if (command)
        complete_command(c, command, argc - names, argv + names);
    else if (argc == 1 && argv[0][0] == '-')
        offer_flags(cli_global_flags, argv[0]);
    else if (argc == 1)
        offer_nouns(c->addition, argv[0]);
    else if (g && argc == 2)
        offer_commands(g, argv[1]);
    client_free(c->client);
}
