/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/pass.h"
#include "pass/private.h"

static int run(int argc, char **argv)
{
    return pass_main("coffer pass", argc, argv);
}

const struct cli_addition pass_addition = {
    .name = "pass",
    .summary = "Manage your own secrets and run commands with them",
    .run = run,
    .complete = pass_complete_words,
};
