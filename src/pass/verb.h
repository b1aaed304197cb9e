/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "cli/flags.h"
#include "pass/secrets.h"

/*
 * A verb of `pass`: all that is known of it, in one row. Dispatch, help and completion
 * read the same table.
 */
struct pass;

/* What a verb's arguments are, for completion. */
enum verb_takes {
    VERB_TAKES_NOTHING,
    VERB_TAKES_IDS,
    VERB_TAKES_PLUGINS,
    VERB_TAKES_FILES,
    VERB_TAKES_STORES,
    VERB_TAKES_PROTECTIONS,
};

#define VERB_NAMES_MAX 5

struct verb {
    const char *group;                 /* "plugins" of `pass plugins ls`; NULL: none */
    const char *names[VERB_NAMES_MAX]; /* the first is its own, the others are aliases */
    const char *usage;                 /* what stands behind the name */
    const char *summary;               /* one line */
    const char *more;                  /* what help says besides; NULL: nothing */
    const char *examples;              /* lines; '@' stands for the program; NULL: none */
    const struct flag *flags;          /* NULL: none */
    int min, max;                      /* number of arguments; max -1: any */
    bool first_ends;                   /* the first argument ends the flags */
    bool is_hidden;                    /* from help */
    enum verb_takes takes;
    /* 0, or an error that is told; sets p->status for other failures. */
    int (*run)(struct pass *p, struct err *e);
};

extern const struct verb verbs[]; /* ends with a row without names */

/* The verb with this name or alias in a group (NULL: those that are in none); NULL. */
const struct verb *verb_find(const char *group, const char *name);

/* Is this the word of a group, with `next` (NULL: nothing) behind it? Where it is an
 * alias of a verb too ("store" of "set"), only a verb of the group behind it, or nothing,
 * makes it the group. */
bool verb_begins_group(const char *name, const char *next);

/* What a group is for. */
const char *verb_group_summary(const char *group);

/* One run of the program. */
struct pass {
    const char *program;  /* "docker pass", as the user types it */
    bool is_docker_child; /* docker waits for us, and knows no status of signals */
    const struct verb *verb;
    struct flags flags;
    int argc;
    char **argv; /* ends with NULL */
    struct secrets *secrets;
    int status; /* when run() returns 0 */
};

#define PASS_FAILED 1

int set_run(struct pass *p, struct err *e) MUST_CHECK;
int get_run(struct pass *p, struct err *e) MUST_CHECK;
int list_run(struct pass *p, struct err *e) MUST_CHECK;
int remove_run(struct pass *p, struct err *e) MUST_CHECK;
int run_run(struct pass *p, struct err *e) MUST_CHECK;
int version_run(struct pass *p, struct err *e) MUST_CHECK;
int plugins_list_run(struct pass *p, struct err *e) MUST_CHECK;
int plugins_enable_run(struct pass *p, struct err *e) MUST_CHECK;
int plugins_disable_run(struct pass *p, struct err *e) MUST_CHECK;
int plugins_logs_run(struct pass *p, struct err *e) MUST_CHECK;
int inject_run(struct pass *p, struct err *e) MUST_CHECK;
int store_show_run(struct pass *p, struct err *e) MUST_CHECK;
int store_set_run(struct pass *p, struct err *e) MUST_CHECK;
int store_passphrase_run(struct pass *p, struct err *e) MUST_CHECK;
int store_key_run(struct pass *p, struct err *e) MUST_CHECK;
int store_unlock_run(struct pass *p, struct err *e) MUST_CHECK;
int store_lock_run(struct pass *p, struct err *e) MUST_CHECK;
int doctor_run_pass(struct pass *p, struct err *e) MUST_CHECK;

extern const struct flag set_flags[], get_flags[], list_flags[], remove_flags[],
    run_flags[], plugins_list_flags[], inject_flags[], store_set_flags[],
    store_key_flags[], store_unlock_flags[];

/* ---- help and completion ---- */

void verb_help(const char *program, const struct verb *v);
void verb_help_group(const char *program, const char *group); /* NULL: the program */

/* Prints the words that may stand where the last of argv stands, a line each. Returns
 * whether a file may stand there too. Nothing is told when something is wrong. */
bool verb_complete(struct secrets *s, int argc, char **argv);
