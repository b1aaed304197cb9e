/* SPDX-License-Identifier: Apache-2.0 */
/* The plugins as a person sees them: listed, switched on and off. */
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "engined/host_private.h"
#include "wire/message.h"

/* ---- the list ---- */

static Plugins__V1__RunStatus status_of(const struct plugin *p)
{
    switch (p->state) {
    case PLUGIN_RUNNING:
        return PLUGINS__V1__RUN_STATUS__RUN_STATUS_RUNNING;
    case PLUGIN_ENDING:
    case PLUGIN_WAITING:
        return PLUGINS__V1__RUN_STATUS__RUN_STATUS_CRASHED;
    case PLUGIN_FAILED:
        return PLUGINS__V1__RUN_STATUS__RUN_STATUS_RETRIES_EXCEEDED;
    default:
        return PLUGINS__V1__RUN_STATUS__RUN_STATUS_STOPPED;
    }
}

/* Why it doesn't run; of the store, which one it is; what its confinement lacks. */
static char *message_of(const struct host *h, const struct plugin *p)
{
    const char *lack = plugin_is_running(p) && p->lack ? p->lack : "";
    const char *store = p->is_store ? h->store_program : "";
    if (p->why.code && plugin_is_failed(p))
        return strdup(err_text(&p->why));
    return str_format("%s%s%s", store, *store && *lack ? "; " : "", lack);
}

static int describe_role(const struct plugin *p, Plugins__V1__Plugin *m)
{
    if (p->is_module) {
        m->metadata_case = PLUGINS__V1__PLUGIN__METADATA_ACCESS_CONTROL_MODULE;
        m->access_control_module =
            message_new(&plugins__v1__access_control_module__descriptor);
        return m->access_control_module ? 0 : ERR_NO_MEMORY;
    }
    m->metadata_case = PLUGINS__V1__PLUGIN__METADATA_SECRETS_PROVIDER;
    m->secrets_provider = message_new(&plugins__v1__secrets_provider__descriptor);
    return m->secrets_provider
               ? message_set_string(&m->secrets_provider->pattern, p->pattern.text)
               : ERR_NO_MEMORY;
}

static int describe(const struct host *h, const struct plugin *p, Plugins__V1__Plugin *m)
{
    cleanup_free char *message = message_of(h, p);
    int r = message ? message_set_string(&m->name, p->name) : ERR_NO_MEMORY;
    if (!r)
        r = message_set_string(&m->version, p->version);
    if (!r)
        r = message_set_string(&m->status_message, message);
    m->disabled = !p->is_enabled;
    m->external = !p->file;
    m->configurable = p->file && !p->is_store;
    m->run_status = status_of(p);
    return r ? r : describe_role(p, m);
}

static int add(const struct host *h, const struct plugin *p,
               Plugins__V1__ListPluginsResponse *list)
{
    Plugins__V1__Plugin *m = message_new(&plugins__v1__plugin__descriptor);
    if (!m)
        return ERR_NO_MEMORY;
    if (describe(h, p, m) || message_append(&list->n_plugins, &list->plugins, m)) {
        message_free(&m->base);
        return ERR_NO_MEMORY;
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const Plugins__V1__Plugin *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

int host_list(const struct host *h, Plugins__V1__ListPluginsResponse **out, struct err *e)
{
    Plugins__V1__ListPluginsResponse *m =
        message_new(&plugins__v1__list_plugins_response__descriptor);
    int r = m ? 0 : ERR_NO_MEMORY;
    for (struct plugin *p = host_next(h, NULL); p && !r; p = host_next(h, p))
        r = p->name && p->version ? add(h, p, m) : 0;
    if (r) {
        message_free(m ? &m->base : NULL);
        return err_no_memory(e);
    }
    if (m->n_plugins)
        qsort(m->plugins, m->n_plugins, sizeof(*m->plugins), by_name);
    *out = m;
    return 0;
}

/* ---- on and off ---- */

/* Is it there, and the engine's to start and to stop? */
static int check(const struct plugin *p, struct err *e)
{
    if (!p)
        return err_set(e, ERR_NOT_FOUND, "plugin not found");
    if (!p->file)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "%s connects by itself: the engine doesn't start or stop it",
                       p->name);
    return 0;
}

void host_try_again(struct plugin *p)
{
    p->is_attempted = p->is_attempted && plugin_is_running(p);
    p->backoff = (struct backoff){0};
    plugin_start(p);
}

int host_enable(struct host *h, const char *name, struct err *e)
{
    int r = host_find(h, name) ? 0 : host_look_again(h, e);
    struct plugin *p = host_find(h, name);
    if (!r)
        r = check(p, e);
    if (r || !p)
        return r;
    if (!p->is_store) /* which is on in any case */
        r = host_state_set(h, name, true, e);
    if (r)
        return r;
    p->is_enabled = true;
    host_try_again(p);
    return 0;
}

int host_disable(struct host *h, const char *name, struct err *e)
{
    struct plugin *p = host_find(h, name);
    int r = check(p, e);
    if (r || !p)
        return r;
    if (p->is_store)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "%s is the local store: it is always on", name);
    r = host_state_set(h, name, false, e);
    if (r)
        return r;
    p->is_enabled = p->is_attempted = false;
    plugin_stop(p);
    return 0;
}

void host_retry(struct host *h)
{
    for (struct plugin *p = host_next(h, NULL); p; p = host_next(h, p))
        if (p->is_enabled && (p->state == PLUGIN_WAITING || p->state == PLUGIN_FAILED)) {
            p->backoff = (struct backoff){0};
            plugin_start(p);
        }
}
