/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker_references.h"

#include <string.h>

#include "engine/docker_json.h"
#include "resolver/reference.h"

static bool has_reference(const Swarm__ContainerSpec *spec)
{
    for (size_t i = 0; i < spec->n_env; i++) {
        const char *equals = strchr(spec->env[i], '=');
        if (equals && reference_is(equals + 1))
            return true;
    }
    return false;
}

int docker_references_complete(const struct docker_api *api, const Swarm__Task *task,
                               json_t *body, bool *has_any, struct err *e)
{
    *has_any = has_reference(task->spec->container);
    if (!*has_any)
        return 0;
    if (!api->references)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "references to secrets (se://) are not supported here");
    if (api->offer == OFFER_NONE)
        return offer_refuse(e);
    if (api->offer == OFFER_NAMED &&
        docker_json_put_string(json_object_get(body, "HostConfig"), "Runtime",
                               OFFER_NAME))
        return err_no_memory(e);
    return 0;
}
