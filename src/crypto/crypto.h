/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Cryptography: the only layer that includes libsodium and OpenSSL. Keys live in guarded
 * memory (sodium_malloc), read-only once filled.
 */

/* Once at start: prepares libsodium. */
int crypto_init(struct err *e) MUST_CHECK;

/* n random bytes from the kernel. */
void crypto_random(void *out, size_t n);

/* Equal, in a time that doesn't depend on where they differ. Lengths are not secret. */
bool crypto_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/* ---- sealing (seal.c) ---- */

/*
 * A seal is XChaCha20-Poly1305 with a random nonce under a data key, bound to a context:
 * opening needs the same context, so that a value can't be moved to another object or
 * kind. The sealed form begins with a version byte and the id of its key.
 */
#define SEAL_KEY_SIZE 32
#define SEAL_KEY_ID_SIZE 8

/* One data key. */
struct seal_key;

/* The data keys of a cluster: one seals, all open. Rotation adds a key that seals from
 * then on. */
struct keyring;

int keyring_new(struct keyring **out) MUST_CHECK;
void keyring_free(struct keyring *k);

/* Makes a new random key the sealing one. ERR_RESOURCE_EXHAUSTED past KEYRING_MAX keys.
 */
#define KEYRING_MAX 16
int keyring_rotate(struct keyring *k, struct err *e) MUST_CHECK;

/* Forgets every key but the sealing one: once nothing sealed with them is left. */
void keyring_drop_old(struct keyring *k);
size_t keyring_count(const struct keyring *k);

/* Was this value sealed with the key that seals now? */
bool keyring_is_current(const struct keyring *k, const void *sealed, size_t n);

/* Appends the sealed form of n bytes to out. context is any text: "object/secret/<id>",
 * "payload/secret/<id>". */
int keyring_seal(const struct keyring *k, const char *context, const void *data, size_t n,
                 struct buf *out) MUST_CHECK;

/* Appends the plaintext to out. ERR_DATA_LOSS when the bytes, the context or the keys
 * aren't those it was sealed with; the text says which, never the contents. */
int keyring_open(const struct keyring *k, const char *context, const void *sealed,
                 size_t n, struct buf *out, struct err *e) MUST_CHECK;


/* ---- the key file (keyfile.c) ---- */

/*
 * The keyring on disk: wrapped by a key-encryption key that lives in a slot. The only
 * slot so far is "plain": a 0600 file beside the data, which protects against who gets
 * the database alone, and is reported as such. The file is replaced atomically (temporary
 * file, fsync, rename, fsync of the folder); a cut, changed or foreign file is
 * ERR_DATA_LOSS naming it.
 */
int keyfile_load(const char *path, struct keyring **out, struct err *e) MUST_CHECK;
int keyfile_save(const char *path, const struct keyring *k, struct err *e) MUST_CHECK;

/* ---- certificates and tokens (ca.c, token.c) ---- */

/* A certificate with its key, both PEM; the key's buffer is wiped. */
struct certificate {
    struct buf cert_pem;
    struct buf key_pem;
};
void certificate_deinit(struct certificate *c);

/* A self-signed root: CN swarm-ca, ECDSA P-256, 20 years, CA:TRUE. */
int ca_new_root(int64_t now, struct certificate *out, struct err *e) MUST_CHECK;

/* A node's certificate with a new key: O = cluster, OU = swarm-manager|swarm-worker, CN =
 * node, the SANs of its role. */
int ca_issue(const struct certificate *root, const char *cluster_id, const char *node_id,
             bool is_manager, int64_t now, int64_t expiry, struct certificate *out,
             struct err *e) MUST_CHECK;

/* The issuer's name (DER) and public key (DER SubjectPublicKeyInfo) of a PEM certificate:
 * what TLSInfo shows. */
int ca_describe(const struct buf *cert_pem, struct buf *subject_der, struct buf *spki_der,
                struct err *e) MUST_CHECK;

/* "SWMTKN-1-<50 characters: SHA-256 of the root's PEM>-<25 random characters>". */
#define JOIN_TOKEN_SIZE 96
void token_new(const struct buf *root_pem, char out[JOIN_TOKEN_SIZE]);
