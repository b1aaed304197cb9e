/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All keys of a ring lie in one block of guarded memory (pages of its own, left out of
 * cores, locked where the limit of the process allows it), which is writable only while a
 * key comes or goes. The last key is the one that seals.
 */
#include "crypto/keyring.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"

struct keyring {
    size_t count;
    struct seal_key *keys; /* guarded, KEYRING_MAX of them */
};

static struct keyring *keyring_alloc(void)
{
    struct keyring *k = calloc(1, sizeof(*k));
    if (!k)
        return NULL;
    k->keys = sodium_malloc(KEYRING_MAX * sizeof(*k->keys));
    if (!k->keys) {
        free(k);
        return NULL;
    }
    sodium_memzero(k->keys, KEYRING_MAX * sizeof(*k->keys));
    return k;
}

static void unlock(struct keyring *k)
{
    /* It is our own mapping: the kernel has no reason to refuse. */
    int r = sodium_mprotect_readwrite(k->keys);
    assert(r == 0);
}

/* Readable but not writable is a second line only, so a refusal does no harm. */
static void lock(struct keyring *k)
{
    (void)sodium_mprotect_readonly(k->keys);
}

static struct seal_key *current(const struct keyring *k)
{
    return &k->keys[k->count - 1];
}

/* The memory is writable. */
static void add_random(struct keyring *k)
{
    struct seal_key *key = &k->keys[k->count++];
    crypto_random(key->id, sizeof(key->id));
    crypto_random(key->key, sizeof(key->key));
}

int keyring_new(struct keyring **out)
{
    struct keyring *k = keyring_alloc();
    if (!k)
        return ERR_NO_MEMORY;
    add_random(k);
    lock(k);
    *out = k;
    return 0;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    sodium_free(k->keys);
    free(k);
}

static void keyring_cleanup_free(struct keyring **k)
{
    keyring_free(*k);
}

int keyring_rotate(struct keyring *k, struct err *e)
{
    if (k->count == KEYRING_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "the cluster has %d data keys already; the older ones go once "
                       "nothing is sealed with them any more",
                       KEYRING_MAX);
    unlock(k);
    add_random(k);
    lock(k);
    return 0;
}

void keyring_undo_rotate(struct keyring *k)
{
    assert(k->count > 1);
    unlock(k);
    sodium_memzero(current(k), sizeof(struct seal_key));
    k->count--;
    lock(k);
}

void keyring_drop_old(struct keyring *k)
{
    if (k->count == 1)
        return;
    unlock(k);
    k->keys[0] = *current(k);
    sodium_memzero(&k->keys[1], (KEYRING_MAX - 1) * sizeof(*k->keys));
    k->count = 1;
    lock(k);
}

size_t keyring_count(const struct keyring *k)
{
    return k->count;
}

int keyring_copy_current(const struct keyring *k, struct keyring **out)
{
    struct keyring *copy = keyring_alloc();
    if (!copy)
        return ERR_NO_MEMORY;
    copy->keys[copy->count++] = *current(k);
    lock(copy);
    *out = copy;
    return 0;
}

/* ---- as bytes ---- */

int keyring_encode(const struct keyring *k, struct buf *out)
{
    size_t size = 1 + k->count * sizeof(struct seal_key);
    if (buf_reserve(out, size))
        return ERR_NO_MEMORY;
    out->data[out->len] = (char)k->count;
    memcpy(out->data + out->len + 1, k->keys, size - 1);
    out->len += size;
    out->data[out->len] = '\0';
    return 0;
}

static_assert(sizeof(struct seal_key) == SEAL_KEY_ID_SIZE + SEAL_KEY_SIZE, "no padding");

static const struct seal_key *find(const struct keyring *k, const uint8_t *id)
{
    for (size_t i = k->count; i-- > 0;)
        if (memcmp(k->keys[i].id, id, SEAL_KEY_ID_SIZE) == 0)
            return &k->keys[i];
    return NULL;
}

static int read_keys(struct keyring *k, const uint8_t *data, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *key = data + i * sizeof(struct seal_key);
        if (find(k, key))
            return err_set(e, ERR_DATA_LOSS, "the keyring has a key id twice");
        memcpy(&k->keys[k->count++], key, sizeof(struct seal_key));
    }
    return 0;
}

int keyring_decode(const void *data, size_t n, struct keyring **out, struct err *e)
{
    const uint8_t *bytes = data;
    if (n == 0 || bytes[0] == 0 || bytes[0] > KEYRING_MAX ||
        n != 1 + bytes[0] * sizeof(struct seal_key))
        return err_set(e, ERR_DATA_LOSS, "%zu bytes are no keyring", n);
    CLEANUP(keyring_cleanup_free) struct keyring *k = keyring_alloc();
    if (!k)
        return err_no_memory(e);
    int r = read_keys(k, bytes + 1, bytes[0], e);
    if (r)
        return r;
    lock(k);
    *out = TAKE(k);
    return 0;
}

/* ---- sealing and opening ---- */

const uint8_t *keyring_current_id(const struct keyring *k)
{
    return current(k)->id;
}

bool keyring_is_current(const struct keyring *k, const void *sealed, size_t n)
{
    const uint8_t *id = seal_key_id(sealed, n, NULL);
    return id && memcmp(id, current(k)->id, SEAL_KEY_ID_SIZE) == 0;
}

int keyring_seal(const struct keyring *k, const char *context, const void *data, size_t n,
                 struct buf *out)
{
    uint8_t nonce[SEAL_NONCE_SIZE];
    crypto_random(nonce, sizeof(nonce));
    return seal_with_nonce(current(k), context, nonce, data, n, out);
}

int keyring_open(const struct keyring *k, const char *context, const void *sealed,
                 size_t n, struct buf *out, struct err *e)
{
    const uint8_t *id = seal_key_id(sealed, n, e);
    if (!id)
        return ERR_DATA_LOSS;
    const struct seal_key *key = find(k, id);
    if (!key)
        return err_set(e, ERR_DATA_LOSS,
                       "sealed value needs a data key that the keyring doesn't have");
    return seal_open(key, context, sealed, n, out, e);
}
