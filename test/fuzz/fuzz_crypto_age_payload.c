/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the age format that was changed opens no more, however it was changed; one
 * that wasn't gives back what was put in. The input: a size in chunks and bytes, then
 * changes of five bytes each, what and where.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/age.h"
#include "crypto/crypto.h"

#define SIZE_MAX_TESTED (3u * 65536 + 16)
#define CHUNK ((size_t)65536 + 16)

static uint8_t plain[SIZE_MAX_TESTED];

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* What a change does that moves `n` bytes from `from` to `to`, as far as they are there.
 */
static void copy_within(struct buf *file, size_t from, size_t to, size_t n)
{
    if (n > file->len - from)
        n = file->len - from;
    if (n > file->len - to)
        n = file->len - to;
    memmove(file->data + to, file->data + from, n);
}

static void change(struct buf *file, uint8_t what, size_t at)
{
    char byte;
    at %= file->len;
    switch (what % 6) {
    case 0:
        file->len = at;
        break;
    case 1:
        file->data[at] = (char)(file->data[at] ^ (what | 1));
        break;
    case 2:
        buf_consume(file, 1 + at % 4);
        break;
    case 3:
        byte = (char)what;
        must(!buf_append(file, &byte, 1));
        break;
    case 4: /* a chunk over the next one */
        copy_within(file, at, (at + CHUNK) % file->len, CHUNK);
        break;
    default: /* a chunk less at the end */
        file->len = file->len > CHUNK ? file->len - CHUNK : at;
        break;
    }
}

static void open_it(struct age_identity *key, const struct buf *file, bool is_same,
                    size_t n)
{
    struct buf out = BUF_INIT;
    struct age_keys keys = {&key, 1, NULL};
    struct err e = {0};
    int r = age_decrypt(&keys, file->data, file->len, &out, &e);
    must(is_same == !r);
    must(r ? out.len == 0 && *e.text : out.len == n && !memcmp(out.data, plain, n));
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct age_identity *key;
    struct buf file = BUF_INIT, changed = BUF_INIT;
    if (size < 2)
        return 0;
    size_t n = (size_t)(data[0] % 4) * 65536 + (size_t)(int8_t)data[1] % 16;
    n = n > sizeof(plain) ? 0 : n;
    must(!crypto_init(NULL) && !age_identity_new(&key));
    must(!age_encrypt(age_identity_recipient(key), 1, plain, n, &file, NULL));
    must(!buf_append(&changed, file.data, file.len));
    for (size_t i = 2; i + 5 <= size && i < 64 && changed.len; i += 5) {
        uint32_t at;
        memcpy(&at, data + i + 1, sizeof(at));
        change(&changed, data[i], at);
    }
    bool is_same = changed.len == file.len && !memcmp(changed.data, file.data, file.len);
    open_it(key, &changed, is_same, n);
    age_identity_free(key);
    buf_deinit(&file);
    buf_deinit(&changed);
    return 0;
}
