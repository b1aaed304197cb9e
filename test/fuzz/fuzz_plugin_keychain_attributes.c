/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of an item as a keyring sends them. What is read, written and read again is
 * the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "keychain/attributes.h"
#include "resolver/secret_id.h"

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void compare(const struct secret_envelope *a, const struct secret_envelope *b)
{
    must(str_equal(a->id, b->id) && a->n_metadata == b->n_metadata);
    for (size_t i = 0; i < a->n_metadata; i++)
        must(str_equal(a->metadata[i].value, secret_envelope_get(b, a->metadata[i].key)));
}

static void write_and_read(const struct secret_envelope *secret)
{
    cleanup_secret_envelope struct secret_envelope again = {0};
    GVariant *attributes;
    must(!keychain_attributes("group", secret, &attributes, NULL));
    g_variant_ref_sink(attributes);
    must(!keychain_attributes_read(attributes, &again, NULL));
    compare(secret, &again);
    g_variant_unref(attributes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_secret_envelope struct secret_envelope secret = {0};
    GVariant *attributes = g_variant_ref_sink(
        g_variant_new_from_data(G_VARIANT_TYPE("a{ss}"), data, size, FALSE, NULL, NULL));
    struct err e = {0};
    if (!keychain_attributes_read(attributes, &secret, &e)) {
        must(secret_id_is_valid(secret.id));
        write_and_read(&secret);
    } else {
        must(*e.text);
    }
    g_variant_unref(attributes);
    return 0;
}
