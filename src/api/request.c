/* SPDX-License-Identifier: Apache-2.0 */
#include "api/request.h"

#include "base/mem.h"
#include "base/str.h"

static const struct http_header content_json = {"Content-Type", "application/json"};

void api_request_free(struct api_request *q)
{
    if (!q)
        return;
    json_decref(q->body);
    free(q->id);
    free(q);
}

const char *api_request_query(const struct api_request *q, const char *key)
{
    return http_query_get(http_exchange_url(q->x), key);
}

bool api_request_flag(const struct api_request *q, const char *key)
{
    return http_query_bool(http_exchange_url(q->x), key);
}

static bool is_digits(const char *s)
{
    return *s && strspn(s, "0123456789") == strlen(s);
}

int api_request_version(const struct api_request *q, const char *kind, uint64_t *out,
                        struct err *e)
{
    const char *text = api_request_query(q, "version");
    text = text ? text : "";
    if (str_to_u64(text, out))
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "invalid %s version '%s': strconv.ParseUint: parsing \"%s\": %s", kind,
                   text, text, is_digits(text) ? "value out of range" : "invalid syntax");
}

/* ---- answers ---- */

void api_request_empty(struct api_request *q, int status)
{
    http_exchange_respond(q->x, status, NULL, 0, NULL, 0);
    api_request_free(q);
}

void api_request_text(struct api_request *q, int status, const char *type,
                      const struct buf *body)
{
    const struct http_header header = {"Content-Type", type};
    http_exchange_respond(q->x, status, &header, type ? 1 : 0, body->data, body->len);
    api_request_free(q);
}

void api_request_json(struct api_request *q, int status, struct api_json_out *w)
{
    if (api_json_end(w)) {
        struct err e = {0};
        err_no_memory(&e);
        api_request_error(q, &e);
        return;
    }
    http_exchange_respond(q->x, status, &content_json, 1, w->buf->data, w->buf->len);
    api_request_free(q);
}

void api_request_error(struct api_request *q, const struct err *e)
{
    api_request_message(q, err_http_status(e->code), err_text(e));
}

void api_request_rpc_error(struct api_request *q, const struct err *e)
{
    struct err told = {0};
    err_set(&told, e->code, "rpc error: code = %s desc = %s", err_name(e->code),
            err_text(e));
    api_request_error(q, &told);
}

void api_request_message(struct api_request *q, int status, const char *message)
{
    http_exchange_respond_message(q->x, status, message);
    api_request_free(q);
}

void api_request_object(struct api_request *q, const struct api_table *table,
                        const struct object *o)
{
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    api_json_begin(&w, &text);
    api_table_encode(table, o->message, &w);
    api_request_json(q, 200, &w);
}

void api_request_list(struct api_request *q, const struct api_table *table,
                      const struct object_list *list)
{
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    api_json_begin(&w, &text);
    api_json_open(&w, '[');
    for (size_t i = 0; i < list->len; i++)
        api_table_encode(table, list->objects[i]->message, &w);
    api_json_close(&w, ']');
    api_request_json(q, 200, &w);
}

/* ---- ends of what the backend was asked ---- */

void api_request_created(int r, const struct err *e, const struct object *o, void *user)
{
    struct api_request *q = user;
    if (r) {
        api_request_rpc_error(q, e);
        return;
    }
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    api_json_begin(&w, &text);
    api_json_open(&w, '{');
    api_json_member(&w, "ID", object_id(o));
    api_json_close(&w, '}');
    api_request_json(q, 201, &w);
}

void api_request_done(int r, const struct err *e, const struct object *o, void *user)
{
    if (r)
        api_request_rpc_error(user, e);
    else
        api_request_empty(user, 200);
}

void api_request_removed(int r, const struct err *e, const struct object *o, void *user)
{
    if (r)
        api_request_rpc_error(user, e);
    else
        api_request_empty(user, 204);
}

/* ---- asking the engine ---- */

static void on_client_gone(struct http_exchange *x, void *user)
{
    struct api_request *q = user;
    http_call_cancel(q->call);
    http_exchange_abort(x);
    api_request_free(q);
}

static void on_fetched(struct http_response *r, int code, const struct err *e, void *user)
{
    struct api_request *q = user;
    q->call = NULL;
    http_exchange_on_close(q->x, NULL, NULL);
    q->fetched(q, r, code ? e : NULL);
}

void api_request_fetch(struct api_request *q, const char *target, int64_t timeout,
                       void (*fetched)(struct api_request *q, struct http_response *r,
                                       const struct err *e))
{
    struct err e = {0};
    const char *auth = http_head_get(http_exchange_head(q->x), "X-Registry-Auth");
    const struct http_header header = {"X-Registry-Auth", auth};
    struct http_request request = {.method = "GET",
                                   .target = target,
                                   .headers = &header,
                                   .n_headers = auth ? 1 : 0,
                                   .timeout = timeout};
    q->fetched = fetched;
    if (http_client_fetch(q->api->client, &request, API_ENGINE_ANSWER_MAX, on_fetched, q,
                          &q->call, &e))
        fetched(q, NULL, &e);
    else
        http_exchange_on_close(q->x, on_client_gone, q);
}
