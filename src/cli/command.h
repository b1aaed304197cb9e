/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/flags.h"

/*
 * A command: all that is known of it, in one row. Dispatch, help and completion read the
 * same tables.
 */
struct cli;

/* What a command's arguments are, for completion. */
enum command_takes {
    TAKES_NOTHING,
    TAKES_FILES,
    TAKES_SECRETS,
    TAKES_CONFIGS,
    TAKES_SERVICES,
    TAKES_NODES,
    TAKES_ROLES, /* worker, manager */
};

struct command {
    const char *name;    /* "create" */
    const char *alias;   /* "list" for "ls"; NULL: none */
    const char *usage;   /* what stands behind the name: "[OPTIONS] SECRET [file|-]" */
    const char *summary; /* one line */
    int min, max;        /* number of arguments; max -1: any */
    bool first_ends;     /* the first argument ends the flags */
    enum command_takes takes;
    const struct flag *flags; /* NULL: none */
    /* 0 or an error whose text is shown; sets cli->status for other failures. */
    int (*run)(struct cli *c, struct err *e);
};

/* A noun with its verbs, or (no name) the verbs that stand alone. */
struct command_group {
    const char *name;
    const char *summary;
    const struct command *commands; /* ends with a row without name */
};

extern const struct command_group command_groups[]; /* ends with a row without commands */

/* One run of the program. */
struct cli {
    const char *host;                    /* "unix:///path" */
    const struct cli_addition *addition; /* NULL: none */
    struct client *client;
    const struct command_group *group;
    const struct command *command;
    struct flags flags;
    int argc;    /* arguments */
    char **argv; /* ends with NULL */
    int status;  /* exit status when run() returns 0 */
};

/* Exit statuses, as Docker's. */
#define CLI_FAILED 1
#define CLI_BAD_FLAGS 125

/* The group and command with these names or aliases; NULL. A NULL group name means the
 * commands that stand alone. */
const struct command_group *command_group_find(const char *name);
const struct command *command_find(const struct command_group *g, const char *name);

/* Help, in Docker's layout. */
void help_program(FILE *out, const struct cli_addition *addition);
void help_group(FILE *out, const struct command_group *g);
void help_command(FILE *out, const struct command_group *g, const struct command *c);

/* The lines below an error that has to do with how a command was called. */
void help_hint(FILE *out, const struct command_group *g, const struct command *c);
void help_group_hint(FILE *out, const struct command_group *g);

extern const struct flag cli_global_flags[];

/* Completion: prints the words that may stand where the last of argv stands. */
void complete_words(struct cli *c, int argc, char **argv);
