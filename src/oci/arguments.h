/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The command line of an OCI runtime as engines write it: global options, a command, its
 * options, a container. What crun 1.8 and runc 1.1 have in common or alone is known (the
 * table is in arguments.c, from their manuals); options are written "--name value",
 * "--name=value", with one dash as Go allows it, or by a letter.
 */
enum command {
    COMMAND_OTHER, /* nothing of ours */
    COMMAND_CREATE,
    COMMAND_RUN,
    COMMAND_EXEC,
    COMMAND_DELETE,
    COMMAND_RESTORE, /* runc's, of a checkpoint */
};

/* Who a word of the line is for. */
enum word_kind {
    WORD_PASSED,   /* the real runtime */
    WORD_LOG,      /* likewise: where it writes what is wrong */
    WORD_REPLACED, /* us, once something is rewritten; else the real runtime */
    WORD_OURS,     /* us */
};

/* More descriptors than this nobody hands to a container. */
#define PRESERVE_FDS_MAX 4096

/* Zeroed is an empty one. All texts are those of argv, NULL when they aren't there. */
struct arguments {
    int argc;
    char **argv;
    enum word_kind *kinds; /* of each word of argv */
    size_t command_at;     /* where in argv the command is; argc when there is none */
    enum command command;

    /* global */
    const char *settings; /* --coffer-config FILE, ours */
    const char *log, *log_format;

    /* of create, run, exec, delete, restore */
    const char *bundle;  /* create, run, restore */
    const char *config;  /* create, run: another name for config.json, crun's */
    const char *process; /* exec */
    const char *id;
    const char *reference; /* exec: an --env whose value is a reference */
    bool is_detached;      /* run, exec */
    unsigned preserve_fds;
    const char *unknown; /* the first option that isn't in the table */
};

/* Takes argv apart; it must outlive *a. ERR_INVALID_ARGUMENT for an option without its
 * value or a number that is none; ERR_NO_MEMORY. */
int arguments_parse(struct arguments *a, int argc, char **argv, struct err *e) MUST_CHECK;
void arguments_deinit(struct arguments *a);
#define cleanup_arguments CLEANUP(arguments_deinit)

/*
 * The words for the real runtime, ending in NULL: its name, and what was given without
 * what is ours. `extra`, which ends in NULL too, comes behind the command, and the
 * options that name bundle, configuration, process and descriptors go; with extra NULL
 * they stay. The array is the caller's, its texts are not. NULL without memory.
 */
char **arguments_compose(const struct arguments *a, const char *runtime,
                         const char *const *extra);

/* The words that ask it for the container's state, as they are for this call otherwise.
 * What is wrong then comes on standard error. NULL without memory. */
char **arguments_for_state(const struct arguments *a, const char *runtime);
