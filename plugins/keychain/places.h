/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "base/map.h"

/*
 * Where secrets were found: the path of the item that counts, by id. What is remembered
 * holds as long as nobody tells of a change, so it bears the number of changes that there
 * had been before it was looked for.
 */
struct keychain_places {
    struct map paths;
    unsigned changes;
};

/* How many are remembered. One more, and all are forgotten. */
#define KEYCHAIN_PLACES_MAX 1024

/* Forgets all. */
void keychain_places_clear(struct keychain_places *p);

/* There have been so many changes: what was remembered before the last one is forgotten.
 */
void keychain_places_renew(struct keychain_places *p, unsigned changes);

/* Remembers an id's path. ERR_NO_MEMORY. */
int keychain_places_put(struct keychain_places *p, const char *id, const char *path,
                        struct err *e) MUST_CHECK;

/* The path, lent until the next change of these; NULL: unknown. */
const char *keychain_places_get(const struct keychain_places *p, const char *id);
