/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "resolver/pattern.h"
#include "sdk/secrets.h"
#include "secrets/resolver.pb-c.h"
#include "secrets/version.pb-c.h"
#include "wire/connect.h"

static const struct sdk_procedure authorize = {
    "/resolver.v1.AuthorizerService/Authorize",
    &resolver__v1__authorize_response__descriptor};
static const struct sdk_procedure get_version = {
    "/health.v1.VersionService/GetVersion",
    &health__v1__get_version_response__descriptor};

/* ---- life ---- */

static int new_client(const struct coffer_client_options *given,
                      struct coffer_client **out, struct err *e)
{
    struct coffer_client_options o = {.size = sizeof(o)};
    struct sdk_socket unused;
    int r = given ? sdk_copy_struct(&o, sizeof(o), given, "coffer_client_options", e) : 0;
    if (!r && o.socket)
        r = sdk_socket_parse(o.socket, &unused, e);
    if (!r && o.timeout_ms < 0)
        r = err_set(e, ERR_INVALID_ARGUMENT, "timeout_ms is negative");
    if (r)
        return r;
    cleanup_free char *socket = o.socket ? mem_dup(o.socket, strlen(o.socket)) : NULL;
    struct coffer_client *c = malloc(sizeof(*c));
    if (!c || (o.socket && !socket)) {
        free(c);
        return err_no_memory(e);
    }
    uid_t uid = o.has_server_uid ? o.server_uid : geteuid();
    *c = (struct coffer_client){.socket = TAKE(socket),
                                .timeout = o.timeout_ms * CLOCK_MILLISECOND,
                                .owner = {.uid = uid, .is_any = o.any_server}};
    *out = c;
    return 0;
}

int coffer_client_new(const struct coffer_client_options *options,
                      struct coffer_client **out, struct coffer_error *e)
{
    struct err why = {0};
    return sdk_error(e, new_client(options, out, &why), &why);
}

void coffer_client_free(struct coffer_client *client)
{
    if (!client)
        return;
    free(client->socket);
    free(client);
}

int sdk_client_ask(const struct coffer_client *client, const struct sdk_procedure *p,
                   const ProtobufCMessage *request, ProtobufCMessage **answer,
                   struct err *e)
{
    cleanup_sdk_call struct sdk_call *call = NULL;
    int r = sdk_call_new(client, p, request, true, &call, e);
    if (!r)
        r = sdk_call_run(call, e);
    if (!r)
        *answer = sdk_call_take(call);
    return r;
}

int sdk_check_pattern(const char *text, struct err *e)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    if (!text)
        return err_set(e, ERR_INVALID_ARGUMENT, "no pattern");
    int r = pattern_parse(&p, text, strlen(text), e);
    return r == ERR_RESOURCE_EXHAUSTED ? err_wrap(e, ERR_INVALID_ARGUMENT, "pattern") : r;
}

/* ---- authorize, version ---- */

static int ask_leave(const struct coffer_client *client, const char *const *patterns,
                     size_t n, int64_t *expires_at, struct err *e)
{
    Resolver__V1__AuthorizeRequest request = RESOLVER__V1__AUTHORIZE_REQUEST__INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    cleanup_free char **texts = NULL;
    int r = n && n <= PATTERNS_MAX ? 0
                                   : err_set(e, ERR_INVALID_ARGUMENT,
                                             "1 to %d patterns are needed", PATTERNS_MAX);
    for (size_t i = 0; i < n && !r; i++)
        r = sdk_check_pattern(patterns[i], e);
    if (r)
        return r;
    texts = calloc(n, sizeof(*texts));
    if (!texts)
        return err_no_memory(e);
    for (size_t i = 0; i < n; i++)
        texts[i] = sdk_borrowed(patterns[i]);
    request.patterns = texts;
    request.n_patterns = n;
    r = sdk_client_ask(client, &authorize, &request.base, &m, e);
    if (r)
        return r;
    const Resolver__V1__AuthorizeResponse *answer = (const void *)m;
    if (answer->decision != RESOLVER__V1__DECISION__DECISION_ALLOW)
        return err_set(e, ERR_PERMISSION_DENIED, "access denied");
    return sdk_time_read(answer->expires_at, expires_at, e);
}

int coffer_client_authorize(struct coffer_client *client, const char *const *patterns,
                            size_t count, int64_t *expires_at, struct coffer_error *e)
{
    struct err why = {0};
    int64_t end = 0;
    int r = ask_leave(client, patterns, count, &end, &why);
    if (!r && expires_at)
        *expires_at = end;
    return sdk_error(e, r, &why);
}

static void copy_text(char *to, size_t size, const char *from)
{
    strcpy_cut(to, size, from);
    connect_clean_text(to, strlen(to));
}

static int version(const struct coffer_client *client, struct coffer_engine_version *out,
                   struct err *e)
{
    Health__V1__GetVersionRequest request = HEALTH__V1__GET_VERSION_REQUEST__INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    int r = sdk_client_ask(client, &get_version, &request.base, &m, e);
    if (r)
        return r;
    const Health__V1__GetVersionResponse *answer = (const void *)m;
    copy_text(out->version, sizeof(out->version), answer->version);
    copy_text(out->date, sizeof(out->date), answer->date);
    copy_text(out->commit, sizeof(out->commit), answer->commit_hash);
    return 0;
}

int coffer_client_version(struct coffer_client *client, struct coffer_engine_version *out,
                          struct coffer_error *e)
{
    struct err why = {0};
    return sdk_error(e, version(client, out, &why), &why);
}
