/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/harden.h"

static int run(const struct config *config, struct err *e)
{
    int r = harden_process(e);
    if (!r)
        r = crypto_init(e);
    return r ? r : daemon_run(config, e);
}

int main(int argc, char **argv)
{
    struct config config = {0};
    struct err e = {0};
    enum config_verb verb;
    int r = config_parse(&config, argc, argv, &verb, &e);
    if (!r && verb == CONFIG_HELP) {
        config_print_help(stdout);
    } else if (!r && verb == CONFIG_VERSION) {
        printf("cofferd version %s\n", COFFER_VERSION);
    } else if (!r) {
        log_set_level((enum log_level)log_level_from_name(config.log_level));
        r = run(&config, &e);
    }
    if (r)
        log_error("%s", err_text(&e));
    config_deinit(&config);
    return err_exit_status(r);
}
