/* SPDX-License-Identifier: Apache-2.0 */
#include "api/references.h"

#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"
#include "resolver/reference.h"

/* ---- the environment ---- */

int api_references_find(json_t *body, bool falls_back, struct record *out, struct err *e)
{
    json_t *env = api_json_get(body, "Env");
    int r = 0;
    for (size_t i = 0; i < json_array_size(env) && !r; i++) {
        const char *text = json_string_value(json_array_get(env, i));
        const char *equals = text ? strchr(text, '=') : NULL;
        size_t n = equals ? (size_t)(equals - text) : 0;
        if (equals && reference_is(equals + 1))
            r = record_add_reference(out, text, e);
        else if (equals && !equals[1] && falls_back && !secret_id_check(text, n, NULL))
            r = record_add_key(out, text, n, e);
    }
    return r;
}

/* ---- labels ---- */

int api_references_check_labels(json_t *body, struct err *e)
{
    json_t *labels = api_json_get(body, "Labels");
    for (void *at = json_object_iter(labels); at; at = json_object_iter_next(labels, at))
        if (str_starts_with(json_object_iter_key(at), API_LABEL_PREFIX))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "label %s: labels that begin with " API_LABEL_PREFIX
                           " are cofferd's to set",
                           json_object_iter_key(at));
    return 0;
}

static json_t *join_keys(const struct record *r)
{
    cleanup_buf struct buf text = BUF_INIT;
    for (size_t i = 0; i < r->n_keys; i++)
        if (buf_printf(&text, "%s%s", i ? "," : "", r->keys[i]))
            return NULL;
    return json_string(buf_str(&text));
}

int api_references_label(json_t *body, const struct record *r, struct err *e)
{
    json_t *labels = api_json_get(body, "Labels");
    int failed = 0;
    if (!json_is_object(labels)) {
        labels = json_object();
        failed = json_object_set_new(body, "Labels", labels);
    }
    if (!failed)
        failed = json_object_set_new(labels, API_LABEL_PREFIX "uid",
                                     json_sprintf("%u", (unsigned)r->uid));
    if (!failed)
        failed = json_object_set_new(labels, API_LABEL_PREFIX "fallback", join_keys(r));
    return failed ? err_no_memory(e) : 0;
}

/* ---- the runtime ---- */

static int set_runtime(json_t *body, struct err *e)
{
    json_t *host = api_json_get(body, "HostConfig");
    int failed = 0;
    if (!json_is_object(host)) {
        host = json_object();
        failed = json_object_set_new(body, "HostConfig", host);
    }
    if (!failed)
        failed = json_object_set_new(host, "Runtime", json_string(OFFER_NAME));
    return failed ? err_no_memory(e) : 0;
}

int api_references_choose_runtime(json_t *body, enum offer offer, struct err *e)
{
    const char *asked =
        json_string_value(api_json_get(api_json_get(body, "HostConfig"), "Runtime"));
    if (!str_is_empty(asked) && !offer_is_ours(asked))
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "runtime %s can't resolve references to secrets: leave the runtime "
            "out",
            asked);
    if (offer == OFFER_NONE)
        return offer_refuse(e);
    return offer == OFFER_NAMED ? set_runtime(body, e) : 0;
}

/* ---- who asks ---- */

int api_references_caller(const struct http_exchange *x, uid_t *out, struct err *e)
{
    struct ucred peer;
    if (!http_exchange_peer(x, &peer))
        return err_set(e, ERR_PERMISSION_DENIED,
                       "references to secrets are resolved for callers on this machine "
                       "only, by its socket");
    *out = peer.uid;
    return 0;
}
