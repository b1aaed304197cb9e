/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker_references.h"

#include <string.h>

#include "engine/docker_json.h"
#include "resolver/reference.h"

static int find(const struct engine_container *container, struct record *out,
                struct err *e)
{
    const Swarm__ContainerSpec *spec = container->task->spec->container;
    int r = 0;
    for (size_t i = 0; i < spec->n_env && !r; i++) {
        const char *equals = strchr(spec->env[i], '=');
        if (equals && reference_is(equals + 1))
            r = record_add_reference(out, spec->env[i], e);
    }
    for (size_t i = 0; i < container->n_given && !r; i++)
        r = record_add_given(out, container->given[i].reference, container->given[i].path,
                             e);
    return r;
}

int docker_references_complete(const struct docker_api *api,
                               const struct engine_container *container, json_t *body,
                               struct record *out, struct err *e)
{
    int r = find(container, out, e);
    if (r || !out->n_references)
        return r;
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
