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

/* A keyed hash (BLAKE2b) of n bytes: who hasn't the key can neither make nor guess one.
 */
#define CRYPTO_MAC_SIZE 32
#define CRYPTO_MAC_KEY_SIZE 32
void crypto_mac(const uint8_t key[CRYPTO_MAC_KEY_SIZE], const void *data, size_t n,
                uint8_t out[CRYPTO_MAC_SIZE]);

/* ---- sealing (seal.c, keyring.c) ---- */

/*
 * A seal is XChaCha20-Poly1305 with a random nonce under a data key, bound to a context:
 * opening needs the same context, so that a value can't be moved to another object or
 * kind. The sealed form is
 *   version (1) | key id (8) | nonce (24) | ciphertext | tag (16)
 * and the tag covers the version, the key id and the context, too.
 */
#define SEAL_KEY_SIZE 32
#define SEAL_KEY_ID_SIZE 8
#define SEAL_NONCE_SIZE 24
#define SEAL_TAG_SIZE 16
#define SEAL_HEADER_SIZE (1 + SEAL_KEY_ID_SIZE + SEAL_NONCE_SIZE)
#define SEAL_OVERHEAD (SEAL_HEADER_SIZE + SEAL_TAG_SIZE)

/* The longest context, without its NUL. A longer one is our own bug. */
#define SEAL_CONTEXT_MAX 127

/* The data keys of a cluster: one seals, all open. Rotation adds a key that seals from
 * then on. One thread. */
struct keyring;

/* A ring with one new random key. */
int keyring_new(struct keyring **out) MUST_CHECK;
void keyring_free(struct keyring *k);

/*
 * Makes a new random key the sealing one. ERR_RESOURCE_EXHAUSTED past KEYRING_MAX keys.
 * Nothing may be stored under the new key before the ring itself is stored:
 * keyfile_rotate does both.
 */
#define KEYRING_MAX 16
int keyring_rotate(struct keyring *k, struct err *e) MUST_CHECK;

/* Forgets every key but the sealing one: once nothing sealed with them is left.
 * keyfile_drop_old does it in the file, too. */
void keyring_drop_old(struct keyring *k);
size_t keyring_count(const struct keyring *k);

/* The id (SEAL_KEY_ID_SIZE bytes) of the key of a sealed form, lent; NULL for bytes that
 * can't be one, and *e says why (ERR_DATA_LOSS). */
const uint8_t *seal_key_id(const void *sealed, size_t n, struct err *e);

/* The id of the key that seals now. */
const uint8_t *keyring_current_id(const struct keyring *k);

/* Was this value sealed with the key that seals now? False for what is no sealed form. */
bool keyring_is_current(const struct keyring *k, const void *sealed, size_t n);

/* Appends the sealed form of n bytes to out. context is any text: "object/secret/<id>",
 * "payload/secret/<id>". ERR_NO_MEMORY. */
int keyring_seal(const struct keyring *k, const char *context, const void *data, size_t n,
                 struct buf *out) MUST_CHECK;

/* Appends the plaintext to out. ERR_DATA_LOSS when the bytes, the context or the keys
 * aren't those it was sealed with; the text says which, never the contents. */
int keyring_open(const struct keyring *k, const char *context, const void *sealed,
                 size_t n, struct buf *out, struct err *e) MUST_CHECK;

/* ---- the key file (keyfile.c) ---- */

/*
 * The keyring on disk: wrapped by a key-encryption key that lives in a slot. The only
 * slot so far is "plain": in the file itself, which is 0600 and beside the data. That
 * protects against who gets the database alone, and is reported as such. The file is
 * replaced atomically (temporary file, fsync, rename, fsync of the folder); a cut,
 * changed or foreign file is ERR_DATA_LOSS naming it, none is ERR_NOT_FOUND, one that
 * others may read ERR_PERMISSION_DENIED.
 */
int keyfile_load(const char *path, struct keyring **out, struct err *e) MUST_CHECK;
int keyfile_save(const char *path, const struct keyring *k, struct err *e) MUST_CHECK;

/* Adds a sealing key, or forgets the old ones, in the file and then in the ring; after an
 * error the ring is as it was. */
int keyfile_rotate(const char *path, struct keyring *k, struct err *e) MUST_CHECK;
int keyfile_drop_old(const char *path, struct keyring *k, struct err *e) MUST_CHECK;

/* ---- certificates (ca.c, csr.c) ---- */

/* A certificate with its key (PKCS#8), both PEM; the key's buffer is wiped. */
struct certificate {
    struct buf cert_pem;
    struct buf key_pem;
};
#define CERTIFICATE_INIT                                                                 \
    {                                                                                    \
        BUF_INIT, BUF_INIT                                                               \
    }
void certificate_deinit(struct certificate *c);
#define cleanup_certificate CLEANUP(certificate_deinit)

/* The longest PEM text that is looked at. */
#define PEM_MAX ((size_t)64 << 10)

/* Certificates are valid from this long before `now`, since clocks differ. */
#define CERTIFICATE_BACKDATE (60 * 60)

/* A self-signed root: CN swarm-ca, ECDSA P-256, 20 years, CA:TRUE. */
int ca_new_root(int64_t now, struct certificate *out, struct err *e) MUST_CHECK;

/*
 * A node's certificate with a new key: O = cluster, OU = swarm-manager|swarm-worker, CN =
 * node; its DNS names are OU and CN, and swarm-ca for a manager. It is valid until
 * `expiry` nanoseconds after now. ERR_INVALID_ARGUMENT for ids that don't fit a
 * certificate or a root that isn't one.
 */
int ca_issue(const struct certificate *root, const char *cluster_id, const char *node_id,
             bool is_manager, int64_t now, int64_t expiry, struct certificate *out,
             struct err *e) MUST_CHECK;

/* The same for the key of a PEM signing request; nothing but its public key is taken from
 * it. ERR_INVALID_ARGUMENT for a request that doesn't parse, isn't signed by its key, or
 * whose key isn't ECDSA P-256 or P-384, or RSA of 2048 to 4096 bits. */
int ca_sign_csr(const struct certificate *root, const void *csr_pem, size_t n,
                const char *cluster_id, const char *node_id, bool is_manager, int64_t now,
                int64_t expiry, struct buf *cert_pem, struct err *e) MUST_CHECK;

/* A new key (PKCS#8 PEM) and an empty signing request for it (PEM). */
int csr_new(struct buf *key_pem, struct buf *csr_pem, struct err *e) MUST_CHECK;

/* The issuer's name (DER) and public key (DER SubjectPublicKeyInfo) of a PEM certificate,
 * a root, which is its own issuer: what TLSInfo shows. ERR_INVALID_ARGUMENT for another
 * text. */
int ca_describe(const struct buf *cert_pem, struct buf *subject_der, struct buf *spki_der,
                struct err *e) MUST_CHECK;

/* ---- join tokens (token.c) ---- */

/* "SWMTKN-1-<50 characters: SHA-256 of the root's PEM>-<25 random characters>". */
#define JOIN_TOKEN_SIZE 96
void token_new(const struct buf *root_pem, char out[JOIN_TOKEN_SIZE]);

/* Has the text the form of a token? */
bool token_is_valid(const char *token);

/* Is a valid token one for the cluster of this root, as it was served? */
bool token_fits_root(const char *token, const void *root_pem, size_t n);
