/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Join tokens: both numbers are big-endian, in base 36 with the digits 0-9a-z, filled up
 * with zeros on the left.
 */
#include "crypto/crypto.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define PREFIX "SWMTKN-1-"
#define PREFIX_LENGTH (sizeof(PREFIX) - 1)
#define DIGEST_LENGTH 50
#define SECRET_LENGTH 25
#define SECRET_BYTES 16
#define TOKEN_LENGTH (PREFIX_LENGTH + DIGEST_LENGTH + 1 + SECRET_LENGTH)

static_assert(TOKEN_LENGTH < JOIN_TOKEN_SIZE, "tokens fit");

/* Divides the number by 36 and returns the rest. */
static unsigned divide(uint8_t *number, size_t n)
{
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned part = rest << 8 | number[i];
        number[i] = (uint8_t)(part / 36);
        rest = part % 36;
    }
    return rest;
}

/* Consumes the number, which is below 36^length. */
static void write_base36(uint8_t *number, size_t n, char *out, size_t length)
{
    for (size_t i = length; i-- > 0;)
        out[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[divide(number, n)];
}

static void write_digest(const void *root_pem, size_t n, char out[DIGEST_LENGTH])
{
    static const unsigned char nothing;
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, n ? root_pem : &nothing, n);
    write_base36(digest, sizeof(digest), out, DIGEST_LENGTH);
}

void token_new(const struct buf *root_pem, char out[JOIN_TOKEN_SIZE])
{
    uint8_t secret[SECRET_BYTES];
    crypto_random(secret, sizeof(secret));
    memcpy(out, PREFIX, PREFIX_LENGTH);
    char *digest = out + PREFIX_LENGTH;
    write_digest(root_pem->data, root_pem->len, digest);
    digest[DIGEST_LENGTH] = '-';
    write_base36(secret, sizeof(secret), digest + DIGEST_LENGTH + 1, SECRET_LENGTH);
    out[TOKEN_LENGTH] = '\0';
}

static bool is_base36(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'z')))
            return false;
    return true;
}

bool token_is_valid(const char *token)
{
    if (strnlen(token, TOKEN_LENGTH + 1) != TOKEN_LENGTH ||
        !str_starts_with(token, PREFIX))
        return false;
    const char *digest = token + PREFIX_LENGTH;
    return is_base36(digest, DIGEST_LENGTH) && digest[DIGEST_LENGTH] == '-' &&
           is_base36(digest + DIGEST_LENGTH + 1, SECRET_LENGTH);
}

bool token_fits_root(const char *token, const void *root_pem, size_t n)
{
    char digest[DIGEST_LENGTH];
    write_digest(root_pem, n, digest);
    return crypto_equal(token + PREFIX_LENGTH, DIGEST_LENGTH, digest, DIGEST_LENGTH);
}
