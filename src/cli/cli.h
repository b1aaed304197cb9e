/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * `coffer`, the command line: Docker's verbs and words over the daemon's API. Returns the
 * exit status: 0, 1 for what failed, 125 for flags that make no sense.
 */
int cli_main(int argc, char **argv);
