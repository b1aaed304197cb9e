/* SPDX-License-Identifier: Apache-2.0 */
/* AuthorizerService/Authorize. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engined/engine_private.h"
#include "secrets/resolver.pb-c.h"
#include "wire/message.h"

struct authorize {
    struct call *call;
    struct access_request *request;
};

static void on_canceled(void *user)
{
    struct authorize *a = user;
    access_cancel(a->request);
    free(a);
}

static void on_decided(int code, int64_t expires, const struct err *e, void *user)
{
    struct authorize *a = user;
    struct call *call = a->call;
    Google__Protobuf__Timestamp until = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Resolver__V1__AuthorizeResponse m = RESOLVER__V1__AUTHORIZE_RESPONSE__INIT;
    free(a);
    m.decision = RESOLVER__V1__DECISION__DECISION_ALLOW;
    until.seconds = expires / CLOCK_SECOND;
    until.nanos = (int32_t)(expires % CLOCK_SECOND);
    if (expires)
        m.expires_at = &until;
    call_end(call, code, &m.base, e);
}

static int parse_all(const Resolver__V1__AuthorizeRequest *m, struct pattern *out,
                     struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < m->n_patterns && !r; i++)
        r = pattern_parse(&out[i], m->patterns[i], strlen(m->patterns[i]), e);
    return r;
}

static int begin(struct engine *engine, struct call *call, struct pattern *patterns,
                 size_t n, struct err *e)
{
    struct authorize *a = calloc(1, sizeof(*a));
    if (!a)
        return err_no_memory(e);
    a->call = call;
    int r = access_start(engine->access, ACCESS_AUTHORIZE, call_peer(call), patterns, n,
                         on_decided, a, &a->request, e);
    if (r) {
        free(a);
        return r;
    }
    call_on_cancel(call, on_canceled, a);
    return 0;
}

static int start(struct engine *engine, struct call *call,
                 const Resolver__V1__AuthorizeRequest *m, struct err *e)
{
    if (!m->n_patterns)
        return err_set(e, ERR_INVALID_ARGUMENT, "at least one pattern is required");
    if (m->n_patterns > ACCESS_PATTERNS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d patterns",
                       ACCESS_PATTERNS_MAX);
    struct pattern *patterns = calloc(m->n_patterns, sizeof(*patterns));
    if (!patterns)
        return err_no_memory(e);
    int r = parse_all(m, patterns, e);
    if (!r)
        r = begin(engine, call, patterns, m->n_patterns, e);
    for (size_t i = 0; i < m->n_patterns; i++)
        pattern_deinit(&patterns[i]);
    free(patterns);
    return r;
}

void service_authorize(struct engine *engine, struct call *call)
{
    struct err e;
    cleanup_message ProtobufCMessage *m = NULL;
    int r = call_read(call, &resolver__v1__authorize_request__descriptor, &m, &e);
    if (!r)
        r = start(engine, call, (const Resolver__V1__AuthorizeRequest *)(const void *)m,
                  &e);
    if (r)
        call_refuse(call, &e);
}
