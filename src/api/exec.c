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
#include "api/records.h"
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
    struct work_turn checking;
    char *id;       /* of the container */
    struct err why; /* it may not be */
};

static void execution_free(struct execution *c)
{
    buf_deinit(&c->body);
    record_deinit(&c->asks);
    free(c->id);
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

/* A record may have no more than RECORD_SIZE_MAX: what older execs had goes for it. */
static int write_record(const struct execution *c, struct record *record, struct err *e)
{
    int r;
    do
        r = record_write(c->api->references, c->id, record, e);
    while (r == ERR_RESOURCE_EXHAUSTED &&
           record_forget_exec(record, c->asks.n_references));
    return r;
}

static int extend_record(const struct execution *c, struct record *record, struct err *e)
{
    bool is_new;
    int r = record_add_exec(record, c->asks.references, c->asks.n_references, &is_new, e);
    return r || !is_new ? r : write_record(c, record, e);
}

static int check_owner(const struct execution *c, struct err *e)
{
    cleanup_record struct record record = {0};
    int r = record_read(c->api->references, c->id, &record, e);
    if (r == ERR_NOT_FOUND)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "exec with references to secrets works in containers that were "
                       "created with some; %.12s has none",
                       c->id);
    if (!r && record.uid == c->asks.uid)
        return extend_record(c, &record, e);
    if (r)
        return r;
    return err_set(e, ERR_PERMISSION_DENIED,
                   "the references of container %.12s are resolved for user %u: only "
                   "that user may give exec references, too",
                   c->id, (unsigned)record.uid);
}

static void check(struct work_turn *t)
{
    struct execution *c = CONTAINER_OF(t, struct execution, checking);
    if (!check_owner(c, &c->why))
        c->why = (struct err){0}; /* what a smaller record made up for */
}

static void pass_on(struct execution *c)
{
    api_passthrough_body(c->api, c->x, c->body.data, c->body.len);
    execution_free(c);
}

static void on_checked(struct work_turn *t)
{
    struct execution *c = CONTAINER_OF(t, struct execution, checking);
    if (c->why.code)
        fail(c, &c->why);
    else
        pass_on(c);
}

/* Where there is no such container, the engine says so once more. */
static void on_inspected(struct http_response *r, int code, const struct err *e,
                         void *user)
{
    struct execution *c = user;
    struct err why = {0};
    if (code)
        fail(c, e);
    else if (r->head->status != 200)
        pass_on(c);
    else if (api_records_id(&r->body, &c->id, &why))
        fail(c, &why);
    else
        work_queue_add(&c->api->records, &c->checking, check, on_checked);
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
