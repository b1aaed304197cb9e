/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/tx.h"

/* The store proper: the lowest view, loading, and applying what became durable. */
struct store {
    struct store_view view;
    struct list watches;
};

struct store *store_new(void)
{
    struct store *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    store_view_init(&s->view, NULL);
    list_init(&s->watches);
    return s;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    LIST_FOR_EACH (link, &s->watches)
        list_remove(link);
    for (size_t kind = 0; kind < OBJECT_KINDS; kind++)
        store_table_deinit(&s->view.tables[kind]);
    free(s);
}

const struct store_view *store_view(const struct store *s)
{
    return &s->view;
}

/* ---- loading ---- */

static int check_unique(const struct store *s, const struct object *obj, struct err *e)
{
    const char *kind = object_kind_name(obj->kind);
    if (store_get(&s->view, obj->kind, object_id(obj)))
        return err_set(e, ERR_DATA_LOSS, "%s %s is stored twice", kind, object_id(obj));
    const char *name = object_name(obj);
    const struct object *other =
        str_is_empty(name) ? NULL : store_get_by_name(&s->view, obj->kind, name);
    if (!other)
        return 0;
    return err_set(e, ERR_DATA_LOSS, "%s %s and %s %s have the same name %s", kind,
                   object_id(other), kind, object_id(obj), name);
}

int store_load(struct store *s, struct object *obj, struct err *e)
{
    cleanup_object UNUSED struct object *owned = obj;
    int r = check_unique(s, obj, e);
    if (r)
        return r;
    struct store_record *record = store_record_new(obj);
    if (!record)
        return err_no_memory(e);
    struct store_record *old = store_table_put(&s->view.tables[obj->kind], record);
    assert(!old);
    s->view.count[obj->kind]++;
    s->view.edits++;
    return 0;
}

void store_set_version(struct store *s, uint64_t version)
{
    s->view.version = version;
    s->view.edits++;
}

/* ---- watching ---- */

void store_watch_add(struct store *s, struct store_watch *w)
{
    list_append(&s->watches, &w->link);
}

void store_watch_remove(struct store_watch *w)
{
    list_remove(&w->link);
}

/* The watch behind a place in the list, which moves on behind it; NULL at `end`. That the
 * place is a link itself lets callbacks remove any watch. */
static struct store_watch *next_watch(struct list *place, const struct list *end)
{
    struct list *next = place->next;
    if (next == end)
        return NULL;
    list_remove(place);
    list_append(next->next, place);
    return CONTAINER_OF(next, struct store_watch, link);
}

static void tell_change(struct list *watches, const struct list *end,
                        const struct store_change *change)
{
    struct list place;
    struct store_watch *w;
    list_append(watches->next, &place);
    while ((w = next_watch(&place, end)))
        w->on_change(change, w->user);
    list_remove(&place);
}

static void tell_commit(const struct store *s, struct list *watches,
                        const struct list *end)
{
    struct list place;
    struct store_watch *w;
    list_append(watches->next, &place);
    while ((w = next_watch(&place, end)))
        if (w->on_commit)
            w->on_commit(&s->view, w->user);
    list_remove(&place);
}

/* A watch that is added meanwhile comes behind `end` and waits for the next
 * transaction. */
static void tell(struct store *s, const struct store_change *changes, size_t n)
{
    struct list end;
    list_append(&s->watches, &end);
    for (size_t i = 0; i < n; i++)
        tell_change(&s->watches, &end, &changes[i]);
    tell_commit(s, &s->watches, &end);
    list_remove(&end);
}

/* ---- applying ---- */

static void apply_touched(struct store *s, struct store_touched *t)
{
    struct store_table *table = &s->view.tables[t->kind];
    struct store_record *record = TAKE(t->now);
    store_record_free(record ? store_table_put(table, record)
                             : store_table_remove(table, t->id));
}

static void apply(struct store *s, struct store_tx *tx)
{
    LIST_FOR_EACH (link, &tx->touched) {
        struct store_touched *t = CONTAINER_OF(link, struct store_touched, link);
        if (store_touched_is_change(t))
            apply_touched(s, t);
    }
    memcpy(s->view.count, tx->view.count, sizeof(s->view.count));
    s->view.version = tx->view.version;
    s->view.edits++;
}

void store_apply(struct store *s, struct store_tx *tx)
{
    store_tx_check_parent(tx, &s->view);
    const struct store_change *changes;
    size_t n = store_tx_changes(tx, &changes);
    if (n > 0) {
        apply(s, tx);
        tell(s, changes, n);
    }
    store_tx_drop(tx);
}
