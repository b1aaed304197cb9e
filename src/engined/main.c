/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "engined/config.h"
#include "engined/confine.h"
#include "engined/engine.h"
#include "engined/harden.h"
#include "json/json.h"

static int run(const struct config *config, struct err *e)
{
    int r = harden_process(config->ready_fd, e);
    if (config->is_on_demand)
        (void)setsid(); /* Ctrl-C in the terminal is for who started us */
    harden_tell_memory();
    json_setup();
    return r ? r : engine_run(config, e);
}

/* Who started us waits for a line: this one is for a person. */
static void tell_failure(int fd, const struct err *e)
{
    dprintf(fd, "%s\n", err_text(e));
}

int main(int argc, char **argv)
{
    struct config config = {.ready_fd = -1};
    struct err e = {0};
    enum config_verb verb;
    if (confine_is_asked(argc, argv))
        return confine_main(argv);
    harden_memory();
    log_set_program("coffer-engined");
    int r = config_load(&config, argc, argv, &verb, &e);
    if (!r && verb == CONFIG_HELP) {
        config_print_help(stdout);
    } else if (!r && verb == CONFIG_VERSION) {
        printf("coffer-engined version %s\n", COFFER_VERSION);
    } else if (!r) {
        log_set_level((enum log_level)config.log_level);
        r = run(&config, &e);
    }
    if (r)
        log_error("%s", err_text(&e));
    if (r && config.ready_fd >= 0)
        tell_failure(config.ready_fd, &e);
    config_deinit(&config);
    return err_exit_status(r);
}
