/* SPDX-License-Identifier: Apache-2.0 */
#include "keychain/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void keychain_places_clear(struct keychain_places *p)
{
    for (size_t i = 0; i < p->paths.len; i++)
        free(p->paths.entries[i].value);
    map_deinit(&p->paths);
    *p = (struct keychain_places){.changes = p->changes};
}

void keychain_places_renew(struct keychain_places *p, unsigned changes)
{
    if (p->changes != changes)
        keychain_places_clear(p);
    p->changes = changes;
}

int keychain_places_put(struct keychain_places *p, const char *id, const char *path,
                        struct err *e)
{
    void *old = NULL;
    char *copy = mem_dup(path, strlen(path));
    if (p->paths.len >= KEYCHAIN_PLACES_MAX)
        keychain_places_clear(p);
    if (!copy || map_put(&p->paths, id, copy, &old)) {
        free(copy);
        return err_no_memory(e);
    }
    free(old);
    return 0;
}

const char *keychain_places_get(const struct keychain_places *p, const char *id)
{
    return map_get(&p->paths, id);
}
