/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin says of itself, once for each connection. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/str.h"
#include "engined/host.h"
#include "engined/plugin.h"
#include "resolver/plugin.h"
#include "secrets/plugins.pb-c.h"
#include "wire/message.h"

typedef Plugins__V1__RegisterPluginRequest request;

#define ENGINE_NAME "coffer"

static int check_name(const struct plugin *p, const char *name, struct err *e)
{
    int r = plugin_check_name(name, e);
    if (r)
        return r;
    if (!p->file)
        return host_check_name(p->host, name, e);
    if (!str_equal(p->name, name))
        return err_set(e, ERR_INTERNAL, "it was started as %s and can't be another one",
                       p->name);
    return 0;
}

static int check(const struct plugin *p, const request *m, struct err *e)
{
    if (p->state != PLUGIN_STARTING)
        return err_set(e, ERR_INTERNAL, "cannot rerun registration");
    int r = check_name(p, m->name, e);
    if (!r)
        r = plugin_check_version(m->version, e);
    if (!r && m->metadata_case == PLUGINS__V1__REGISTER_PLUGIN_REQUEST__METADATA__NOT_SET)
        r = err_set(e, ERR_INVALID_ARGUMENT,
                    "a plugin provides secrets or controls access");
    return r;
}

/* Of a plugin that connected by itself. */
static int read_settings(struct plugin *p, const char *name, struct err *e)
{
    if (p->file || !plugin_name_is_plain(name))
        return 0;
    plugin_settings_deinit(&p->settings);
    int r = plugin_settings_read(host_config(p->host)->config_folder, name, true,
                                 &p->settings, e);
    if (!r && p->settings.has_enabled && !p->settings.is_enabled)
        r = err_set(e, ERR_FAILED_PRECONDITION, "plugin %s is disabled", name);
    if (!r && p->settings.controls_access)
        r = host_add_guard(p->host, name, e);
    return r;
}

/* The settings' word wins. */
static int take_pattern(struct plugin *p, const request *m, struct err *e)
{
    struct pattern pattern;
    bool is_module = m->metadata_case ==
                     PLUGINS__V1__REGISTER_PLUGIN_REQUEST__METADATA_ACCESS_CONTROL_MODULE;
    if (!is_module && p->settings.controls_access)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "it is to control access, as its settings say, and provides "
                       "secrets");
    p->is_module = is_module;
    if (is_module)
        return 0;
    const char *own = m->secrets_provider->pattern;
    const char *text = p->settings.pattern ? p->settings.pattern : own;
    int r = pattern_parse(&pattern, text, strlen(text), e);
    if (r)
        return r;
    pattern_deinit(&p->pattern);
    p->pattern = pattern;
    return 0;
}

static int set_text(char **field, const char *value, struct err *e)
{
    char *copy = strdup(value);
    if (!copy)
        return err_no_memory(e);
    free(*field);
    *field = copy;
    return 0;
}

static int take(struct plugin *p, const request *m, struct err *e)
{
    int r = check(p, m, e);
    if (!r)
        r = read_settings(p, m->name, e);
    if (!r)
        r = take_pattern(p, m, e);
    if (!r)
        r = set_text(&p->version, m->version, e);
    if (!r && !p->file)
        r = set_text(&p->name, m->name, e);
    if (r)
        return r;
    p->can_store = m->capabilities && m->capabilities->store;
    p->can_configure = m->capabilities && m->capabilities->configure;
    return 0;
}

static void answer(const struct plugin *p, struct session_incoming *call)
{
    char name[] = ENGINE_NAME, version[] = "v" COFFER_VERSION;
    int64_t timeout = host_config(p->host)->request_timeout;
    Google__Protobuf__Duration duration = GOOGLE__PROTOBUF__DURATION__INIT;
    Plugins__V1__RegisterPluginResponse m = PLUGINS__V1__REGISTER_PLUGIN_RESPONSE__INIT;
    duration.seconds = timeout / CLOCK_SECOND;
    duration.nanos = (int32_t)(timeout % CLOCK_SECOND);
    m.engine_name = name;
    m.engine_version = version;
    m.request_timeout = &duration;
    session_answer(call, &m.base);
}

/* A plugin that says something wrong at first is not heard any more. */
void plugin_register(struct plugin *p, struct session_incoming *call)
{
    struct err e;
    cleanup_message ProtobufCMessage *m = NULL;
    int r = session_read(call, &plugins__v1__register_plugin_request__descriptor, &m, &e);
    if (!r)
        r = take(p, (const request *)(const void *)m, &e);
    if (r) {
        session_refuse(call, &e);
        if (p->state == PLUGIN_STARTING)
            plugin_fail(p, &e);
        return;
    }
    timer_cancel(&p->timer);
    p->state = PLUGIN_CONFIGURING;
    answer(p, call);
    configure_start(p);
}
