/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/envelope.h"

struct coffer_secret plugin_secret(const struct secret_envelope *from,
                                   struct coffer_pair pairs[SECRET_METADATA_MAX])
{
    for (size_t i = 0; i < from->n_metadata; i++)
        pairs[i] = (struct coffer_pair){from->metadata[i].key, from->metadata[i].value};
    return (struct coffer_secret){.id = from->id,
                                  .value = (const unsigned char *)buf_str(&from->value),
                                  .size = from->value.len,
                                  .metadata = pairs,
                                  .metadata_count = from->n_metadata};
}

int plugin_envelope(const struct coffer_secret *from, struct secret_envelope *out,
                    struct err *e)
{
    int r = secret_envelope_set_id(out, from->id, e);
    if (!r)
        r = secret_envelope_set_value(out, from->value, from->size, e);
    for (size_t i = 0; !r && i < from->metadata_count; i++)
        r = secret_envelope_put(out, from->metadata[i].key, from->metadata[i].value, e);
    return r;
}

static int64_t seconds_of(const struct secret_time *t)
{
    return t->is_set ? t->seconds : 0;
}

int plugin_add_all(struct coffer_answer *answer, const struct secret_envelopes *list,
                   struct coffer_error *e)
{
    struct coffer_pair pairs[SECRET_METADATA_MAX];
    int r = COFFER_OK;
    for (size_t i = 0; !r && i < list->len; i++) {
        const struct secret_envelope *from = &list->items[i];
        struct coffer_secret secret = plugin_secret(from, pairs);
        secret.version = from->version;
        secret.created_at = seconds_of(&from->created_at);
        secret.expires_at = seconds_of(&from->expires_at);
        r = coffer_answer_add(answer, &secret, e);
    }
    return r;
}
