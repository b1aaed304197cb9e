/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/*
 * What cofferd is told: by flags, by the environment (COFFER_STATE_DIR for --state-dir,
 * and so on), by a file of lines "name = value" with the flags' names, by defaults; the
 * first one in this order that says something wins.
 */
struct config {
    char *engine;    /* "unix:///path"; NULL: start Podman */
    char *state_dir; /* what must last */
    char *run_dir;   /* what a reboot may clear: sockets, the secrets file system */
    char *socket;    /* of the API; default RUN-DIR/coffer.sock */
    char *group;     /* that may use the socket */
    char *log_level;
    char *secret_fallback; /* "true", "false": an empty variable KEY may be secret KEY */
    bool secret_fallback_is_on;
    char *advertise_addr; /* what other nodes are told; NULL: found out */
    bool auto_init;       /* a fresh node is a swarm of one */
};

/* What main is to do with the arguments. */
enum config_verb {
    CONFIG_RUN,
    CONFIG_HELP,
    CONFIG_VERSION,
};

int config_parse(struct config *c, int argc, char **argv, enum config_verb *verb,
                 struct err *e) MUST_CHECK;
void config_deinit(struct config *c);

void config_print_help(FILE *out);
