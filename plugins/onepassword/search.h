/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "onepassword/hits.h"
#include "onepassword/onepassword.h"

/* One request of a client, under way; private to this folder. */
struct search {
    const struct onepassword *of;
    const struct pattern *pattern; /* as it was asked */
    struct pattern lowered;        /* with small letters */
    const struct waiter *w;
    struct hits hits;
    unsigned requests;
};

/* Names of something: as its title says, and its id. */
struct names {
    struct buf as[2];
};

/* Where an item is. */
struct place {
    struct names vault, item;
    const char *vault_name; /* as 1Password has it */
};

/* The most components of an id, its end included. */
#define PARTS_MAX 6

/* Puts prefix and parts (up to a NULL) with slashes between into an empty buffer, in
 * small letters. 0 or ERR_NO_MEMORY. */
int search_join(const struct search *s, const char *const parts[PARTS_MAX],
                struct buf *out) MUST_CHECK;

/* Puts an item's fields that were asked for among the hits. */
int search_fields(struct search *s, const struct place *place, const json_t *item,
                  struct err *e) MUST_CHECK;
