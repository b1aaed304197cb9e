/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Flags as Docker's command line reads them: "--name value", "--name=value", "-n value",
 * "-nvalue", clusters of short ones ("-dq"), switches with an optional "=false", lists by
 * repeating the flag, "--" before arguments that begin with a dash.
 *
 * A table of `struct flag` (its end has no name) says which there are; the same table is
 * read for help and for completion.
 */

/* What a value must look like. `name` is the word help shows; NULL for a switch. */
struct flag_type {
    const char *name;
    int (*check)(const char *value, struct err *e); /* NULL: any text */
};

extern const struct flag_type flag_switch, flag_string, flag_list, flag_command;
extern const struct flag_type flag_uint, flag_int, flag_float;
extern const struct flag_type flag_decimal;  /* CPUs: "0.5" */
extern const struct flag_type flag_bytes;    /* "64m" */
extern const struct flag_type flag_duration; /* "1m30s" */
extern const struct flag_type flag_filter;   /* "key=value" */
extern const struct flag_type flag_label;    /* "key[=value]" */

struct flag {
    const char *name;
    char letter; /* 0: has no short form */
    const struct flag_type *type;
    const char *help;
    const char *fallback; /* told by help, not set anywhere; NULL: none */
    const char *refused;  /* Docker has it, we don't: a sentence why; not in help */
};

/* The flags of one command line, in their order. Texts are those of argv. */
struct flags {
    struct flag_value {
        const struct flag *flag;
        const char *value;
    } * values;
    size_t len;
};

#define FLAGS_INIT                                                                       \
    {                                                                                    \
        0                                                                                \
    }

/* The most flags and arguments of one command line. */
#define FLAGS_MAX 65536

/*
 * Reads argv[0 .. argc): flags go to f, what isn't a flag stays in argv, moved to its
 * front, *argc of them. `first_ends`: the first argument ends the flags (what follows is
 * a command for a container). ERR_INVALID_ARGUMENT with Docker's words.
 */
int flags_parse(struct flags *f, const struct flag *table, bool first_ends, int *argc,
                char **argv, struct err *e) MUST_CHECK;
void flags_deinit(struct flags *f);

/* Asking for a flag that the command's table doesn't have is fine: it isn't set. The last
 * one wins where a flag is given more than once. */
bool flags_has(const struct flags *f, const char *name);
bool flags_switch(const struct flags *f, const char *name);
const char *flags_string(const struct flags *f, const char *name); /* NULL: not given */

/* Walks the values of a list: `for (size_t i = 0; (v = flags_next(f, "label", &i));)`. */
const char *flags_next(const struct flags *f, const char *name, size_t *i);

/* Is any flag with this beginning given? */
bool flags_has_prefix(const struct flags *f, const char *prefix);

/* The row of a table with this name (n characters), or NULL. */
const struct flag *flag_find(const struct flag *table, const char *name, size_t n);

/* The flags of a table as help shows them: two columns, the right one wrapped. */
void help_flags(FILE *out, const struct flag *table);
