/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hkdf.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"

void hkdf_sha256(const void *key, size_t key_len, const void *salt, size_t salt_len,
                 const char *info, uint8_t out[HKDF_SIZE])
{
    crypto_auth_hmacsha256_state state;
    uint8_t extracted[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, salt, salt_len);
    crypto_auth_hmacsha256_update(&state, key, key_len);
    crypto_auth_hmacsha256_final(&state, extracted);

    crypto_auth_hmacsha256_init(&state, extracted, sizeof(extracted));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)info, strlen(info));
    crypto_auth_hmacsha256_update(&state, (const uint8_t[]){1}, 1);
    crypto_auth_hmacsha256_final(&state, out);
    mem_wipe(extracted, sizeof(extracted));
    mem_wipe(&state, sizeof(state));
}
