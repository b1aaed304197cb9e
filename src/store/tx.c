/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tx.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/*
 * A transaction is a view laid over its parent. A write first makes all it needs (record,
 * note of the touched id, room in the list of changes) and then puts it in place, which
 * can't fail. Merging and applying move the records on to the tables of the parent, so
 * these need (almost) no memory.
 */
#define CHANGES_FIRST_SIZE 8

/* ---- life ---- */

int store_tx_begin(const struct store_view *parent, int64_t now, struct store_tx **out)
{
    struct store_tx *tx = calloc(1, sizeof(*tx));
    if (!tx)
        return ERR_NO_MEMORY;
    store_view_init(&tx->view, parent);
    tx->parent_edits = parent->edits;
    tx->now = now;
    list_init(&tx->touched);
    *out = tx;
    return 0;
}

static void touched_free(struct store_touched *t)
{
    object_unref(t->before);
    store_record_free(t->now);
    free(t);
}

void store_tx_drop(struct store_tx *tx)
{
    if (!tx)
        return;
    LIST_FOR_EACH (link, &tx->touched)
        touched_free(CONTAINER_OF(link, struct store_touched, link));
    free(tx->changes);
    free(tx);
}

static void cleanup_tx(struct store_tx **tx)
{
    store_tx_drop(*tx);
}

const struct store_view *store_tx_view(const struct store_tx *tx)
{
    return &tx->view;
}

void store_tx_check_parent(const struct store_tx *tx, const struct store_view *parent)
{
    assert(tx->view.parent == parent);
    assert(tx->parent_edits == parent->edits);
}

/* ---- touched ids ---- */

static int reserve_changes(struct store_tx *tx, size_t more)
{
    size_t need = tx->n_touched + more;
    if (need <= tx->changes_cap)
        return 0;
    size_t cap = tx->changes_cap ? tx->changes_cap * 2 : CHANGES_FIRST_SIZE;
    if (cap < need)
        cap = need;
    struct store_change *changes = reallocarray(tx->changes, cap, sizeof(*changes));
    if (!changes)
        return ERR_NO_MEMORY;
    tx->changes = changes;
    tx->changes_cap = cap;
    return 0;
}

static struct store_touched *touched_get(struct store_tx *tx, enum object_kind kind,
                                         const char *id)
{
    struct store_index_entry *e = store_index_get(&tx->view.touched[kind], "", id);
    return e ? CONTAINER_OF(e, struct store_touched, entry) : NULL;
}

static void touched_add(struct store_tx *tx, struct store_touched *t)
{
    list_append(&tx->touched, &t->link);
    tx->n_touched++;
    store_index_put(&tx->view.touched[t->kind], &t->entry);
}

/* The note about an id; a new one says that nothing was done yet, which the caller
 * changes at once. NULL when there is no memory. */
static struct store_touched *touch(struct store_tx *tx, enum object_kind kind,
                                   const char *id, const struct object *before)
{
    struct store_touched *t = touched_get(tx, kind, id);
    if (t)
        return t;
    size_t size = strlen(id) + 1;
    if (reserve_changes(tx, 1) || !(t = calloc(1, sizeof(*t) + size)))
        return NULL;
    memcpy(t->id, id, size);
    t->entry.key = "";
    t->entry.id = t->id;
    t->kind = kind;
    t->before = before ? object_ref(before) : NULL;
    touched_add(tx, t);
    return t;
}

bool store_touched_is_change(const struct store_touched *t)
{
    return t->before || t->now;
}

/* Puts a record (or nothing) in the place of what the transaction has under an id. */
static void set_now(struct store_tx *tx, struct store_touched *t, struct store_record *r)
{
    struct store_table *table = &tx->view.tables[t->kind];
    if (r)
        store_record_free(store_table_put(table, r));
    else
        store_record_free(store_table_remove(table, t->id));
    t->now = r;
}

/* ---- writing ---- */

static uint64_t write_version(const struct store_tx *tx)
{
    return tx->is_writing ? tx->view.version : tx->view.version + 1;
}

static void note_write(struct store_tx *tx)
{
    assert(!tx->is_prepared);
    tx->view.version = write_version(tx);
    tx->is_writing = true;
    tx->view.edits++;
}

static int fill_meta(const struct store_tx *tx, struct object *obj,
                     const struct object *before)
{
    Swarm__Meta *meta = object_meta(obj);
    int64_t created = tx->now;
    if (before)
        created = message_time(object_meta(before)->created_at, created);
    if (message_set_time(&meta->created_at, created) ||
        message_set_time(&meta->updated_at, tx->now))
        return ERR_NO_MEMORY;
    meta->version->index = write_version(tx);
    return 0;
}

/* Writes obj in the place of `before`, what the transaction shows under its id. */
static int put(struct store_tx *tx, struct object *obj, const struct object *before)
{
    assert(obj->refs == 1);
    if (fill_meta(tx, obj, before))
        return ERR_NO_MEMORY;
    struct store_record *record = store_record_new(obj);
    if (!record)
        return ERR_NO_MEMORY;
    struct store_touched *t = touch(tx, obj->kind, object_id(obj), before);
    if (!t) {
        store_record_free(record);
        return ERR_NO_MEMORY;
    }
    set_now(tx, t, record);
    if (!before)
        tx->view.count[obj->kind]++;
    note_write(tx);
    return 0;
}

static int check_name(const struct store_tx *tx, const struct object *obj, struct err *e)
{
    const char *name = object_name(obj);
    if (str_is_empty(name))
        return 0;
    const struct object *other = store_get_by_name(&tx->view, obj->kind, name);
    if (!other || str_equal(object_id(other), object_id(obj)))
        return 0;
    return err_set(e, ERR_ALREADY_EXISTS, "%s %s already exists",
                   object_kind_name(obj->kind), name);
}

static int not_found(enum object_kind kind, const char *id, struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "%s %s not found", object_kind_name(kind), id);
}

int store_tx_create(struct store_tx *tx, struct object *obj, struct err *e)
{
    cleanup_object UNUSED struct object *owned = obj;
    assert(*object_id(obj));
    assert(!store_get(&tx->view, obj->kind, object_id(obj)));
    int r = check_name(tx, obj, e);
    if (r)
        return r;
    return put(tx, obj, NULL) ? err_no_memory(e) : 0;
}

static int update(struct store_tx *tx, struct object *obj, const uint64_t *version,
                  struct err *e)
{
    cleanup_object UNUSED struct object *owned = obj;
    const struct object *before = store_get(&tx->view, obj->kind, object_id(obj));
    if (!before)
        return not_found(obj->kind, object_id(obj), e);
    if (version && object_version(before) != *version)
        return err_set(e, ERR_UNKNOWN, "update out of sequence");
    int r = check_name(tx, obj, e);
    if (r)
        return r;
    return put(tx, obj, before) ? err_no_memory(e) : 0;
}

int store_tx_update(struct store_tx *tx, struct object *obj, struct err *e)
{
    return update(tx, obj, NULL, e);
}

int store_tx_update_version(struct store_tx *tx, struct object *obj, uint64_t version,
                            struct err *e)
{
    return update(tx, obj, &version, e);
}

int store_tx_remove(struct store_tx *tx, enum object_kind kind, const char *id,
                    struct err *e)
{
    const struct object *before = store_get(&tx->view, kind, id);
    if (!before)
        return not_found(kind, id, e);
    struct store_touched *t = touch(tx, kind, id, before);
    if (!t)
        return err_no_memory(e);
    set_now(tx, t, NULL);
    tx->view.count[kind]--;
    note_write(tx);
    return 0;
}

void store_tx_prepare(struct store_tx *tx)
{
    tx->is_prepared = true;
}

/* ---- what came of it ---- */

static struct store_change change_of(const struct store_touched *t)
{
    if (!t->before)
        return (struct store_change){STORE_CREATE, NULL, t->now->object};
    if (!t->now)
        return (struct store_change){STORE_REMOVE, t->before, NULL};
    return (struct store_change){STORE_UPDATE, t->before, t->now->object};
}

size_t store_tx_changes(struct store_tx *tx, const struct store_change **out)
{
    size_t n = 0;
    LIST_FOR_EACH (link, &tx->touched) {
        const struct store_touched *t = CONTAINER_OF(link, struct store_touched, link);
        if (store_touched_is_change(t))
            tx->changes[n++] = change_of(t);
    }
    *out = tx->changes;
    return n;
}

const struct object *store_change_object(const struct store_change *c)
{
    return c->after ? c->after : c->before;
}

/* Takes over what a nested transaction did to one id. The note moves too, unless there is
 * one already. */
static void merge_touched(struct store_tx *tx, struct store_touched *t)
{
    struct store_record *record = TAKE(t->now);
    struct store_touched *mine = touched_get(tx, t->kind, t->id);
    if (!mine) {
        list_remove(&t->link);
        touched_add(tx, t);
        mine = t;
    }
    set_now(tx, mine, record);
}

int store_tx_merge(struct store_tx *tx, struct store_tx *parent)
{
    CLEANUP(cleanup_tx) UNUSED struct store_tx *owned = tx;
    store_tx_check_parent(tx, &parent->view);
    assert(!parent->is_prepared);
    const struct store_change *changes;
    size_t n = store_tx_changes(tx, &changes);
    if (n == 0)
        return 0;
    if (reserve_changes(parent, n))
        return ERR_NO_MEMORY;
    LIST_FOR_EACH (link, &tx->touched) {
        struct store_touched *t = CONTAINER_OF(link, struct store_touched, link);
        if (store_touched_is_change(t))
            merge_touched(parent, t);
    }
    memcpy(parent->view.count, tx->view.count, sizeof(parent->view.count));
    parent->view.version = tx->view.version;
    parent->view.edits++;
    parent->is_writing = false;
    return 0;
}
