/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-plugin-vault: secrets of HashiCorp Vault or OpenBao, KV version 2.
 *
 *   address = https://vault.example:8200
 *   ca-file = PATH          authorities to trust; default: the system's
 *   namespace = NAME        of Vault Enterprise or OpenBao
 *   mount = secret          where the KV store is
 *   prefix = vault          of the ids: PREFIX/PATH/FIELD, PREFIX/PATH for "value"
 *   token = REFERENCE       or, to log in by AppRole:
 *   role-id = ID
 *   secret-id = REFERENCE
 *   approle-path = approle  where that method is mounted
 *
 * Credentials belong into the local store; the configuration holds their references.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/pattern.h"
#include "shared/envelope.h"
#include "shared/plugin.h"
#include "shared/rest.h"
#include "vault/kv.h"
#include "json/json.h"

struct vault {
    struct vault_settings settings;
    struct vault_kv kv;
};

static const char *setting(const struct coffer_plugin *plugin, const char *key,
                           const char *otherwise)
{
    const char *value = coffer_plugin_config(plugin, key);
    return value && *value ? value : otherwise;
}

static int start(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct vault *v = user;
    struct err why;
    v->settings = (struct vault_settings){
        .address = setting(plugin, "address", NULL),
        .ca_file = setting(plugin, "ca-file", NULL),
        .name_space = setting(plugin, "namespace", NULL),
        .token = setting(plugin, "token", NULL),
        .role_id = setting(plugin, "role-id", NULL),
        .secret_id = setting(plugin, "secret-id", NULL),
        .approle_path = setting(plugin, "approle-path", "approle"),
    };
    v->kv.mount = setting(plugin, "mount", "secret");
    v->kv.prefix = setting(plugin, "prefix", "vault");
    int r = vault_kv_check(&v->kv, &why);
    if (!r)
        r = vault_client_new(&v->settings, &v->kv.client, &why);
    return plugin_fail(r, &why, e);
}

static int get(struct coffer_plugin *plugin, const char *text,
               struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    struct vault *v = user;
    struct err why;
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    struct waiter w = waiter_of(plugin);
    int r = pattern_parse(&pattern, text, strlen(text), &why);
    if (!r)
        r = vault_kv_get(&v->kv, &pattern, &w, &found, &why);
    return r ? plugin_fail(r, &why, e) : plugin_add_all(answer, &found, e);
}

int main(void)
{
    static const struct coffer_plugin_callbacks callbacks = {
        .size = sizeof(callbacks), .start = start, .get = get};
    struct vault v = {0};
    const struct coffer_plugin_options options = {.size = sizeof(options),
                                                  .name = "vault",
                                                  .version = "v" COFFER_VERSION,
                                                  .pattern = "vault/**",
                                                  .callbacks = &callbacks,
                                                  .user = &v};
    struct err why;
    json_setup();
    if (rest_setup(&why)) {
        fprintf(stderr, "coffer-plugin-vault: %s\n", err_text(&why));
        return EXIT_FAILURE;
    }
    int status = plugin_main(&options);
    vault_client_free(v.kv.client);
    return status;
}
