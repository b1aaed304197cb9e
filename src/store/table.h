/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/macro.h"
#include "objects/objects.h"
#include "store/index.h"

/*
 * A table holds the objects of one kind, each by all of its keys. What is put in is a
 * record: an object together with the index entries for it, made beforehand in one piece
 * of memory. Records move from a transaction's table to the store's as they are.
 */
enum store_key {
    STORE_KEY_ID,
    STORE_KEY_NAME,
    STORE_KEY_SERVICE,
    STORE_KEY_NODE,
    STORE_KEY_SECRET,
    STORE_KEY_CONFIG,
    STORE_KEYS,
};

struct store_record;

/* One key of an object. */
struct store_record_key {
    struct store_index_entry entry;
    enum store_key which;
    struct store_record *record;
};

struct store_record {
    const struct object *object; /* a reference */
    char *task_name;             /* what a task is called by; NULL for other kinds */
    size_t len;
    struct store_record_key keys[]; /* the first is the id */
};

/* A record of obj, with a reference of its own. NULL when there is no memory. */
struct store_record *store_record_new(const struct object *obj) MUST_CHECK;
void store_record_free(struct store_record *r);

struct store_record *store_record_of(const struct store_index_entry *e);

struct store_table {
    struct store_index by[STORE_KEYS];
};

void store_table_init(struct store_table *t);

/* Frees the records in it. */
void store_table_deinit(struct store_table *t);

/* The record of an id, or NULL. */
struct store_record *store_table_get(const struct store_table *t, const char *id);

/* Puts r in and takes out the record that had its id, which is returned (or NULL). Tables
 * that r was in before forget it with store_table_init(). */
struct store_record *store_table_put(struct store_table *t, struct store_record *r);

/* Takes out the record of an id and returns it, or NULL. */
struct store_record *store_table_remove(struct store_table *t, const char *id);
