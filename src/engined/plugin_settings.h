/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What the file plugins/NAME.conf says, lines "key = value". The engine's own keys are
 * `pattern` (instead of the plugin's own), `enabled` (true or false), those below,
 * and, for a plugin that is in none of the folders, `command` (its program).
 * The others are the plugin's; a value of theirs may be a se:// reference into the local
 * store.
 *
 *   controls-access = yes|no    without it nobody gets anything (access_modules.h)
 *   confine = full|calls|none   how it is confined (allowance.h), if not as by default
 *   allow-read = PATH           may be given again; "~/" is in the user's home
 *   allow-write = PATH          the same
 *   allow-network = yes|no
 *   memory = BYTES              of data; with a 'k', 'm' or 'g' behind it that many more
 */
enum confinement {
    CONFINEMENT_DEFAULT,
    CONFINEMENT_NONE,
    CONFINEMENT_CALLS, /* its system calls, and no new privileges */
    CONFINEMENT_FULL,  /* to its folders, too */
};

#define PLUGIN_PATHS_MAX 32
#define PLUGIN_MEMORY_MIN (UINT64_C(16) << 20)
#define PLUGIN_MEMORY_MAX (UINT64_C(1) << 40)
#define PLUGIN_LINES_MAX 64
#define PLUGIN_FILE_MAX 65536

struct plugin_line {
    char *key, *value;
};

struct plugin_path {
    char *path;
    bool is_writable;
};

struct plugin_settings {
    bool is_there; /* the file is */
    bool has_enabled, is_enabled;
    char *pattern, *command; /* NULL: not said */
    struct plugin_line lines[PLUGIN_LINES_MAX];
    size_t n_lines;
    bool controls_access;
    enum confinement confinement;
    struct plugin_path paths[PLUGIN_PATHS_MAX];
    size_t n_paths;
    bool has_network, allows_network; /* is it said, and what */
    uint64_t memory;                  /* 0: not said */
};

/* Reads the file of a plugin; without one all is empty. takes_command: `command` is one
 * of the plugin's own keys. */
int plugin_settings_read(const char *folder, const char *name, bool takes_command,
                         struct plugin_settings *out, struct err *e) MUST_CHECK;
void plugin_settings_deinit(struct plugin_settings *s);

/* May a plugin that we start have this name? It stands in paths, and in JSON as it is:
 * letters, digits, '.', '_' and '-', not first a '.'. */
bool plugin_name_is_plain(const char *name);
