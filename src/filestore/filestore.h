/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "crypto/age.h"
#include "resolver/envelope.h"
#include "resolver/pattern.h"

/*
 * Secrets as encrypted files in a folder: a store for hosts without a desktop. The layout
 * is the one of the public posixage store of Docker's secrets engine, the files are those
 * of the `age` tool:
 *
 *   FOLDER/.posixage.lock           held with flock(2), shared to read, alone to write
 *   FOLDER/BASE64(ID)/metadata.json a map of strings, in clear
 *   FOLDER/BASE64(ID)/secretage     the value, for X25519 keys
 *   FOLDER/BASE64(ID)/secretpass    the value, for a passphrase (read, never written)
 *
 * A secret is written beside its place and put there by one rename, so that after a crash
 * or a full disk it is the old one or the new one. Where the file system exchanges no
 * names (NFS, some of FUSE) that one rename leads into FOLDER/.replacing, and the next
 * that writes, or reads that secret, finishes what a crash or an error interrupted. An
 * error after that rename says so in its words: the secret is the new one, or gone.
 *
 * Everything here blocks for as long as the disk, or another process that holds the lock,
 * does.
 */

/* In this layout a name of a file is the Base64 of an id, and may have 255 bytes. */
#define FILESTORE_ID_MAX 189

/* How many secrets a folder may have, so that one answer can list them; what is over it
 * is refused when it is saved. */
#define FILESTORE_SECRETS_MAX SECRET_ENVELOPES_MAX

struct filestore;

/* Opens a folder; makes it and those above it (0700) where they aren't there. It must be
 * the effective user's own; others must have no rights in it. ERR_PERMISSION_DENIED,
 * ERR_IO, ERR_NO_MEMORY. */
int filestore_open(const char *folder, struct filestore **out, struct err *e) MUST_CHECK;
void filestore_free(struct filestore *fs);

/* Saves the id, value and metadata of an envelope for these recipients.
 * ERR_ALREADY_EXISTS when it is there and `overwrite` is false; ERR_INVALID_ARGUMENT for
 * an id over FILESTORE_ID_MAX; ERR_RESOURCE_EXHAUSTED, ERR_IO, ERR_NO_MEMORY. */
int filestore_save(struct filestore *fs, const struct secret_envelope *secret,
                   bool overwrite, const struct age_recipient *to, size_t n,
                   struct err *e) MUST_CHECK;

/* Fills an empty envelope with id, value and metadata. ERR_NOT_FOUND;
 * ERR_PERMISSION_DENIED when the keys don't open it, or its files may not be read;
 * ERR_DATA_LOSS when it is damaged; ERR_IO, ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY.
 * keys may be NULL for an envelope without value: then it is no error that a secret is
 * damaged, and its metadata is SECRET_METADATA_DAMAGED. */
int filestore_get(struct filestore *fs, const char *id, const struct age_keys *keys,
                  struct secret_envelope *out, struct err *e) MUST_CHECK;

/* Removes a secret. ERR_NOT_FOUND. */
int filestore_remove(struct filestore *fs, const char *id, struct err *e) MUST_CHECK;

/* Appends those that a pattern matches, sorted by id; values as in filestore_get. With
 * keys a secret that is damaged fails the whole, too, and is named. */
int filestore_list(struct filestore *fs, const struct pattern *pattern,
                   const struct age_keys *keys, struct secret_envelopes *out,
                   struct err *e) MUST_CHECK;

/* ---- the store's key (key.c) ---- */

/*
 * A file with one private key, "AGE-SECRET-KEY-1..." in lines as age-keygen writes them:
 * in clear (0600), encrypted with a passphrase as `age -p` does, or encrypted for this
 * host by systemd-creds.
 */
enum filestore_protection {
    FILESTORE_CLEAR,
    FILESTORE_PASSPHRASE,
    FILESTORE_CREDENTIAL,
};

/* The largest key file that is read. */
#define FILESTORE_KEY_FILE_MAX 65536

/* What protects the key of a file. ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. */
int filestore_key_protection(const char *path, enum filestore_protection *out,
                             struct err *e) MUST_CHECK;

/* Makes a key and its file; pass is for FILESTORE_PASSPHRASE. ERR_ALREADY_EXISTS, and
 * what filestore_key_write has. */
int filestore_key_create(const char *path, enum filestore_protection protection,
                         const struct age_passphrase *pass, struct age_identity **out,
                         struct err *e) MUST_CHECK;

/* Reads it; pass may be NULL. ERR_NOT_FOUND; ERR_PERMISSION_DENIED: the passphrase is
 * wrong, others may read the file, or systemd-creds refuses; ERR_FAILED_PRECONDITION: it
 * needs a passphrase and none was given; ERR_DATA_LOSS; ERR_UNIMPLEMENTED: systemd-creds
 * isn't here. */
int filestore_key_read(const char *path, const struct age_passphrase *pass,
                       struct age_identity **out, struct err *e) MUST_CHECK;

/* Reads one that systemd has decrypted into a service's $CREDENTIALS_DIRECTORY, whose
 * modes are its affair. */
int filestore_key_read_given(const char *path, struct age_identity **out,
                             struct err *e) MUST_CHECK;

/* Puts the key into the file anew, protected so. The file is the old one or the new one.
 * ERR_PERMISSION_DENIED, ERR_UNIMPLEMENTED (systemd-creds), ERR_IO, ERR_NO_MEMORY. */
int filestore_key_write(const char *path, const struct age_identity *key,
                        enum filestore_protection protection,
                        const struct age_passphrase *pass, struct err *e) MUST_CHECK;
