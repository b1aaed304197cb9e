/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "store/view.h"

/*
 * What a transaction did to one id. The entry in the view's `touched` index and the place
 * in the order of first touches are the same piece of memory.
 */
struct store_touched {
    struct store_index_entry entry;
    struct list link;
    enum object_kind kind;
    const struct object *before; /* the parent's object, a reference; NULL: none */
    struct store_record *now;    /* in the view's tables; NULL: removed */
    char id[];
};

struct store_tx {
    struct store_view view;
    uint64_t parent_edits; /* the parent's, which must stay as it is */
    int64_t now;
    bool is_writing;  /* the view's version is that of writes made here; after a merge the
                         next write gets a new one */
    bool is_prepared; /* closed for writing */
    struct list touched;
    size_t n_touched;
    struct store_change *changes; /* room for one for each touched id */
    size_t changes_cap;
};

/* Did anything come of it? Not when an object was made and removed in the same
 * transaction. */
bool store_touched_is_change(const struct store_touched *t);

/* Asserts that the transaction was begun on `parent` and that this is as it was then. */
void store_tx_check_parent(const struct store_tx *tx, const struct store_view *parent);
