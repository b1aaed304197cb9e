/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/view.h"

/*
 * Finding: each view from the top down gives what of its own matches and isn't hidden by
 * one above, sorted by id; these runs are merged into the answer.
 */
#define LIST_FIRST_SIZE 8

static const struct {
    enum store_key which;
    bool is_prefix;
} selections[] = {
    [STORE_ALL] = {STORE_KEY_ID, true},
    [STORE_BY_ID_PREFIX] = {STORE_KEY_ID, true},
    [STORE_BY_NAME] = {STORE_KEY_NAME, false},
    [STORE_BY_NAME_PREFIX] = {STORE_KEY_NAME, true},
    [STORE_BY_SERVICE] = {STORE_KEY_SERVICE, false},
    [STORE_BY_NODE] = {STORE_KEY_NODE, false},
    [STORE_BY_SECRET] = {STORE_KEY_SECRET, false},
    [STORE_BY_CONFIG] = {STORE_KEY_CONFIG, false},
};

/* ---- lists ---- */

static void cut(struct object_list *l, size_t len)
{
    while (l->len > len)
        object_unref(l->objects[--l->len]);
}

void object_list_deinit(struct object_list *l)
{
    cut(l, 0);
    free(l->objects);
    *l = (struct object_list)OBJECT_LIST_INIT;
}

static int reserve(struct object_list *l, size_t more)
{
    if (l->cap - l->len >= more)
        return 0;
    size_t cap = l->cap ? l->cap * 2 : LIST_FIRST_SIZE;
    if (cap < l->len + more)
        cap = l->len + more;
    const struct object **objects = reallocarray(l->objects, cap, sizeof(*objects));
    if (!objects)
        return ERR_NO_MEMORY;
    l->objects = objects;
    l->cap = cap;
    return 0;
}

static int append(struct object_list *l, const struct object *o)
{
    if (reserve(l, 1))
        return ERR_NO_MEMORY;
    l->objects[l->len++] = object_ref(o);
    return 0;
}

static int compare_ids(const struct object *a, const struct object *b)
{
    return strcmp(object_id(a), object_id(b));
}

static int compare_places(const void *a, const void *b)
{
    return compare_ids(*(const struct object *const *)a,
                       *(const struct object *const *)b);
}

/* Moves the objects of run into l, of which those from `start` on are sorted, as run is.
 * It works from the end, so that nothing is overwritten that is still to be moved. */
static int merge(struct object_list *l, size_t start, struct object_list *run)
{
    if (reserve(l, run->len))
        return ERR_NO_MEMORY;
    size_t a = l->len, b = run->len, to = a + b;
    l->len = to;
    while (b > 0) {
        bool take_a =
            a > start && compare_ids(l->objects[a - 1], run->objects[b - 1]) > 0;
        l->objects[--to] = take_a ? l->objects[--a] : run->objects[--b];
    }
    run->len = 0;
    return 0;
}

/* ---- finding ---- */

/* Appends what matches in the view `at`, one of those that v consists of. */
static int collect(const struct store_view *v, const struct store_view *at,
                   enum object_kind kind, enum store_by by, const char *key,
                   struct object_list *run)
{
    struct store_index_walk walk;
    store_index_walk(&at->tables[kind].by[selections[by].which], key,
                     selections[by].is_prefix, &walk);
    const struct store_index_entry *e;
    while ((e = store_index_next(&walk))) {
        if (store_view_hides(v, at, kind, e->id))
            continue;
        if (append(run, store_record_of(e)->object))
            return ERR_NO_MEMORY;
    }
    /* Only names that differ can come in another order than their ids. */
    if (by == STORE_BY_NAME_PREFIX && run->len > 1)
        qsort(run->objects, run->len, sizeof(*run->objects), compare_places);
    return 0;
}

static int find(const struct store_view *v, enum object_kind kind, enum store_by by,
                const char *key, struct object_list *out)
{
    size_t start = out->len;
    for (const struct store_view *at = v; at; at = at->parent) {
        cleanup_object_list struct object_list run = OBJECT_LIST_INIT;
        if (collect(v, at, kind, by, key, &run) || merge(out, start, &run))
            return ERR_NO_MEMORY;
    }
    return 0;
}

int store_find(const struct store_view *v, enum object_kind kind, enum store_by by,
               const char *key, struct object_list *out)
{
    assert(by == STORE_ALL || key);
    size_t len = out->len;
    int r = find(v, kind, by, by == STORE_ALL ? "" : key, out);
    if (r)
        cut(out, len);
    return r;
}
