/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Files of the age format, version 1 (https://age-encryption.org/v1, the specification at
 * c2sp.org/age): encrypted to X25519 keys or to a passphrase. What is written here the
 * `age` tool reads, and the other way round. SSH keys and plugins of age are not
 * supported; the ASCII armor isn't either.
 *
 * Everything is done in memory: it is meant for secrets, not for disks.
 */

/* The largest plaintext that is encrypted, and the largest that decryption will make. */
#define AGE_PLAINTEXT_MAX ((size_t)64 << 20)

/* The most recipients that a file may have. The format sets no limit; age's own tools
 * handle hundreds. */
#define AGE_RECIPIENTS_MAX 256

/* Work factor of a passphrase: scrypt runs with N = 2 to this power, r = 8, p = 1. 18 is
 * what the age tool writes; it refuses to decrypt over 22, and so do we: a hostile file
 * would keep us busy. */
#define AGE_WORK_DEFAULT 18
#define AGE_WORK_MAX 22

#define AGE_KEY_SIZE 32

/* A public key. */
struct age_recipient {
    uint8_t point[AGE_KEY_SIZE];
};

/* A private key and its public one, in guarded memory. */
struct age_identity;

/* A new random one. ERR_NO_MEMORY. */
int age_identity_new(struct age_identity **out) MUST_CHECK;
void age_identity_free(struct age_identity *i);

/* From "AGE-SECRET-KEY-1...", of n bytes. ERR_INVALID_ARGUMENT (the text says what is
 * wrong, never the key), ERR_NO_MEMORY. */
int age_identity_parse(const char *text, size_t n, struct age_identity **out,
                       struct err *e) MUST_CHECK;

/* Appends the text form. ERR_NO_MEMORY. */
int age_identity_write(const struct age_identity *i, struct buf *out) MUST_CHECK;

const struct age_recipient *age_identity_recipient(const struct age_identity *i);

/* Appends the text form, "age1...". ERR_NO_MEMORY. */
int age_recipient_write(const struct age_recipient *r, struct buf *out) MUST_CHECK;

/* Appends a file that each of n recipients can open; n is 1 to AGE_RECIPIENTS_MAX.
 * ERR_RESOURCE_EXHAUSTED past AGE_PLAINTEXT_MAX, ERR_INVALID_ARGUMENT (a recipient is no
 * usable key), ERR_NO_MEMORY. */
int age_encrypt(const struct age_recipient *to, size_t n, const void *data, size_t len,
                struct buf *out, struct err *e) MUST_CHECK;

/* A passphrase of n bytes; work is 1 to AGE_WORK_MAX. */
struct age_passphrase {
    const void *text;
    size_t n;
    unsigned work;
};

/* Appends a file for a passphrase. Errors as age_encrypt. */
int age_encrypt_passphrase(const struct age_passphrase *pass, const void *data,
                           size_t len, struct buf *out, struct err *e) MUST_CHECK;

/* What a file may be opened with. */
struct age_keys {
    struct age_identity *const *identities;
    size_t n;
    const struct age_passphrase *passphrase; /* NULL none; work: the most that is done */
};

/*
 * Appends the plaintext of a file. ERR_BAD_MESSAGE: it is no file of this format.
 * ERR_PERMISSION_DENIED: none of the keys opens it. ERR_DATA_LOSS: a key opens it, but it
 * was cut or changed. ERR_RESOURCE_EXHAUSTED: it is over a limit of those above.
 * ERR_NO_MEMORY.
 */
int age_decrypt(const struct age_keys *keys, const void *file, size_t n, struct buf *out,
                struct err *e) MUST_CHECK;
