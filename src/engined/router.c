/* SPDX-License-Identifier: Apache-2.0 */
/* Which request is whose: by the peer first of all, then by the path. */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/process.h"
#include "base/str.h"
#include "engined/engine_private.h"
#include "wire/connect.h"
#include "wire/hijack.h"

struct route {
    const char *procedure;
    service *serve;
};

static const struct route routes[] = {
    {"/resolver.v1.ResolverService/GetSecrets", service_get_secrets},
    {"/health.v1.VersionService/GetVersion", service_get_version},
    {"/plugins.v1.PluginManagementService/ListPlugins", service_list_plugins},
    {"/plugins.v1.PluginManagementService/EnablePlugin", service_enable_plugin},
    {"/plugins.v1.PluginManagementService/DisablePlugin", service_disable_plugin},
    {"/coffer.v1.StoreService/Save", service_save},
    {"/coffer.v1.StoreService/Remove", service_remove},
    {"/coffer.v1.StoreService/List", service_list},
    {"/coffer.v1.StoreService/Read", service_read},
    {"/coffer.v1.StoreService/Unlock", service_unlock},
    {"/coffer.v1.StoreService/Lock", service_lock},
    {"/coffer.v1.StoreService/State", service_state},
    {"/coffer.v1.StoreService/Protect", service_protect},
    {"/resolver.v1.AuthorizerService/Authorize", service_authorize},
};

static const struct route *find(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
        if (str_equal(routes[i].procedure, path))
            return &routes[i];
    return NULL;
}

static void respond_text(struct http_exchange *x, int status, const char *text)
{
    static const struct http_header plain = {"Content-Type", "text/plain; charset=utf-8"};
    http_exchange_respond(x, status, &plain, 1, text, strlen(text));
}

static void serve(struct call *call, void *user)
{
    find(call_procedure(call))->serve(user, call);
}

/* ---- plugins that connect ---- */

static void on_taken(int code, int fd, struct buf *early, const struct err *e, void *user)
{
    struct engine *engine = user;
    if (code)
        log_info("a plugin could not connect: %s", err_text(e));
    else
        host_accept(engine->host, fd, early->data, early->len);
}

static void take_connection(struct engine *engine, struct http_exchange *x)
{
    static const char answer[] = HIJACK_ANSWER;
    if (hijack_is_request(http_exchange_head(x)))
        http_exchange_take(x, answer, sizeof(answer) - 1, on_taken, engine);
    else
        respond_text(x, 400, "an upgrade to tcp was not asked for\n");
}

/* ---- who may ask ---- */

static bool is_ours(const struct ucred *peer)
{
    return peer->uid == geteuid() || peer->uid == 0;
}

/*
 * An abstract socket has no permissions, so the peer decides, on each socket. Its name is
 * also within the reach of containers that share the host's network, whose root is none
 * of ours; a socket that is a file they only have when somebody gave it to them.
 */
bool router_is_stranger(const struct ucred *peer, bool is_abstract)
{
    return !peer || !is_ours(peer) || (is_abstract && process_is_elsewhere(peer->pid));
}

static void refuse_stranger(struct http_exchange *x)
{
    struct ucred peer;
    bool is_known = http_exchange_peer(x, &peer) && is_ours(&peer);
    respond_text(
        x, 403,
        is_known ? "containers are not served by this name: give them the socket's file\n"
                 : "this is another user's secrets engine\n");
}

void router_handle(struct http_exchange *x, void *user)
{
    struct engine *engine = user;
    struct ucred peer;
    struct connect_answer a;
    const char *path = http_exchange_head(x)->target;
    if (!http_exchange_peer(x, &peer) || http_exchange_is_stranger(x)) {
        refuse_stranger(x);
        return;
    }
    engine_note_request(engine);
    if (str_equal(path, "/health")) {
        respond_text(x, 200, "ok");
    } else if (str_equal(path, HIJACK_PATH)) {
        take_connection(engine, x);
    } else if (find(path)) {
        call_begin(&engine->loop, x, &peer, serve, engine);
    } else {
        connect_answer_refusal(404, &a);
        http_exchange_respond(x, a.status, a.headers, a.n_headers, a.body, a.n);
    }
}
