/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/*
 * Realms: parts of the id space that Docker's own programs have for their use. This is an
 * agreement on names, no permission: nobody is kept out by it, except that ids of an
 * internal realm are not handed out by the local store.
 */
struct realm {
    const char *pattern; /* with "**" as its last component */
    bool is_internal;    /* the engine's own: a store hides it from its answers */
};

/* The realm an id is in, of several the innermost; NULL for none. id is valid. */
const struct realm *realm_of(const char *id);
