/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/secrets.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "resolver/envelope.h"
#include "resolver/secret_id.h"
#include "wire/connect.h"
#include "wire/message.h"
#include "json/json.h"

/* What an item points to is the envelope's, but for the value, which needs a NUL. */
struct item {
    struct coffer_secret secret;
    Resolver__V1__Envelope *envelope;
    unsigned char *value;
    struct coffer_pair *metadata;
};

struct coffer_secrets {
    size_t n;
    struct item items[];
};

size_t coffer_secrets_count(const struct coffer_secrets *s)
{
    return s->n;
}

const struct coffer_secret *coffer_secrets_get(const struct coffer_secrets *s,
                                               size_t index)
{
    return index < s->n ? &s->items[index].secret : NULL;
}

void coffer_secrets_free(struct coffer_secrets *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++) {
        mem_wipe_free(s->items[i].value);
        free(s->items[i].metadata);
        message_free(s->items[i].envelope ? &s->items[i].envelope->base : NULL);
    }
    free(s);
}

/* ---- from the wire ---- */

int sdk_time_read(const Google__Protobuf__Timestamp *t, int64_t *out, struct err *e)
{
    struct secret_time time = {0};
    int r = t ? secret_time_read(t->seconds, t->nanos, &time, e) : 0;
    if (!r)
        *out = time.is_set ? time.seconds : 0;
    return r;
}

static int read_times(struct item *item, struct err *e)
{
    const Resolver__V1__Envelope *from = item->envelope;
    int r = sdk_time_read(from->created_at, &item->secret.created_at, e);
    if (!r)
        r = sdk_time_read(from->resolved_at, &item->secret.resolved_at, e);
    return r ? r : sdk_time_read(from->expires_at, &item->secret.expires_at, e);
}

static int read_metadata(struct item *item, struct err *e)
{
    const Resolver__V1__Envelope *from = item->envelope;
    if (from->n_metadata > SECRET_METADATA_MAX)
        return err_set(e, ERR_BAD_MESSAGE, "secret %s has too much metadata", from->id);
    if (from->n_metadata == 0)
        return 0;
    item->metadata = calloc(from->n_metadata, sizeof(*item->metadata));
    if (!item->metadata)
        return err_no_memory(e);
    for (size_t i = 0; i < from->n_metadata; i++) {
        const char *key = from->metadata[i]->key, *value = from->metadata[i]->value;
        if (json_is_text(key) && json_is_text(value))
            item->metadata[item->secret.metadata_count++] =
                (struct coffer_pair){.key = key, .value = value};
    }
    item->secret.metadata = item->metadata;
    return 0;
}

/* The envelope's own copy of the value goes as soon as ours is there. */
static int read_value(struct item *item, struct err *e)
{
    ProtobufCBinaryData *value = &item->envelope->value;
    if (value->len > SECRET_VALUE_MAX)
        return err_set(e, ERR_BAD_MESSAGE, "the value of secret %s is too long",
                       item->envelope->id);
    item->value = mem_dup(value->len ? (const char *)value->data : "", value->len);
    if (!item->value)
        return err_no_memory(e);
    item->secret.value = item->value;
    item->secret.size = value->len;
    mem_wipe_free(value->data);
    *value = (ProtobufCBinaryData){0};
    return 0;
}

static int read_item(struct item *item, bool has_value, struct err *e)
{
    Resolver__V1__Envelope *from = item->envelope;
    connect_clean_text(from->provider, strlen(from->provider));
    connect_clean_text(from->version, strlen(from->version));
    item->secret.id = from->id;
    item->secret.provider = from->provider;
    item->secret.version = from->version;
    int r = read_times(item, e);
    if (!r)
        r = read_metadata(item, e);
    return r || !has_value ? r : read_value(item, e);
}

/* Moves the envelopes with valid ids over; the others go. */
static void take_over(struct coffer_secrets *s, Resolver__V1__Envelope **list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (secret_id_is_valid(list[i]->id))
            s->items[s->n++].envelope = list[i];
        else
            message_free(&list[i]->base);
    }
}

static int too_many(size_t n, struct err *e)
{
    return err_set(e, ERR_BAD_MESSAGE, "the answer has %zu secrets, over %d", n,
                   SECRET_ENVELOPES_MAX);
}

static int new_secrets(Resolver__V1__Envelope ***list, size_t *n, bool has_values,
                       struct coffer_secrets **out, struct err *e)
{
    if (*n > SECRET_ENVELOPES_MAX)
        return too_many(*n, e);
    struct coffer_secrets *s = calloc(1, sizeof(*s) + *n * sizeof(s->items[0]));
    if (!s)
        return err_no_memory(e);
    take_over(s, *list, *n);
    free(*list);
    *list = NULL;
    *n = 0;
    int r = 0;
    for (size_t i = 0; i < s->n && !r; i++)
        r = read_item(&s->items[i], has_values, e);
    if (r)
        coffer_secrets_free(s);
    else
        *out = s;
    return r;
}

int sdk_secrets_new(Resolver__V1__Envelope ***list, size_t *n,
                    struct coffer_secrets **out, struct err *e)
{
    return new_secrets(list, n, true, out, e);
}

static int compare_ids(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    return strcmp(x->secret.id, y->secret.id);
}

int sdk_secrets_new_list(Resolver__V1__Envelope ***list, size_t *n,
                         struct coffer_secrets **out, struct err *e)
{
    struct coffer_secrets *s;
    int r = new_secrets(list, n, false, &s, e);
    if (r)
        return r;
    qsort(s->items, s->n, sizeof(s->items[0]), compare_ids);
    *out = s;
    return 0;
}
