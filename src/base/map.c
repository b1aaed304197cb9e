/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define MAP_FIRST_SIZE 8

void map_deinit(struct map *m)
{
    for (size_t i = 0; i < m->len; i++)
        free(m->entries[i].key);
    free(m->entries);
    *m = (struct map)MAP_INIT;
}

/* The index of the first entry whose key is not before `key`; m->len when there is none.
 */
static size_t lower_bound(const struct map *m, const char *key)
{
    size_t low = 0, high = m->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(m->entries[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_key_at(const struct map *m, size_t i, const char *key)
{
    return i < m->len && strcmp(m->entries[i].key, key) == 0;
}

static int grow(struct map *m)
{
    if (m->len < m->cap)
        return 0;
    size_t cap = m->cap ? m->cap * 2 : MAP_FIRST_SIZE;
    struct map_entry *entries = reallocarray(m->entries, cap, sizeof(*entries));
    if (!entries)
        return ERR_NO_MEMORY;
    m->entries = entries;
    m->cap = cap;
    return 0;
}

int map_put(struct map *m, const char *key, void *value, void **old)
{
    size_t i = lower_bound(m, key);
    if (is_key_at(m, i, key)) {
        if (old)
            *old = m->entries[i].value;
        m->entries[i].value = value;
        return 0;
    }
    if (grow(m))
        return ERR_NO_MEMORY;
    char *copy = strdup(key);
    if (!copy)
        return ERR_NO_MEMORY;
    memmove(&m->entries[i + 1], &m->entries[i], (m->len - i) * sizeof(*m->entries));
    m->entries[i] = (struct map_entry){copy, value};
    m->len++;
    if (old)
        *old = NULL;
    return 0;
}

void *map_get(const struct map *m, const char *key)
{
    size_t i = lower_bound(m, key);
    return is_key_at(m, i, key) ? m->entries[i].value : NULL;
}

void *map_remove(struct map *m, const char *key)
{
    size_t i = lower_bound(m, key);
    if (!is_key_at(m, i, key))
        return NULL;
    void *value = m->entries[i].value;
    free(m->entries[i].key);
    m->len--;
    memmove(&m->entries[i], &m->entries[i + 1], (m->len - i) * sizeof(*m->entries));
    return value;
}
