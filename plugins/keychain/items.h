/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "keychain/service.h"
#include "resolver/envelope.h"
#include "resolver/pattern.h"

/*
 * Items of a collection that are secrets of `docker pass`, found and put in order.
 */

/* How many items a collection may have that are looked at. */
#define KEYCHAIN_ITEMS_MAX 20000

/* The groups that may be in use: the first is written, all are read. */
#define KEYCHAIN_GROUPS_MAX 16
struct keychain_groups {
    const char *names[KEYCHAIN_GROUPS_MAX];
    size_t n;
};

struct keychain_item {
    char *path;
    size_t group;    /* its place among the groups: the nearest to the front counts */
    int64_t created; /* seconds since 1970; 0 unknown */
    uint64_t modified;
    bool is_locked;
    struct secret_envelope secret; /* id, metadata; the value only after it was read */
};

/* Sorted by id; of one id, the one that counts is the first. */
struct keychain_items {
    struct keychain_item *list;
    size_t n;
    bool has_locked; /* some that were looked at were locked, which hides what they are */
};

void keychain_items_deinit(struct keychain_items *items);
#define cleanup_keychain_items CLEANUP(keychain_items_deinit)

/* All items of these groups that a pattern matches. Items without a valid id are none of
 * ours. */
int keychain_items_find(struct keychain_service *s, const struct keychain_groups *groups,
                        const struct pattern *pattern, struct keychain_items *out,
                        struct err *e) MUST_CHECK;

/*
 * Asks for the item of an id where it was found last, and for its value: only the place
 * was known before. ERR_NOT_FOUND: that is unknown, or may be another one by now. After
 * this and most other errors a search may find it, or tell what is wrong.
 */
int keychain_items_recall(struct keychain_service *s,
                          const struct keychain_groups *groups, const struct pattern *id,
                          struct keychain_items *out, struct err *e) MUST_CHECK;

/* Remembers where these are, each the one that counts of its id, which were looked for
 * after so many changes. ERR_NO_MEMORY. */
int keychain_items_remember(struct keychain_service *s,
                            const struct keychain_items *items, unsigned changes,
                            struct err *e) MUST_CHECK;

/* Drops all but the first of each id. */
void keychain_items_collapse(struct keychain_items *items);

/* Reads all their values. ERR_FAILED_PRECONDITION: one is locked. */
int keychain_items_read(struct keychain_service *s, struct keychain_items *items,
                        struct err *e) MUST_CHECK;
