/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/asking.h"

#include <coffer/coffer.h>
#include <stdlib.h>

#include "base/mem.h"

struct asking {
    struct coffer_client *client;
    uid_t uid;
};

static int code_of(int code)
{
    static const int codes[] = {
        [COFFER_INVALID] = ERR_INVALID_ARGUMENT,
        [COFFER_NOT_FOUND] = ERR_NOT_FOUND,
        [COFFER_DENIED] = ERR_PERMISSION_DENIED,
        [COFFER_UNAVAILABLE] = ERR_UNAVAILABLE,
        [COFFER_LOCKED] = ERR_FAILED_PRECONDITION,
        [COFFER_TIMEOUT] = ERR_DEADLINE_EXCEEDED,
        [COFFER_CANCELED] = ERR_CANCELED,
        [COFFER_NO_MEMORY] = ERR_NO_MEMORY,
        [COFFER_PROTOCOL] = ERR_BAD_MESSAGE,
        [COFFER_UNSUPPORTED] = ERR_UNIMPLEMENTED,
    };
    bool is_known = code > 0 && (size_t)code < ARRAY_SIZE(codes) && codes[code];
    return is_known ? codes[code] : ERR_INTERNAL;
}

/* What the library says, and for a missing engine what to do. */
static int explain(const struct coffer_error *why, uid_t uid, struct err *e)
{
    int r = code_of(why->code);
    if (r != ERR_UNAVAILABLE)
        return err_set(e, r, "%s", why->text);
    if (uid == 0)
        return err_set(e, r, "%s (start root's engine: systemctl start coffer-engine)",
                       why->text);
    return err_set(e, r,
                   "%s (the engine of user %u answers while that user is logged in, or "
                   "always after: loginctl enable-linger %u; start it as that user: "
                   "systemctl --user start coffer-engine)",
                   why->text, (unsigned)uid, (unsigned)uid);
}

int asking_new(uid_t uid, unsigned timeout_seconds, struct asking **out, struct err *e)
{
    struct coffer_error why = {0};
    const struct coffer_client_options options = {.size = sizeof(options),
                                                  .timeout_ms =
                                                      (int)timeout_seconds * 1000,
                                                  .has_server_uid = true,
                                                  .server_uid = uid};
    struct asking *a = calloc(1, sizeof(*a));
    if (!a)
        return err_no_memory(e);
    a->uid = uid;
    if (coffer_client_new(&options, &a->client, &why)) {
        free(a);
        return explain(&why, uid, e);
    }
    *out = a;
    return 0;
}

static int take(const struct coffer_secret *secret, struct secret_envelopes *out,
                struct err *e)
{
    cleanup_secret_envelope struct secret_envelope one = {0};
    int r = secret_envelope_set_id(&one, secret->id, e);
    r = r ?: secret_envelope_set_value(&one, secret->value, secret->size, e);
    r = r ?: secret_envelope_set_provider(&one, secret->provider, e);
    return r ?: secret_envelopes_append(out, &one, e);
}

int asking_get(struct asking *a, const char *pattern, struct secret_envelopes *out,
               struct err *e)
{
    struct coffer_error why = {0};
    struct coffer_secrets *found = NULL;
    if (coffer_client_get(a->client, pattern, &found, &why))
        return explain(&why, a->uid, e);
    int r = 0;
    for (size_t i = 0; i < coffer_secrets_count(found) && !r; i++)
        r = take(coffer_secrets_get(found, i), out, e);
    coffer_secrets_free(found);
    return r;
}

void asking_free(struct asking *a)
{
    if (!a)
        return;
    coffer_client_free(a->client);
    free(a);
}
