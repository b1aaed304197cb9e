/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <coffer/coffer.h>

#include "base/err.h"
#include "filestore/filestore.h"

/* The longest passphrase that is taken, in bytes. */
#define PASSPHRASE_MAX 1024

/*
 * The key of the encrypted files, as the plugin has it: in a file; or handed over by
 * systemd, decrypted, when there is no such file and the engine's unit says
 * LoadCredentialEncrypted=coffer-key:PATH. Once read it stays in guarded memory, until it
 * is locked.
 */
struct store_key {
    char *path;
    char *place;              /* NULL, or where one belongs that is in its old place */
    bool is_given;            /* by systemd */
    struct age_identity *key; /* NULL: locked, or not read yet, or there is none yet */
};

/* configured may be NULL: then it is "keys/store" in the config folder; without that
 * "key", where earlier versions had it and where it is only read; else systemd's.
 * ERR_NOT_FOUND (no home), ERR_NO_MEMORY. */
int store_key_init(struct store_key *k, const char *configured, struct err *e) MUST_CHECK;
void store_key_deinit(struct store_key *k);

/* Has the key in k->key. ERR_NOT_FOUND: none was made yet; else what filestore_key_read
 * says. */
int store_key_need(struct store_key *k, struct err *e) MUST_CHECK;

/* The same, but makes one where there is none: only for a store that is empty, since
 * nothing else opens what is in it. */
int store_key_need_to_write(struct store_key *k, bool is_empty, struct err *e) MUST_CHECK;

/* With an empty passphrase: what needs none is read. ERR_PERMISSION_DENIED: it is wrong;
 * ERR_FAILED_PRECONDITION: one is needed; ERR_NOT_FOUND. */
int store_key_unlock(struct store_key *k, const void *passphrase, size_t n,
                     struct err *e) MUST_CHECK;
void store_key_lock(struct store_key *k);

/* Protects the key otherwise: by "clear", "passphrase" (`new_pass`), "systemd-creds".
 * old_pass is the passphrase that it has. One that isn't there is made. Afterwards the
 * store is unlocked. The secrets stay as they are, since it is the key that they are
 * encrypted to. ERR_FAILED_PRECONDITION: it is systemd's, or must be moved to its place
 * first; ERR_PERMISSION_DENIED, ERR_INVALID_ARGUMENT and what filestore_key_write has. */
int store_key_protect(struct store_key *k, const char *protection,
                      struct age_passphrase old_pass, struct age_passphrase new_pass,
                      bool is_empty, struct err *e) MUST_CHECK;

/* What opens the store, for a person; what it needs to be unlocked, and whether it is. A
 * key that needs nothing is read, so that what is wrong with it is told: then the errors
 * of store_key_need. */
int store_key_describe(struct store_key *k, bool is_empty, struct coffer_store_state *out,
                       struct err *e) MUST_CHECK;

/* Says that the key is lost, which must be found again and is never replaced: nothing
 * else opens what is in the store. ERR_DATA_LOSS. */
int store_key_missing(const struct store_key *k, struct err *e);
