/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file has a random key of its own, wrapped in the header for each recipient. Behind
 * the header comes the payload:
 *
 *   | nonce 16 | chunk | chunk | ... | last chunk |
 *
 * A chunk is ChaCha20-Poly1305 of 64 KiB of plaintext, the last one of what is left. Its
 * nonce is its number (11 bytes) and whether it is the last (1 byte), so that chunks
 * can't be dropped, repeated or moved.
 */
#include "crypto/age.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/age_header.h"
#include "crypto/age_key.h"
#include "crypto/hkdf.h"

#define X25519_INFO "age-encryption.org/v1/X25519"
#define SCRYPT_LABEL "age-encryption.org/v1/scrypt"
#define SCRYPT_BLOCK 8
#define CHUNK_SIZE ((size_t)64 << 10)
#define TAG_SIZE crypto_aead_chacha20poly1305_ietf_ABYTES
#define NONCE_SIZE crypto_aead_chacha20poly1305_ietf_NPUBBYTES
#define PAYLOAD_NONCE_SIZE 16

/* Keys on their way; they are wiped together. */
struct key {
    uint8_t bytes[HKDF_SIZE];
};

static void key_wipe(struct key *k)
{
    mem_wipe(k, sizeof(*k));
}
#define cleanup_key CLEANUP(key_wipe)

static const uint8_t zero_nonce[NONCE_SIZE];

/* ---- wrapping the file's key ---- */

/* The key between an X25519 share and a recipient, from the secret that both sides can
 * make; false when the points allow no secret. */
static bool x25519_key(const uint8_t secret[AGE_KEY_SIZE],
                       const uint8_t other[AGE_KEY_SIZE],
                       const uint8_t share[AGE_KEY_SIZE],
                       const uint8_t recipient[AGE_KEY_SIZE], struct key *out)
{
    uint8_t shared[AGE_KEY_SIZE], salt[2 * AGE_KEY_SIZE];
    bool is_good = crypto_scalarmult(shared, secret, other) == 0;
    memcpy(salt, share, AGE_KEY_SIZE);
    memcpy(salt + AGE_KEY_SIZE, recipient, AGE_KEY_SIZE);
    if (is_good)
        hkdf_sha256(shared, sizeof(shared), salt, sizeof(salt), X25519_INFO, out->bytes);
    mem_wipe(shared, sizeof(shared));
    return is_good;
}

/* ERR_NO_MEMORY: scrypt takes 2^work KiB. */
static int scrypt_key(const struct age_passphrase *pass,
                      const uint8_t salt[AGE_SALT_SIZE], unsigned work, struct key *out)
{
    uint8_t salted[sizeof(SCRYPT_LABEL) - 1 + AGE_SALT_SIZE];
    memcpy(salted, SCRYPT_LABEL, sizeof(SCRYPT_LABEL) - 1);
    memcpy(salted + sizeof(SCRYPT_LABEL) - 1, salt, AGE_SALT_SIZE);
    return crypto_pwhash_scryptsalsa208sha256_ll(
               pass->text, pass->n, salted, sizeof(salted), (uint64_t)1 << work,
               SCRYPT_BLOCK, 1, out->bytes, sizeof(out->bytes))
               ? ERR_NO_MEMORY
               : 0;
}

static void wrap(const struct key *with, const struct key *file_key, struct age_stanza *s)
{
    crypto_aead_chacha20poly1305_ietf_encrypt(s->wrapped, NULL, file_key->bytes,
                                              AGE_FILE_KEY_SIZE, NULL, 0, NULL,
                                              zero_nonce, with->bytes);
}

static bool unwrap(const struct key *with, const struct age_stanza *s,
                   struct key *file_key)
{
    return crypto_aead_chacha20poly1305_ietf_decrypt(file_key->bytes, NULL, NULL,
                                                     s->wrapped, sizeof(s->wrapped), NULL,
                                                     0, zero_nonce, with->bytes) == 0;
}

static bool wrap_x25519(const struct age_recipient *to, const struct key *file_key,
                        struct age_stanza *s)
{
    cleanup_key struct key secret, with;
    randombytes_buf(secret.bytes, sizeof(secret.bytes));
    s->kind = AGE_STANZA_X25519;
    crypto_scalarmult_base(s->share, secret.bytes);
    if (!x25519_key(secret.bytes, to->point, s->share, to->point, &with))
        return false;
    wrap(&with, file_key, s);
    return true;
}

static bool unwrap_x25519(const struct age_identity *i, const struct age_stanza *s,
                          struct key *file_key)
{
    cleanup_key struct key with;
    return x25519_key(i->secret, s->share, s->share, i->recipient.point, &with) &&
           unwrap(&with, s, file_key);
}

static int unwrap_scrypt(const struct age_passphrase *pass, const struct age_stanza *s,
                         struct key *file_key, struct err *e)
{
    cleanup_key struct key with;
    if (s->work > pass->work)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "its passphrase has the work factor %u, over the limit of %u",
                       s->work, pass->work);
    if (scrypt_key(pass, s->salt, s->work, &with))
        return err_no_memory(e);
    return unwrap(&with, s, file_key)
               ? 0
               : err_set(e, ERR_PERMISSION_DENIED, "the passphrase is wrong");
}

/* ---- payload ---- */

struct chunk_nonce {
    uint8_t bytes[NONCE_SIZE];
};

static struct chunk_nonce chunk_nonce(uint64_t number, bool is_last)
{
    struct chunk_nonce n = {{0}};
    for (size_t i = 0; i < sizeof(number); i++)
        n.bytes[NONCE_SIZE - 2 - i] = (uint8_t)(number >> (8 * i));
    n.bytes[NONCE_SIZE - 1] = is_last;
    return n;
}

static void payload_key(const struct key *file_key,
                        const uint8_t nonce[PAYLOAD_NONCE_SIZE], struct key *out)
{
    hkdf_sha256(file_key->bytes, AGE_FILE_KEY_SIZE, nonce, PAYLOAD_NONCE_SIZE, "payload",
                out->bytes);
}

static size_t chunks_of(size_t len)
{
    return len ? (len + CHUNK_SIZE - 1) / CHUNK_SIZE : 1;
}

/* Behind a reservation of all that will come. */
static void append_chunks(const struct key *key, const uint8_t *data, size_t len,
                          struct buf *out)
{
    size_t count = chunks_of(len);
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;
        size_t n = is_last ? len - i * CHUNK_SIZE : CHUNK_SIZE;
        struct chunk_nonce nonce = chunk_nonce(i, is_last);
        crypto_aead_chacha20poly1305_ietf_encrypt((uint8_t *)out->data + out->len, NULL,
                                                  data + i * CHUNK_SIZE, n, NULL, 0, NULL,
                                                  nonce.bytes, key->bytes);
        out->len += n + TAG_SIZE;
    }
    out->data[out->len] = '\0';
}

static int append_payload(const struct key *file_key, const void *data, size_t len,
                          struct buf *out)
{
    uint8_t nonce[PAYLOAD_NONCE_SIZE];
    cleanup_key struct key key;
    randombytes_buf(nonce, sizeof(nonce));
    payload_key(file_key, nonce, &key);
    int r = buf_reserve(out, sizeof(nonce) + len + chunks_of(len) * TAG_SIZE);
    if (!r)
        r = buf_append(out, nonce, sizeof(nonce));
    if (!r)
        append_chunks(&key, len ? data : "", len, out);
    return r;
}

static bool open_chunks(const struct key *key, const uint8_t *at, size_t n,
                        struct buf *out)
{
    for (uint64_t i = 0;; i++) {
        bool is_last = n <= CHUNK_SIZE + TAG_SIZE;
        size_t size = is_last ? n : CHUNK_SIZE + TAG_SIZE;
        struct chunk_nonce nonce = chunk_nonce(i, is_last);
        bool is_empty = size == TAG_SIZE;
        if (size < TAG_SIZE || (is_empty && i > 0) ||
            crypto_aead_chacha20poly1305_ietf_decrypt((uint8_t *)out->data + out->len,
                                                      NULL, NULL, at, size, NULL, 0,
                                                      nonce.bytes, key->bytes))
            return false;
        out->len += size - TAG_SIZE;
        out->data[out->len] = '\0';
        if (is_last)
            return true;
        at += size;
        n -= size;
    }
}

static int open_payload(const struct key *file_key, const uint8_t *at, size_t n,
                        struct buf *out, struct err *e)
{
    cleanup_key struct key key;
    if (n < PAYLOAD_NONCE_SIZE + TAG_SIZE)
        return err_set(e, ERR_DATA_LOSS, "it is cut");
    if (n > AGE_PLAINTEXT_MAX + AGE_PLAINTEXT_MAX / CHUNK_SIZE * TAG_SIZE +
                PAYLOAD_NONCE_SIZE + TAG_SIZE)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "it is over %zu bytes",
                       AGE_PLAINTEXT_MAX);
    payload_key(file_key, at, &key);
    if (buf_reserve(out, n))
        return err_no_memory(e);
    size_t before = out->len;
    if (open_chunks(&key, at + PAYLOAD_NONCE_SIZE, n - PAYLOAD_NONCE_SIZE, out))
        return 0;
    mem_wipe(out->data + before, n);
    out->len = before;
    return err_set(e, ERR_DATA_LOSS, "it was cut or changed");
}

/* ---- whole files ---- */

static void header_mac(const struct key *file_key, const char *header, size_t n,
                       uint8_t out[AGE_MAC_SIZE])
{
    cleanup_key struct key key;
    hkdf_sha256(file_key->bytes, AGE_FILE_KEY_SIZE, "", 0, "header", key.bytes);
    crypto_auth_hmacsha256(out, (const uint8_t *)header, n, key.bytes);
}

/* What is common to all recipients. On failure *out is as it was. */
static int write_file(const struct age_stanza *stanzas, size_t n,
                      const struct key *file_key, const void *data, size_t len,
                      struct buf *out)
{
    size_t before = out->len;
    uint8_t mac[AGE_MAC_SIZE];
    int r = age_header_write(stanzas, n, out);
    if (!r) {
        header_mac(file_key, out->data + before, out->len - before, mac);
        r = age_header_write_mac(mac, out);
    }
    if (!r)
        r = append_payload(file_key, data, len, out);
    if (r)
        out->len = before;
    return r;
}

static int check_length(size_t len, struct err *e)
{
    if (len <= AGE_PLAINTEXT_MAX)
        return 0;
    return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %zu bytes aren't encrypted",
                   AGE_PLAINTEXT_MAX);
}

int age_encrypt(const struct age_recipient *to, size_t n, const void *data, size_t len,
                struct buf *out, struct err *e)
{
    cleanup_key struct key file_key;
    cleanup_free struct age_stanza *stanzas = NULL;
    if (n < 1 || n > AGE_RECIPIENTS_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "a file has 1 to %d recipients, not %zu",
                       AGE_RECIPIENTS_MAX, n);
    int r = check_length(len, e);
    if (r)
        return r;
    stanzas = calloc(n, sizeof(*stanzas));
    if (!stanzas)
        return err_no_memory(e);
    randombytes_buf(file_key.bytes, sizeof(file_key.bytes));
    for (size_t i = 0; i < n; i++)
        if (!wrap_x25519(&to[i], &file_key, &stanzas[i]))
            return err_set(e, ERR_INVALID_ARGUMENT, "recipient %zu is no usable key",
                           i + 1);
    return write_file(stanzas, n, &file_key, data, len, out) ? err_no_memory(e) : 0;
}

int age_encrypt_passphrase(const struct age_passphrase *pass, const void *data,
                           size_t len, struct buf *out, struct err *e)
{
    cleanup_key struct key file_key, with;
    struct age_stanza s = {.kind = AGE_STANZA_SCRYPT, .work = pass->work};
    if (pass->work < 1 || pass->work > AGE_WORK_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "a work factor is 1 to %d, not %u",
                       AGE_WORK_MAX, pass->work);
    int r = check_length(len, e);
    if (r)
        return r;
    randombytes_buf(s.salt, sizeof(s.salt));
    randombytes_buf(file_key.bytes, sizeof(file_key.bytes));
    if (scrypt_key(pass, s.salt, s.work, &with))
        return err_no_memory(e);
    wrap(&with, &file_key, &s);
    return write_file(&s, 1, &file_key, data, len, out) ? err_no_memory(e) : 0;
}

static bool unwrap_any(const struct age_keys *keys, const struct age_header *h,
                       struct key *file_key)
{
    for (size_t s = 0; s < h->n; s++)
        for (size_t i = 0; i < keys->n; i++)
            if (h->stanzas[s].kind == AGE_STANZA_X25519 &&
                unwrap_x25519(keys->identities[i], &h->stanzas[s], file_key))
                return true;
    return false;
}

static int find_file_key(const struct age_keys *keys, const struct age_header *h,
                         struct key *file_key, struct err *e)
{
    bool is_scrypt = h->stanzas[0].kind == AGE_STANZA_SCRYPT;
    if (is_scrypt && keys->passphrase)
        return unwrap_scrypt(keys->passphrase, &h->stanzas[0], file_key, e);
    if (is_scrypt)
        return err_set(e, ERR_PERMISSION_DENIED, "it is encrypted with a passphrase");
    if (unwrap_any(keys, h, file_key))
        return 0;
    return err_set(e, ERR_PERMISSION_DENIED, "it is encrypted for other keys");
}

static int open_file(const struct age_keys *keys, struct age_header *h, const char *file,
                     size_t n, struct buf *out, struct err *e)
{
    cleanup_key struct key file_key;
    uint8_t mac[AGE_MAC_SIZE];
    int r = age_header_parse(h, file, n, e);
    if (!r)
        r = find_file_key(keys, h, &file_key, e);
    if (r)
        return r;
    header_mac(&file_key, file, h->mac_covers, mac);
    if (sodium_memcmp(mac, h->mac, sizeof(mac)))
        return err_set(e, ERR_DATA_LOSS, "its header was changed");
    return open_payload(&file_key, (const uint8_t *)file + h->size, n - h->size, out, e);
}

int age_decrypt(const struct age_keys *keys, const void *file, size_t n, struct buf *out,
                struct err *e)
{
    cleanup_free struct age_header *h = malloc(sizeof(*h));
    return h ? open_file(keys, h, file, n, out, e) : err_no_memory(e);
}
