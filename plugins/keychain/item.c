/* SPDX-License-Identifier: Apache-2.0 */
#include "keychain/attributes.h"
#include "keychain/keychain.h"

/* The value as the session carries it, encrypted. */
static GVariant *encode(struct keychain_service *s, const struct buf *value)
{
    SecretValue *v =
        secret_value_new(buf_str(value), (gssize)value->len, KEYCHAIN_CONTENT_TYPE);
    GVariant *coded = secret_service_encode_dbus_secret(s->secret, v);
    secret_value_unref(v);
    return coded;
}

static GVariant *properties_of(const char *group, const char *id, GVariant *attributes)
{
    GVariantBuilder b;
    char *label = keychain_label(group, id);
    g_variant_builder_init(&b, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&b, "{sv}", SECRETS_ITEM ".Label", g_variant_new_string(label));
    g_variant_builder_add(&b, "{sv}", SECRETS_ITEM ".Attributes", attributes);
    g_free(label);
    return g_variant_builder_end(&b);
}

int keychain_item_create(struct keychain_service *s, const char *group,
                         const struct secret_envelope *secret, struct err *e)
{
    GVariant *attributes, *answer;
    const char *prompt;
    int r = keychain_attributes(group, secret, &attributes, e);
    if (r)
        return r;
    GVariant *arguments =
        g_variant_new("(@a{sv}@(oayays)b)", properties_of(group, secret->id, attributes),
                      encode(s, &secret->value), TRUE);
    r = keychain_service_call(s, s->collection, SECRETS_COLLECTION, "CreateItem",
                              arguments, "(oo)", &answer, e);
    if (r)
        return r;
    g_variant_get_child(answer, 1, "&o", &prompt);
    r = keychain_prompt(s, prompt, e);
    g_variant_unref(answer);
    return r;
}

static int set_property(struct keychain_service *s, const char *path, const char *name,
                        GVariant *value, struct err *e)
{
    GVariant *answer;
    int r = keychain_service_call(s, path, DBUS_PROPERTIES, "Set",
                                  g_variant_new("(ssv)", SECRETS_ITEM, name, value), "()",
                                  &answer, e);
    if (!r)
        g_variant_unref(answer);
    return r;
}

static int set_value(struct keychain_service *s, const char *path,
                     const struct buf *value, struct err *e)
{
    GVariant *answer;
    int r = keychain_service_call(s, path, SECRETS_ITEM, "SetSecret",
                                  g_variant_new("(@(oayays))", encode(s, value)), "()",
                                  &answer, e);
    if (!r)
        g_variant_unref(answer);
    return r;
}

int keychain_item_update(struct keychain_service *s, const char *path, const char *group,
                         const struct secret_envelope *secret, struct err *e)
{
    GVariant *attributes;
    int r = keychain_attributes(group, secret, &attributes, e);
    if (r)
        return r;
    g_variant_ref_sink(attributes);
    r = set_value(s, path, &secret->value, e);
    if (!r)
        r = set_property(s, path, "Attributes", attributes, e);
    if (!r) {
        char *label = keychain_label(group, secret->id);
        r = set_property(s, path, "Label", g_variant_new_string(label), e);
        g_free(label);
    }
    g_variant_unref(attributes);
    return r;
}

int keychain_item_delete(struct keychain_service *s, const char *path, struct err *e)
{
    GVariant *answer;
    const char *prompt;
    int r =
        keychain_service_call(s, path, SECRETS_ITEM, "Delete", NULL, "(o)", &answer, e);
    if (r)
        return r == ERR_NOT_FOUND || r == ERR_UNIMPLEMENTED ? 0 : r;
    g_variant_get(answer, "(&o)", &prompt);
    r = keychain_prompt(s, prompt, e);
    g_variant_unref(answer);
    return r;
}
