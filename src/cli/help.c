/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "cli/command.h"

static void print_commands(FILE *out, const struct command *c)
{
    for (; c->name; c++)
        if (c->summary)
            fprintf(out, "  %-11s %s\n", c->name, c->summary);
}

void help_program(FILE *out, const struct cli_addition *addition)
{
    fputs("Usage:  coffer [OPTIONS] COMMAND\n\n"
          "Services and their secrets, on Docker's verbs\n\n"
          "Management Commands:\n",
          out);
    for (const struct command_group *g = command_groups; g->commands; g++)
        if (g->name)
            fprintf(out, "  %-11s %s\n", g->name, g->summary);
    if (addition)
        fprintf(out, "  %-11s %s\n", addition->name, addition->summary);
    fputs("\nCommands:\n", out);
    print_commands(out, command_group_find(NULL)->commands);
    fputs("\nGlobal Options:\n", out);
    help_flags(out, cli_global_flags);
    fputs("\nRun 'coffer COMMAND --help' for more information on a command.\n", out);
}

void help_group(FILE *out, const struct command_group *g)
{
    fprintf(out, "Usage:  coffer %s COMMAND\n\n%s\n\nCommands:\n", g->name, g->summary);
    print_commands(out, g->commands);
    fprintf(out, "\nRun 'coffer %s COMMAND --help' for more information on a command.\n",
            g->name);
}

static void print_name(FILE *out, const struct command_group *g, const char *name)
{
    fprintf(out, "coffer %s%s%s", g->name ? g->name : "", g->name ? " " : "", name);
}

static void print_usage(FILE *out, const struct command_group *g, const struct command *c)
{
    fputs("Usage:  ", out);
    print_name(out, g, c->name);
    fprintf(out, "%s%s\n", *c->usage ? " " : "", c->usage);
}

void help_command(FILE *out, const struct command_group *g, const struct command *c)
{
    print_usage(out, g, c);
    fprintf(out, "\n%s\n", c->summary ? c->summary : "");
    if (c->alias) {
        fputs("\nAliases:\n  ", out);
        print_name(out, g, c->name);
        fputs(", ", out);
        print_name(out, g, c->alias);
        fputc('\n', out);
    }
    if (c->flags && c->flags->name) {
        fputs("\nOptions:\n", out);
        help_flags(out, c->flags);
    }
}

void help_hint(FILE *out, const struct command_group *g, const struct command *c)
{
    fputc('\n', out);
    print_usage(out, g, c);
    fputs("\nRun '", out);
    print_name(out, g, c->name);
    fputs(" --help' for more information\n", out);
}

void help_group_hint(FILE *out, const struct command_group *g)
{
    if (g->name)
        fprintf(out, "\nUsage:  coffer %s\n", g->name);
    fprintf(out, "\nRun 'coffer %s%s--help' for more information\n",
            g->name ? g->name : "", g->name ? " " : "");
}
