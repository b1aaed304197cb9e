/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/*
 * `coffer pass`, which as `docker pass` is a plugin of Docker's command line: keeps
 * secrets in the local store, and runs commands whose environment has them.
 */

/* What stands behind "pass" on a command line; `program` is what stands before it, as
 * people type it: "docker pass". Returns the exit status. A value in argv is overwritten
 * there. */
int pass_main(const char *program, int argc, char **argv);

/* The same for the program `docker-pass`: its whole command line, with the word "pass"
 * and docker's own flags before it where docker calls; docker's questions are answered
 * too. */
int pass_plugin_main(int argc, char **argv);

/* `coffer`'s word for it. */
extern const struct cli_addition pass_addition;
