/* SPDX-License-Identifier: Apache-2.0 */
/* From an exchange to who answers it: a file of this layer, or the engine. */
#include "api/engine_version.h"
#include "api/handlers.h"
#include "api/path.h"
#include "api/secret_references.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    NEEDS_MANAGER = 1 << 0,
    HAS_BODY = 1 << 1,     /* an object, which is read before the handler is called */
    IGNORES_BODY = 1 << 2, /* of no interest, but out of the way */
    SWARM_SCOPE = 1 << 3,  /* only with ?scope=swarm */
    FOR_REMOVAL = 1 << 4,  /* only with ?condition=removed */
    UNREAD = 1 << 5,       /* its rewrite gets no body: that may follow as a stream */
    OF_REFERENCE = 1 << 6, /* only for a name that is a reference, slashes and all */
};

struct route {
    const char *method;
    const char *pattern;
    unsigned flags;
    size_t body_max; /* 0: API_BODY_MAX */
    void (*handle)(struct api_request *q);
    /* In place of handle: looked at on the way to the engine. */
    void (*rewrite)(struct api *a, struct http_exchange *x, const struct buf *body);
};

#define READ NEEDS_MANAGER
#define WRITE (NEEDS_MANAGER | HAS_BODY)

/* The first that fits is taken. */
static const struct route routes[] = {
    {"HEAD", "/_ping", 0, 0, api_ping, NULL},
    {"GET", "/_ping", 0, 0, api_ping, NULL},
    {"GET", "/version", 0, 0, api_version, NULL},
    {"GET", "/info", 0, 0, api_info, NULL},
    {"GET", "/events", 0, 0, api_events, NULL},

    {"GET", "/swarm", READ, 0, api_swarm_inspect, NULL},
    {"GET", "/swarm/unlockkey", READ, 0, api_swarm_unlock_key, NULL},
    {"POST", "/swarm/init", HAS_BODY, 0, api_swarm_init, NULL},
    {"POST", "/swarm/join", IGNORES_BODY, 0, api_swarm_join, NULL},
    {"POST", "/swarm/leave", IGNORES_BODY, 0, api_swarm_leave, NULL},
    {"POST", "/swarm/update", WRITE, 0, api_swarm_update, NULL},
    {"POST", "/swarm/unlock", IGNORES_BODY, 0, api_swarm_unlock, NULL},

    {"GET", "/nodes", READ, 0, api_nodes_list, NULL},
    {"GET", "/nodes/*", READ, 0, api_nodes_inspect, NULL},
    {"POST", "/nodes/*/update", WRITE, 0, api_nodes_update, NULL},
    {"DELETE", "/nodes/*", READ, 0, api_nodes_remove, NULL},

    {"GET", "/secrets", READ, 0, api_secrets_list, NULL},
    {"GET", "/secrets/*", READ, 0, api_secrets_inspect, NULL},
    {"GET", "/secrets/**", READ | OF_REFERENCE, 0, api_secrets_inspect, NULL},
    {"POST", "/secrets/create", WRITE, API_SECRET_BODY_MAX, api_secrets_create, NULL},
    {"POST", "/secrets/*/update", WRITE, API_SECRET_BODY_MAX, api_secrets_update, NULL},
    {"POST", "/secrets/**/update", WRITE | OF_REFERENCE, 0, api_secrets_update, NULL},
    {"DELETE", "/secrets/*", READ, 0, api_secrets_remove, NULL},
    {"DELETE", "/secrets/**", READ | OF_REFERENCE, 0, api_secrets_remove, NULL},

    {"GET", "/configs", READ, 0, api_configs_list, NULL},
    {"GET", "/configs/*", READ, 0, api_configs_inspect, NULL},
    {"POST", "/configs/create", WRITE, API_SECRET_BODY_MAX, api_configs_create, NULL},
    {"POST", "/configs/*/update", WRITE, API_SECRET_BODY_MAX, api_configs_update, NULL},
    {"DELETE", "/configs/*", READ, 0, api_configs_remove, NULL},

    {"GET", "/services", READ, 0, api_services_list, NULL},
    {"GET", "/services/*", READ, 0, api_services_inspect, NULL},
    {"GET", "/services/*/logs", READ, 0, api_services_logs, NULL},
    {"POST", "/services/create", WRITE, 0, api_services_create, NULL},
    {"POST", "/services/*/update", WRITE, 0, api_services_update, NULL},
    {"DELETE", "/services/*", READ, 0, api_services_remove, NULL},

    {"GET", "/tasks", READ, 0, api_tasks_list, NULL},
    {"GET", "/tasks/*", READ, 0, api_tasks_inspect, NULL},
    {"GET", "/tasks/*/logs", READ, 0, api_tasks_logs, NULL},

    {"GET", "/networks/*", SWARM_SCOPE, 0, api_networks_inspect, NULL},
    {"GET", "/distribution/**/json", 0, 0, api_distribution, NULL},

    {"POST", "/containers/create", 0, 0, NULL, api_rewrite_container_create},
    {"POST", "/containers/*/attach", UNREAD, 0, NULL, api_rewrite_attach},
    {"POST", "/containers/*/start", UNREAD, 0, NULL, api_rewrite_start},
    {"POST", "/containers/*/exec", 0, 0, NULL, api_rewrite_exec},
    {"POST", "/containers/*/wait", FOR_REMOVAL, 0, NULL, api_wait_for_removal},
    {"POST", "/networks/create", 0, 0, NULL, api_rewrite_network_create},
    {"POST", "/networks/*/connect", 0, 0, NULL, api_rewrite_network_member},
    {"POST", "/networks/*/disconnect", 0, 0, NULL, api_rewrite_network_member},
    {"POST", "/commit", 0, 0, NULL, api_rewrite_commit},
};

/* What the engine answers besides: the first element of its paths. */
static const char *const engine_paths[] = {
    "/containers", "/images", "/exec",    "/volumes", "/networks", "/build",
    "/commit",     "/system", "/auth",    "/plugins", "/session",  "/grpc",
    "/libpod",     "/_ping",  "/version", "/info",    "/events",   "/distribution",
};

static bool is_below(const char *path, const char *first)
{
    size_t n = strlen(first);
    return str_starts_with(path, first) && (!path[n] || path[n] == '/');
}

static bool is_engine_path(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(engine_paths); i++)
        if (is_below(path, engine_paths[i]))
            return true;
    return false;
}

/* Does the query have what a route is only for? */
static bool has_query(struct http_exchange *x, unsigned flags)
{
    const struct http_url *url = http_exchange_url(x);
    if (flags & SWARM_SCOPE && !str_equal(http_query_get(url, "scope"), "swarm"))
        return false;
    return !(flags & FOR_REMOVAL) ||
           str_equal(http_query_get(url, "condition"), "removed");
}

/* A path's id is of the kind that a route is only for. */
static bool has_name(const char *id, unsigned flags)
{
    return !(flags & OF_REFERENCE) || str_starts_with(id, API_SECRET_REFERENCE_PATH);
}

static const struct route *find_route(struct http_exchange *x, const char *path,
                                      const char **id, size_t *n)
{
    const char *method = http_exchange_head(x)->method;
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
        if (str_equal(routes[i].method, method) && has_query(x, routes[i].flags) &&
            api_path_match(routes[i].pattern, path, id, n) &&
            has_name(*id, routes[i].flags))
            return &routes[i];
    return NULL;
}

/* ---- bodies ---- */

/* What to say when a body couldn't be had. */
static void refuse_body(struct http_exchange *x, int code, const struct err *e)
{
    if (code == ERR_UNAVAILABLE)
        http_exchange_abort(x);
    else if (code == ERR_RESOURCE_EXHAUSTED)
        http_exchange_respond_message(x, 413, "http: request body too large");
    else
        http_exchange_respond_error(x, e);
}

/* A request on its way to the engine. */
struct rewriting {
    struct api *api;
    void (*rewrite)(struct api *a, struct http_exchange *x, const struct buf *body);
};

static void on_rewrite_body(struct http_exchange *x, int code, struct buf *body,
                            const struct err *e, void *user)
{
    struct rewriting *w = user;
    if (code)
        refuse_body(x, code, e);
    else
        w->rewrite(w->api, x, body);
    free(w);
}

static void start_rewrite(struct api *a, struct http_exchange *x,
                          const struct route *route)
{
    struct err e = {0};
    if (route->flags & UNREAD) {
        route->rewrite(a, x, NULL);
        return;
    }
    struct rewriting *w = malloc(sizeof(*w));
    if (!w) {
        err_no_memory(&e);
        http_exchange_respond_error(x, &e);
        return;
    }
    *w = (struct rewriting){a, route->rewrite};
    http_exchange_collect(x, API_BODY_MAX, on_rewrite_body, w);
}

/* ---- our own ---- */

static bool get_view(struct api_request *q, unsigned flags, struct err *e)
{
    return !(flags & NEEDS_MANAGER) ||
           !q->api->backend->ops->view(q->api->backend, &q->view, e);
}

static void on_body(struct http_exchange *x, int code, struct buf *body,
                    const struct err *e, void *user)
{
    struct api_request *q = user;
    struct err why = {0};
    if (code) {
        refuse_body(x, code, e);
        api_request_free(q);
    } else if (!get_view(q, q->flags, &why) ||
               ((q->flags & HAS_BODY) && api_json_parse_body(body, &q->body, &why))) {
        api_request_error(q, &why);
    } else {
        buf_deinit(body);
        q->handle(q);
    }
}

static void start_request(struct api_request *q, const struct route *route)
{
    struct err e = {0};
    q->handle = route->handle;
    q->flags = route->flags;
    if (!get_view(q, q->flags, &e))
        api_request_error(q, &e);
    else if (q->flags & (HAS_BODY | IGNORES_BODY))
        http_exchange_collect(q->x, route->body_max ? route->body_max : API_BODY_MAX,
                              on_body, q);
    else
        q->handle(q);
}

static struct api_request *new_request(struct api *a, struct http_exchange *x,
                                       const char *id, size_t n)
{
    struct api_request *q = calloc(1, sizeof(*q));
    if (!q)
        return NULL;
    *q = (struct api_request){.api = a, .x = x};
    q->id = id ? mem_dup(id, n) : NULL;
    if (id && !q->id) {
        free(q);
        return NULL;
    }
    return q;
}

/* ---- the handler ---- */

static void refuse_too_new(struct http_exchange *x, const struct api_path *p)
{
    struct err e = {0};
    err_set(&e, ERR_INVALID_ARGUMENT,
            "client version %s is too new. Maximum supported API version is " API_VERSION,
            p->version);
    http_exchange_respond_error(x, &e);
}

static void refuse_too_old(struct http_exchange *x, const struct api_path *p)
{
    static const struct http_header headers[] = {
        {"Content-Type", "text/plain; charset=utf-8"},
        {"X-Content-Type-Options", "nosniff"},
    };
    char text[160];
    snprintf(text, sizeof(text),
             "client version %s is too old. Minimum supported API version is "
             "" API_VERSION_MIN ", please upgrade your client to a newer version\n",
             p->version);
    http_exchange_respond(x, 400, headers, ARRAY_SIZE(headers), text, strlen(text));
}

static void dispatch(struct api *a, struct http_exchange *x, const struct api_path *p)
{
    struct err e = {0};
    const char *id = NULL;
    size_t n = 0;
    const struct route *route = find_route(x, p->rest, &id, &n);
    if (!route && is_engine_path(p->rest))
        api_passthrough(a, x);
    else if (!route)
        http_exchange_respond_message(x, 404, "page not found");
    else if (route->rewrite)
        start_rewrite(a, x, route);
    else {
        struct api_request *q = new_request(a, x, id, n);
        if (q) {
            q->minor = p->minor;
            start_request(q, route);
        } else {
            err_no_memory(&e);
            http_exchange_respond_error(x, &e);
        }
    }
}

/* Is this request passed on, or answered by what the engine says to the same one? */
static bool is_for_engine(struct http_exchange *x, const struct api_path *p)
{
    const char *id;
    size_t n;
    const struct route *route = find_route(x, p->rest, &id, &n);
    return route ? route->rewrite || route->handle == api_distribution
                 : is_engine_path(p->rest);
}

static void on_engine_known(struct http_exchange *x, void *api)
{
    struct api_path path;
    api_path_parse(http_exchange_url(x)->path, &path);
    dispatch(api, x, &path);
}

void api_handler(struct http_exchange *x, void *api)
{
    struct api *a = api;
    struct api_path path;
    api_path_parse(http_exchange_url(x)->path, &path);
    if (a->is_stopping)
        http_exchange_respond_message(x, 503, "the daemon is stopping");
    else if (is_below(path.rest, "/libpod"))
        api_passthrough(a, x); /* Podman's own API has versions of its own */
    else if (api_path_is_too_new(&path))
        refuse_too_new(x, &path);
    else if (api_path_is_too_old(&path))
        refuse_too_old(x, &path);
    else if (*path.version && !api_engine_is_known(a) && is_for_engine(x, &path))
        api_engine_ask(a, x, on_engine_known);
    else
        dispatch(a, x, &path);
}
