/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/crypto.h"

/* One data key. Only seal.c and keyring.c look into it. */
struct seal_key {
    uint8_t id[SEAL_KEY_ID_SIZE];
    uint8_t key[SEAL_KEY_SIZE];
};

/* Appends the sealed form with a nonce that is given: what keyring_seal does with a
 * random one. ERR_NO_MEMORY. */
int seal_with_nonce(const struct seal_key *key, const char *context,
                    const uint8_t nonce[SEAL_NONCE_SIZE], const void *data, size_t n,
                    struct buf *out) MUST_CHECK;

/* Appends the plaintext of a sealed form whose key id is the key's. ERR_DATA_LOSS,
 * ERR_NO_MEMORY. */
int seal_open(const struct seal_key *key, const char *context, const void *sealed,
              size_t n, struct buf *out, struct err *e) MUST_CHECK;
