/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store_fixture.h"

/*
 * The store against a naive model. Bytes (random in the unit test, the fuzzer's choice in
 * the fuzz target) are read as operations on a store and on transactions that nest; the
 * model does the same with plain arrays that are copied for each transaction. After every
 * step all that can be looked up must be the same in both.
 *
 * Ids and names come from small pools, so that collisions are frequent.
 */
#define MODEL_IDS 8
#define MODEL_NAMES 6
#define MODEL_KEYS 4
#define MODEL_DEPTH 4
#define MODEL_EVENTS 64

static const char *const model_ids[MODEL_IDS] = {"a",  "ab", "abc", "b",
                                                 "ba", "c",  "ca",  "cab"};
static const char *const model_names[MODEL_NAMES] = {"",        "web", "WEB",
                                                     "Webhook", "db",  "dB2"};
static const char *const model_keys[MODEL_KEYS] = {"", "x", "xy", "y"};
static const enum object_kind model_kinds[] = {OBJECT_SECRET, OBJECT_SERVICE, OBJECT_TASK,
                                               OBJECT_NODE};
#define MODEL_KINDS ARRAY_SIZE(model_kinds)

struct model_object {
    bool exists;
    size_t name, service, node, secrets[2], config;
    uint64_t version;
    int64_t created, updated;
};

/* One view: the committed one, or what a transaction shows. */
struct model_level {
    struct model_object objects[MODEL_KINDS][MODEL_IDS];
    bool is_touched[MODEL_KINDS][MODEL_IDS];
    size_t order[MODEL_KINDS * MODEL_IDS]; /* touched ones: kind * MODEL_IDS + id */
    size_t n_order;
    uint64_t version;
    bool is_writing;
    int64_t now;
    struct store_tx *tx; /* NULL for the committed one */
};

struct model {
    const uint8_t *ops;
    size_t len;
    struct store *store;
    size_t depth;
    struct model_level levels[MODEL_DEPTH];
    struct store_watch watch;
    struct store_change events[MODEL_EVENTS];
    size_t n_events, n_commits;
};

static size_t model_pick(struct model *m, size_t below)
{
    if (m->len == 0)
        return 0;
    m->len--;
    return *m->ops++ % below;
}

static struct model_level *model_top(struct model *m)
{
    return &m->levels[m->depth];
}

static const struct store_view *model_view(struct model *m, size_t depth)
{
    return depth ? store_tx_view(m->levels[depth].tx) : store_view(m->store);
}

/* ---- what the model says of an object ---- */

static bool model_has_unique_name(size_t kind)
{
    return model_kinds[kind] == OBJECT_SECRET || model_kinds[kind] == OBJECT_SERVICE;
}

static bool model_has_references(size_t kind)
{
    return model_kinds[kind] == OBJECT_TASK || model_kinds[kind] == OBJECT_SERVICE;
}

static struct object *model_make(size_t kind, size_t id, const struct model_object *o)
{
    struct object *obj =
        fixture_object(model_kinds[kind], model_ids[id], model_names[o->name]);
    if (model_kinds[kind] == OBJECT_TASK) {
        fixture_set(&obj->task->service_id, model_keys[o->service]);
        fixture_set(&obj->task->node_id, model_keys[o->node]);
    }
    if (!model_has_references(kind))
        return obj;
    for (size_t i = 0; i < ARRAY_SIZE(o->secrets); i++)
        if (o->secrets[i])
            fixture_use_secret(obj, model_keys[o->secrets[i]]);
    if (o->config)
        fixture_use_config(obj, model_keys[o->config]);
    return obj;
}

/* The name by which an object is found; a task without a name has its container's. */
static void model_name(size_t kind, size_t id, const struct model_object *o, char *out,
                       size_t size)
{
    if (model_kinds[kind] == OBJECT_TASK && !*model_names[o->name])
        snprintf(out, size, ".%s.%s", model_keys[o->node], model_ids[id]);
    else
        snprintf(out, size, "%s", model_names[o->name]);
}

static bool model_matches(size_t kind, size_t id, const struct model_object *o,
                          enum store_by by, const char *key)
{
    char name[64];
    model_name(kind, id, o, name, sizeof(name));
    bool is_task = model_kinds[kind] == OBJECT_TASK;
    bool has_references = model_has_references(kind);
    switch (by) {
    case STORE_ALL:
        return true;
    case STORE_BY_ID_PREFIX:
        return strncmp(model_ids[id], key, strlen(key)) == 0;
    case STORE_BY_NAME:
        return *name && strcasecmp(name, key) == 0;
    case STORE_BY_NAME_PREFIX:
        return *name && strncasecmp(name, key, strlen(key)) == 0;
    case STORE_BY_SERVICE:
        return is_task && strcmp(model_keys[o->service], key) == 0;
    case STORE_BY_NODE:
        return is_task && strcmp(model_keys[o->node], key) == 0;
    case STORE_BY_SECRET:
        return has_references && *key &&
               (strcmp(model_keys[o->secrets[0]], key) == 0 ||
                strcmp(model_keys[o->secrets[1]], key) == 0);
    case STORE_BY_CONFIG:
        return has_references && *key && strcmp(model_keys[o->config], key) == 0;
    }
    return false;
}

/* ---- comparing ---- */

static void model_check_same(const struct object *obj, size_t kind, size_t id,
                             const struct model_object *o)
{
    assert(obj->kind == model_kinds[kind]);
    assert(strcmp(object_id(obj), model_ids[id]) == 0);
    assert(object_version(obj) == o->version);
    assert(message_time(object_meta(obj)->created_at, -1) == o->created);
    assert(message_time(object_meta(obj)->updated_at, -1) == o->updated);
}

static void model_check_find(struct model *m, size_t depth, size_t kind, enum store_by by,
                             const char *key)
{
    const struct model_level *level = &m->levels[depth];
    cleanup_object_list struct object_list found = OBJECT_LIST_INIT;
    int r = store_find(model_view(m, depth), model_kinds[kind], by, key, &found);
    assert(r == 0);
    size_t n = 0;
    for (size_t id = 0; id < MODEL_IDS; id++) {
        const struct model_object *o = &level->objects[kind][id];
        if (!o->exists || !model_matches(kind, id, o, by, key))
            continue;
        assert(n < found.len);
        model_check_same(found.objects[n++], kind, id, o);
    }
    assert(n == found.len);
}

static void model_check_get(struct model *m, size_t depth, size_t kind)
{
    const struct store_view *v = model_view(m, depth);
    size_t count = 0;
    for (size_t id = 0; id < MODEL_IDS; id++) {
        const struct model_object *o = &m->levels[depth].objects[kind][id];
        const struct object *obj = store_get(v, model_kinds[kind], model_ids[id]);
        assert((obj != NULL) == o->exists);
        if (obj)
            model_check_same(obj, kind, id, o);
        count += o->exists;
    }
    assert(store_count(v, model_kinds[kind]) == count);
}

static void model_check_name(struct model *m, size_t depth, size_t kind, const char *name)
{
    const struct object *obj =
        store_get_by_name(model_view(m, depth), model_kinds[kind], name);
    bool is_expected = false;
    for (size_t id = 0; id < MODEL_IDS; id++) {
        const struct model_object *o = &m->levels[depth].objects[kind][id];
        if (o->exists && model_matches(kind, id, o, STORE_BY_NAME, name)) {
            is_expected = true;
            if (obj && strcmp(object_id(obj), model_ids[id]) == 0)
                model_check_same(obj, kind, id, o);
        }
    }
    assert((obj != NULL) == is_expected);
}

static void model_check_changes(struct model *m)
{
    const struct model_level *level = model_top(m), *below = level - 1;
    const struct store_change *changes;
    size_t n = store_tx_changes(level->tx, &changes), expected = 0;
    for (size_t i = 0; i < level->n_order; i++) {
        size_t kind = level->order[i] / MODEL_IDS, id = level->order[i] % MODEL_IDS;
        const struct model_object *before = &below->objects[kind][id];
        const struct model_object *after = &level->objects[kind][id];
        if (!before->exists && !after->exists)
            continue;
        assert(expected < n);
        const struct store_change *c = &changes[expected++];
        assert((c->before != NULL) == before->exists);
        assert((c->after != NULL) == after->exists);
        assert(c->action == (!before->exists  ? STORE_CREATE
                             : !after->exists ? STORE_REMOVE
                                              : STORE_UPDATE));
        if (c->before)
            model_check_same(c->before, kind, id, before);
        if (c->after)
            model_check_same(c->after, kind, id, after);
        assert(store_change_object(c) == (c->after ? c->after : c->before));
    }
    assert(n == expected);
}

static void model_check_view(struct model *m, size_t depth)
{
    assert(store_version(model_view(m, depth)) == m->levels[depth].version);
    for (size_t kind = 0; kind < MODEL_KINDS; kind++) {
        model_check_get(m, depth, kind);
        model_check_find(m, depth, kind, STORE_ALL, NULL);
        for (size_t i = 0; i < MODEL_IDS; i++)
            model_check_find(m, depth, kind, STORE_BY_ID_PREFIX, model_ids[i]);
        for (size_t i = 0; i < MODEL_NAMES; i++) {
            model_check_find(m, depth, kind, STORE_BY_NAME, model_names[i]);
            model_check_find(m, depth, kind, STORE_BY_NAME_PREFIX, model_names[i]);
            model_check_name(m, depth, kind, model_names[i]);
        }
        for (size_t i = 0; i < MODEL_KEYS; i++)
            for (enum store_by by = STORE_BY_SERVICE; by <= STORE_BY_CONFIG; by++)
                model_check_find(m, depth, kind, by, model_keys[i]);
    }
}

/* The views below the top one don't change while it lives; it is enough to look at them
 * now and then. */
static void model_check(struct model *m)
{
    model_check_view(m, m->depth);
    if (m->depth > 0)
        model_check_changes(m);
}

/* ---- operations ---- */

static void model_touch(struct model_level *level, size_t kind, size_t id)
{
    if (level->is_touched[kind][id])
        return;
    level->is_touched[kind][id] = true;
    level->order[level->n_order++] = kind * MODEL_IDS + id;
}

static bool model_is_name_taken(const struct model_level *level, size_t kind, size_t id,
                                size_t name)
{
    if (!model_has_unique_name(kind) || !*model_names[name])
        return false;
    for (size_t other = 0; other < MODEL_IDS; other++) {
        const struct model_object *o = &level->objects[kind][other];
        if (other != id && o->exists &&
            strcasecmp(model_names[o->name], model_names[name]) == 0)
            return true;
    }
    return false;
}

static void model_wrote(struct model_level *level, size_t kind, size_t id)
{
    model_touch(level, kind, id);
    if (!level->is_writing)
        level->version++;
    level->is_writing = true;
}

static struct model_object model_draw(struct model *m)
{
    return (struct model_object){
        .exists = true,
        .name = model_pick(m, MODEL_NAMES),
        .service = model_pick(m, MODEL_KEYS),
        .node = model_pick(m, MODEL_KEYS),
        .secrets = {model_pick(m, MODEL_KEYS), model_pick(m, MODEL_KEYS)},
        .config = model_pick(m, MODEL_KEYS),
    };
}

/* Creates the object of an id, or updates it when it is there. */
static void model_write(struct model *m, size_t kind, size_t id)
{
    struct model_level *level = model_top(m);
    struct model_object *slot = &level->objects[kind][id];
    struct model_object o = model_draw(m);
    struct object *obj = model_make(kind, id, &o);
    bool is_taken = model_is_name_taken(level, kind, id, o.name);
    bool is_new = !slot->exists;
    struct err e = {0};
    int r = is_new ? store_tx_create(level->tx, obj, &e)
                   : store_tx_update(level->tx, obj, &e);
    assert(r == (is_taken ? ERR_ALREADY_EXISTS : 0));
    if (r)
        return;
    o.created = is_new ? level->now : slot->created;
    o.updated = level->now;
    model_wrote(level, kind, id);
    o.version = level->version;
    *slot = o;
}

/* Updates with the version that another view showed, which may be too old. */
static void model_write_version(struct model *m, size_t kind, size_t id)
{
    struct model_level *level = model_top(m);
    struct model_object *slot = &level->objects[kind][id];
    uint64_t seen = m->levels[model_pick(m, m->depth + 1)].objects[kind][id].version;
    struct model_object o = *slot;
    struct err e = {0};
    int r = store_tx_update_version(level->tx, model_make(kind, id, &o), seen, &e);
    int expected = !slot->exists           ? ERR_NOT_FOUND
                   : seen != slot->version ? ERR_UNKNOWN
                                           : 0;
    assert(r == expected);
    if (r)
        return;
    model_wrote(level, kind, id);
    slot->updated = level->now;
    slot->version = level->version;
}

static void model_remove(struct model *m, size_t kind, size_t id)
{
    struct model_level *level = model_top(m);
    struct model_object *slot = &level->objects[kind][id];
    int r = store_tx_remove(level->tx, model_kinds[kind], model_ids[id], NULL);
    assert(r == (slot->exists ? 0 : ERR_NOT_FOUND));
    if (r)
        return;
    slot->exists = false;
    model_wrote(level, kind, id);
}

static void model_begin(struct model *m)
{
    if (m->depth + 1 == MODEL_DEPTH)
        return;
    const struct store_view *parent = model_view(m, m->depth);
    struct model_level *level = &m->levels[m->depth + 1];
    *level = m->levels[m->depth];
    memset(level->is_touched, 0, sizeof(level->is_touched));
    level->n_order = 0;
    level->is_writing = false;
    level->now = m->levels[m->depth].now + (int64_t)model_pick(m, 5);
    int r = store_tx_begin(parent, level->now, &level->tx);
    assert(r == 0);
    m->depth++;
}

static void model_drop(struct model *m)
{
    store_tx_drop(model_top(m)->tx);
    m->depth--;
}

/* Takes the top level over into the one below. */
static void model_fold(struct model *m)
{
    struct model_level *level = model_top(m), *below = level - 1;
    size_t n = 0;
    for (size_t i = 0; i < level->n_order; i++) {
        size_t kind = level->order[i] / MODEL_IDS, id = level->order[i] % MODEL_IDS;
        if (!below->objects[kind][id].exists && !level->objects[kind][id].exists)
            continue;
        if (m->depth > 1)
            model_touch(below, kind, id);
        n++;
    }
    m->depth--;
    if (n == 0)
        return;
    memcpy(below->objects, level->objects, sizeof(below->objects));
    below->version = level->version;
    below->is_writing = false;
}

static void model_check_told(const struct model *m, const struct store_change *changes,
                             size_t n)
{
    assert(m->n_events == n);
    assert(m->n_commits == (n > 0));
    for (size_t i = 0; i < n; i++)
        assert(m->events[i].action == changes[i].action &&
               m->events[i].before == changes[i].before &&
               m->events[i].after == changes[i].after);
}

/* Ends the top transaction by merging or, when it is the only one, by applying it. */
static void model_end(struct model *m)
{
    struct model_level *level = model_top(m);
    if (m->depth > 1) {
        int r = store_tx_merge(level->tx, (level - 1)->tx);
        assert(r == 0);
        model_fold(m);
        return;
    }
    struct store_change expected[MODEL_EVENTS];
    const struct store_change *changes;
    size_t n = store_tx_changes(level->tx, &changes);
    assert(n <= MODEL_EVENTS);
    if (n > 0)
        memcpy(expected, changes, n * sizeof(*changes));
    m->n_events = m->n_commits = 0;
    store_tx_prepare(level->tx);
    store_apply(m->store, level->tx);
    model_check_told(m, expected, n);
    model_fold(m);
}

static void model_on_change(const struct store_change *change, void *user)
{
    struct model *m = user;
    assert(m->n_events < MODEL_EVENTS);
    m->events[m->n_events++] = *change;
}

static void model_on_commit(const struct store_view *view, void *user)
{
    struct model *m = user;
    assert(view == store_view(m->store));
    m->n_commits++;
}

static void model_step(struct model *m)
{
    size_t op = model_pick(m, 16);
    size_t kind = model_pick(m, MODEL_KINDS), id = model_pick(m, MODEL_IDS);
    if (m->depth == 0 || op == 0)
        model_begin(m);
    else if (op == 1)
        model_drop(m);
    else if (op <= 3)
        model_end(m);
    else if (op <= 6)
        model_remove(m, kind, id);
    else if (op <= 8)
        model_write_version(m, kind, id);
    else
        model_write(m, kind, id);
}

/* Runs the operations in n bytes; any difference is an assertion that fails. */
static inline void store_model_run(const uint8_t *ops, size_t n)
{
    struct model *m = calloc(1, sizeof(*m));
    assert(m);
    m->ops = ops;
    m->len = n;
    m->store = store_new();
    assert(m->store);
    m->watch = (struct store_watch){
        .on_change = model_on_change, .on_commit = model_on_commit, .user = m};
    store_watch_add(m->store, &m->watch);
    while (m->len > 0) {
        model_step(m);
        model_check(m);
    }
    for (size_t depth = 0; depth <= m->depth; depth++)
        model_check_view(m, depth);
    while (m->depth > 0)
        model_drop(m);
    store_free(m->store);
    free(m);
}
