/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * An ordered index: a balanced (AVL) tree of entries that are embedded in what they point
 * to, ordered by key and, among equal keys, by id. Putting and removing need no memory,
 * so a transaction that is durable can't fail to be applied, and cost O(log n) whatever
 * the keys are.
 *
 * An entry borrows key and id, which live as long as it is in the index. An entry that is
 * all zero is in no index.
 */
struct store_index_entry {
    struct store_index_entry *left, *right;
    int height; /* 0: in no index */
    const char *key;
    const char *id;
};

struct store_index {
    struct store_index_entry *root;
    bool nocase; /* keys that differ in the case of ASCII letters are the same */
};

/* Puts e in; when an entry with the same key and id is there, e takes its place and the
 * other one leaves. Where e was linked before is forgotten, not unlinked. */
void store_index_put(struct store_index *x, struct store_index_entry *e);

/* Takes out e, which is in x. */
void store_index_remove(struct store_index *x, struct store_index_entry *e);

/* The entry with this key and id, or NULL. */
struct store_index_entry *store_index_get(const struct store_index *x, const char *key,
                                          const char *id);

/* Is the tree ordered and balanced? For tests. */
bool store_index_is_sound(const struct store_index *x);

/* The deepest a tree gets: 1.44 log2 of its entries, of which there are less than 2^40.
 */
#define STORE_INDEX_DEPTH 60

/* A walk in order. It ends when the index changes. */
struct store_index_walk {
    const struct store_index *index;
    const char *key;
    bool is_prefix;
    size_t depth;
    struct store_index_entry *path[STORE_INDEX_DEPTH];
};

/* Starts a walk over the entries whose key is `key`, or begins with it. */
void store_index_walk(const struct store_index *x, const char *key, bool is_prefix,
                      struct store_index_walk *w);

/* The next entry, or NULL at the end. */
struct store_index_entry *store_index_next(struct store_index_walk *w);
