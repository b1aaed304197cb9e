/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "resolver/merge.h"

/*
 * The engine's settings: flags before the file engine.conf of the configuration folder
 * (lines "name = value") before defaults. All strings are its own.
 */
enum store_choice {
    STORE_AUTO, /* the keychain where a Secret Service answers, else the files */
    STORE_KEYCHAIN,
    STORE_FILE,
};

enum docker_choice {
    DOCKER_AUTO, /* unless this is another instance, with a COFFER_HOME */
    DOCKER_YES,
    DOCKER_NO,
};

/* Folders to look for plugins in. */
#define PLUGIN_FOLDERS_MAX 8

struct config {
    char *config_folder; /* engine.conf, plugins/NAME.conf, policy */
    char *data_folder;   /* what the engine itself keeps */
    char *run_folder;    /* our socket */
    char *socket;        /* --socket, COFFER_ENGINE_SOCKET: then only this one */
    char *plugin_folders[PLUGIN_FOLDERS_MAX];
    size_t n_plugin_folders;
    char *policy; /* path of the policy file; NULL: none */
    char *prompt; /* the command that asks a person; NULL: none */
    enum store_choice store;
    enum docker_choice docker_sockets; /* serve those of Docker's engine, too? */
    enum merge_rule failure_rule;
    int64_t request_timeout; /* of a plugin's answer */
    int64_t idle_timeout;    /* when started on demand */
    int64_t retry_time;      /* that a failing plugin is waited for, in all */
    int64_t cache;           /* how long values are kept; 0: not at all */
    int log_level;
    bool is_on_demand;
    int ready_fd; /* -1: none */
};

enum config_verb {
    CONFIG_RUN,
    CONFIG_HELP,
    CONFIG_VERSION,
};

int config_load(struct config *c, int argc, char **argv, enum config_verb *verb,
                struct err *e) MUST_CHECK;
void config_deinit(struct config *c);
void config_print_help(FILE *out);
