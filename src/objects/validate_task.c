/* SPDX-License-Identifier: Apache-2.0 */
/* A task's spec: resources, restarts, placement. What runs in it is
 * validate_container.c's. */
#include "base/clock.h"
#include "base/str.h"
#include "objects/validate.h"

#define MIN_NANO_CPUS 1000000
#define MIN_MEMORY_BYTES (4 * 1024 * 1024)

static int resources_validate(const Swarm__Resources *resources, struct err *e)
{
    if (!resources)
        return 0;
    if (resources->nano_cpus != 0 && resources->nano_cpus < MIN_NANO_CPUS)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "invalid cpu value %.15g: Must be at least 0.001",
                       (double)resources->nano_cpus / 1e9);
    if (resources->memory_bytes != 0 && resources->memory_bytes < MIN_MEMORY_BYTES)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "invalid memory value %lld: Must be at least 4MiB",
                       (long long)resources->memory_bytes);
    if (resources->n_generic)
        return refuse(e, "a generic resource (--generic-resource)",
                      "select nodes by label with --constraint");
    return 0;
}

static int requirements_validate(const Swarm__ResourceRequirements *requirements,
                                 struct err *e)
{
    if (!requirements)
        return 0;
    int r = resources_validate(requirements->limits, e);
    if (!r)
        r = resources_validate(requirements->reservations, e);
    if (!r && (requirements->swap_bytes || requirements->memory_swappiness))
        r = refuse(e, "a limit of swap (--limit-memory-swap, --memory-swappiness)",
                   "limit the memory alone");
    return r;
}

static int restart_validate(const Swarm__RestartPolicy *restart, struct err *e)
{
    if (!restart)
        return 0;
    int r = duration_validate(restart->delay, "TaskSpec: restart-delay", e);
    if (!r)
        r = duration_validate(restart->window, "TaskSpec: restart-window", e);
    if (r)
        return r;
    if (restart->max_attempts > RESTART_ATTEMPTS_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "TaskSpec: restart-max-attempts cannot be more than %d",
                       RESTART_ATTEMPTS_LIMIT);
    if (restart->condition > SWARM__RESTART_POLICY__RESTART_CONDITION__ANY)
        return err_set(e, ERR_INVALID_ARGUMENT, "unrecognized restart condition %d",
                       (int)restart->condition);
    return 0;
}

static int placement_validate(const Swarm__Placement *placement, struct err *e)
{
    for (size_t i = 0; placement && i < placement->n_constraints; i++) {
        struct constraint parsed;
        int r = constraint_parse(placement->constraints[i], &parsed, e);
        if (r)
            return r;
    }
    if (placement && placement->n_preferences)
        return refuse(e, "a placement preference (--placement-pref)",
                      "select nodes by label with --constraint");
    if (placement && placement->max_replicas)
        return refuse(e, "a limit of replicas for each node (--replicas-max-per-node)",
                      "leave it out; replicas are spread over the nodes");
    return 0;
}

static int runtime_validate(const Swarm__TaskSpec *task, struct err *e)
{
    switch (task->runtime_case) {
    case SWARM__TASK_SPEC__RUNTIME_CONTAINER:
        return container_spec_validate(task->container, e);
    case SWARM__TASK_SPEC__RUNTIME__NOT_SET:
        return err_set(e, ERR_INVALID_ARGUMENT, "TaskSpec: missing runtime");
    default:
        return err_set(e, ERR_UNIMPLEMENTED,
                       "RuntimeSpec: unimplemented runtime in service spec");
    }
}

int task_spec_validate(const Swarm__TaskSpec *task, struct err *e)
{
    if (!task)
        return err_set(e, ERR_INVALID_ARGUMENT, "TaskSpec: missing runtime");
    int r = requirements_validate(task->resources, e);
    if (!r)
        r = restart_validate(task->restart, e);
    if (!r)
        r = placement_validate(task->placement, e);
    if (!r && task->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER)
        r = references_validate(task->container, e);
    if (!r)
        r = runtime_validate(task, e);
    if (!r)
        r = targets_validate(task->container, e);
    if (!r)
        r = swarm_references_validate(task->container, e);
    if (!r)
        r = networks_validate(task->n_networks, task->networks, e);
    if (!r && task->n_resource_references)
        r = refuse(e, "a resource reference", "leave ResourceReferences out");
    return r;
}
