/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration that coffer's engine sends. Its values may be secrets. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sdk/plugin_private.h"
#include "secrets/store.pb-c.h"

void sdk_config_deinit(struct sdk_config *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->lines[i].key);
        mem_wipe_free(c->lines[i].value);
    }
    c->n = 0;
}

static int add(struct sdk_config *c, const char *key, const ProtobufCBinaryData *value,
               struct err *e)
{
    if (value->len && memchr(value->data, '\0', value->len))
        return err_set(e, ERR_INVALID_ARGUMENT, "configuration %s: has a NUL", key);
    cleanup_free char *name = mem_dup(key, strlen(key));
    char *text = mem_dup(value->len ? (const char *)value->data : "", value->len);
    if (!name || !text) {
        mem_wipe_free(text);
        return err_no_memory(e);
    }
    c->lines[c->n].key = TAKE(name);
    c->lines[c->n++].value = text;
    return 0;
}

int sdk_config_fill(struct sdk_config *c, const ProtobufCMessage *configure_request,
                    struct err *e)
{
    const Coffer__V1__ConfigureRequest *m = (const void *)configure_request;
    int r = 0;
    if (m->n_values > SDK_CONFIG_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "configuration: over %d lines",
                       SDK_CONFIG_MAX);
    for (size_t i = 0; i < m->n_values && !r; i++)
        r = add(c, m->values[i]->key, &m->values[i]->value, e);
    if (r)
        sdk_config_deinit(c);
    return r;
}

const char *coffer_plugin_config(const struct coffer_plugin *plugin, const char *key)
{
    for (size_t i = 0; i < plugin->config.n; i++)
        if (str_equal(plugin->config.lines[i].key, key))
            return plugin->config.lines[i].value;
    return NULL;
}
