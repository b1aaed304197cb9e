/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a rotation: rows and payloads that are still sealed with an old key. A row is
 * sealed anew by writing the same object again; a payload is part of an object, so it
 * changes by an update of the store.
 */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "storage/sealed_row.h"

static bool is_payload_stale(const struct sealed *s, const struct sealed_row *row)
{
    return row->has_payload && memcmp(row->payload_key_id, keyring_current_id(s->keys),
                                      SEAL_KEY_ID_SIZE) != 0;
}

static bool is_row_stale(const struct sealed *s, const struct sealed_row *row)
{
    return !keyring_is_current(s->keys, row->seal, sizeof(row->seal));
}

static const char *id_of_key(const char *key)
{
    return strchr(key, '/') + 1;
}

size_t sealed_list_stale(const struct sealed *s, struct sealed_stale *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < s->rows.len && n < max; i++) {
        const struct sealed_row *row = s->rows.entries[i].value;
        bool is_payload = is_payload_stale(s, row);
        if (!row->is_stored || (!is_payload && !is_row_stale(s, row)))
            continue;
        out[n] = (struct sealed_stale){.kind = row->kind, .is_payload = is_payload};
        strcpy_cut(out[n].id, sizeof(out[n].id), id_of_key(s->rows.entries[i].key));
        n++;
    }
    return n;
}

bool sealed_is_current(const struct sealed *s)
{
    struct sealed_stale one;
    if (s->is_committing || sealed_list_stale(s, &one, 1))
        return false;
    return !s->has_head ||
           keyring_is_current(s->keys, s->head_seal, sizeof(s->head_seal));
}

/* The stale rows as changes that write the same object again. */
static size_t collect(const struct sealed *s, const struct store_view *view,
                      struct store_change *changes, size_t limit)
{
    size_t n = 0;
    for (size_t i = 0; i < s->rows.len && n < limit; i++) {
        const struct sealed_row *row = s->rows.entries[i].value;
        if (is_payload_stale(s, row) || !is_row_stale(s, row))
            continue;
        const struct object *o =
            store_get(view, row->kind, id_of_key(s->rows.entries[i].key));
        assert(o);
        changes[n++] =
            (struct store_change){.action = STORE_UPDATE, .before = o, .after = o};
    }
    return n;
}

void sealed_reseal(struct sealed *s, const struct store_view *view, size_t limit,
                   storage_committed done, void *user)
{
    assert(!s->is_committing);
    if (limit > SEALED_RESEAL_MAX)
        limit = SEALED_RESEAL_MAX;
    struct store_change changes[SEALED_RESEAL_MAX];
    size_t n = collect(s, view, changes, limit);
    sealed_commit(s, changes, n, s->head.version, done, user);
}
