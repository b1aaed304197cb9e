/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "pass/environment.h"

/*
 * Files of variables, as `run --env-file` takes them (dotenv):
 *
 *   # a comment; blank lines count for nothing
 *   export NAME=value        # "export" may stand before each; blanks around '=' may too
 *   NAME=bare text           # ends with the line, or at a blank and '#'; blanks at its
 *                            # ends are taken off; $VAR and ${VAR} are replaced
 *   NAME='as it is'          # no escapes, no variables; may have line ends
 *   NAME="text"              # \n \r \t \\ \" \$ are escapes, variables are replaced; may
 *                            # have line ends
 *
 * A variable in a value is one from earlier in the file, or else of the environment; one
 * that isn't there is "". A '$' with no name behind it stands for itself. What shells can
 * do besides ("${VAR:-x}", "$(...)") is refused or left alone: nothing is ever run.
 */
#define ENV_FILE_MAX (1024 * 1024)

/* Merges n bytes of such a file into an environment, later ones over earlier ones.
 * ERR_INVALID_ARGUMENT names the line, never a value; ERR_RESOURCE_EXHAUSTED (too many
 * variables, or values that grow past ENV_FILE_MAX by what they name), ERR_NO_MEMORY. */
int env_file_parse(const char *text, size_t n, struct environment *into,
                   struct err *e) MUST_CHECK;
