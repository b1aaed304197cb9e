/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/str.h"
#include "objects/objects.h"

static const struct {
    Swarm__TaskState state;
    const char *name;
} states[] = {
    {SWARM__TASK_STATE__NEW, "new"},
    {SWARM__TASK_STATE__PENDING, "pending"},
    {SWARM__TASK_STATE__ASSIGNED, "assigned"},
    {SWARM__TASK_STATE__ACCEPTED, "accepted"},
    {SWARM__TASK_STATE__PREPARING, "preparing"},
    {SWARM__TASK_STATE__READY, "ready"},
    {SWARM__TASK_STATE__STARTING, "starting"},
    {SWARM__TASK_STATE__RUNNING, "running"},
    {SWARM__TASK_STATE__COMPLETE, "complete"},
    {SWARM__TASK_STATE__SHUTDOWN, "shutdown"},
    {SWARM__TASK_STATE__FAILED, "failed"},
    {SWARM__TASK_STATE__REJECTED, "rejected"},
    {SWARM__TASK_STATE__REMOVE, "remove"},
    {SWARM__TASK_STATE__ORPHANED, "orphaned"},
};

const char *task_state_name(Swarm__TaskState state)
{
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (states[i].state == state)
            return states[i].name;
    return "unknown";
}

int task_state_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (str_equal(states[i].name, name))
            return (int)states[i].state;
    return -1;
}

char *task_container_name(const Swarm__Task *task)
{
    if (task->annotations && !str_is_empty(task->annotations->name))
        return str_format("%s", task->annotations->name);
    const char *service =
        task->service_annotations ? task->service_annotations->name : "";
    if (task->slot)
        return str_format("%s.%" PRIu64 ".%s", service, task->slot, task->id);
    return str_format("%s.%s.%s", service, task->node_id, task->id);
}

static Swarm__TaskState state_of(const Swarm__Task *task)
{
    return task->status ? task->status->state : SWARM__TASK_STATE__NEW;
}

bool task_is_runnable(const Swarm__Task *task)
{
    /* A job's task is desired to complete, which takes running. */
    return task->desired_state <= SWARM__TASK_STATE__COMPLETE &&
           state_of(task) <= SWARM__TASK_STATE__RUNNING;
}

/* Has the node its image already, so that other credentials for pulling it change
 * nothing? */
static bool has_pulled(const Swarm__Task *task)
{
    return task->desired_state <= SWARM__TASK_STATE__RUNNING &&
           state_of(task) >= SWARM__TASK_STATE__READY &&
           state_of(task) <= SWARM__TASK_STATE__RUNNING;
}

static const Swarm__ContainerSpec *container_of(const Swarm__TaskSpec *spec)
{
    return spec->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER ? spec->container
                                                                     : NULL;
}

/* Is what the service asks for (wanted) what the task has, but for what `task` may
 * ignore? */
static bool spec_is_current(const Swarm__Task *task, const Swarm__TaskSpec *wanted,
                            bool ignore_placement)
{
    const Swarm__ContainerSpec *had = container_of(task->spec);
    const Swarm__ContainerSpec *want = container_of(wanted);
    /* Shallow copies that share all but the field in question. */
    Swarm__TaskSpec spec = *wanted;
    Swarm__ContainerSpec container;
    if (ignore_placement)
        spec.placement = task->spec->placement;
    if (had && want && has_pulled(task)) {
        container = *want;
        container.pull_options = had->pull_options;
        spec.container = &container;
    }
    return message_equal(&spec.base, &task->spec->base);
}

static bool version_is_current(const Swarm__Task *task, const Swarm__Service *service)
{
    return task->spec_version && service->spec_version &&
           task->spec_version->index == service->spec_version->index;
}

static bool is_current(const Swarm__Task *task, const Swarm__Service *service,
                       bool ignore_placement)
{
    if (version_is_current(task, service))
        return true;
    if (!task->spec || !service->spec || !service->spec->task)
        return false;
    if (task->endpoint && !message_equal((ProtobufCMessage *)service->spec->endpoint,
                                         (ProtobufCMessage *)task->endpoint->spec))
        return false;
    return spec_is_current(task, service->spec->task, ignore_placement);
}

bool task_is_current(const Swarm__Task *task, const Swarm__Service *service)
{
    return is_current(task, service, false);
}

bool task_is_current_but_placement(const Swarm__Task *task, const Swarm__Service *service)
{
    return is_current(task, service, true);
}
