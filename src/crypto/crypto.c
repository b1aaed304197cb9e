/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include <sodium.h>

int crypto_init(struct err *e)
{
    if (sodium_init() < 0)
        return err_set(e, ERR_INTERNAL, "libsodium can't be prepared");
    return 0;
}

void crypto_random(void *out, size_t n)
{
    randombytes_buf(out, n);
}

bool crypto_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || sodium_memcmp(a, b, a_len) == 0);
}

void crypto_mac(const uint8_t key[CRYPTO_MAC_KEY_SIZE], const void *data, size_t n,
                uint8_t out[CRYPTO_MAC_SIZE])
{
    crypto_generichash(out, CRYPTO_MAC_SIZE, data, n, key, CRYPTO_MAC_KEY_SIZE);
}
