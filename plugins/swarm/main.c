/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-plugin-swarm: the secrets of the swarm that this node is in, "swarm/NAME", as
 * far as they are granted to the user whose engine this is (their label
 * coffer.secrets.grant).
 *
 *   socket = PATH   where cofferd is asked, when its run-dir isn't /run/coffer
 */
#include "shared/plugin.h"
#include "swarm/ask.h"

#define SOCKET "/run/coffer/grants.sock"

static int get(struct coffer_plugin *plugin, const char *pattern,
               struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    struct err why;
    struct coffer_secrets *found = NULL;
    struct waiter w = waiter_of(plugin);
    const char *socket = coffer_plugin_config(plugin, "socket");
    (void)user;
    int r =
        plugin_fail(ask(socket ? socket : SOCKET, pattern, &w, &found, &why), &why, e);
    for (size_t i = 0; !r && i < coffer_secrets_count(found); i++)
        r = coffer_answer_add(answer, coffer_secrets_get(found, i), e);
    coffer_secrets_free(found);
    return r;
}

int main(void)
{
    static const struct coffer_plugin_callbacks callbacks = {.size = sizeof(callbacks),
                                                             .get = get};
    const struct coffer_plugin_options options = {.size = sizeof(options),
                                                  .name = "swarm",
                                                  .version = "v" COFFER_VERSION,
                                                  .pattern = "swarm/**",
                                                  .callbacks = &callbacks};
    return plugin_main(&options);
}
