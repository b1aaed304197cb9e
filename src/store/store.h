/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "objects/objects.h"

/*
 * The store: the cluster's objects in memory, with indexes, transactions, versions and
 * watchers. It is pure: no I/O, no clock. Making a transaction durable is the business of
 * whoever commits it (cluster/proposer.h): a transaction is built, its changes are
 * written to storage, and only then applied here.
 *
 * What can be read is a view: the store as committed, or a transaction, which shows the
 * same with its own changes. Views nest: a transaction begun on another one sees its
 * changes, and is merged into it or dropped without a trace.
 *
 * Objects are immutable and reference counted; a look-up lends them (valid until the view
 * changes), a list holds references.
 */

struct store;
struct store_tx;
struct store_view; /* what look-ups take: store_view() or store_tx_view() of one of the
                      above */

struct store *store_new(void);
void store_free(struct store *s);

const struct store_view *store_view(const struct store *s);
const struct store_view *store_tx_view(const struct store_tx *tx);

/* The version of the last transaction that the view contains: one counter for the whole
 * store, from 1; 0 before the first. */
uint64_t store_version(const struct store_view *v);

/* ---- looking things up ---- */

/* How find selects. All but STORE_ALL take a key. */
enum store_by {
    STORE_ALL,
    STORE_BY_ID_PREFIX,
    STORE_BY_NAME, /* case doesn't matter; at most one, but for tasks (container names)
                      and nodes (host names), whose names needn't be unique */
    STORE_BY_NAME_PREFIX, /* likewise; what has no name is not found */
    STORE_BY_SERVICE,     /* tasks of a service id; "": of none */
    STORE_BY_NODE,        /* tasks assigned to a node id; "": to none yet */
    STORE_BY_SECRET,      /* services and tasks whose spec refers to a secret id */
    STORE_BY_CONFIG,      /* services and tasks whose spec refers to a config id */
};

struct object_list {
    size_t len, cap;
    const struct object **objects; /* each holds a reference */
};

#define OBJECT_LIST_INIT                                                                 \
    {                                                                                    \
        0                                                                                \
    }
void object_list_deinit(struct object_list *l);
#define cleanup_object_list CLEANUP(object_list_deinit)

/* The object of this id, lent, or NULL. */
const struct object *store_get(const struct store_view *v, enum object_kind kind,
                               const char *id);

/* The object of this name (any case), lent, or NULL; one of them where names aren't
 * unique. */
const struct object *store_get_by_name(const struct store_view *v, enum object_kind kind,
                                       const char *name);

/* All objects of the kind that match, sorted by id, appended to out, which an error
 * leaves as it was. key is ignored for STORE_ALL. ERR_NO_MEMORY. */
int store_find(const struct store_view *v, enum object_kind kind, enum store_by by,
               const char *key, struct object_list *out) MUST_CHECK;

/* How many objects of a kind there are. */
size_t store_count(const struct store_view *v, enum object_kind kind);

/* The one cluster object, lent; NULL before there is one. */
const Swarm__Cluster *store_cluster(const struct store_view *v);

/* ---- changing ---- */

enum store_action {
    STORE_CREATE,
    STORE_UPDATE,
    STORE_REMOVE,
};

/* What happened to one object. Both are lent by who hands the change out. */
struct store_change {
    enum store_action action;
    const struct object *before; /* NULL for create */
    const struct object *after;  /* NULL for remove */
};

/* The object that a change is about: after, or before when it is gone. */
const struct object *store_change_object(const struct store_change *c);

/*
 * Begins a transaction on a view (which must not change or go while the transaction
 * lives; that is asserted). All its writes get one version, one above the view's;
 * timestamps are `now`. When others were merged into it, what is written to it directly
 * afterwards gets the next version again.
 */
int store_tx_begin(const struct store_view *parent, int64_t now,
                   struct store_tx **out) MUST_CHECK;

/*
 * Creates, updates or removes one object. obj moves in (also when the call fails); its
 * meta (version, created_at, updated_at) is filled in here. The caller has its only
 * reference.
 *
 * create: ERR_ALREADY_EXISTS "secret NAME already exists" when the kind's name is taken;
 * an id that is taken is our bug. update: ERR_NOT_FOUND "secret ID not found";
 * ERR_ALREADY_EXISTS when another object has the new name. update_version: as update, but
 * ERR_UNKNOWN "update out of sequence" unless the object's version is `version`. remove:
 * ERR_NOT_FOUND. All: ERR_NO_MEMORY. A failed call leaves the transaction as it was.
 */
int store_tx_create(struct store_tx *tx, struct object *obj, struct err *e) MUST_CHECK;
int store_tx_update(struct store_tx *tx, struct object *obj, struct err *e) MUST_CHECK;
int store_tx_update_version(struct store_tx *tx, struct object *obj, uint64_t version,
                            struct err *e) MUST_CHECK;
int store_tx_remove(struct store_tx *tx, enum object_kind kind, const char *id,
                    struct err *e) MUST_CHECK;

/*
 * The net changes of a transaction against its parent view, in the order in which each
 * object was first touched: an object that was created and removed within it isn't there,
 * one that was written several times is there once. The array is lent until the
 * transaction changes.
 */
size_t store_tx_changes(struct store_tx *tx, const struct store_change **out);

/* Hands the changes of a nested transaction to the one it was begun on, which thereby
 * gets its version (but keeps its own when there are no changes), and frees it.
 * ERR_NO_MEMORY: nothing was handed over and tx is gone. */
int store_tx_merge(struct store_tx *tx, struct store_tx *parent) MUST_CHECK;

/* Frees a transaction without a trace. NULL is fine. */
void store_tx_drop(struct store_tx *tx);

/*
 * Closes a transaction for writing, before its changes are made durable: what is applied
 * later is what was stored. Writing to it afterwards is our bug.
 */
void store_tx_prepare(struct store_tx *tx);

/*
 * Applies a transaction that was begun on the store itself, once it is durable, and tells
 * the watchers. It can't fail and needs no memory. Without changes nothing happens; the
 * version stays. Frees tx.
 */
void store_apply(struct store *s, struct store_tx *tx);

/* Puts an object as it was stored (meta untouched) into the store: for loading. obj moves
 * in. Duplicates are ERR_DATA_LOSS. */
int store_load(struct store *s, struct object *obj, struct err *e) MUST_CHECK;

/* Sets the version counter when loading: the highest one that was ever committed. */
void store_set_version(struct store *s, uint64_t version);

/* ---- watching ---- */

/*
 * A watcher hears of every change in order, from within store_apply, when all of the
 * transaction was applied. It must not change the store there. Any watcher may be removed
 * from within a callback; one that is added there hears from the next transaction on.
 * Watchers that are left when the store is freed are removed.
 */
struct store_watch {
    struct list link;
    void (*on_change)(const struct store_change *change, void *user);
    void (*on_commit)(
        const struct store_view *view,
        void *user); /* after the last change of a transaction; may be NULL */
    void *user;
};

void store_watch_add(struct store *s, struct store_watch *w);
void store_watch_remove(struct store_watch *w);
