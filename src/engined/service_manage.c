/* SPDX-License-Identifier: Apache-2.0 */
/* VersionService and PluginManagementService. */
#include <stdlib.h>

#include "base/macro.h"
#include "engined/engine_private.h"
#include "secrets/plugins.pb-c.h"
#include "secrets/version.pb-c.h"
#include "wire/message.h"

void service_get_version(struct engine *engine, struct call *call)
{
    char version[] = "v" COFFER_VERSION;
    Health__V1__GetVersionResponse m = HEALTH__V1__GET_VERSION_RESPONSE__INIT;
    (void)engine;
    m.version = version;
    call_answer(call, &m.base);
}

/* The list is of plugins that had their first try. */
struct list_call {
    struct engine *engine;
    struct call *call;
    struct host_waiter waiter;
};

static void on_canceled(void *user)
{
    struct list_call *l = user;
    host_waiter_cancel(&l->waiter);
    free(l);
}

static void on_ready(void *user)
{
    struct list_call *l = user;
    struct call *call = l->call;
    struct err e;
    Plugins__V1__ListPluginsResponse *m = NULL;
    int r = host_list(l->engine->host, &m, &e);
    free(l);
    call_end(call, r, m ? &m->base : NULL, &e);
    message_free(m ? &m->base : NULL);
}

void service_list_plugins(struct engine *engine, struct call *call)
{
    struct err e;
    struct list_call *l = calloc(1, sizeof(*l));
    if (!l) {
        err_no_memory(&e);
        call_refuse(call, &e);
        return;
    }
    l->engine = engine;
    l->call = call;
    call_on_cancel(call, on_canceled, l);
    host_await_all(engine->host, &l->waiter, on_ready, l);
}

void service_enable_plugin(struct engine *engine, struct call *call)
{
    static const Plugins__V1__EnablePluginResponse answer =
        PLUGINS__V1__ENABLE_PLUGIN_RESPONSE__INIT;
    struct err e;
    cleanup_message ProtobufCMessage *m = NULL;
    int r = call_read(call, &plugins__v1__enable_plugin_request__descriptor, &m, &e);
    if (!r)
        r = host_enable(engine->host,
                        ((Plugins__V1__EnablePluginRequest *)(void *)m)->name, &e);
    call_end(call, r, &answer.base, &e);
}

void service_disable_plugin(struct engine *engine, struct call *call)
{
    static const Plugins__V1__DisablePluginResponse answer =
        PLUGINS__V1__DISABLE_PLUGIN_RESPONSE__INIT;
    struct err e;
    cleanup_message ProtobufCMessage *m = NULL;
    int r = call_read(call, &plugins__v1__disable_plugin_request__descriptor, &m, &e);
    if (!r)
        r = host_disable(engine->host,
                         ((Plugins__V1__DisablePluginRequest *)(void *)m)->name, &e);
    call_end(call, r, &answer.base, &e);
}
