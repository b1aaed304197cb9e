/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine may call of a plugin, between its messages and the callbacks. */
#include <string.h>

#include "base/str.h"
#include "resolver/envelope.h"
#include "resolver/secret_id.h"
#include "sdk/answer.h"
#include "sdk/client.h"
#include "sdk/plugin_private.h"
#include "secrets/plugins.pb-c.h"
#include "secrets/store.pb-c.h"

#define STORE "/coffer.v1.StoreService/"

/* What a callback returned, as an error for the engine. Its text is the plugin's. */
static int callback_result(int code, const struct coffer_error *from, struct err *e)
{
    if (code == COFFER_OK)
        return 0;
    struct err words = {.code = sdk_code_to_err(code)};
    bool has_text = from->code == code && from->text[0];
    return err_set(e, words.code, "%s", has_text ? from->text : err_text(&words));
}

/* Calls start(), once; afterwards tells how that ended. */
static int plugin_start(struct coffer_plugin *p, struct err *e)
{
    if (!p->is_started) {
        struct coffer_error why = {0};
        p->is_started = true;
        int r = p->callbacks.start ? p->callbacks.start(p, p->options.user, &why) : 0;
        callback_result(r, &why, &p->failure);
        p->is_stopping = p->is_stopping || r;
    }
    if (p->failure.code && e)
        *e = p->failure;
    return p->failure.code;
}

/* ---- the engine's own ---- */

static int shut_down(struct coffer_plugin *p, const ProtobufCMessage *request,
                     struct buf *out, struct err *e)
{
    return 0;
}

static int configure(struct coffer_plugin *p, const ProtobufCMessage *request,
                     struct buf *out, struct err *e)
{
    if (p->is_configured || p->is_started)
        return err_set(e, ERR_FAILED_PRECONDITION, "the plugin is configured already");
    int r = sdk_config_fill(&p->config, request, e);
    p->is_configured = !r;
    return r ? r : plugin_start(p, e);
}

/* ---- secrets ---- */

static int pack(const ProtobufCMessage *m, struct buf *out, struct err *e)
{
    return message_pack(m, out) ? err_no_memory(e) : 0;
}

/* The words that every engine's log knows. */
static int get_failed(const char *pattern, int code, struct err *e)
{
    if (code == ERR_NOT_FOUND)
        return err_set(e, code, "secret not found");
    return err_wrap(e, ERR_INTERNAL, "failed to get secret \"%s\"", pattern);
}

static int get(struct coffer_plugin *p, const ProtobufCMessage *request, struct buf *out,
               struct err *e)
{
    const Resolver__V1__GetSecretsRequest *m = (const void *)request;
    Resolver__V1__GetSecretsResponse answer = RESOLVER__V1__GET_SECRETS_RESPONSE__INIT;
    cleanup_sdk_answer struct coffer_answer found = {.has_values = true};
    struct coffer_error why = {0};
    int r = sdk_check_pattern(m->pattern, e);
    if (r)
        return r;
    r = plugin_start(p, e);
    if (!r)
        r = callback_result(
            p->callbacks.get(p, m->pattern, &found, p->options.user, &why), &why, e);
    if (r || found.n == 0)
        return get_failed(m->pattern, r ? r : ERR_NOT_FOUND, e);
    answer.envelopes = found.envelopes;
    answer.n_envelopes = found.n;
    return pack(&answer.base, out, e);
}

/* ---- the local store ---- */

static int check_id(const char *id, struct err *e)
{
    int r = secret_id_check(id, strlen(id), e);
    return r ? err_wrap(e, ERR_INVALID_ARGUMENT, "id") : 0;
}

static int save(struct coffer_plugin *p, const ProtobufCMessage *request, struct buf *out,
                struct err *e)
{
    const Coffer__V1__SaveRequest *m = (const void *)request;
    struct coffer_pair pairs[SECRET_METADATA_MAX];
    struct coffer_error why = {0};
    struct coffer_secret s = {.id = m->id,
                              .value = m->value.len ? m->value.data
                                                    : (const unsigned char *)"",
                              .size = m->value.len,
                              .provider = "",
                              .version = "",
                              .metadata = pairs,
                              .metadata_count = m->n_metadata};
    int r = check_id(m->id, e);
    if (!r && (m->n_metadata > SECRET_METADATA_MAX || m->value.len > SECRET_VALUE_MAX))
        r = err_set(e, ERR_INVALID_ARGUMENT, "%s: over the limits of a secret", m->id);
    if (!r)
        r = plugin_start(p, e);
    if (r)
        return r;
    for (size_t i = 0; i < m->n_metadata; i++)
        pairs[i] = (struct coffer_pair){m->metadata[i]->key, m->metadata[i]->value};
    r = p->callbacks.save(p, &s, m->overwrite, p->options.user, &why);
    return callback_result(r, &why, e);
}

static int erase(struct coffer_plugin *p, const ProtobufCMessage *request,
                 struct buf *out, struct err *e)
{
    const Coffer__V1__RemoveRequest *m = (const void *)request;
    struct coffer_error why = {0};
    int r = check_id(m->id, e);
    if (!r)
        r = plugin_start(p, e);
    if (r)
        return r;
    r = p->callbacks.remove(p, m->id, p->options.user, &why);
    return callback_result(r, &why, e);
}

static int list(struct coffer_plugin *p, const ProtobufCMessage *request, struct buf *out,
                struct err *e)
{
    const Coffer__V1__ListRequest *m = (const void *)request;
    Coffer__V1__ListResponse answer = COFFER__V1__LIST_RESPONSE__INIT;
    cleanup_sdk_answer struct coffer_answer found = {.has_values = false};
    struct coffer_error why = {0};
    int r = sdk_check_pattern(m->pattern, e);
    if (!r)
        r = plugin_start(p, e);
    if (!r)
        r = callback_result(
            p->callbacks.list(p, m->pattern, &found, p->options.user, &why), &why, e);
    if (r && r != ERR_NOT_FOUND)
        return r;
    answer.envelopes = found.envelopes;
    answer.n_envelopes = found.n;
    return pack(&answer.base, out, e);
}

static int read_one(struct coffer_plugin *p, const ProtobufCMessage *request,
                    struct buf *out, struct err *e)
{
    const Coffer__V1__ReadRequest *m = (const void *)request;
    Coffer__V1__ReadResponse answer = COFFER__V1__READ_RESPONSE__INIT;
    cleanup_sdk_answer struct coffer_answer found = {.has_values = true};
    struct coffer_error why = {0};
    int r = check_id(m->id, e);
    if (!r)
        r = plugin_start(p, e);
    if (!r)
        r = callback_result(p->callbacks.get(p, m->id, &found, p->options.user, &why),
                            &why, e);
    if (r == ERR_NOT_FOUND || (!r && found.n == 0))
        return err_set(e, ERR_NOT_FOUND, "secret not found");
    if (r)
        return r;
    answer.envelopes = found.envelopes;
    answer.n_envelopes = found.n;
    return pack(&answer.base, out, e);
}

static int tell_state(struct coffer_plugin *p, const ProtobufCMessage *request,
                      struct buf *out, struct err *e)
{
    Coffer__V1__StateResponse answer = COFFER__V1__STATE_RESPONSE__INIT;
    struct coffer_store_state state = {0};
    struct coffer_error why = {0};
    int r = plugin_start(p, e);
    if (!r && !p->callbacks.state)
        r = err_set(e, ERR_UNIMPLEMENTED, "this store doesn't tell its state");
    if (!r)
        r = callback_result(p->callbacks.state(p, &state, p->options.user, &why), &why,
                            e);
    if (r)
        return r;
    answer.kind = state.kind;
    answer.place = state.place;
    answer.key = state.key;
    answer.locked = state.is_locked;
    answer.has_passphrase = state.has_passphrase;
    return pack(&answer.base, out, e);
}

static int protect(struct coffer_plugin *p, const ProtobufCMessage *request,
                   struct buf *out, struct err *e)
{
    const Coffer__V1__ProtectRequest *m = (const void *)request;
    struct coffer_error why = {0};
    int r = plugin_start(p, e);
    if (!r && !p->callbacks.protect)
        r = err_set(e, ERR_UNIMPLEMENTED,
                    "this store has no key that could be protected otherwise");
    if (r)
        return r;
    struct coffer_bytes old = {m->old_passphrase.data, m->old_passphrase.len},
                        new_one = {m->new_passphrase.data, m->new_passphrase.len};
    r = p->callbacks.protect(p, m->protection, old, new_one, p->options.user, &why);
    return callback_result(r, &why, e);
}

static int unlock(struct coffer_plugin *p, const ProtobufCMessage *request,
                  struct buf *out, struct err *e)
{
    const Coffer__V1__UnlockRequest *m = (const void *)request;
    struct coffer_error why = {0};
    const unsigned char *data = m->passphrase.data;
    int r = plugin_start(p, e);
    if (r)
        return r;
    r = p->callbacks.unlock(p, data ? data : (const unsigned char *)"", m->passphrase.len,
                            p->options.user, &why);
    return callback_result(r, &why, e);
}

static int lock(struct coffer_plugin *p, const ProtobufCMessage *request, struct buf *out,
                struct err *e)
{
    struct coffer_error why = {0};
    int r = plugin_start(p, e);
    if (r)
        return r;
    return callback_result(p->callbacks.lock(p, p->options.user, &why), &why, e);
}

/* ---- which there are ---- */

static const struct sdk_method always[] = {
    {.path = "/resolver.v1.ResolverService/GetSecrets",
     .request = &resolver__v1__get_secrets_request__descriptor,
     .run = get},
    {.path = "/plugins.v1.PluginService/Shutdown",
     .request = &plugins__v1__shutdown_request__descriptor,
     .run = shut_down,
     .ends = true},
    {.path = "/coffer.v1.ConfigureService/Configure",
     .request = &coffer__v1__configure_request__descriptor,
     .run = configure},
};

static const struct sdk_method of_stores[] = {
    {.path = STORE "Save", .request = &coffer__v1__save_request__descriptor, .run = save},
    {.path = STORE "Remove",
     .request = &coffer__v1__remove_request__descriptor,
     .run = erase},
    {.path = STORE "List", .request = &coffer__v1__list_request__descriptor, .run = list},
    {.path = STORE "Read",
     .request = &coffer__v1__read_request__descriptor,
     .run = read_one},
    {.path = STORE "State",
     .request = &coffer__v1__state_request__descriptor,
     .run = tell_state},
    {.path = STORE "Protect",
     .request = &coffer__v1__protect_request__descriptor,
     .run = protect},
    {.path = STORE "Unlock",
     .request = &coffer__v1__unlock_request__descriptor,
     .run = unlock},
    {.path = STORE "Lock", .request = &coffer__v1__lock_request__descriptor, .run = lock},
};

bool sdk_plugin_is_store(const struct coffer_plugin *p)
{
    return p->callbacks.save != NULL;
}

const struct sdk_method *sdk_method_find(const struct coffer_plugin *p, const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(always); i++)
        if (str_equal(always[i].path, path))
            return &always[i];
    for (size_t i = 0; i < ARRAY_SIZE(of_stores) && sdk_plugin_is_store(p); i++)
        if (str_equal(of_stores[i].path, path))
            return &of_stores[i];
    return NULL;
}
