/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/envelope.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "resolver/quote.h"
#include "resolver/secret_id.h"

#define ENVELOPES_FIRST_SIZE 4

void secret_envelope_deinit(struct secret_envelope *envelope)
{
    for (size_t i = 0; i < envelope->n_metadata; i++) {
        free(envelope->metadata[i].key);
        free(envelope->metadata[i].value);
    }
    free(envelope->metadata);
    free(envelope->id);
    free(envelope->provider);
    free(envelope->version);
    buf_deinit(&envelope->value);
    *envelope = (struct secret_envelope){0};
}

static int set_text(char **field, const char *text, struct err *e)
{
    char *copy = mem_dup(text, strlen(text));
    if (!copy)
        return err_no_memory(e);
    free(*field);
    *field = copy;
    return 0;
}

static int set_short_text(char **field, const char *text, const char *what, struct err *e)
{
    if (strlen(text) > SECRET_TEXT_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "the %s of a secret is over %d bytes",
                       what, SECRET_TEXT_MAX);
    return set_text(field, text, e);
}

int secret_envelope_set_id(struct secret_envelope *envelope, const char *id,
                           struct err *e)
{
    int r = secret_id_check(id, strlen(id), e);
    return r ? r : set_text(&envelope->id, id, e);
}

int secret_envelope_set_provider(struct secret_envelope *envelope, const char *provider,
                                 struct err *e)
{
    return set_short_text(&envelope->provider, provider, "provider", e);
}

int secret_envelope_set_version(struct secret_envelope *envelope, const char *version,
                                struct err *e)
{
    return set_short_text(&envelope->version, version, "version", e);
}

int secret_envelope_set_value(struct secret_envelope *envelope, const void *value,
                              size_t n, struct err *e)
{
    cleanup_buf struct buf copy = BUF_INIT;
    if (n > SECRET_VALUE_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "the value of a secret has %zu bytes, at most %d are supported", n,
                       SECRET_VALUE_MAX);
    if (buf_append(&copy, value, n))
        return err_no_memory(e);
    buf_deinit(&envelope->value);
    envelope->value = copy;
    copy = (struct buf)BUF_INIT;
    return 0;
}

static struct secret_metadata *find(const struct secret_envelope *envelope,
                                    const char *key)
{
    for (size_t i = 0; i < envelope->n_metadata; i++)
        if (str_equal(envelope->metadata[i].key, key))
            return &envelope->metadata[i];
    return NULL;
}

/* All keys and values but those of `key`. */
static size_t metadata_bytes(const struct secret_envelope *envelope, const char *key)
{
    size_t sum = 0;
    for (size_t i = 0; i < envelope->n_metadata; i++) {
        const struct secret_metadata *pair = &envelope->metadata[i];
        if (!str_equal(pair->key, key))
            sum += strlen(pair->key) + strlen(pair->value);
    }
    return sum;
}

static int add_pair(struct secret_envelope *envelope, const char *key, const char *value,
                    struct err *e)
{
    size_t n = envelope->n_metadata;
    cleanup_free char *own_key = mem_dup(key, strlen(key));
    cleanup_free char *own_value = mem_dup(value, strlen(value));
    if (!own_key || !own_value)
        return err_no_memory(e);
    struct secret_metadata *grown =
        reallocarray(envelope->metadata, n + 1, sizeof(*grown));
    if (!grown)
        return err_no_memory(e);
    grown[n] = (struct secret_metadata){TAKE(own_key), TAKE(own_value)};
    envelope->metadata = grown;
    envelope->n_metadata = n + 1;
    return 0;
}

int secret_envelope_put(struct secret_envelope *envelope, const char *key,
                        const char *value, struct err *e)
{
    struct secret_metadata *pair = find(envelope, key);
    if (!pair && envelope->n_metadata == SECRET_METADATA_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "a secret has over %d pairs of metadata", SECRET_METADATA_MAX);
    if (strlen(key) + strlen(value) >
        SECRET_METADATA_BYTES_MAX - metadata_bytes(envelope, key))
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "a secret has over %d bytes of metadata",
                       SECRET_METADATA_BYTES_MAX);
    return pair ? set_text(&pair->value, value, e) : add_pair(envelope, key, value, e);
}

const char *secret_envelope_get(const struct secret_envelope *envelope, const char *key)
{
    const struct secret_metadata *pair = find(envelope, key);
    return pair ? pair->value : NULL;
}

static int copy_texts(const struct secret_envelope *from, struct secret_envelope *out,
                      struct err *e)
{
    int r = from->id ? set_text(&out->id, from->id, e) : 0;
    if (!r && from->provider)
        r = set_text(&out->provider, from->provider, e);
    if (!r && from->version)
        r = set_text(&out->version, from->version, e);
    for (size_t i = 0; i < from->n_metadata && !r; i++)
        r = add_pair(out, from->metadata[i].key, from->metadata[i].value, e);
    return r;
}

int secret_envelope_copy(const struct secret_envelope *from, struct secret_envelope *out,
                         struct err *e)
{
    cleanup_secret_envelope struct secret_envelope copy = {
        .created_at = from->created_at,
        .resolved_at = from->resolved_at,
        .expires_at = from->expires_at,
    };
    int r = copy_texts(from, &copy, e);
    if (!r)
        r = secret_envelope_set_value(&copy, from->value.data, from->value.len, e);
    if (r)
        return r;
    *out = copy;
    copy = (struct secret_envelope){0};
    return 0;
}

void secret_envelopes_deinit(struct secret_envelopes *list)
{
    for (size_t i = 0; i < list->len; i++)
        secret_envelope_deinit(&list->items[i]);
    free(list->items);
    *list = (struct secret_envelopes){0};
}

/* The list's memory holds pointers to values, never a value: it may be moved. */
static int grow(struct secret_envelopes *list, struct err *e)
{
    if (list->len < list->cap)
        return 0;
    size_t cap = list->cap ? list->cap * 2 : ENVELOPES_FIRST_SIZE;
    struct secret_envelope *grown = reallocarray(list->items, cap, sizeof(*grown));
    if (!grown)
        return err_no_memory(e);
    list->items = grown;
    list->cap = cap;
    return 0;
}

int secret_envelopes_append(struct secret_envelopes *list,
                            struct secret_envelope *envelope, struct err *e)
{
    if (list->len == SECRET_ENVELOPES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "over %d secrets match, more are not supported in one answer",
                       SECRET_ENVELOPES_MAX);
    int r = grow(list, e);
    if (r)
        return r;
    list->items[list->len++] = *envelope;
    *envelope = (struct secret_envelope){0};
    return 0;
}
