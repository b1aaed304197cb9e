/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/head.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "storage/storage.h"

#define FORMAT 1
#define KIND_SIZE (8 + CRYPTO_MAC_SIZE)
#define ENCODED_SIZE (2 + 8 + CRYPTO_MAC_KEY_SIZE + OBJECT_KINDS * KIND_SIZE)

void head_init(struct head *h)
{
    *h = (struct head){0};
    crypto_random(h->mac_key, sizeof(h->mac_key));
}

void head_row_seal(const void *sealed, size_t n, uint8_t out[SEAL_OVERHEAD])
{
    const uint8_t *bytes = sealed;
    assert(n >= SEAL_OVERHEAD);
    memcpy(out, bytes, SEAL_HEADER_SIZE);
    memcpy(out + SEAL_HEADER_SIZE, bytes + n - SEAL_TAG_SIZE, SEAL_TAG_SIZE);
}

/* Adding and removing are the same to XOR. */
static void flip(struct head *h, enum object_kind kind, const char *key,
                 const uint8_t seal[SEAL_OVERHEAD])
{
    uint8_t row[STORAGE_KEY_SIZE + SEAL_OVERHEAD];
    uint8_t mac[CRYPTO_MAC_SIZE];
    size_t key_size = strlen(key) + 1;
    assert(key_size <= STORAGE_KEY_SIZE);
    memcpy(row, key, key_size);
    memcpy(row + key_size, seal, SEAL_OVERHEAD);
    crypto_mac(h->mac_key, row, key_size + SEAL_OVERHEAD, mac);
    for (size_t i = 0; i < CRYPTO_MAC_SIZE; i++)
        h->kinds[kind].digest[i] ^= mac[i];
}

void head_add(struct head *h, enum object_kind kind, const char *key,
              const uint8_t seal[SEAL_OVERHEAD])
{
    h->kinds[kind].count++;
    flip(h, kind, key, seal);
}

void head_remove(struct head *h, enum object_kind kind, const char *key,
                 const uint8_t seal[SEAL_OVERHEAD])
{
    h->kinds[kind].count--;
    flip(h, kind, key, seal);
}

static int check_kind(const char *name, const struct head_kind *expected,
                      const struct head_kind *found, struct err *e)
{
    uint64_t want = expected->count, have = found->count;
    if (have < want)
        return err_set(e, ERR_DATA_LOSS, "%" PRIu64 " of %" PRIu64 " %s rows are missing",
                       want - have, want, name);
    if (have > want)
        return err_set(e, ERR_DATA_LOSS, "there are %" PRIu64 " %s rows too many",
                       have - want, name);
    if (!crypto_equal(expected->digest, CRYPTO_MAC_SIZE, found->digest, CRYPTO_MAC_SIZE))
        return err_set(e, ERR_DATA_LOSS,
                       "a %s row isn't the one that was written last: it was put back "
                       "from an older copy",
                       name);
    return 0;
}

int head_check(const struct head *expected, const struct head *found, struct err *e)
{
    int r = 0;
    for (enum object_kind kind = 0; !r && kind < OBJECT_KINDS; kind++)
        r = check_kind(object_kind_name(kind), &expected->kinds[kind],
                       &found->kinds[kind], e);
    return r;
}

/* ---- as bytes ---- */

static uint8_t *write_bytes(uint8_t *at, const void *data, size_t n)
{
    memcpy(at, data, n);
    return at + n;
}

static uint8_t *write_u64(uint8_t *at, uint64_t value)
{
    uint64_t big = htobe64(value);
    return write_bytes(at, &big, sizeof(big));
}

int head_encode(const struct head *h, struct buf *out)
{
    if (buf_reserve(out, ENCODED_SIZE))
        return ERR_NO_MEMORY;
    uint8_t *at = (uint8_t *)out->data + out->len;
    *at++ = FORMAT;
    *at++ = OBJECT_KINDS;
    at = write_u64(at, h->version);
    at = write_bytes(at, h->mac_key, sizeof(h->mac_key));
    for (size_t i = 0; i < OBJECT_KINDS; i++) {
        at = write_u64(at, h->kinds[i].count);
        at = write_bytes(at, h->kinds[i].digest, CRYPTO_MAC_SIZE);
    }
    out->len += ENCODED_SIZE;
    out->data[out->len] = '\0';
    return 0;
}

static const uint8_t *read_bytes(const uint8_t *at, void *out, size_t n)
{
    memcpy(out, at, n);
    return at + n;
}

static const uint8_t *read_u64(const uint8_t *at, uint64_t *out)
{
    uint64_t big;
    at = read_bytes(at, &big, sizeof(big));
    *out = be64toh(big);
    return at;
}

int head_decode(const void *data, size_t n, struct head *out, struct err *e)
{
    const uint8_t *at = data;
    if (n != ENCODED_SIZE || at[0] != FORMAT || at[1] != OBJECT_KINDS)
        return err_set(e, ERR_DATA_LOSS, "it has an unknown form");
    at = read_u64(at + 2, &out->version);
    at = read_bytes(at, out->mac_key, sizeof(out->mac_key));
    for (size_t i = 0; i < OBJECT_KINDS; i++) {
        at = read_u64(at, &out->kinds[i].count);
        at = read_bytes(at, out->kinds[i].digest, CRYPTO_MAC_SIZE);
    }
    return 0;
}
