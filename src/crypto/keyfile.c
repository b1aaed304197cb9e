/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key file:
 *
 *   | "COFFERKR" | version = 1 | slot = 1 (plain) | key-encryption key 32 | sealed ring |
 *
 * The ring is sealed with the key-encryption key like any value, so that another slot can
 * hold that key without a change to the rest, and so that no bit of the file can change
 * without being seen. A new key-encryption key is made at each save.
 */
#include "crypto/crypto.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "crypto/keyring.h"

#define MAGIC "COFFERKR"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define VERSION 1
#define SLOT_PLAIN 1
#define HEADER_SIZE (MAGIC_SIZE + 2 + SEAL_KEY_SIZE)
#define CONTEXT "keyring"

#define KEYFILE_MAX (HEADER_SIZE + SEAL_OVERHEAD + KEYRING_ENCODED_MAX)

static void wipe_key(struct seal_key *k)
{
    mem_wipe(k, sizeof(*k));
}
#define cleanup_key CLEANUP(wipe_key)

static void cleanup_keyring(struct keyring **k)
{
    keyring_free(*k);
}

/* ---- reading ---- */

static int check_header(const struct buf *file, struct err *e)
{
    if (file->len < HEADER_SIZE || memcmp(file->data, MAGIC, MAGIC_SIZE) != 0)
        return err_set(e, ERR_DATA_LOSS, "it is cut or no key file");
    unsigned version = (unsigned char)file->data[MAGIC_SIZE];
    if (version != VERSION)
        return err_set(e, ERR_DATA_LOSS, "it has the unknown version %u", version);
    unsigned slot = (unsigned char)file->data[MAGIC_SIZE + 1];
    if (slot != SLOT_PLAIN)
        return err_set(e, ERR_DATA_LOSS, "it has a slot of the unknown kind %u", slot);
    return 0;
}

int keyfile_parse(const struct buf *file, struct keyring **out, struct err *e)
{
    int r = check_header(file, e);
    if (r)
        return r;
    cleanup_key struct seal_key kek = {0};
    memcpy(kek.key, file->data + MAGIC_SIZE + 2, sizeof(kek.key));
    const char *sealed = file->data + HEADER_SIZE;
    size_t n = file->len - HEADER_SIZE;
    const uint8_t *id = seal_key_id(sealed, n, e);
    if (!id)
        return ERR_DATA_LOSS;
    if (memcmp(id, kek.id, sizeof(kek.id)) != 0)
        return err_set(e, ERR_DATA_LOSS, "it was changed");
    cleanup_buf struct buf plain = BUF_INIT;
    r = seal_open(&kek, CONTEXT, sealed, n, &plain, e);
    if (r)
        return r;
    return keyring_decode(plain.data, plain.len, out, e);
}

static int check_owner(const char *path, struct err *e)
{
    struct stat st;
    if (lstat(path, &st))
        return err_errno(e, errno, "key file %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_DATA_LOSS, "key file %s is not a regular file", path);
    if (st.st_uid != geteuid() || (st.st_mode & 077))
        return err_set(e, ERR_PERMISSION_DENIED,
                       "key file %s must belong to user %u and be readable by nobody "
                       "else (mode 0600)",
                       path, (unsigned)geteuid());
    return 0;
}

int keyfile_load(const char *path, struct keyring **out, struct err *e)
{
    int r = check_owner(path, e);
    if (r)
        return r;
    cleanup_buf struct buf file = BUF_INIT;
    r = file_read(path, KEYFILE_MAX, &file, e);
    if (r)
        return err_wrap(e, r, "key file");
    r = keyfile_parse(&file, out, e);
    if (r)
        return err_wrap(e, r, "key file %s", path);
    return 0;
}

/* ---- writing ---- */

static int append_header(struct buf *file, const struct seal_key *kek)
{
    static const char head[] = {VERSION, SLOT_PLAIN};
    int r = buf_append(file, MAGIC, MAGIC_SIZE);
    if (!r)
        r = buf_append(file, head, sizeof(head));
    if (!r)
        r = buf_append(file, kek->key, sizeof(kek->key));
    return r;
}

int keyfile_format(const struct keyring *k, struct buf *file)
{
    cleanup_key struct seal_key kek = {0};
    uint8_t nonce[SEAL_NONCE_SIZE];
    crypto_random(kek.key, sizeof(kek.key));
    crypto_random(nonce, sizeof(nonce));
    cleanup_buf struct buf plain = BUF_INIT;
    int r = keyring_encode(k, &plain);
    if (!r)
        r = append_header(file, &kek);
    if (!r)
        r = seal_with_nonce(&kek, CONTEXT, nonce, plain.data, plain.len, file);
    return r;
}

int keyfile_save(const char *path, const struct keyring *k, struct err *e)
{
    cleanup_buf struct buf file = BUF_INIT;
    if (keyfile_format(k, &file))
        return err_no_memory(e);
    int r = file_replace(path, 0600, file.data, file.len, e);
    return r ? err_wrap(e, r, "key file") : 0;
}

int keyfile_rotate(const char *path, struct keyring *k, struct err *e)
{
    int r = keyring_rotate(k, e);
    if (r)
        return r;
    r = keyfile_save(path, k, e);
    if (r)
        keyring_undo_rotate(k);
    return r;
}

int keyfile_drop_old(const char *path, struct keyring *k, struct err *e)
{
    CLEANUP(cleanup_keyring) struct keyring *remaining = NULL;
    if (keyring_copy_current(k, &remaining))
        return err_no_memory(e);
    int r = keyfile_save(path, remaining, e);
    if (r)
        return r;
    keyring_drop_old(k);
    return 0;
}
