/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pass/verb.h"

/* pass_main() for a run that is filled in as far as it is known. */
int pass_run(struct pass *p, int argc, char **argv);

/* Completion: prints the words that may stand where the last of argv stands; the first
 * form also what shells' scripts made by cobra want behind them, and returns an exit
 * status. */
int pass_complete(int argc, char **argv);
void pass_complete_words(int argc, char **argv);
