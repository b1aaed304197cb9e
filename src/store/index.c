/* SPDX-License-Identifier: Apache-2.0 */
#include "store/index.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

/*
 * An AVL tree without parent pointers: a change remembers the links it went down by, then
 * goes up the same way and rotates where one side got more than one level higher than the
 * other. A walk keeps the entries that are still to come on its path to the root.
 */

static int compare_keys(const struct store_index *x, const char *a, const char *b)
{
    return x->nocase ? strcasecmp(a, b) : strcmp(a, b);
}

static int compare(const struct store_index *x, const char *key, const char *id,
                   const struct store_index_entry *e)
{
    int order = compare_keys(x, key, e->key);
    return order ? order : strcmp(id, e->id);
}

static int height(const struct store_index_entry *e)
{
    return e ? e->height : 0;
}

static int balance(const struct store_index_entry *e)
{
    return height(e->left) - height(e->right);
}

static void set_height(struct store_index_entry *e)
{
    int left = height(e->left), right = height(e->right);
    e->height = 1 + (left > right ? left : right);
}

static void rotate_right(struct store_index_entry **at)
{
    struct store_index_entry *e = *at, *up = e->left;
    e->left = up->right;
    up->right = e;
    set_height(e);
    set_height(up);
    *at = up;
}

static void rotate_left(struct store_index_entry **at)
{
    struct store_index_entry *e = *at, *up = e->right;
    e->right = up->left;
    up->left = e;
    set_height(e);
    set_height(up);
    *at = up;
}

static void rebalance(struct store_index_entry **at)
{
    struct store_index_entry *e = *at;
    if (balance(e) > 1) {
        if (balance(e->left) < 0)
            rotate_left(&e->left);
        rotate_right(at);
    } else if (balance(e) < -1) {
        if (balance(e->right) > 0)
            rotate_right(&e->right);
        rotate_left(at);
    } else {
        set_height(e);
    }
}

/* The links from the root down to a place; the last one points to the entry there, or is
 * where it would be. */
struct way {
    size_t depth;
    struct store_index_entry **links[STORE_INDEX_DEPTH + 1];
};

static void go(struct way *way, struct store_index_entry **link)
{
    assert(way->depth < STORE_INDEX_DEPTH + 1);
    way->links[way->depth++] = link;
}

static struct store_index_entry **descend(struct store_index *x, const char *key,
                                          const char *id, struct way *way)
{
    struct store_index_entry **at = &x->root;
    way->depth = 0;
    go(way, at);
    while (*at) {
        int order = compare(x, key, id, *at);
        if (!order)
            break;
        at = order < 0 ? &(*at)->left : &(*at)->right;
        go(way, at);
    }
    return at;
}

/* Rebalances upwards from the link before the last one. */
static void ascend(struct way *way)
{
    for (size_t i = way->depth - 1; i-- > 0;)
        rebalance(way->links[i]);
}

static void replace(struct store_index_entry **at, struct store_index_entry *e)
{
    struct store_index_entry *old = *at;
    e->left = old->left;
    e->right = old->right;
    e->height = old->height;
    old->left = old->right = NULL;
    old->height = 0;
    *at = e;
}

void store_index_put(struct store_index *x, struct store_index_entry *e)
{
    struct way way;
    struct store_index_entry **at = descend(x, e->key, e->id, &way);
    if (*at == e)
        return;
    if (*at) {
        replace(at, e);
        return;
    }
    e->left = e->right = NULL;
    e->height = 1;
    *at = e;
    ascend(&way);
}

/* Lets the next higher entry leave its place for that of the one at `at`. */
static void replace_by_successor(struct store_index_entry **at, struct way *way)
{
    struct store_index_entry *e = *at;
    size_t below = way->depth;
    struct store_index_entry **link = &e->right;
    go(way, link);
    while ((*link)->left) {
        link = &(*link)->left;
        go(way, link);
    }
    struct store_index_entry *successor = *link;
    *link = successor->right;
    replace(at, successor);
    way->links[below] = &successor->right;
}

void store_index_remove(struct store_index *x, struct store_index_entry *e)
{
    struct way way;
    struct store_index_entry **at = descend(x, e->key, e->id, &way);
    assert(*at == e);
    if (e->left && e->right)
        replace_by_successor(at, &way);
    else
        *at = e->left ? e->left : e->right;
    e->left = e->right = NULL;
    e->height = 0;
    ascend(&way);
}

struct store_index_entry *store_index_get(const struct store_index *x, const char *key,
                                          const char *id)
{
    struct store_index_entry *e = x->root;
    while (e) {
        int order = compare(x, key, id, e);
        if (!order)
            break;
        e = order < 0 ? e->left : e->right;
    }
    return e;
}

static bool is_sound(const struct store_index *x, const struct store_index_entry *e,
                     const struct store_index_entry *low,
                     const struct store_index_entry *high)
{
    if (!e)
        return true;
    int left = height(e->left), right = height(e->right);
    int higher = left > right ? left : right;
    return e->height == higher + 1 && left - right <= 1 && right - left <= 1 &&
           (!low || compare(x, e->key, e->id, low) > 0) &&
           (!high || compare(x, e->key, e->id, high) < 0) &&
           is_sound(x, e->left, low, e) && is_sound(x, e->right, e, high);
}

bool store_index_is_sound(const struct store_index *x)
{
    return is_sound(x, x->root, NULL, NULL);
}

/* Goes down to the lowest entry from e on whose key isn't before the walk's. */
static void walk_down(struct store_index_walk *w, struct store_index_entry *e)
{
    while (e) {
        if (compare_keys(w->index, e->key, w->key) < 0) {
            e = e->right;
        } else {
            assert(w->depth < STORE_INDEX_DEPTH);
            w->path[w->depth++] = e;
            e = e->left;
        }
    }
}

void store_index_walk(const struct store_index *x, const char *key, bool is_prefix,
                      struct store_index_walk *w)
{
    w->index = x;
    w->key = key;
    w->is_prefix = is_prefix;
    w->depth = 0;
    walk_down(w, x->root);
}

static bool is_match(const struct store_index_walk *w, const char *key)
{
    if (!w->is_prefix)
        return compare_keys(w->index, key, w->key) == 0;
    size_t n = strlen(w->key);
    return w->index->nocase ? strncasecmp(key, w->key, n) == 0
                            : strncmp(key, w->key, n) == 0;
}

struct store_index_entry *store_index_next(struct store_index_walk *w)
{
    if (w->depth == 0)
        return NULL;
    struct store_index_entry *e = w->path[--w->depth];
    if (!is_match(w, e->key)) {
        w->depth = 0;
        return NULL;
    }
    walk_down(w, e->right);
    return e;
}
