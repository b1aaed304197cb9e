/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engined/config.h"
#include "engined/plugin_settings.h"

/*
 * What one run of a plugin may do (confine.h): what its program is known to need, a
 * folder of its own, and what its settings add. A path that is the value of one of its
 * settings may be read. Where a setting only says the place of what the program writes,
 * that folder may be written unless what the engine goes by, or the home, is in it.
 */
#define ALLOWANCE_PATHS_MAX 128
#define ALLOWANCE_MEMORY (UINT64_C(1) << 30)

struct allowance {
    enum confinement degree;
    bool is_offline; /* sockets are local ones only */
    uint64_t memory;
    char *own_folder; /* for temporary files, too; NULL: there is none */
    char *paths[ALLOWANCE_PATHS_MAX + 1]; /* words of confine.h; ends in NULL */
    size_t n;
};

/* name: under which it has settings. Makes the folders that are the plugin's. */
int allowance_make(const struct config *c, const char *name, const char *file,
                   const struct plugin_settings *s, struct allowance *out,
                   struct err *e) MUST_CHECK;
void allowance_deinit(struct allowance *a);
#define cleanup_allowance CLEANUP(allowance_deinit)

/* What is less about it than by default, for a person; NULL: nothing. */
const char *allowance_lack(const struct allowance *a);
