/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"
#include "store/table.h"

/*
 * A view: tables of its own laid over those of its parent. The store itself is the lowest
 * view and has no parent. A transaction's tables hold what it wrote; `touched` says of
 * which ids the parent's objects count no more, whether they were replaced or removed.
 */
struct store_view {
    const struct store_view *parent;
    uint64_t version;
    uint64_t edits; /* grows with each change; shows that a parent was changed under a
                       transaction */
    size_t count[OBJECT_KINDS]; /* what the view shows in all */
    struct store_table tables[OBJECT_KINDS];
    struct store_index touched[OBJECT_KINDS]; /* by id; key "" */
};

void store_view_init(struct store_view *v, const struct store_view *parent);

/* In view v, is the object of this id in `below` (v or one of those under it) hidden by a
 * view above `below`? */
bool store_view_hides(const struct store_view *v, const struct store_view *below,
                      enum object_kind kind, const char *id);
