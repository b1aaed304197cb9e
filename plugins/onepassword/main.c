/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-plugin-onepassword: items of 1Password, from a Connect server:
 *
 *   address = https://connect.example:8443
 *   ca-file = PATH             authorities to trust; default: the system's
 *   token = REFERENCE          Connect's access token
 *
 * or, without an address, from the op command:
 *
 *   op = PATH                  default: op, as PATH finds it
 *   service-token = REFERENCE  of a service account; without, op must be signed in
 *
 *   prefix = op                of the ids; empty: none
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "onepassword/onepassword.h"
#include "shared/envelope.h"
#include "shared/plugin.h"
#include "shared/rest.h"
#include "json/json.h"

static const char *setting(const struct coffer_plugin *plugin, const char *key,
                           const char *otherwise)
{
    const char *value = coffer_plugin_config(plugin, key);
    return str_is_empty(value) ? otherwise : value;
}

static int make_source(const struct coffer_plugin *plugin, struct source **out,
                       struct err *e)
{
    const char *address = setting(plugin, "address", NULL);
    if (address)
        return connect_source_new(address, setting(plugin, "ca-file", NULL),
                                  setting(plugin, "token", NULL), out, e);
    return op_source_new(setting(plugin, "op", "op"),
                         setting(plugin, "service-token", NULL), out, e);
}

static int start(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct onepassword *o = user;
    struct err why;
    const char *prefix = coffer_plugin_config(plugin, "prefix");
    o->prefix = prefix ? prefix : "op";
    int r = *o->prefix && !secret_id_is_valid(o->prefix)
                ? err_set(&why, ERR_INVALID_ARGUMENT,
                          "`prefix`: \"%s\" can't begin an id", o->prefix)
                : 0;
    if (!r)
        r = make_source(plugin, &o->source, &why);
    return plugin_fail(r, &why, e);
}

static int get(struct coffer_plugin *plugin, const char *text,
               struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    struct onepassword *o = user;
    struct err why;
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    struct waiter w = waiter_of(plugin);
    int r = pattern_parse(&pattern, text, strlen(text), &why);
    if (!r)
        r = onepassword_get(o, &pattern, &w, &found, &why);
    return r ? plugin_fail(r, &why, e) : plugin_add_all(answer, &found, e);
}

int main(void)
{
    static const struct coffer_plugin_callbacks callbacks = {
        .size = sizeof(callbacks), .start = start, .get = get};
    struct onepassword o = {0};
    const struct coffer_plugin_options options = {.size = sizeof(options),
                                                  .name = "onepassword",
                                                  .version = "v" COFFER_VERSION,
                                                  .pattern = "op/**",
                                                  .callbacks = &callbacks,
                                                  .user = &o};
    struct err why;
    json_setup();
    if (rest_setup(&why)) {
        fprintf(stderr, "coffer-plugin-onepassword: %s\n", err_text(&why));
        return EXIT_FAILURE;
    }
    int status = plugin_main(&options);
    if (o.source)
        o.source->calls->free(o.source);
    return status;
}
