/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engined/access.h"
#include "engined/call.h"
#include "engined/engine.h"
#include "engined/host.h"
#include "engined/resolve.h"
#include "net/http_server.h"

/* What the engine's files share: the parts, and the services made of them. */
struct engine {
    uv_loop_t loop;
    const struct config *config;
    struct host *host;
    struct resolve *resolve;
    struct access *access;
    struct http_server *server;
    struct signal_watch term, interrupt, hangup;
    struct timer idle;
    struct work_queue work;
    struct work_turn orphans;
    struct loop_close closing;
    bool is_stopping;
    struct err result;
};

/* A request came: an engine on demand stays for a while. */
void engine_note_request(struct engine *engine);

/* router.c: the handler of the HTTP server; user is the engine. */
void router_handle(struct http_exchange *x, void *user);

/* Is a peer (NULL: not known) neither the user's own process nor root's, or has come out
 * of a container by an abstract name? */
bool router_is_stranger(const struct ucred *peer, bool is_abstract);

/* A procedure of a service; it answers the call. */
typedef void service(struct engine *engine, struct call *call);

service service_get_secrets; /* service_get.c */
service service_get_version; /* service_manage.c */
service service_list_plugins;
service service_enable_plugin;
service service_disable_plugin;
service service_save; /* service_store.c */
service service_remove;
service service_list;
service service_read;
service service_unlock;
service service_lock;
service service_state;
service service_protect;
service service_authorize; /* service_authorize.c */
