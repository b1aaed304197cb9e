/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Vault answers, and logging in by AppRole. A 403 is either a policy's or that of a
 * token that ended; only Vault knows which: then the token is asked for itself, which
 * every live one may (auth/token/lookup-self), and if that is refused, too, there is one
 * login more.
 */
#include "vault/client.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "resolver/secret_id.h"
#include "shared/rest.h"
#include "json/json.h"

struct vault_client {
    const struct vault_settings *settings;
    struct rest_client *rest;
    struct buf token; /* from AppRole */
};

/* ---- what an answer means ---- */

/*
 * A 404 with an empty list of errors says that there is no such secret; with what is
 * known of a version, that this was deleted; with words, that no store is mounted at the
 * path. Without a list it isn't Vault that says it.
 */
static int deleted(const struct rest_request *request, const json_t *metadata,
                   struct err *e)
{
    const char *when = json_string_value(json_object_get(metadata, "deletion_time"));
    char at[CLOCK_TEXT_SIZE] = "";
    int64_t time;
    if (when && clock_parse_rfc3339(when, &time))
        clock_format_rfc3339(time, at);
    bool is_destroyed = json_is_true(json_object_get(metadata, "destroyed"));
    int64_t version = json_integer_value(json_object_get(metadata, "version"));
    return err_set(e, ERR_NOT_FOUND, "version %lld of %s was %s%s%s", (long long)version,
                   request->path, is_destroyed ? "destroyed" : "deleted",
                   *at ? " at " : "", at);
}

static int not_vaults(const struct vault_client *c, const struct rest_request *request,
                      struct err *e)
{
    return err_set(e, ERR_BAD_MESSAGE, "the answer of %s for %s is none of Vault's",
                   rest_client_address(c->rest), request->path);
}

static int refused(const struct vault_client *c, const struct rest_request *request,
                   const struct rest_answer *answer, struct err *e)
{
    const json_t *errors = json_object_get(answer->json, "errors");
    const json_t *metadata =
        json_object_get(json_object_get(answer->json, "data"), "metadata");
    if (answer->status == 404 && json_is_object(metadata))
        return deleted(request, metadata, e);
    if (answer->status == 404 && !json_is_array(errors))
        return not_vaults(c, request, e);
    int r = rest_refused(c->rest, request, answer->status,
                         json_string_value(json_array_get(errors, 0)), e);
    return r == ERR_NOT_FOUND && json_array_size(errors)
               ? err_wrap(e, ERR_UNAVAILABLE, "nothing is mounted there")
               : r;
}

/* Sends a request; *out is the member of that name of its answer. */
static int ask_for(struct vault_client *c, const struct rest_request *request,
                   const char *member, const struct waiter *w, json_t **out,
                   struct err *e)
{
    cleanup_rest_answer struct rest_answer answer = {0};
    int r = rest_send(c->rest, request, w, &answer, e);
    if (r)
        return r;
    if (answer.status != 200)
        return refused(c, request, &answer, e);
    json_t *found = json_object_get(answer.json, member);
    if (!json_is_object(found))
        return not_vaults(c, request, e);
    *out = json_incref(found);
    return 0;
}

/* ---- requests with a token ---- */

static int ask_once(struct vault_client *c, const char *method, const char *path,
                    const struct waiter *w, json_t **out, struct err *e)
{
    const struct vault_settings *s = c->settings;
    cleanup_free char *whole = str_format("/v1/%s", path);
    const struct rest_request request = {
        .method = method,
        .path = whole,
        .headers = {{"X-Vault-Request", "true"},
                    {"X-Vault-Namespace", s->name_space},
                    {"X-Vault-Token", s->token ? s->token : buf_str(&c->token)}}};
    return whole ? ask_for(c, &request, "data", w, out, e) : err_no_memory(e);
}

/* ---- logging in ---- */

static json_t *login_body(const struct vault_settings *s)
{
    json_t *body = json_object();
    if (json_object_set_new(body, "role_id", json_string(s->role_id)) ||
        (s->secret_id &&
         json_object_set_new(body, "secret_id", json_string(s->secret_id)))) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static int take_token(struct vault_client *c, const json_t *auth, struct err *e)
{
    const char *token = json_string_value(json_object_get(auth, "client_token"));
    if (str_is_empty(token))
        return err_set(e, ERR_BAD_MESSAGE, "log in by AppRole: the answer has no token");
    buf_deinit(&c->token);
    return buf_append_str(&c->token, token) ? err_no_memory(e) : 0;
}

/* A token of AppRole's, in the place of the one there was. A wrong role or secret id is
 * answered with 400. */
static int log_in(struct vault_client *c, const struct waiter *w, struct err *e)
{
    const struct vault_settings *s = c->settings;
    cleanup_json json_t *auth = NULL, *body = login_body(s);
    cleanup_free char *path = str_format("/v1/auth/%s/login", s->approle_path);
    const struct rest_request request = {
        .method = "POST",
        .path = path,
        .headers = {{"X-Vault-Request", "true"}, {"X-Vault-Namespace", s->name_space}},
        .body = body};
    if (!path || !body)
        return err_no_memory(e);
    int r = ask_for(c, &request, "auth", w, &auth, e);
    if (r)
        return err_wrap(e, r == ERR_INVALID_ARGUMENT ? ERR_PERMISSION_DENIED : r,
                        "log in by AppRole");
    return take_token(c, auth, e);
}

/* Whether the token still lives: 0, or ERR_PERMISSION_DENIED, or that nobody can tell. */
static int check_token(struct vault_client *c, const struct waiter *w, struct err *e)
{
    cleanup_json json_t *itself = NULL;
    return ask_once(c, "GET", "auth/token/lookup-self", w, &itself, e);
}

/* Asks again with a new token after a refusal, where that was the token's. */
static int ask_again(struct vault_client *c, const char *method, const char *path,
                     const struct waiter *w, json_t **out, struct err *e)
{
    struct err why;
    int r = check_token(c, w, &why);
    if (!r)
        return ERR_PERMISSION_DENIED; /* the refusal in *e was a policy's */
    if (r != ERR_PERMISSION_DENIED)
        return err_set(e, r, "%s", err_text(&why));
    r = log_in(c, w, e);
    return r ? r : ask_once(c, method, path, w, out, e);
}

static int ask(struct vault_client *c, const char *method, const char *path,
               const struct waiter *w, json_t **out, struct err *e)
{
    bool has_approle = !c->settings->token, is_fresh = has_approle && !c->token.len;
    int r = is_fresh ? log_in(c, w, e) : 0;
    if (!r)
        r = ask_once(c, method, path, w, out, e);
    if (r == ERR_PERMISSION_DENIED && has_approle && !is_fresh)
        return ask_again(c, method, path, w, out, e);
    return r;
}

int vault_client_read(struct vault_client *c, const char *path, const struct waiter *w,
                      json_t **out, struct err *e)
{
    return ask(c, "GET", path, w, out, e);
}

int vault_client_list(struct vault_client *c, const char *path, const struct waiter *w,
                      json_t **out, struct err *e)
{
    return ask(c, "LIST", path, w, out, e);
}

/* ---- life ---- */

static int check(const struct vault_settings *s, struct err *e)
{
    if (!secret_id_is_valid(s->approle_path))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "`approle-path` must be a path without slashes at its ends");
    if (!s->token && !s->role_id)
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "neither `token` nor `role-id` is set; use a reference, as token = "
            "se://docker/secrets-engine/plugins/vault/token");
    if ((s->role_id && !json_is_text(s->role_id)) ||
        (s->secret_id && !json_is_text(s->secret_id)))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "`role-id` and `secret-id` must be UTF-8");
    return 0;
}

int vault_client_new(const struct vault_settings *settings, struct vault_client **out,
                     struct err *e)
{
    int r = check(settings, e);
    if (r)
        return r;
    struct vault_client *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    r = rest_client_new(settings->address, settings->ca_file, &c->rest, e);
    if (r) {
        free(c);
        return r;
    }
    c->settings = settings;
    *out = c;
    return 0;
}

void vault_client_free(struct vault_client *c)
{
    if (!c)
        return;
    rest_client_free(c->rest);
    buf_deinit(&c->token);
    free(c);
}
