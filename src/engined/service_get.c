/* SPDX-License-Identifier: Apache-2.0 */
/* ResolverService/GetSecrets: may it be asked, what is there, what of it is shown? */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engined/engine_private.h"
#include "engined/envelopes.h"
#include "secrets/resolver.pb-c.h"
#include "wire/message.h"

struct get {
    struct engine *engine;
    struct call *call;
    struct pattern pattern;
    struct access_request *access; /* one of the two is under way */
    struct resolve_request *request;
};

static void get_free(struct get *get)
{
    pattern_deinit(&get->pattern);
    free(get);
}

static void on_canceled(void *user)
{
    struct get *get = user;
    if (get->access)
        access_cancel(get->access);
    if (get->request)
        resolve_cancel(get->request);
    get_free(get);
}

static void refuse(struct get *get, const struct err *e)
{
    struct call *call = get->call;
    get_free(get);
    call_refuse(call, e);
}

/* ---- the answer ---- */

static bool is_shown(const char *id, void *user)
{
    const struct get *get = user;
    return access_shows(get->engine->access, call_peer(get->call), id);
}

static int make_answer(struct get *get, const struct secret_envelopes *found,
                       Resolver__V1__GetSecretsResponse **out, struct err *e)
{
    bool is_id = pattern_is_id(&get->pattern); /* then it was decided before */
    int r = envelopes_write(found, is_id ? NULL : is_shown, get, out, e);
    if (r || (*out)->n_envelopes)
        return r;
    return err_set(e, ERR_PERMISSION_DENIED, "access denied");
}

static void on_resolved(int code, const struct secret_envelopes *found,
                        const struct err *e, void *user)
{
    struct get *get = user;
    struct call *call = get->call;
    struct err why;
    Resolver__V1__GetSecretsResponse *m = NULL;
    if (code)
        why = *e;
    else
        code = make_answer(get, found, &m, &why);
    get_free(get);
    call_end(call, code, m ? &m->base : NULL, &why);
    message_free(m ? &m->base : NULL);
}

/* ---- the request ---- */

static void on_decided(int code, int64_t expires, const struct err *e, void *user)
{
    struct get *get = user;
    struct err why;
    (void)expires;
    get->access = NULL;
    if (code)
        why = *e;
    else
        code = resolve_start(get->engine->resolve, &get->pattern, on_resolved, get,
                             &get->request, &why);
    if (code)
        refuse(get, &why);
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

static int start(struct get *get, struct err *e)
{
    cleanup_pattern struct pattern asked = PATTERN_INIT;
    int r = read_pattern(get->call, &get->pattern, e);
    if (!r)
        r = pattern_copy(&asked, &get->pattern, e);
    return r ? r
             : access_start(get->engine->access, ACCESS_GET, call_peer(get->call), &asked,
                            1, on_decided, get, &get->access, e);
}

void service_get_secrets(struct engine *engine, struct call *call)
{
    struct err e;
    struct get *get = calloc(1, sizeof(*get));
    if (!get) {
        err_no_memory(&e);
        call_refuse(call, &e);
        return;
    }
    get->engine = engine;
    get->call = call;
    if (start(get, &e)) {
        refuse(get, &e);
        return;
    }
    call_on_cancel(call, on_canceled, get);
}
