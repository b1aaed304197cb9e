/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/realm.h"

#include <string.h>

#include "base/macro.h"

static const struct realm realms[] = {
    {"docker/auth/hub-staging/**", false},
    {"docker/auth/hub/**", false},
    {"docker/auth/metadata/hub-staging/**", false},
    {"docker/auth/metadata/hub/**", false},
    {"docker/auth/registry/docker-staging/**", false},
    {"docker/auth/registry/docker/**", false},
    {"docker/mcp/**", false},
    {"docker/mcp/oauth-dcr/**", false},
    {"docker/mcp/oauth/**", false},
    {"docker/sandbox/**", false},
    {"docker/sandbox/oauth/**", false},
    {"docker/secrets-engine/**", true},
    {"docker/secrets-engine/plugins/**", true},
};

/* How much of the pattern stands before the last slash, if the id is it or below it; 0
 * if it isn't. */
static size_t matched_length(const struct realm *realm, const char *id)
{
    size_t n = strlen(realm->pattern) - strlen("/**");
    bool is_in = strncmp(realm->pattern, id, n) == 0 && (!id[n] || id[n] == '/');
    return is_in ? n : 0;
}

const struct realm *realm_of(const char *id)
{
    const struct realm *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < ARRAY_SIZE(realms); i++) {
        size_t n = matched_length(&realms[i], id);
        if (n > longest) {
            longest = n;
            best = &realms[i];
        }
    }
    return best;
}
