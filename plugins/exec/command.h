/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * A command line of the configuration: words with blanks between them. A word, or a part
 * of it, may be in single quotes (as it is) or double quotes (\" and \\ are " and \).
 * Nothing else has a meaning: no shell ever sees it. "{id}" in a word stands for an id.
 */
#define COMMAND_WORDS_MAX 64
struct command {
    char *text; /* the words, each with a NUL */
    const char *words[COMMAND_WORDS_MAX + 1];
    size_t n;
};

/* ERR_INVALID_ARGUMENT: a quote isn't closed, there is no word, or too many;
 * ERR_NO_MEMORY. */
int command_parse(const char *text, struct command *out, struct err *e) MUST_CHECK;
void command_deinit(struct command *c);
#define cleanup_command CLEANUP(command_deinit)

/* Does a word have "{id}"? */
bool command_has_id(const struct command *c);

/* The same words with an id in the place of each "{id}". ERR_INVALID_ARGUMENT for an id
 * that begins with '-' and a word that would begin with it: the program would take it for
 * an option. */
int command_with_id(const struct command *c, const char *id, struct command *out,
                    struct err *e) MUST_CHECK;
