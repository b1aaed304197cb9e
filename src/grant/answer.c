/* SPDX-License-Identifier: Apache-2.0 */
#include "grant/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

/* The label comes first: few secrets have one, and anybody may ask for all. */
static bool is_granted(const struct object *secret, const struct grantee *to,
                       const struct pattern *pattern)
{
    const Swarm__Annotations *a = object_annotations(secret);
    char id[SECRET_ID_MAX + 1];
    if (!label_grants(message_map_get(a->n_labels, a->labels, GRANT_LABEL), to))
        return false;
    int n = snprintf(id, sizeof(id), SWARM_ID_PREFIX "%s", a->name);
    return n > 0 && (size_t)n < sizeof(id) && pattern_match(pattern, id);
}

/* ---- one secret ---- */

static Google__Protobuf__Timestamp *time_of(int64_t t)
{
    Google__Protobuf__Timestamp *m =
        message_new(&google__protobuf__timestamp__descriptor);
    if (m) {
        m->seconds = t / CLOCK_SECOND;
        m->nanos = (int32_t)(t % CLOCK_SECOND);
    }
    return m;
}

static int add_updated(const Swarm__Meta *meta, Resolver__V1__Envelope *m)
{
    char text[CLOCK_TEXT_SIZE];
    Resolver__V1__Envelope__MetadataEntry *entry =
        message_new(&resolver__v1__envelope__metadata_entry__descriptor);
    clock_format_rfc3339(message_time(meta->updated_at, 0), text);
    if (entry && !message_set_string(&entry->key, "updated") &&
        !message_set_string(&entry->value, text) &&
        !message_append(&m->n_metadata, &m->metadata, entry))
        return 0;
    message_free(entry ? &entry->base : NULL);
    return ERR_NO_MEMORY;
}

static int describe(const struct object *secret, int64_t now, Resolver__V1__Envelope *m)
{
    char id[SECRET_ID_MAX + 1], version[24];
    const Swarm__Meta *meta = object_meta(secret);
    snprintf(id, sizeof(id), SWARM_ID_PREFIX "%s", object_name(secret));
    snprintf(version, sizeof(version), "%" PRIu64, object_version(secret));
    m->created_at = time_of(message_time(meta->created_at, 0));
    m->resolved_at = time_of(now);
    if (!m->created_at || !m->resolved_at || message_set_string(&m->id, id) ||
        message_set_string(&m->provider, "swarm") ||
        message_set_string(&m->version, version))
        return ERR_NO_MEMORY;
    return add_updated(meta, m);
}

static int fill(const struct object *secret, const struct grant_source *source,
                int64_t now, Resolver__V1__Envelope *m, struct err *e)
{
    const ProtobufCBinaryData *sealed = &secret->secret->spec->data;
    if (describe(secret, now, m) ||
        message_set_bytes(&m->value, sealed->data, sealed->len))
        return err_no_memory(e);
    return source->open(source->user, object_id(secret), &m->value, e);
}

static int add(Resolver__V1__GetSecretsResponse *answer, const struct object *secret,
               const struct grant_source *source, int64_t now, struct err *e)
{
    Resolver__V1__Envelope *m = message_new(&resolver__v1__envelope__descriptor);
    int r = m ? fill(secret, source, now, m, e) : err_no_memory(e);
    if (!r && message_append(&answer->n_envelopes, &answer->envelopes, m))
        r = err_no_memory(e);
    if (r)
        message_free(m ? &m->base : NULL);
    return r;
}

/* ---- those that are asked for ---- */

static int not_found(struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "secret not found");
}

static int add_one(Resolver__V1__GetSecretsResponse *answer,
                   const struct store_view *view, const struct grant_source *source,
                   const struct grantee *to, const struct pattern *id, int64_t now,
                   struct err *e)
{
    if (!str_starts_with(id->text, SWARM_ID_PREFIX))
        return not_found(e);
    const struct object *secret =
        store_get_by_name(view, OBJECT_SECRET, id->text + strlen(SWARM_ID_PREFIX));
    return secret && is_granted(secret, to, id) ? add(answer, secret, source, now, e)
                                                : not_found(e);
}

/* One that is damaged keeps nobody from the others. */
static int add_if_sound(Resolver__V1__GetSecretsResponse *answer,
                        const struct object *secret, const struct grant_source *source,
                        int64_t now, struct err *e)
{
    int r = add(answer, secret, source, now, e);
    if (r != ERR_DATA_LOSS)
        return r;
    log_warn("secret %s is left out for its user: %s", object_name(secret), err_text(e));
    return 0;
}

static int add_all(Resolver__V1__GetSecretsResponse *answer,
                   const struct store_view *view, const struct grant_source *source,
                   const struct grantee *to, const struct pattern *pattern, int64_t now,
                   struct err *e)
{
    cleanup_object_list struct object_list secrets = OBJECT_LIST_INIT;
    size_t size = 0;
    int r = store_find(view, OBJECT_SECRET, STORE_ALL, NULL, &secrets);
    if (r)
        return err_no_memory(e);
    for (size_t i = 0; i < secrets.len && !r; i++) {
        const struct object *secret = secrets.objects[i];
        if (!is_granted(secret, to, pattern))
            continue;
        size += secret->secret->spec->data.len;
        r = size <= GRANT_ANSWER_MAX
                ? add_if_sound(answer, secret, source, now, e)
                : err_set(e, ERR_RESOURCE_EXHAUSTED,
                          "the secrets that %s matches have more than %zu bytes: ask for "
                          "fewer",
                          pattern->text, (size_t)GRANT_ANSWER_MAX);
    }
    return r || answer->n_envelopes ? r : not_found(e);
}

int grant_answer(const struct store_view *view, const struct grant_source *source,
                 const struct grantee *to, const struct pattern *pattern, int64_t now,
                 Resolver__V1__GetSecretsResponse **out, struct err *e)
{
    cleanup_message Resolver__V1__GetSecretsResponse *answer =
        message_new(&resolver__v1__get_secrets_response__descriptor);
    if (!answer)
        return err_no_memory(e);
    int r = pattern_is_id(pattern) ? add_one(answer, view, source, to, pattern, now, e)
                                   : add_all(answer, view, source, to, pattern, now, e);
    if (!r)
        *out = TAKE(answer);
    return r;
}
