/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests to the engine that we look at, and may change, before they are passed
 * through:
 *
 *     POST /containers/create             completed for this host's engine; a network of
 *                                         the swarm's is refused; with references to
 *                                         secrets: create.c, reference_files.c
 *     POST /containers/X/exec             with references to secrets: exec.c
 *     POST /containers/X/attach, /start   with references to secrets: attach.c
 *     POST /networks/create               overlay networks are refused
 *     POST /networks/X/connect, /disconnect  likewise for a network of the swarm's
 *     POST /commit                        Podman wants a body where the CLI sends none
 *     POST /containers/X/wait             of Podman, for a removal: wait.c
 *
 * What can't be read here is passed on as it is: the engine will say what is wrong. But
 * not a container, where there are records: the engine may read what we don't.
 */
#include "api/create.h"
#include "api/handlers.h"
#include "api/lookup.h"
#include "api/reference_files.h"
#include "base/str.h"

static bool is_swarm_network(struct api *a, const char *name)
{
    const struct store_view *v;
    const struct object *o;
    return name && *name && !a->backend->ops->view(a->backend, &v, NULL) &&
           !api_lookup(v, OBJECT_NETWORK, name, &o, NULL);
}

static json_t *read_body(const struct buf *body)
{
    json_t *j = NULL;
    if (!body->len || api_json_parse(body->data, body->len, &j, NULL))
        return NULL;
    if (json_is_object(j))
        return j;
    json_decref(j);
    return NULL;
}

static void refuse_network(struct http_exchange *x, const char *name)
{
    struct err e = {0};
    err_set(&e, ERR_UNIMPLEMENTED,
            "network %s is the swarm's: connecting a container to it is not supported "
            "yet",
            name);
    http_exchange_respond_error(x, &e);
}

/* ---- containers ---- */

/* The name of a network of the swarm's that the container asks for, or NULL. */
static const char *find_network(struct api *a, json_t *body)
{
    const char *mode =
        json_string_value(api_json_get(api_json_get(body, "HostConfig"), "NetworkMode"));
    json_t *endpoints =
        api_json_get(api_json_get(body, "NetworkingConfig"), "EndpointsConfig");
    if (is_swarm_network(a, mode))
        return mode;
    for (void *at = json_object_iter(endpoints); at;
         at = json_object_iter_next(endpoints, at))
        if (is_swarm_network(a, json_object_iter_key(at)))
            return json_object_iter_key(at);
    return NULL;
}

void api_rewrite_pass_container(struct api *a, struct http_exchange *x, json_t *body)
{
    struct err e = {0};
    cleanup_buf struct buf text = BUF_INIT;
    int r = a->complete_create ? a->complete_create(a->user, body, &e) : 0;
    if (!r && json_write(body, &text))
        r = err_no_memory(&e);
    if (r)
        http_exchange_respond_error(x, &e);
    else
        api_passthrough_body(a, x, text.data, text.len);
}

static bool is_ascii(const char *text)
{
    while (*text && !(*text & 0x80))
        text++;
    return !*text;
}

/* The engine takes names in any case (to Go a long s is an s, too), of several the last
 * one: what we look at must be what it uses. */
static int check_names(json_t *body, struct err *e)
{
    static const char *const names[] = {"Env", "Labels", "HostConfig",
                                        "NetworkingConfig"};
    unsigned found[ARRAY_SIZE(names)] = {0};
    for (void *at = json_object_iter(body); at; at = json_object_iter_next(body, at)) {
        const char *key = json_object_iter_key(at);
        if (!is_ascii(key))
            return err_set(e, ERR_INVALID_ARGUMENT, "%s: is no name of Docker's", key);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
            if (str_equal_nocase(key, names[i]) && found[i]++)
                return err_set(e, ERR_INVALID_ARGUMENT, "%s: is there twice", names[i]);
    }
    return 0;
}

/* *body moves on when the container has references. */
static void create(struct api *a, struct http_exchange *x, json_t **body)
{
    struct err e = {0};
    cleanup_record struct record asks = {0};
    int r = check_names(*body, &e);
    r = r ?: api_references_check_labels(*body, &e);
    if (r) {
        http_exchange_respond_error(x, &e);
        return;
    }
    r = api_references_find(*body, a->falls_back, &asks, &e);
    r = r ?: api_reference_files_take(a, *body, &asks, &e);
    if (r)
        http_exchange_respond_error(x, &e);
    else if (asks.n_references || asks.n_keys || asks.n_files)
        api_create_with_references(a, x, TAKE(*body), &asks);
    else
        api_rewrite_pass_container(a, x, *body);
}

void api_rewrite_container_create(struct api *a, struct http_exchange *x,
                                  const struct buf *body)
{
    struct err e = {0};
    cleanup_json json_t *j = NULL;
    int r = body->len && a->references ? api_json_parse_body(body, &j, &e) : 0;
    if (r) {
        http_exchange_respond_error(x, &e);
        return;
    }
    j = j ? j : read_body(body);
    const char *network = find_network(a, j);
    if (network)
        refuse_network(x, network);
    else if (j && a->references)
        create(a, x, &j);
    else if (j && a->complete_create)
        api_rewrite_pass_container(a, x, j);
    else
        api_passthrough_body(a, x, body->data, body->len);
}

/* ---- networks ---- */

static bool is_overlay(json_t *body)
{
    /* A network that is only a configuration is the engine's whatever its driver. */
    return !json_is_true(api_json_get(body, "ConfigOnly")) &&
           (str_equal(json_string_value(api_json_get(body, "Driver")), "overlay") ||
            str_equal(json_string_value(api_json_get(body, "Scope")), "swarm") ||
            json_is_true(api_json_get(body, "Ingress")));
}

void api_rewrite_network_create(struct api *a, struct http_exchange *x,
                                const struct buf *body)
{
    cleanup_json json_t *j = read_body(body);
    if (is_overlay(j))
        http_exchange_respond_message(
            x, 501,
            "networks that span nodes (driver overlay, scope swarm, ingress) are not "
            "supported yet: services can use the node's own, host, bridge or none; in a "
            "stack file, as an external network of that name");
    else
        api_passthrough_body(a, x, body->data, body->len);
}

/* The name between "/networks/" and the next slash of the path. */
static int network_of(struct http_exchange *x, struct buf *name)
{
    const char *at = strstr(http_exchange_url(x)->path, "/networks/");
    at = at ? at + strlen("/networks/") : "";
    return buf_append(name, at, strcspn(at, "/"));
}

void api_rewrite_network_member(struct api *a, struct http_exchange *x,
                                const struct buf *body)
{
    cleanup_buf struct buf name = BUF_INIT;
    struct err e = {0};
    if (network_of(x, &name)) {
        err_no_memory(&e);
        http_exchange_respond_error(x, &e);
    } else if (is_swarm_network(a, buf_str(&name))) {
        refuse_network(x, buf_str(&name));
    } else {
        api_passthrough_body(a, x, body->data, body->len);
    }
}

/* ---- commit ---- */

void api_rewrite_commit(struct api *a, struct http_exchange *x, const struct buf *body)
{
    bool is_empty = strspn(buf_str(body), " \t\r\n") == body->len ||
                    str_equal(buf_str(body), "null") ||
                    str_equal(buf_str(body), "null\n");
    if (is_empty)
        api_passthrough_body(a, x, "{}", 2);
    else
        api_passthrough_body(a, x, body->data, body->len);
}
