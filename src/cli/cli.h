/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A noun of `coffer` that is carried out elsewhere, by a layer above this one. It reads
 * its own flags.
 */
struct cli_addition {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);       /* what stands behind the name */
    void (*complete)(int argc, char **argv); /* prints the words that may stand last */
};

/*
 * `coffer`, the command line: Docker's verbs and words over the daemon's API, and one
 * noun more (may be NULL). Returns the exit status: 0, 1 for what failed, 125 for flags
 * that make no sense.
 */
int cli_main(int argc, char **argv, const struct cli_addition *addition);
