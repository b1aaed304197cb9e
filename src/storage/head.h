/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/crypto.h"
#include "objects/objects.h"

/*
 * The head row: what the rows must be, as of the last commit. It holds, for each kind of
 * object, how many rows there are and a digest of them all, so that a row that was
 * removed, added, or put back from an older copy shows.
 *
 * A digest is the XOR of a keyed hash of each row (its key, and the header and tag of its
 * sealed value, which differ at each sealing). Rows come and go in it without the others.
 * XOR is sound here because nobody outside sees or can make these hashes: their key and
 * the digests are sealed, and no two rows have the same key.
 */
#define HEAD_KEY "meta/head"

struct head_kind {
    uint64_t count;
    uint8_t digest[CRYPTO_MAC_SIZE];
};

struct head {
    uint64_t version; /* the store's, as of this commit */
    uint8_t mac_key[CRYPTO_MAC_KEY_SIZE];
    struct head_kind kinds[OBJECT_KINDS];
};

/* The head of a storage without rows, with a new random key. */
void head_init(struct head *h);

/* What tells one sealing of a row from every other: header and tag of its sealed value,
 * which has at least SEAL_OVERHEAD bytes. */
void head_row_seal(const void *sealed, size_t n, uint8_t out[SEAL_OVERHEAD]);

/* Counts a row in, or out. */
void head_add(struct head *h, enum object_kind kind, const char *key,
              const uint8_t seal[SEAL_OVERHEAD]);
void head_remove(struct head *h, enum object_kind kind, const char *key,
                 const uint8_t seal[SEAL_OVERHEAD]);

/* Are the rows that were found those of the head? ERR_DATA_LOSS says what is wrong with
 * which kind. */
int head_check(const struct head *expected, const struct head *found,
               struct err *e) MUST_CHECK;

/*
 * As bytes: format = 1 (1), number of kinds (1), version (8), key (32), then for each
 * kind count (8) and digest (32); numbers are big-endian. Others are ERR_DATA_LOSS.
 */
int head_encode(const struct head *h, struct buf *out) MUST_CHECK;
int head_decode(const void *data, size_t n, struct head *out, struct err *e) MUST_CHECK;
