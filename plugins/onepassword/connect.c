/* SPDX-License-Identifier: Apache-2.0 */
/* 1Password Connect, as https://developer.1password.com/docs/connect/api-reference has
 * it. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "onepassword/source.h"
#include "shared/rest.h"

struct connect_source {
    struct source source;
    struct rest_client *rest;
    const char *token;
};

static int fetch(struct connect_source *c, const char *path, json_type wanted,
                 const struct waiter *w, json_t **out, struct err *e)
{
    cleanup_buf struct buf bearer = BUF_INIT;
    cleanup_rest_answer struct rest_answer answer = {0};
    if (buf_printf(&bearer, "Bearer %s", c->token))
        return err_no_memory(e);
    const struct rest_request request = {
        .method = "GET", .path = path, .headers = {{"Authorization", buf_str(&bearer)}}};
    int r = rest_send(c->rest, &request, w, &answer, e);
    if (r)
        return r;
    if (answer.status != 200)
        return rest_refused(c->rest, &request, answer.status,
                            json_string_value(json_object_get(answer.json, "message")),
                            e);
    if (!answer.json || json_typeof(answer.json) != wanted)
        return err_set(e, ERR_BAD_MESSAGE, "the answer of %s for %s is none of Connect's",
                       rest_client_address(c->rest), path);
    *out = TAKE(answer.json);
    return 0;
}

static int get_vaults(struct source *s, const struct waiter *w, json_t **out,
                      struct err *e)
{
    struct connect_source *c = CONTAINER_OF(s, struct connect_source, source);
    return fetch(c, "/v1/vaults", JSON_ARRAY, w, out, e);
}

static int get_items(struct source *s, const char *vault, const struct waiter *w,
                     json_t **out, struct err *e)
{
    struct connect_source *c = CONTAINER_OF(s, struct connect_source, source);
    cleanup_free char *path = str_format("/v1/vaults/%s/items", vault);
    return path ? fetch(c, path, JSON_ARRAY, w, out, e) : err_no_memory(e);
}

static int get_item(struct source *s, const char *vault, const char *item,
                    const struct waiter *w, json_t **out, struct err *e)
{
    struct connect_source *c = CONTAINER_OF(s, struct connect_source, source);
    cleanup_free char *path = str_format("/v1/vaults/%s/items/%s", vault, item);
    return path ? fetch(c, path, JSON_OBJECT, w, out, e) : err_no_memory(e);
}

static void connect_free(struct source *s)
{
    struct connect_source *c = CONTAINER_OF(s, struct connect_source, source);
    rest_client_free(c->rest);
    free(c);
}

static const struct source_calls calls = {get_vaults, get_items, get_item, connect_free};

int connect_source_new(const char *address, const char *ca_file, const char *token,
                       struct source **out, struct err *e)
{
    if (str_is_empty(token))
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "`token` isn't set, Connect's access token; use a reference, as token = "
            "se://docker/secrets-engine/plugins/onepassword/token");
    struct connect_source *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    int r = rest_client_new(address, ca_file, &c->rest, e);
    if (r) {
        free(c);
        return r;
    }
    c->source.calls = &calls;
    c->token = token;
    *out = &c->source;
    return 0;
}
