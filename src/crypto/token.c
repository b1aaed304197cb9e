/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Join tokens: both numbers are big-endian, in base 36 with the digits 0-9a-z, filled up
 * with zeros on the left.
 */
#include "crypto/crypto.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/base36.h"
#include "base/mem.h"
#include "base/str.h"

#define PREFIX "SWMTKN-1-"
#define PREFIX_LENGTH (sizeof(PREFIX) - 1)
#define DIGEST_LENGTH 50
#define SECRET_LENGTH 25
#define SECRET_BYTES 16
#define TOKEN_LENGTH (PREFIX_LENGTH + DIGEST_LENGTH + 1 + SECRET_LENGTH)

static_assert(TOKEN_LENGTH < JOIN_TOKEN_SIZE, "tokens fit");

static void write_digest(const void *root_pem, size_t n, char out[DIGEST_LENGTH])
{
    static const unsigned char nothing;
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, n ? root_pem : &nothing, n);
    base36_write(digest, sizeof(digest), out, DIGEST_LENGTH);
}

void token_new(const struct buf *root_pem, char out[JOIN_TOKEN_SIZE])
{
    uint8_t secret[SECRET_BYTES];
    crypto_random(secret, sizeof(secret));
    memcpy(out, PREFIX, PREFIX_LENGTH);
    char *digest = out + PREFIX_LENGTH;
    write_digest(root_pem->data, root_pem->len, digest);
    digest[DIGEST_LENGTH] = '-';
    base36_write(secret, sizeof(secret), digest + DIGEST_LENGTH + 1, SECRET_LENGTH);
    out[TOKEN_LENGTH] = '\0';
}

static bool is_base36(const char *s, size_t n)
{
    return strspn(s, BASE36_DIGITS) >= n;
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
