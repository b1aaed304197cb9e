/* SPDX-License-Identifier: Apache-2.0 */
#include "api/handlers.h"

#include "base/clock.h"

static int default_message(void *field, const ProtobufCMessageDescriptor *type)
{
    void **at = field;
    if (!*at)
        *at = message_new(type);
    return *at ? 0 : ERR_NO_MEMORY;
}

static int default_duration(Swarm__Duration **field, int64_t value)
{
    return *field ? 0 : message_set_duration(field, value);
}

static int default_restart(Swarm__TaskSpec *task)
{
    if (!task->restart) {
        task->restart = message_new(&swarm__restart_policy__descriptor);
        if (!task->restart)
            return ERR_NO_MEMORY;
        task->restart->condition = SWARM__RESTART_POLICY__RESTART_CONDITION__ANY;
    }
    return default_duration(&task->restart->delay, DEFAULT_RESTART_DELAY);
}

static int default_update(Swarm__UpdateConfig **field)
{
    if (!*field) {
        *field = message_new(&swarm__update_config__descriptor);
        if (!*field)
            return ERR_NO_MEMORY;
        (*field)->parallelism = 1;
    }
    return default_duration(&(*field)->monitor, DEFAULT_UPDATE_MONITOR);
}

static int default_container(Swarm__TaskSpec *task)
{
    if (task->runtime_case != SWARM__TASK_SPEC__RUNTIME_CONTAINER || !task->container)
        return 0;
    int r =
        default_duration(&task->container->stop_grace_period, DEFAULT_STOP_GRACE_PERIOD);
    return r ? r
             : default_message(&task->container->dns_config,
                               &swarm__container_spec__dnsconfig__descriptor);
}

static int fill_in(Swarm__ServiceSpec *spec)
{
    int r = default_message(&spec->task, &swarm__task_spec__descriptor);
    if (!r)
        r = default_container(spec->task);
    if (!r)
        r = default_message(&spec->task->resources,
                            &swarm__resource_requirements__descriptor);
    if (!r)
        r = default_restart(spec->task);
    if (!r)
        r = default_message(&spec->task->placement, &swarm__placement__descriptor);
    if (!r)
        r = default_update(&spec->update);
    return r ? r : default_update(&spec->rollback);
}

int api_services_with_defaults(const struct object *o, struct object **out)
{
    struct object *copy = NULL;
    int r = object_copy(o, &copy);
    if (!r)
        r = fill_in(copy->service->spec);
    if (r)
        object_unref(copy);
    else
        *out = copy;
    return r;
}
