/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /containers/X/exec with references to secrets in its variables: coffer-runtime
 * resolves them with the secrets engine of the user whose container it is, so nobody else
 * may ask for some:
 *
 *     who asks?      the user at the other end of our socket
 *     which one?     X may be a name: the engine knows the id
 *     whose?         the container's record
 *     record         gets the references, without which coffer-runtime resolves none:
 *                    so what is hidden from us here is refused there
 */
#include <stdlib.h>
#include <string.h>

#include "api/handlers.h"
#include "api/json.h"
#include "api/references.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/record.h"
#include "resolver/reference.h"

struct execution {
    struct api *api;
    struct http_exchange *x;
    struct buf body;
    struct record asks; /* its uid is the caller's */
};

static void execution_free(struct execution *c)
{
    buf_deinit(&c->body);
    record_deinit(&c->asks);
    free(c);
}

static void fail(struct execution *c, const struct err *e)
{
    http_exchange_respond_error(c->x, e);
    execution_free(c);
}

static int find_references(const struct buf *body, struct record *out, struct err *e)
{
    cleanup_json json_t *j = NULL;
    int r = 0;
    if (!body->len || api_json_parse(body->data, body->len, &j, NULL))
        return 0; /* the engine will say what is wrong */
    json_t *env = api_json_get(j, "Env");
    for (size_t i = 0; i < json_array_size(env) && !r; i++) {
        const char *text = json_string_value(json_array_get(env, i));
        const char *equals = text ? strchr(text, '=') : NULL;
        if (equals && reference_is(equals + 1))
            r = record_add_reference(out, text, e);
    }
    return r;
}

/* ---- whose container ---- */

static bool has(const struct record *r, const char *variable)
{
    for (size_t i = 0; i < r->n_references; i++)
        if (str_equal(r->references[i], variable))
            return true;
    return false;
}

static int extend_record(const struct execution *c, const char *id, struct record *record,
                         struct err *e)
{
    size_t before = record->n_references;
    int r = 0;
    for (size_t i = 0; i < c->asks.n_references && !r; i++)
        if (!has(record, c->asks.references[i]))
            r = record_add_reference(record, c->asks.references[i], e);
    if (r || record->n_references == before)
        return r;
    return record_write(c->api->references, id, record, e);
}

static int check_owner(const struct execution *c, const char *id, struct err *e)
{
    cleanup_record struct record record = {0};
    int r = record_read(c->api->references, id, &record, e);
    if (r == ERR_NOT_FOUND)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "exec with references to secrets works in containers that were "
                       "created with some; %.12s has none",
                       id);
    if (!r && record.uid == c->asks.uid)
        return extend_record(c, id, &record, e);
    if (r)
        return r;
    return err_set(e, ERR_PERMISSION_DENIED,
                   "the references of container %.12s are resolved for user %u: only "
                   "that user may give exec references, too",
                   id, (unsigned)record.uid);
}

static int check_inspected(const struct execution *c, const struct buf *answer,
                           struct err *e)
{
    cleanup_json json_t *j = NULL;
    int r = api_json_parse(buf_str(answer), answer->len, &j, e);
    const char *id = json_string_value(json_object_get(j, "Id"));
    if (!r && !id)
        r = err_set(e, ERR_BAD_MESSAGE, "the engine's answer has no container id");
    return r ? r : check_owner(c, id, e);
}

/* Where there is no such container, the engine says so once more. */
static void on_inspected(struct http_response *r, int code, const struct err *e,
                         void *user)
{
    struct execution *c = user;
    struct err why = {0};
    if (code) {
        fail(c, e);
    } else if (r->head->status == 200 && check_inspected(c, &r->body, &why)) {
        fail(c, &why);
    } else {
        api_passthrough_body(c->api, c->x, c->body.data, c->body.len);
        execution_free(c);
    }
}

static int inspect(struct execution *c, struct err *e)
{
    const char *at = strstr(http_exchange_url(c->x)->path, "/containers/");
    at = at ? at + strlen("/containers/") : "";
    cleanup_free char *target =
        str_format("/containers/%.*s/json", (int)strcspn(at, "/"), at);
    const struct http_request request = {
        .method = "GET", .target = target, .timeout = API_ENGINE_TIMEOUT};
    if (!target)
        return err_no_memory(e);
    return http_client_fetch(c->api->client, &request, API_ENGINE_ANSWER_MAX,
                             on_inspected, c, NULL, e);
}

/* asks moves in. */
static void execute(struct api *a, struct http_exchange *x, const struct buf *body,
                    struct record *asks)
{
    struct err e = {0};
    struct execution *c = calloc(1, sizeof(*c));
    if (!c) {
        err_no_memory(&e);
        http_exchange_respond_error(x, &e);
        return;
    }
    *c = (struct execution){.api = a, .x = x, .body = BUF_INIT, .asks = *asks};
    *asks = (struct record){0};
    int r = buf_append(&c->body, body->data, body->len) ? err_no_memory(&e) : 0;
    r = r ?: api_references_caller(c->x, &c->asks.uid, &e);
    r = r ?: inspect(c, &e);
    if (r)
        fail(c, &e);
}

void api_rewrite_exec(struct api *a, struct http_exchange *x, const struct buf *body)
{
    struct err e = {0};
    cleanup_record struct record asks = {0};
    if (a->references && find_references(body, &asks, &e))
        http_exchange_respond_error(x, &e);
    else if (asks.n_references)
        execute(a, x, body, &asks);
    else
        api_passthrough_body(a, x, body->data, body->len);
}
