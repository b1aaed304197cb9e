/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A commit is prepared (objects packed and sealed, the next head made), handed to the
 * storage, and then either taken over or forgotten:
 *
 *   prepare -> storage_commit ... on_committed -> accept | forget -> done
 *         '-- refused: an empty batch, so that done still comes later
 *
 * Rows and head in memory are always those of the last commit that succeeded.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "storage/sealed_row.h"

#define CONTEXT_SIZE (SEAL_CONTEXT_MAX + 1)

static_assert(sizeof("object/") + STORAGE_KEY_SIZE <= CONTEXT_SIZE, "contexts fit");

static void context_of(const char *key, char out[CONTEXT_SIZE])
{
    snprintf(out, CONTEXT_SIZE, "object/%s", key);
}

static void key_of(const struct object *o, char out[STORAGE_KEY_SIZE])
{
    int n =
        snprintf(out, STORAGE_KEY_SIZE, "%s/%s", object_kind_name(o->kind), object_id(o));
    assert(n > 0 && n < STORAGE_KEY_SIZE);
}

int sealed_open(struct storage *storage, struct keyring *keys, struct sealed **out)
{
    struct sealed *s = calloc(1, sizeof(*s));
    if (!s) {
        storage_close(storage);
        return ERR_NO_MEMORY;
    }
    s->storage = storage;
    s->keys = keys;
    *out = s;
    return 0;
}

void sealed_close(struct sealed *s)
{
    if (!s)
        return;
    assert(!s->is_committing);
    storage_close(s->storage);
    for (size_t i = 0; i < s->rows.len; i++)
        free(s->rows.entries[i].value);
    map_deinit(&s->rows);
    mem_wipe_free(s);
}

/* ---- rows ---- */

/* What is sealed within the object; NULL when nothing is. */
static const ProtobufCBinaryData *payload_of(const struct object *o)
{
    const ProtobufCBinaryData *payload = NULL;
    if (o->kind == OBJECT_SECRET)
        payload = &o->secret->spec->data;
    else if (o->kind == OBJECT_CLUSTER && o->cluster->root_ca)
        payload = &o->cluster->root_ca->ca_key;
    return payload && payload->len ? payload : NULL;
}

/* What is remembered of an object's row. */
static void describe_row(const struct object *o, const void *sealed, size_t n,
                         struct sealed_row *out)
{
    *out = (struct sealed_row){.kind = o->kind, .is_stored = true};
    head_row_seal(sealed, n, out->seal);
    const ProtobufCBinaryData *payload = payload_of(o);
    if (!payload)
        return;
    const uint8_t *id = seal_key_id(payload->data, payload->len, NULL);
    out->has_payload = true;
    if (id)
        memcpy(out->payload_key_id, id, SEAL_KEY_ID_SIZE);
}

/* The row of this key, a new one that isn't stored yet when there is none. */
static struct sealed_row *get_row(struct sealed *s, const char *key)
{
    struct sealed_row *row = map_get(&s->rows, key);
    if (row)
        return row;
    row = calloc(1, sizeof(*row));
    if (row && map_put(&s->rows, key, row, NULL)) {
        free(row);
        row = NULL;
    }
    return row;
}

static void drop_row(struct sealed *s, const char *key)
{
    free(map_remove(&s->rows, key));
}

/* ---- preparing a commit ---- */

static int seal_message(const struct sealed *s, const char *key,
                        const ProtobufCMessage *m, struct buf *out)
{
    cleanup_buf struct buf packed = BUF_INIT;
    char context[CONTEXT_SIZE];
    context_of(key, context);
    int r = message_pack(m, &packed);
    return r ? r : keyring_seal(s->keys, context, packed.data, packed.len, out);
}

static int prepare_change(struct sealed *s, const struct store_change *change,
                          struct storage_batch *batch)
{
    struct sealed_pending *p = &s->pending[s->n_pending];
    const struct object *o = store_change_object(change);
    key_of(o, p->key);
    p->row = get_row(s, p->key);
    if (!p->row)
        return ERR_NO_MEMORY;
    s->n_pending++;
    struct storage_write *w = storage_batch_add(batch, p->key);
    if (!w)
        return ERR_NO_MEMORY;
    if (p->row->is_stored)
        head_remove(&s->next_head, o->kind, p->key, p->row->seal);
    if (change->action == STORE_REMOVE)
        return 0;
    int r = seal_message(s, p->key, o->message, &w->value);
    if (r)
        return r;
    describe_row(o, w->value.data, w->value.len, &p->next);
    head_add(&s->next_head, o->kind, p->key, p->next.seal);
    return 0;
}

static int prepare_head(struct sealed *s, struct storage_batch *batch)
{
    cleanup_buf struct buf packed = BUF_INIT;
    struct storage_write *w = storage_batch_add(batch, HEAD_KEY);
    int r = w ? head_encode(&s->next_head, &packed) : ERR_NO_MEMORY;
    if (!r)
        r = keyring_seal(s->keys, HEAD_KEY, packed.data, packed.len, &w->value);
    if (!r)
        head_row_seal(w->value.data, w->value.len, s->next_head_seal);
    return r;
}

static int prepare(struct sealed *s, const struct store_change *changes, size_t n,
                   uint64_t version, struct storage_batch *batch)
{
    s->next_head = s->head;
    s->next_head.version = version;
    s->n_pending = 0;
    s->pending = calloc(n ? n : 1, sizeof(*s->pending));
    int r = s->pending ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; !r && i < n; i++)
        r = prepare_change(s, &changes[i], batch);
    return r ? r : prepare_head(s, batch);
}

/* ---- its outcome ---- */

static void accept(struct sealed *s)
{
    for (size_t i = 0; i < s->n_pending; i++) {
        struct sealed_pending *p = &s->pending[i];
        if (p->next.is_stored)
            *p->row = p->next;
        else
            drop_row(s, p->key);
    }
    s->head = s->next_head;
    memcpy(s->head_seal, s->next_head_seal, SEAL_OVERHEAD);
    s->has_head = true;
}

static void forget(struct sealed *s)
{
    for (size_t i = 0; i < s->n_pending; i++)
        if (!s->pending[i].row->is_stored)
            drop_row(s, s->pending[i].key);
}

static void on_committed(int r, const struct err *e, void *user)
{
    struct sealed *s = user;
    struct err refusal = s->refusal;
    if (!r && !refusal.code)
        accept(s);
    else
        forget(s);
    free(s->pending);
    s->pending = NULL;
    s->n_pending = 0;
    s->is_committing = false;
    if (refusal.code)
        s->done(refusal.code, &refusal, s->user);
    else
        s->done(r, e, s->user);
}

void sealed_commit(struct sealed *s, const struct store_change *changes, size_t n,
                   uint64_t version, storage_committed done, void *user)
{
    assert(s->is_loaded && !s->is_committing);
    cleanup_storage_batch struct storage_batch batch = STORAGE_BATCH_INIT;
    s->is_committing = true;
    s->done = done;
    s->user = user;
    s->refusal = (struct err){0};
    if (prepare(s, changes, n, version, &batch)) {
        err_no_memory(&s->refusal);
        storage_batch_deinit(&batch);
    }
    storage_commit(s->storage, &batch, on_committed, s);
}

/* ---- loading ---- */

struct loading {
    struct sealed *sealed;
    struct store *store;
};

/* "secret/<id>" to its kind; OBJECT_KINDS for another key. */
static enum object_kind kind_of_key(const char *key)
{
    char name[STORAGE_KEY_SIZE];
    strcpy_cut(name, sizeof(name), key);
    char *slash = strchr(name, '/');
    if (!slash)
        return OBJECT_KINDS;
    *slash = '\0';
    return object_kind_from_name(name);
}

static int load_head(struct sealed *s, const void *value, size_t n, struct err *e)
{
    cleanup_buf struct buf plain = BUF_INIT;
    int r = keyring_open(s->keys, HEAD_KEY, value, n, &plain, e);
    if (!r)
        r = head_decode(plain.data, plain.len, &s->head, e);
    if (r)
        return r;
    head_row_seal(value, n, s->head_seal);
    s->has_head = true;
    return 0;
}

static int unpack_object(enum object_kind kind, const struct buf *plain,
                         struct object **out, struct err *e)
{
    ProtobufCMessage *m;
    int r = message_unpack(object_descriptor(kind), buf_str(plain), plain->len, &m, e);
    if (r)
        return r == ERR_NO_MEMORY ? r
                                  : err_set(e, ERR_DATA_LOSS, "it has a foreign form");
    return object_new(kind, m, out) ? err_no_memory(e) : 0;
}

static int open_object(const struct sealed *s, const char *key, const void *value,
                       size_t n, struct object **out, struct err *e)
{
    char context[CONTEXT_SIZE];
    context_of(key, context);
    cleanup_buf struct buf plain = BUF_INIT;
    int r = keyring_open(s->keys, context, value, n, &plain, e);
    return r ? r : unpack_object(kind_of_key(key), &plain, out, e);
}

static int remember_row(struct sealed *s, const char *key, const struct object *o,
                        const void *value, size_t n, struct err *e)
{
    const char *id = strchr(key, '/') + 1;
    if (!str_equal(id, object_id(o)))
        return err_set(e, ERR_DATA_LOSS, "it holds another object");
    struct sealed_row *row = get_row(s, key);
    if (!row)
        return err_no_memory(e);
    if (row->is_stored)
        return err_set(e, ERR_DATA_LOSS, "it is there twice");
    describe_row(o, value, n, row);
    return 0;
}

static int load_row(const char *key, const void *value, size_t n, void *user,
                    struct err *e)
{
    struct loading *l = user;
    if (str_equal(key, HEAD_KEY))
        return load_head(l->sealed, value, n, e);
    if (kind_of_key(key) == OBJECT_KINDS)
        return err_set(e, ERR_DATA_LOSS, "it is none of coffer's");
    cleanup_object struct object *o = NULL;
    int r = open_object(l->sealed, key, value, n, &o, e);
    if (!r)
        r = remember_row(l->sealed, key, o, value, n, e);
    return r ? r : store_load(l->store, TAKE(o), e);
}

static int on_row(const char *key, const void *value, size_t n, void *user, struct err *e)
{
    int r = load_row(key, value, n, user, e);
    return r ? err_wrap(e, r, "row %s", key) : 0;
}

/* The rows that were found, against those that the head knows. */
static int check_rows(const struct sealed *s, struct err *e)
{
    if (!s->has_head)
        return err_set(e, ERR_DATA_LOSS, "row %s is missing", HEAD_KEY);
    struct head found = s->head;
    memset(found.kinds, 0, sizeof(found.kinds));
    for (size_t i = 0; i < s->rows.len; i++) {
        const struct sealed_row *row = s->rows.entries[i].value;
        head_add(&found, row->kind, s->rows.entries[i].key, row->seal);
    }
    int r = head_check(&s->head, &found, e);
    mem_wipe(&found, sizeof(found));
    return r;
}

int sealed_load(struct sealed *s, struct store *store, struct err *e)
{
    struct loading l = {s, store};
    assert(!s->is_loaded);
    int r = storage_load(s->storage, on_row, &l, e);
    if (r)
        return r;
    if (!s->has_head && s->rows.len == 0) {
        head_init(&s->head);
        s->is_loaded = true;
        return err_set(e, ERR_NOT_FOUND, "the storage is empty");
    }
    r = check_rows(s, e);
    if (r)
        return r;
    store_set_version(store, s->head.version);
    s->is_loaded = true;
    return 0;
}
