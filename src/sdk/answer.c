/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "resolver/envelope.h"
#include "resolver/secret_id.h"
#include "sdk/sdk.h"
#include "wire/connect.h"
#include "wire/message.h"
#include "json/json.h"

/* What an envelope has beside its texts and value: tags, lengths, three times. */
#define ENVELOPE_OVERHEAD 128
#define PAIR_OVERHEAD 16

void sdk_answer_deinit(struct coffer_answer *a)
{
    for (size_t i = 0; i < a->n; i++)
        message_free(&a->envelopes[i]->base);
    free(a->envelopes);
    *a = (struct coffer_answer){0};
}

/* ---- checks ---- */

static int check_text(const char *text, const char *what, struct err *e)
{
    if (text && (strlen(text) > SECRET_TEXT_MAX || !json_is_text(text)))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s is too long, or no text", what);
    return 0;
}

static int check_metadata(const struct coffer_secret *s, size_t *size, struct err *e)
{
    size_t bytes = 0;
    if (s->metadata_count > SECRET_METADATA_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: too much metadata", s->id);
    for (size_t i = 0; i < s->metadata_count; i++) {
        const struct coffer_pair *pair = &s->metadata[i];
        if (!pair->key || !pair->value || !json_is_text(pair->key) ||
            !json_is_text(pair->value))
            return err_set(e, ERR_INVALID_ARGUMENT, "%s: metadata that is no text",
                           s->id);
        bytes += strlen(pair->key) + strlen(pair->value);
    }
    if (bytes > SECRET_METADATA_BYTES_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: too much metadata", s->id);
    *size += bytes + s->metadata_count * PAIR_OVERHEAD;
    return 0;
}

/* *size becomes what it adds to the message. */
static int check(const struct coffer_answer *a, const struct coffer_secret *s,
                 size_t *size, struct err *e)
{
    if (!s->id)
        return err_set(e, ERR_INVALID_ARGUMENT, "a secret without an id");
    int r = secret_id_check(s->id, strlen(s->id), e);
    if (r)
        return r;
    if (a->n >= SECRET_ENVELOPES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "over %d secrets in one answer",
                       SECRET_ENVELOPES_MAX);
    if (a->has_values && (s->size > SECRET_VALUE_MAX || (s->size && !s->value)))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: no value, or one over %d bytes",
                       s->id, SECRET_VALUE_MAX);
    r = check_text(s->version, "the version", e);
    if (!r)
        r = check_text(s->provider, "the provider", e);
    *size = strlen(s->id) + (a->has_values ? s->size : 0) + ENVELOPE_OVERHEAD +
            2 * SECRET_TEXT_MAX;
    if (!r)
        r = check_metadata(s, size, e);
    if (!r && *size > CONNECT_MESSAGE_MAX - a->size)
        r = err_set(e, ERR_RESOURCE_EXHAUSTED, "over %zu bytes in one answer",
                    CONNECT_MESSAGE_MAX);
    return r;
}

/* ---- filling ---- */

/* A time that isn't set is sent, too, as Go's zero time: its programs take a missing one
 * for 1970. */
static int set_time(Google__Protobuf__Timestamp **to, int64_t seconds, struct err *e)
{
    struct secret_time time = {.is_set = seconds != 0, .seconds = seconds};
    int r = seconds ? secret_time_read(seconds, 0, &time, e) : 0;
    if (r)
        return err_wrap(e, ERR_INVALID_ARGUMENT, "a time");
    *to = message_new(&google__protobuf__timestamp__descriptor);
    if (!*to)
        return err_no_memory(e);
    secret_time_write(&time, &(*to)->seconds, &(*to)->nanos);
    return 0;
}

static int set_times(Resolver__V1__Envelope *to, const struct coffer_secret *s,
                     struct err *e)
{
    int r = set_time(&to->created_at, s->created_at, e);
    if (!r)
        r = set_time(&to->resolved_at, s->resolved_at, e);
    return r ? r : set_time(&to->expires_at, s->expires_at, e);
}

static int add_pair(Resolver__V1__Envelope *to, const struct coffer_pair *pair)
{
    cleanup_message ProtobufCMessage *m =
        message_new(&resolver__v1__envelope__metadata_entry__descriptor);
    Resolver__V1__Envelope__MetadataEntry *entry = (void *)m;
    if (!entry || message_set_string(&entry->key, pair->key) ||
        message_set_string(&entry->value, pair->value) ||
        message_append(&to->n_metadata, &to->metadata, entry))
        return ERR_NO_MEMORY;
    m = NULL;
    return 0;
}

static int fill(Resolver__V1__Envelope *to, const struct coffer_secret *s, bool has_value,
                struct err *e)
{
    int r = message_set_string(&to->id, s->id);
    if (!r && has_value)
        r = message_set_bytes(&to->value, s->value, s->size);
    if (!r)
        r = message_set_string(&to->version, s->version);
    if (!r)
        r = message_set_string(&to->provider, s->provider);
    for (size_t i = 0; i < s->metadata_count && !r; i++)
        r = add_pair(to, &s->metadata[i]);
    return r ? err_no_memory(e) : set_times(to, s, e);
}

static int add(struct coffer_answer *a, const struct coffer_secret *s, struct err *e)
{
    size_t size = 0;
    int r = check(a, s, &size, e);
    if (r)
        return r;
    cleanup_message ProtobufCMessage *m =
        message_new(&resolver__v1__envelope__descriptor);
    if (!m)
        return err_no_memory(e);
    r = fill((void *)m, s, a->has_values, e);
    if (!r && message_append(&a->n, &a->envelopes, m))
        r = err_no_memory(e);
    if (r)
        return r;
    m = NULL;
    a->size += size;
    return 0;
}

int coffer_answer_add(struct coffer_answer *answer, const struct coffer_secret *secret,
                      struct coffer_error *e)
{
    struct err why = {0};
    int r = add(answer, secret, &why);
    if (r == ERR_RESOURCE_EXHAUSTED)
        why.code = r = ERR_INVALID_ARGUMENT;
    return sdk_error(e, r, &why);
}
