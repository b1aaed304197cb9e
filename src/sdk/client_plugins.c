/* SPDX-License-Identifier: Apache-2.0 */
/* The plugins of an engine: listing them, switching them on and off. */
#include <stdlib.h>
#include <string.h>

#include "resolver/pattern.h"
#include "resolver/plugin.h"
#include "sdk/client.h"
#include "secrets/plugins.pb-c.h"
#include "wire/connect.h"

#define SERVICE "/plugins.v1.PluginManagementService/"

static const struct sdk_procedure list_plugins = {
    SERVICE "ListPlugins", &plugins__v1__list_plugins_response__descriptor};
static const struct sdk_procedure enable = {
    SERVICE "EnablePlugin", &plugins__v1__enable_plugin_response__descriptor};
static const struct sdk_procedure disable = {
    SERVICE "DisablePlugin", &plugins__v1__disable_plugin_response__descriptor};

/* What the items point to is the answer's. */
struct coffer_plugin_list {
    ProtobufCMessage *answer;
    size_t n;
    struct coffer_plugin_info items[PLUGINS_MAX];
};

size_t coffer_plugin_list_count(const struct coffer_plugin_list *l)
{
    return l->n;
}

const struct coffer_plugin_info *
coffer_plugin_list_get(const struct coffer_plugin_list *l, size_t index)
{
    return index < l->n ? &l->items[index] : NULL;
}

void coffer_plugin_list_free(struct coffer_plugin_list *l)
{
    if (!l)
        return;
    message_free(l->answer);
    free(l);
}

/* ---- list ---- */

/* Is what it says of itself as it must be? As with Docker's client, a plugin that isn't
 * so is passed over. */
static bool is_sound(const Plugins__V1__Plugin *p)
{
    if (plugin_check_name(p->name, NULL))
        return false;
    if (p->version[0] && plugin_check_version(p->version, NULL))
        return false;
    return p->metadata_case != PLUGINS__V1__PLUGIN__METADATA_SECRETS_PROVIDER ||
           sdk_check_pattern(p->secrets_provider->pattern, NULL) == 0;
}

static struct coffer_plugin_info read_plugin(const Plugins__V1__Plugin *p)
{
    bool is_provider = p->metadata_case == PLUGINS__V1__PLUGIN__METADATA_SECRETS_PROVIDER;
    bool is_known =
        p->run_status > 0 && p->run_status <= (int)COFFER_PLUGIN_RETRIES_EXCEEDED;
    connect_clean_text(p->name, strlen(p->name));
    connect_clean_text(p->status_message, strlen(p->status_message));
    return (struct coffer_plugin_info){
        .name = p->name,
        .version = p->version,
        .pattern = is_provider ? p->secrets_provider->pattern : NULL,
        .is_disabled = p->disabled,
        .is_external = p->external,
        .is_configurable = p->configurable,
        .status = is_known ? (int)p->run_status : COFFER_PLUGIN_UNKNOWN,
        .status_message = p->status_message};
}

/* Takes the answer over, also when it fails. */
static int new_list(ProtobufCMessage *m, struct coffer_plugin_list **out, struct err *e)
{
    const Plugins__V1__ListPluginsResponse *answer = (const void *)m;
    struct coffer_plugin_list *l = NULL;
    int r = 0;
    if (answer->n_plugins > PLUGINS_MAX)
        r = err_set(e, ERR_BAD_MESSAGE, "the engine has %zu plugins, over %d",
                    answer->n_plugins, PLUGINS_MAX);
    else if (!(l = malloc(sizeof(*l))))
        r = err_no_memory(e);
    if (r) {
        message_free(m);
        return r;
    }
    l->answer = m;
    l->n = 0;
    for (size_t i = 0; i < answer->n_plugins; i++)
        if (is_sound(answer->plugins[i]))
            l->items[l->n++] = read_plugin(answer->plugins[i]);
    *out = l;
    return 0;
}

int coffer_client_list_plugins(struct coffer_client *client,
                               struct coffer_plugin_list **out, struct coffer_error *e)
{
    Plugins__V1__ListPluginsRequest request = PLUGINS__V1__LIST_PLUGINS_REQUEST__INIT;
    ProtobufCMessage *m = NULL;
    struct err why = {0};
    int r = sdk_client_ask(client, &list_plugins, &request.base, &m, &why);
    if (!r)
        r = new_list(m, out, &why);
    return sdk_error(e, r, &why);
}

/* ---- enable, disable ---- */

/* Here a precondition isn't that something is unlocked. */
static int change(const struct coffer_client *client, const struct sdk_procedure *p,
                  const ProtobufCMessage *request, const char *name,
                  struct coffer_error *e)
{
    cleanup_message ProtobufCMessage *m = NULL;
    struct err why = {0};
    int r = plugin_check_name(name ? name : "", &why);
    if (!r)
        r = sdk_client_ask(client, p, request, &m, &why);
    if (r == ERR_FAILED_PRECONDITION)
        r = why.code = ERR_INVALID_ARGUMENT;
    return sdk_error(e, r, &why);
}

int coffer_client_enable_plugin(struct coffer_client *client, const char *name,
                                struct coffer_error *e)
{
    Plugins__V1__EnablePluginRequest request = PLUGINS__V1__ENABLE_PLUGIN_REQUEST__INIT;
    request.name = sdk_borrowed(name);
    return change(client, &enable, &request.base, name, e);
}

int coffer_client_disable_plugin(struct coffer_client *client, const char *name,
                                 struct coffer_error *e)
{
    Plugins__V1__DisablePluginRequest request = PLUGINS__V1__DISABLE_PLUGIN_REQUEST__INIT;
    request.name = sdk_borrowed(name);
    return change(client, &disable, &request.base, name, e);
}
