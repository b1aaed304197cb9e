/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "pass/pass.h"

/* `coffer pass` needs nothing of what talks to a daemon, so it is told apart first. */
int main(int argc, char **argv)
{
    if (argc > 1 && str_equal(argv[1], pass_addition.name))
        return pass_addition.run(argc - 2, argv + 2);
    return cli_main(argc, argv, &pass_addition);
}
