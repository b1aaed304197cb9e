/* SPDX-License-Identifier: Apache-2.0 */
#include "store/table.h"

#include <stdlib.h>

#include "base/str.h"

/* ---- the keys of an object ---- */

/* Counts the keys, and writes them to a record when there is one. */
struct key_list {
    struct store_record *record;
    size_t len;
};

static void add_key(struct key_list *l, const struct object *o, enum store_key which,
                    const char *key)
{
    if (l->record)
        l->record->keys[l->len] = (struct store_record_key){
            .entry = {.key = key, .id = object_id(o)},
            .which = which,
            .record = l->record,
        };
    l->len++;
}

static void add_name(struct key_list *l, const struct object *o, const char *name)
{
    if (!str_is_empty(name))
        add_key(l, o, STORE_KEY_NAME, name);
}

/* An object may refer to the same secret several times; the index then keeps one. */
static void add_references(struct key_list *l, const struct object *o,
                           const Swarm__TaskSpec *spec)
{
    if (spec->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER) {
        const Swarm__ContainerSpec *c = spec->container;
        for (size_t i = 0; i < c->n_secrets; i++)
            if (!secret_reference_is(c->secrets[i]->secret_name))
                add_key(l, o, STORE_KEY_SECRET, c->secrets[i]->secret_id);
        for (size_t i = 0; i < c->n_configs; i++)
            add_key(l, o, STORE_KEY_CONFIG, c->configs[i]->config_id);
    }
    for (size_t i = 0; i < spec->n_resource_references; i++) {
        const Swarm__ResourceReference *ref = spec->resource_references[i];
        if (ref->resource_type == SWARM__RESOURCE_TYPE__SECRET)
            add_key(l, o, STORE_KEY_SECRET, ref->resource_id);
        else if (ref->resource_type == SWARM__RESOURCE_TYPE__CONFIG)
            add_key(l, o, STORE_KEY_CONFIG, ref->resource_id);
    }
}

static void add_task_keys(struct key_list *l, const struct object *o,
                          const char *task_name)
{
    add_name(l, o, task_name);
    add_key(l, o, STORE_KEY_SERVICE, o->task->service_id);
    add_key(l, o, STORE_KEY_NODE, o->task->node_id);
    add_references(l, o, o->task->spec);
}

static void list_keys(struct key_list *l, const struct object *o, const char *task_name)
{
    add_key(l, o, STORE_KEY_ID, object_id(o));
    switch (o->kind) {
    case OBJECT_TASK:
        add_task_keys(l, o, task_name);
        break;
    case OBJECT_NODE:
        if (o->node->description)
            add_name(l, o, o->node->description->hostname);
        break;
    case OBJECT_SERVICE:
        add_name(l, o, object_name(o));
        add_references(l, o, o->service->spec->task);
        break;
    default:
        add_name(l, o, object_name(o));
    }
}

/* ---- records ---- */

struct store_record *store_record_new(const struct object *obj)
{
    struct key_list count = {0};
    list_keys(&count, obj, "any");
    struct store_record *r =
        calloc(1, sizeof(*r) + (count.len + 1) * sizeof(struct store_record_key));
    if (!r)
        return NULL;
    if (obj->kind == OBJECT_TASK && !(r->task_name = task_container_name(obj->task))) {
        free(r);
        return NULL;
    }
    struct key_list keys = {.record = r};
    list_keys(&keys, obj, r->task_name);
    r->len = keys.len;
    r->object = object_ref(obj);
    return r;
}

void store_record_free(struct store_record *r)
{
    if (!r)
        return;
    object_unref(r->object);
    free(r->task_name);
    free(r);
}

static struct store_record_key *key_of(const struct store_index_entry *e)
{
    return CONTAINER_OF((uintptr_t)e, struct store_record_key, entry);
}

struct store_record *store_record_of(const struct store_index_entry *e)
{
    return key_of(e)->record;
}

/* ---- tables ---- */

void store_table_init(struct store_table *t)
{
    *t = (struct store_table){0};
    t->by[STORE_KEY_NAME].nocase = true;
}

static void free_below(struct store_index_entry *e)
{
    if (!e)
        return;
    free_below(e->left);
    free_below(e->right);
    store_record_free(store_record_of(e));
}

void store_table_deinit(struct store_table *t)
{
    free_below(t->by[STORE_KEY_ID].root);
    store_table_init(t);
}

struct store_record *store_table_get(const struct store_table *t, const char *id)
{
    const struct store_index_entry *e = store_index_get(&t->by[STORE_KEY_ID], id, id);
    return e ? store_record_of(e) : NULL;
}

/* Takes the entries of r out of the indexes that still have them. */
static void unlink_keys(struct store_table *t, struct store_record *r)
{
    for (size_t i = 0; i < r->len; i++)
        if (r->keys[i].entry.height)
            store_index_remove(&t->by[r->keys[i].which], &r->keys[i].entry);
}

struct store_record *store_table_put(struct store_table *t, struct store_record *r)
{
    struct store_record *old = store_table_get(t, object_id(r->object));
    for (size_t i = 0; i < r->len; i++)
        store_index_put(&t->by[r->keys[i].which], &r->keys[i].entry);
    if (old)
        unlink_keys(t, old);
    return old;
}

struct store_record *store_table_remove(struct store_table *t, const char *id)
{
    struct store_record *r = store_table_get(t, id);
    if (r)
        unlink_keys(t, r);
    return r;
}
