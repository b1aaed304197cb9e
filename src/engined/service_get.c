/* SPDX-License-Identifier: Apache-2.0 */
/* ResolverService/GetSecrets. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engined/engine_private.h"
#include "engined/envelopes.h"
#include "secrets/resolver.pb-c.h"
#include "wire/message.h"

struct get {
    struct call *call;
    struct resolve_request *request;
};

static void on_canceled(void *user)
{
    struct get *get = user;
    resolve_cancel(get->request);
    free(get);
}

static void on_resolved(int code, const struct secret_envelopes *found,
                        const struct err *e, void *user)
{
    struct get *get = user;
    struct call *call = get->call;
    struct err why;
    Resolver__V1__GetSecretsResponse *m = NULL;
    free(get);
    if (code)
        why = *e;
    else
        code = envelopes_write(found, &m, &why);
    call_end(call, code, m ? &m->base : NULL, &why);
    message_free(m ? &m->base : NULL);
}

static int read_pattern(const struct call *call, struct pattern *out, struct err *e)
{
    cleanup_message ProtobufCMessage *m = NULL;
    int r = call_read(call, &resolver__v1__get_secrets_request__descriptor, &m, e);
    if (r)
        return r;
    const char *text =
        ((const Resolver__V1__GetSecretsRequest *)(const void *)m)->pattern;
    return pattern_parse(out, text, strlen(text), e);
}

static int start(struct engine *engine, struct call *call, struct err *e)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    int r = read_pattern(call, &pattern, e);
    if (r)
        return r;
    struct get *get = calloc(1, sizeof(*get));
    if (!get)
        return err_no_memory(e);
    get->call = call;
    r = resolve_start(engine->resolve, &pattern, on_resolved, get, &get->request, e);
    if (r) {
        free(get);
        return r;
    }
    call_on_cancel(call, on_canceled, get);
    return 0;
}

void service_get_secrets(struct engine *engine, struct call *call)
{
    struct err e;
    if (start(engine, call, &e))
        call_refuse(call, &e);
}
