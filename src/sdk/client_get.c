/* SPDX-License-Identifier: Apache-2.0 */
/* Getting secrets, blocking and in an event loop. */
#include <stdlib.h>

#include "sdk/client.h"
#include "sdk/secrets.h"

static const struct sdk_procedure get_secrets = {
    "/resolver.v1.ResolverService/GetSecrets",
    &resolver__v1__get_secrets_response__descriptor};

/* A call of the header: the exchange, and what became of it. */
struct coffer_call {
    struct sdk_call *call;
    struct coffer_secrets *secrets;
    struct err failure;
    bool is_over;
};

static int begin(const struct coffer_client *client, const char *pattern, bool may_wait,
                 struct sdk_call **out, struct err *e)
{
    Resolver__V1__GetSecretsRequest request = RESOLVER__V1__GET_SECRETS_REQUEST__INIT;
    int r = sdk_check_pattern(pattern, e);
    if (r)
        return r;
    request.pattern = sdk_borrowed(pattern);
    return sdk_call_new(client, &get_secrets, &request.base, may_wait, out, e);
}

/* The secrets of an answer that has come. */
static int end(struct sdk_call *call, struct coffer_secrets **out, struct err *e)
{
    cleanup_message ProtobufCMessage *m = sdk_call_take(call);
    struct coffer_secrets *found = NULL;
    Resolver__V1__GetSecretsResponse *answer = (void *)m;
    int r = sdk_secrets_new(&answer->envelopes, &answer->n_envelopes, &found, e);
    if (r)
        return r;
    if (coffer_secrets_count(found) == 0) {
        coffer_secrets_free(found);
        return err_set(e, ERR_NOT_FOUND, "secret not found");
    }
    *out = found;
    return 0;
}

static int get(const struct coffer_client *client, const char *pattern,
               struct coffer_secrets **out, struct err *e)
{
    cleanup_sdk_call struct sdk_call *call = NULL;
    int r = begin(client, pattern, true, &call, e);
    if (!r)
        r = sdk_call_run(call, e);
    return r ? r : end(call, out, e);
}

int coffer_client_get(struct coffer_client *client, const char *pattern,
                      struct coffer_secrets **out, struct coffer_error *e)
{
    struct err why = {0};
    return sdk_error(e, get(client, pattern, out, &why), &why);
}

/* ---- in an event loop ---- */

static int new_call(const struct coffer_client *client, const char *pattern,
                    struct coffer_call **out, struct err *e)
{
    struct coffer_call *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    int r = begin(client, pattern, false, &c->call, e);
    if (r)
        free(c);
    else
        *out = c;
    return r;
}

int coffer_call_get(struct coffer_client *client, const char *pattern,
                    struct coffer_call **out, struct coffer_error *e)
{
    struct err why = {0};
    return sdk_error(e, new_call(client, pattern, out, &why), &why);
}

int coffer_call_step(struct coffer_call *call, struct coffer_error *e)
{
    bool is_done = false;
    if (!call->is_over) {
        int r = sdk_call_step(call->call, &is_done, &call->failure);
        if (!r && !is_done)
            return COFFER_AGAIN;
        if (!r)
            r = end(call->call, &call->secrets, &call->failure);
        call->is_over = true;
        call->failure.code = r;
    }
    return sdk_error(e, call->failure.code, &call->failure);
}

struct coffer_secrets *coffer_call_take(struct coffer_call *call)
{
    return TAKE(call->secrets);
}

int coffer_call_fd(const struct coffer_call *call)
{
    return sdk_call_fd(call->call);
}

short coffer_call_events(const struct coffer_call *call)
{
    return sdk_call_events(call->call);
}

int coffer_call_timeout(const struct coffer_call *call)
{
    return sdk_call_timeout(call->call);
}

void coffer_call_free(struct coffer_call *call)
{
    if (!call)
        return;
    sdk_call_free(call->call);
    coffer_secrets_free(call->secrets);
    free(call);
}
