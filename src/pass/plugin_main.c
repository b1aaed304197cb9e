/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/pass.h"

/* The program `docker-pass`. */
int main(int argc, char **argv)
{
    return pass_plugin_main(argc, argv);
}
