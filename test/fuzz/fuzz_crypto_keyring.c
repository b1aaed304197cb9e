/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens hostile bytes with a ring whose keys are random: whatever they are, they are
 * refused and nothing is written. What the same ring sealed opens to what it was, also
 * when it is what the fuzzer gives.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "crypto/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void refuse(const struct keyring *ring, const uint8_t *data, size_t size)
{
    struct buf plain = BUF_INIT;
    struct err e = {0};
    int r = keyring_open(ring, "object/secret/x", data, size, &plain, &e);
    assert(r == ERR_DATA_LOSS && plain.len == 0 && e.text[0]);
    buf_deinit(&plain);
}

static void round_trip(const struct keyring *ring, const uint8_t *data, size_t size)
{
    struct buf sealed = BUF_INIT, plain = BUF_INIT;
    int r = keyring_seal(ring, "object/secret/x", data, size, &sealed);
    assert(r == 0);
    r = keyring_open(ring, "object/secret/x", sealed.data, sealed.len, &plain, NULL);
    assert(r == 0 && plain.len == size);
    assert(size == 0 || memcmp(plain.data, data, size) == 0);
    if (size) {
        sealed.data[data[0] % sealed.len] ^= 1;
        refuse(ring, (const uint8_t *)sealed.data, sealed.len);
    }
    buf_deinit(&sealed);
    buf_deinit(&plain);
}

static void decode(const uint8_t *data, size_t size)
{
    struct keyring *ring = NULL;
    struct buf bytes = BUF_INIT;
    if (keyring_decode(data, size, &ring, NULL))
        return;
    int r = keyring_encode(ring, &bytes);
    assert(r == 0 && bytes.len == size && memcmp(bytes.data, data, size) == 0);
    keyring_free(ring);
    buf_deinit(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct keyring *ring;
    if (!ring && (crypto_init(NULL) || keyring_new(&ring)))
        return 0;
    refuse(ring, data, size);
    round_trip(ring, data, size);
    decode(data, size);
    return 0;
}
