/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "keychain/items.h"

/*
 * A keyring as a store of secrets. Each function is one operation, which ends when the
 * waiter's deadline comes, whatever the keyring does; a keyring that is locked is
 * unlocked first, for which a person may be asked.
 *
 * Errors of all: ERR_UNAVAILABLE (no bus, no keyring, or it went away),
 * ERR_FAILED_PRECONDITION (it stays locked), ERR_DEADLINE_EXCEEDED, ERR_CANCELED,
 * ERR_INTERNAL (what the keyring said), ERR_NO_MEMORY.
 */
struct keychain {
    struct keychain_service service;
    struct keychain_groups groups;
};

/* The groups that Docker's builds are known to have used, the current one first. */
extern const struct keychain_groups keychain_known_groups;

void keychain_init(struct keychain *k, const struct keychain_groups *groups,
                   int prompt_ms);
void keychain_deinit(struct keychain *k);

/* Is there a Secret Service at all? ERR_UNAVAILABLE: there is none. One that is slow is
 * there. */
#define KEYCHAIN_PROBE_MS 3000
int keychain_probe(struct keychain *k, const struct waiter *w, struct err *e) MUST_CHECK;

/* The secrets that a pattern matches, sorted by id, in an empty list; each id once. */
int keychain_find(struct keychain *k, const struct waiter *w,
                  const struct pattern *pattern, bool with_values,
                  struct keychain_items *out, struct err *e) MUST_CHECK;

/* Saves id, value and metadata. ERR_ALREADY_EXISTS; ERR_INVALID_ARGUMENT for metadata
 * that isn't UTF-8. */
int keychain_save(struct keychain *k, const struct waiter *w,
                  const struct secret_envelope *secret, bool overwrite,
                  struct err *e) MUST_CHECK;

/* Removes it from all groups. ERR_NOT_FOUND. */
int keychain_remove(struct keychain *k, const struct waiter *w, const char *id,
                    struct err *e) MUST_CHECK;

/* Without a password a person is asked. */
int keychain_unlock(struct keychain *k, const struct waiter *w, const void *password,
                    size_t size, struct err *e) MUST_CHECK;
int keychain_lock(struct keychain *k, const struct waiter *w, struct err *e) MUST_CHECK;

/* ---- item.c: one item in the session ---- */

int keychain_item_create(struct keychain_service *s, const char *group,
                         const struct secret_envelope *secret, struct err *e) MUST_CHECK;

/* Puts value, metadata and label in the place of an item's. */
int keychain_item_update(struct keychain_service *s, const char *path, const char *group,
                         const struct secret_envelope *secret, struct err *e) MUST_CHECK;

/* That it is gone already is no error. */
int keychain_item_delete(struct keychain_service *s, const char *path,
                         struct err *e) MUST_CHECK;

/* What there is; nobody is asked to unlock it. */
struct keychain_state {
    char collection[256]; /* its path */
    bool is_locked, takes_password;
};
int keychain_state(struct keychain *k, const struct waiter *w, struct keychain_state *out,
                   struct err *e) MUST_CHECK;
