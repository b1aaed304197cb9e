/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/age_key.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/bech32.h"

#define IDENTITY_PREFIX "age-secret-key-"
#define RECIPIENT_PREFIX "age"

static_assert(BECH32_DATA_SIZE == AGE_KEY_SIZE, "what Bech32 carries is a key");

static struct age_identity *identity_alloc(void)
{
    return sodium_malloc(sizeof(struct age_identity));
}

/* The private key is filled: the rest, and no more writing. */
static void identity_seal(struct age_identity *i)
{
    crypto_scalarmult_base(i->recipient.point, i->secret);
    sodium_mprotect_readonly(i);
}

int age_identity_new(struct age_identity **out)
{
    struct age_identity *i = identity_alloc();
    if (!i)
        return ERR_NO_MEMORY;
    randombytes_buf(i->secret, sizeof(i->secret));
    identity_seal(i);
    *out = i;
    return 0;
}

void age_identity_free(struct age_identity *i)
{
    sodium_free(i);
}

int age_identity_parse(const char *text, size_t n, struct age_identity **out,
                       struct err *e)
{
    struct age_identity *i = identity_alloc();
    if (!i)
        return err_no_memory(e);
    const char *wrong = bech32_decode(IDENTITY_PREFIX, text, n, i->secret);
    if (wrong) {
        sodium_free(i);
        return err_set(e, ERR_INVALID_ARGUMENT, "it is no private key of age: %s", wrong);
    }
    identity_seal(i);
    *out = i;
    return 0;
}

int age_identity_write(const struct age_identity *i, struct buf *out)
{
    size_t start = out->len;
    int r = bech32_encode(IDENTITY_PREFIX, i->secret, out);
    for (size_t k = start; !r && k < out->len; k++)
        if (out->data[k] >= 'a' && out->data[k] <= 'z')
            out->data[k] = (char)(out->data[k] - 'a' + 'A');
    return r;
}

const struct age_recipient *age_identity_recipient(const struct age_identity *i)
{
    return &i->recipient;
}

int age_recipient_write(const struct age_recipient *r, struct buf *out)
{
    return bech32_encode(RECIPIENT_PREFIX, r->point, out);
}
