/* SPDX-License-Identifier: Apache-2.0 */
#include "keychain/attributes.h"

#include <string.h>

#include "base/str.h"

#define GROUP "service:group"
#define NAME "service:name"
#define ID "id"
#define METADATA_PREFIX "x_"

static int check_metadata(const struct secret_envelope *secret, struct err *e)
{
    for (size_t i = 0; i < secret->n_metadata; i++) {
        const struct secret_metadata *m = &secret->metadata[i];
        if (!g_utf8_validate(m->key, -1, NULL) || !g_utf8_validate(m->value, -1, NULL))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "metadata of %s isn't UTF-8, which a keyring needs",
                           secret->id);
    }
    return 0;
}

int keychain_attributes(const char *group, const struct secret_envelope *secret,
                        GVariant **out, struct err *e)
{
    GVariantBuilder b;
    int r = check_metadata(secret, e);
    if (r)
        return r;
    g_variant_builder_init(&b, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&b, "{ss}", GROUP, group);
    g_variant_builder_add(&b, "{ss}", NAME, KEYCHAIN_NAME);
    g_variant_builder_add(&b, "{ss}", ID, secret->id);
    for (size_t i = 0; i < secret->n_metadata; i++) {
        char *key = g_strconcat(METADATA_PREFIX, secret->metadata[i].key, NULL);
        g_variant_builder_add(&b, "{ss}", key, secret->metadata[i].value);
        g_free(key);
    }
    *out = g_variant_builder_end(&b);
    return 0;
}

GVariant *keychain_search_terms(const char *id)
{
    GVariantBuilder b;
    g_variant_builder_init(&b, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&b, "{ss}", NAME, KEYCHAIN_NAME);
    if (id)
        g_variant_builder_add(&b, "{ss}", ID, id);
    return g_variant_builder_end(&b);
}

char *keychain_label(const char *group, const char *id)
{
    return g_strconcat(group, ":", KEYCHAIN_NAME, ":", id, NULL);
}

const char *keychain_attribute(GVariant *attributes, const char *name)
{
    const char *value = NULL;
    g_variant_lookup(attributes, name, "&s", &value);
    return value;
}

int keychain_attributes_read(GVariant *attributes, struct secret_envelope *out,
                             struct err *e)
{
    GVariantIter iter;
    const char *key, *value, *id = keychain_attribute(attributes, ID);
    int r = id ? secret_envelope_set_id(out, id, e)
               : err_set(e, ERR_INVALID_ARGUMENT, "it has no id");
    g_variant_iter_init(&iter, attributes);
    while (!r && g_variant_iter_next(&iter, "{&s&s}", &key, &value))
        if (str_starts_with(key, METADATA_PREFIX))
            r = secret_envelope_put(out, key + strlen(METADATA_PREFIX), value, e);
    return r;
}
