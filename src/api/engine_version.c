/* SPDX-License-Identifier: Apache-2.0 */
#include "api/engine_version.h"

#include <stdlib.h>

#include "api/json.h"
#include "api/path.h"
#include "base/mem.h"
#include "base/str.h"

/* An exchange that waits for the engine's answer. */
struct question {
    struct api *api;
    struct http_exchange *x;
    struct http_call *call;
    void (*then)(struct http_exchange *x, void *api);
};

bool api_engine_is_known(const struct api *a)
{
    return a->is_engine_known;
}

/* "1.44", no longer than a version is in a path. */
static bool is_version(const char *text)
{
    size_t major = strspn(text, "0123456789");
    size_t minor = text[major] == '.' ? strspn(text + major + 1, "0123456789") : 0;
    return major && minor && !text[major + 1 + minor] &&
           major + 1 + minor < API_PATH_VERSION_SIZE;
}

/* An engine that names no least version, or none that can be read, has none. */
static void learn(struct api *a, const struct http_response *r)
{
    cleanup_json json_t *j = NULL;
    const char *least = NULL;
    if (r->head->status == 200 && !api_json_parse(r->body.data, r->body.len, &j, NULL))
        least = json_string_value(json_object_get(j, "MinAPIVersion"));
    a->is_engine_known = true;
    *a->engine_least = '\0';
    if (least && is_version(least))
        strcpy_cut(a->engine_least, sizeof(a->engine_least), least);
}

static void on_answer(struct http_response *r, int code, const struct err *e, void *user)
{
    struct question *q = user;
    struct http_exchange *x = q->x;
    struct api *a = q->api;
    void (*then)(struct http_exchange *, void *) = q->then;
    http_exchange_on_close(x, NULL, NULL);
    free(q);
    if (!code)
        learn(a, r);
    then(x, a);
}

static void on_client_gone(struct http_exchange *x, void *user)
{
    struct question *q = user;
    http_call_cancel(q->call);
    http_exchange_abort(x);
    free(q);
}

void api_engine_ask(struct api *a, struct http_exchange *x,
                    void (*then)(struct http_exchange *x, void *api))
{
    const struct http_request request = {
        .method = "GET", .target = "/version", .timeout = API_ENGINE_TIMEOUT};
    struct err e = {0};
    struct question *q = calloc(1, sizeof(*q));
    int r = q ? 0 : err_no_memory(&e);
    if (!r) {
        *q = (struct question){.api = a, .x = x, .then = then};
        r = http_client_fetch(a->client, &request, API_ENGINE_ANSWER_MAX, on_answer, q,
                              &q->call, &e);
    }
    if (!r) {
        http_exchange_on_close(x, on_client_gone, q);
        return;
    }
    http_exchange_respond_error(x, &e);
    free(q);
}

void api_engine_answered(struct api *a, int status)
{
    if (!status || status == 400)
        a->is_engine_known = false;
}

char *api_engine_target(const struct api *a, const struct http_exchange *x)
{
    const char *target = http_exchange_head(x)->target;
    struct api_path p;
    api_path_parse(target, &p);
    if (*p.version && *a->engine_least && api_path_is_older(&p, a->engine_least))
        return str_format("/v%s%s", a->engine_least, p.rest);
    return mem_dup(target, strlen(target));
}
