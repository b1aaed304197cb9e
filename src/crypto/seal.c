/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed form:
 *
 *   | version = 1 | key id 8 | nonce 24 | ciphertext n | tag 16 |
 *   '------- additional data: these 9, then the context
 *
 * The nonce is random: with 24 bytes the chance that one comes twice under a key stays
 * negligible for more values than a cluster ever stores.
 */
#include "crypto/seal.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define SEAL_VERSION 1
#define KEY_ID_END (1 + SEAL_KEY_ID_SIZE)

static_assert(SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
static_assert(SEAL_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
static_assert(SEAL_TAG_SIZE == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");

/* What the tag covers beside the ciphertext. */
struct seal_bound {
    uint8_t bytes[KEY_ID_END + SEAL_CONTEXT_MAX];
    size_t len;
};

static void bind(struct seal_bound *b, const void *sealed, const char *context)
{
    size_t n = strlen(context);
    assert(n <= SEAL_CONTEXT_MAX);
    memcpy(b->bytes, sealed, KEY_ID_END);
    memcpy(b->bytes + KEY_ID_END, context, n);
    b->len = KEY_ID_END + n;
}

int seal_with_nonce(const struct seal_key *key, const char *context,
                    const uint8_t nonce[SEAL_NONCE_SIZE], const void *data, size_t n,
                    struct buf *out)
{
    size_t total;
    if (__builtin_add_overflow(n, SEAL_OVERHEAD, &total) || buf_reserve(out, total))
        return ERR_NO_MEMORY;
    uint8_t *sealed = (uint8_t *)out->data + out->len;
    sealed[0] = SEAL_VERSION;
    memcpy(sealed + 1, key->id, SEAL_KEY_ID_SIZE);
    memcpy(sealed + KEY_ID_END, nonce, SEAL_NONCE_SIZE);
    struct seal_bound bound;
    bind(&bound, sealed, context);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + SEAL_HEADER_SIZE, NULL, data, n,
                                               bound.bytes, bound.len, NULL, nonce,
                                               key->key);
    out->len += total;
    out->data[out->len] = '\0';
    return 0;
}

const uint8_t *seal_key_id(const void *sealed, size_t n, struct err *e)
{
    const uint8_t *bytes = sealed;
    if (n < SEAL_OVERHEAD) {
        err_set(e, ERR_DATA_LOSS, "sealed value is cut: %zu bytes", n);
        return NULL;
    }
    if (bytes[0] != SEAL_VERSION) {
        err_set(e, ERR_DATA_LOSS, "sealed value has the unknown version %u", bytes[0]);
        return NULL;
    }
    return bytes + 1;
}

int seal_open(const struct seal_key *key, const char *context, const void *sealed,
              size_t n, struct buf *out, struct err *e)
{
    const uint8_t *bytes = sealed;
    struct seal_bound bound;
    bind(&bound, bytes, context);
    if (buf_reserve(out, n - SEAL_OVERHEAD))
        return err_no_memory(e);
    uint8_t *plain = (uint8_t *)out->data + out->len;
    int r = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, bytes + SEAL_HEADER_SIZE, n - SEAL_HEADER_SIZE, bound.bytes,
        bound.len, bytes + KEY_ID_END, key->key);
    if (r) {
        *plain = '\0';
        return err_set(e, ERR_DATA_LOSS,
                       "sealed value was changed, or belongs to another place than %s",
                       context);
    }
    out->len += n - SEAL_OVERHEAD;
    out->data[out->len] = '\0';
    return 0;
}
