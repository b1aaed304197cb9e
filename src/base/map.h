/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

/*
 * An ordered map from strings to pointers: an array sorted by strcmp of the keys. Look-up
 * is a binary search, a walk is in order; insertion moves what lies behind, which stays
 * cheap for the tens of thousands of entries that a store has, and no choice of keys
 * makes it worse.
 *
 * Keys are copied. Values are the caller's.
 */
struct map_entry {
    char *key;
    void *value;
};

struct map {
    struct map_entry *entries;
    size_t len;
    size_t cap;
};

#define MAP_INIT                                                                         \
    {                                                                                    \
        0                                                                                \
    }

/* Frees the map and its keys, not the values. */
void map_deinit(struct map *m);

/* Sets key to value and returns 0 or ERR_NO_MEMORY; *old (when not NULL) is what stood
 * there before, or NULL. */
int map_put(struct map *m, const char *key, void *value, void **old) MUST_CHECK;

/* The value of key, or NULL. */
void *map_get(const struct map *m, const char *key);

/* Removes key and returns its value, or NULL when it isn't there. */
void *map_remove(struct map *m, const char *key);
