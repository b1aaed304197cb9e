/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/age.h"

/*
 * The header of an age file: who may open it. A stanza a recipient, each with the file's
 * key wrapped for that one; then a MAC under that key over the whole header.
 */

/* Far more than AGE_RECIPIENTS_MAX stanzas of the known kinds take. */
#define AGE_HEADER_MAX ((size_t)256 << 10)

#define AGE_FILE_KEY_SIZE 16
#define AGE_WRAPPED_SIZE (AGE_FILE_KEY_SIZE + 16)
#define AGE_SALT_SIZE 16
#define AGE_MAC_SIZE 32

enum age_stanza_kind {
    AGE_STANZA_OTHER, /* of a kind that we don't know */
    AGE_STANZA_X25519,
    AGE_STANZA_SCRYPT,
};

struct age_stanza {
    enum age_stanza_kind kind;
    uint8_t share[AGE_KEY_SIZE]; /* X25519: the ephemeral public key */
    uint8_t salt[AGE_SALT_SIZE]; /* scrypt */
    unsigned work;               /* scrypt */
    uint8_t wrapped[AGE_WRAPPED_SIZE];
};

struct age_header {
    struct age_stanza stanzas[AGE_RECIPIENTS_MAX];
    size_t n;
    uint8_t mac[AGE_MAC_SIZE];
    size_t mac_covers; /* so many bytes from the file's beginning */
    size_t size;       /* of the header: where the payload begins */
};

/* Reads the header at the beginning of n bytes. ERR_BAD_MESSAGE, ERR_RESOURCE_EXHAUSTED.
 */
int age_header_parse(struct age_header *h, const char *file, size_t n,
                     struct err *e) MUST_CHECK;

/* Appends the first line and the stanzas, up to where the MAC's cover ends.
 * ERR_NO_MEMORY. */
int age_header_write(const struct age_stanza *stanzas, size_t n,
                     struct buf *out) MUST_CHECK;

/* Appends the MAC and the end of its line. ERR_NO_MEMORY. */
int age_header_write_mac(const uint8_t mac[AGE_MAC_SIZE], struct buf *out) MUST_CHECK;
