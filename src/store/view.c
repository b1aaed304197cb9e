/* SPDX-License-Identifier: Apache-2.0 */
#include "store/view.h"

#include <string.h>

void store_view_init(struct store_view *v, const struct store_view *parent)
{
    *v = (struct store_view){.parent = parent};
    for (size_t kind = 0; kind < OBJECT_KINDS; kind++)
        store_table_init(&v->tables[kind]);
    if (!parent)
        return;
    v->version = parent->version;
    memcpy(v->count, parent->count, sizeof(v->count));
}

bool store_view_hides(const struct store_view *v, const struct store_view *below,
                      enum object_kind kind, const char *id)
{
    for (; v != below; v = v->parent)
        if (store_index_get(&v->touched[kind], "", id))
            return true;
    return false;
}

uint64_t store_version(const struct store_view *v)
{
    return v->version;
}

size_t store_count(const struct store_view *v, enum object_kind kind)
{
    return v->count[kind];
}

const struct object *store_get(const struct store_view *v, enum object_kind kind,
                               const char *id)
{
    for (; v; v = v->parent) {
        const struct store_record *r = store_table_get(&v->tables[kind], id);
        if (r)
            return r->object;
        if (store_index_get(&v->touched[kind], "", id))
            return NULL;
    }
    return NULL;
}

/* The first object with a key (or a prefix of one) that the view shows. */
static const struct object *first(const struct store_view *v, enum object_kind kind,
                                  enum store_key which, const char *key, bool is_prefix)
{
    for (const struct store_view *at = v; at; at = at->parent) {
        struct store_index_walk walk;
        store_index_walk(&at->tables[kind].by[which], key, is_prefix, &walk);
        const struct store_index_entry *e;
        while ((e = store_index_next(&walk)))
            if (!store_view_hides(v, at, kind, e->id))
                return store_record_of(e)->object;
    }
    return NULL;
}

const struct object *store_get_by_name(const struct store_view *v, enum object_kind kind,
                                       const char *name)
{
    return first(v, kind, STORE_KEY_NAME, name, false);
}

const Swarm__Cluster *store_cluster(const struct store_view *v)
{
    const struct object *o = first(v, OBJECT_CLUSTER, STORE_KEY_ID, "", true);
    return o ? o->cluster : NULL;
}
