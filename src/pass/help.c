/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "pass/verb.h"

/* Help, in Docker's layout. */

static void print_row(const char *name, const char *summary)
{
    printf("  %-11s %s\n", name, summary);
}

/* The groups are told behind the last of the verbs that stand alone. */
static void print_verbs(const char *group)
{
    const char *last = NULL;
    for (const struct verb *v = verbs; v->names[0]; v++) {
        if (v->is_hidden)
            continue;
        if (group ? str_equal(v->group, group) : !v->group)
            print_row(v->names[0], v->summary);
        else if (!group && !str_equal(v->group, last))
            print_row(v->group, verb_group_summary(v->group));
        last = v->group;
    }
}

void verb_help_group(const char *program, const char *group)
{
    const char *blank = group ? " " : "", *name = group ? group : "";
    if (group)
        printf("Usage:  %s %s COMMAND\n\n%s\n", program, group,
               verb_group_summary(group));
    else
        printf("Usage:  %s set|get|ls|rm|run\n\nManage your local OS keychain secrets.\n",
               program);
    printf("\nCommands:\n");
    print_verbs(group);
    printf("\nRun '%s%s%s COMMAND --help' for more information on a command.\n", program,
           blank, name);
}

static void print_name(const char *program, const struct verb *v, const char *name)
{
    printf("%s%s%s %s", program, v->group ? " " : "", v->group ? v->group : "", name);
}

static void print_aliases(const char *program, const struct verb *v)
{
    printf("\nAliases:\n  ");
    for (size_t i = 0; i < VERB_NAMES_MAX && v->names[i]; i++) {
        printf("%s", i ? ", " : "");
        print_name(program, v, v->names[i]);
    }
    printf("\n");
}

/* Each line, with the program as the reader types it. */
static void print_examples(const char *program, const char *lines)
{
    printf("\nExamples:\n  ");
    for (; *lines; lines++) {
        if (*lines == '@')
            printf("%s", program);
        else
            putchar(*lines);
        if (*lines == '\n')
            printf("  ");
    }
    printf("\n");
}

void verb_help(const char *program, const struct verb *v)
{
    printf("Usage:  ");
    print_name(program, v, v->names[0]);
    printf("%s%s\n\n%s\n", v->usage ? " " : "", v->usage ? v->usage : "", v->summary);
    if (v->more)
        printf("\n%s\n", v->more);
    if (v->names[1])
        print_aliases(program, v);
    if (v->examples)
        print_examples(program, v->examples);
    if (v->flags) {
        printf("\nOptions:\n");
        help_flags(stdout, v->flags);
    }
}
