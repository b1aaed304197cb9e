/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/envelopes.h"

#include <string.h>

#include "wire/message.h"

/* ---- from the wire ---- */

/* A time that makes no sense is as good as none. */
static void read_time(const Google__Protobuf__Timestamp *t, struct secret_time *out)
{
    if (t && secret_time_read(t->seconds, t->nanos, out, NULL))
        *out = (struct secret_time){0};
}

static int read_metadata(const Resolver__V1__Envelope *m, struct secret_envelope *out,
                         struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < m->n_metadata && !r; i++)
        r = secret_envelope_put(out, m->metadata[i]->key, m->metadata[i]->value, e);
    return r;
}

static int read_one(const Resolver__V1__Envelope *m, struct secret_envelope *out,
                    struct err *e)
{
    int r = secret_envelope_set_id(out, m->id, e);
    if (!r)
        r = secret_envelope_set_value(out, m->value.data, m->value.len, e);
    if (!r)
        r = secret_envelope_set_version(out, m->version, e);
    if (!r)
        r = read_metadata(m, out, e);
    read_time(m->created_at, &out->created_at);
    read_time(m->resolved_at, &out->resolved_at);
    read_time(m->expires_at, &out->expires_at);
    return r;
}

int envelopes_read(const Resolver__V1__GetSecretsResponse *message,
                   struct secret_envelopes *out, size_t *dropped, struct err *e)
{
    *dropped = 0;
    for (size_t i = 0; i < message->n_envelopes; i++) {
        cleanup_secret_envelope struct secret_envelope one = {0};
        int r = read_one(message->envelopes[i], &one, e);
        if (r == ERR_NO_MEMORY)
            return r;
        if (r) {
            (*dropped)++;
            continue;
        }
        r = secret_envelopes_append(out, &one, e);
        if (r)
            return r;
    }
    return 0;
}

/* ---- to the wire ---- */

static int write_time(const struct secret_time *t, Google__Protobuf__Timestamp **out)
{
    *out = message_new(&google__protobuf__timestamp__descriptor);
    if (!*out)
        return ERR_NO_MEMORY;
    secret_time_write(t, &(*out)->seconds, &(*out)->nanos);
    return 0;
}

static int write_pair(const struct secret_metadata *pair, Resolver__V1__Envelope *m)
{
    Resolver__V1__Envelope__MetadataEntry *entry =
        message_new(&resolver__v1__envelope__metadata_entry__descriptor);
    if (!entry)
        return ERR_NO_MEMORY;
    if (message_set_string(&entry->key, pair->key) ||
        message_set_string(&entry->value, pair->value) ||
        message_append(&m->n_metadata, &m->metadata, entry)) {
        message_free(&entry->base);
        return ERR_NO_MEMORY;
    }
    return 0;
}

static int fill(const struct secret_envelope *from, Resolver__V1__Envelope *m)
{
    int r = message_set_string(&m->id, from->id);
    if (!r)
        r = message_set_bytes(&m->value, from->value.data, from->value.len);
    if (!r)
        r = message_set_string(&m->provider, from->provider);
    if (!r)
        r = message_set_string(&m->version, from->version);
    if (!r)
        r = write_time(&from->created_at, &m->created_at);
    if (!r)
        r = write_time(&from->resolved_at, &m->resolved_at);
    if (!r)
        r = write_time(&from->expires_at, &m->expires_at);
    for (size_t i = 0; i < from->n_metadata && !r; i++)
        r = write_pair(&from->metadata[i], m);
    return r;
}

static int write_one(const struct secret_envelope *from,
                     Resolver__V1__GetSecretsResponse *out)
{
    Resolver__V1__Envelope *m = message_new(&resolver__v1__envelope__descriptor);
    if (!m)
        return ERR_NO_MEMORY;
    if (fill(from, m) || message_append(&out->n_envelopes, &out->envelopes, m)) {
        message_free(&m->base);
        return ERR_NO_MEMORY;
    }
    return 0;
}

int envelopes_write(const struct secret_envelopes *list,
                    bool (*is_shown)(const char *id, void *user), void *user,
                    Resolver__V1__GetSecretsResponse **out, struct err *e)
{
    Resolver__V1__GetSecretsResponse *m =
        message_new(&resolver__v1__get_secrets_response__descriptor);
    int r = m ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; i < list->len && !r; i++)
        if (!is_shown || is_shown(list->items[i].id, user))
            r = write_one(&list->items[i], m);
    if (r) {
        message_free(m ? &m->base : NULL);
        return err_no_memory(e);
    }
    *out = m;
    return 0;
}
