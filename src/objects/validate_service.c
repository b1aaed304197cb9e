/* SPDX-License-Identifier: Apache-2.0 */
/* A service's spec: its mode, how it is updated, how it is reached; the task is
 * validate_task.c's. */
#include "base/clock.h"
#include "objects/validate.h"

static int mode_validate(const Swarm__ServiceSpec *spec, struct err *e)
{
    switch (spec->mode_case) {
    case SWARM__SERVICE_SPEC__MODE_REPLICATED:
        if ((int64_t)spec->replicated->replicas < 0)
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "Number of replicas must be non-negative");
        if (spec->replicated->replicas > SERVICE_REPLICAS_LIMIT)
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "number of replicas must not exceed %d",
                           SERVICE_REPLICAS_LIMIT);
        return 0;
    case SWARM__SERVICE_SPEC__MODE_GLOBAL:
        return refuse(e, "a global service (--mode global)",
                      "use --mode replicated with a number of replicas");
    case SWARM__SERVICE_SPEC__MODE_REPLICATED_JOB:
    case SWARM__SERVICE_SPEC__MODE_GLOBAL_JOB:
        return refuse(e, "a job (--mode replicated-job, global-job)",
                      "use --mode replicated with --restart-condition none");
    default:
        return err_set(e, ERR_INVALID_ARGUMENT, "Unrecognized service mode");
    }
}

static int update_validate(const Swarm__UpdateConfig *update, struct err *e)
{
    if (!update)
        return 0;
    int r = duration_validate(update->delay, "TaskSpec: update-delay", e);
    if (!r)
        r = duration_validate(update->monitor, "TaskSpec: update-monitor", e);
    if (r)
        return r;
    /* Turned around, so that a ratio that is not a number is refused too. */
    if (!(update->max_failure_ratio >= 0 && update->max_failure_ratio <= 1))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "TaskSpec: update-maxfailureratio cannot be less than 0 or bigger "
                       "than 1");
    if (update->failure_action > SWARM__UPDATE_CONFIG__FAILURE_ACTION__ROLLBACK)
        return err_set(e, ERR_INVALID_ARGUMENT, "unrecognized update failure action %d",
                       (int)update->failure_action);
    if (update->order > SWARM__UPDATE_CONFIG__UPDATE_ORDER__START_FIRST)
        return err_set(e, ERR_INVALID_ARGUMENT, "unrecognized update order %d",
                       (int)update->order);
    return 0;
}

static int endpoint_validate(const Swarm__EndpointSpec *endpoint, struct err *e)
{
    if (!endpoint)
        return 0;
    if (endpoint->n_ports)
        return refuse(e, "a published port (--publish)", "create the service without it");
    if (endpoint->mode > SWARM__ENDPOINT_SPEC__RESOLUTION_MODE__DNSRR)
        return err_set(e, ERR_INVALID_ARGUMENT, "unrecognized endpoint mode %d",
                       (int)endpoint->mode);
    return 0;
}

int service_spec_validate(const Swarm__ServiceSpec *spec, struct err *e)
{
    int r = service_name_validate(spec->annotations ? spec->annotations->name : "", e);
    if (!r)
        r = annotations_validate(spec->annotations, e);
    if (!r)
        r = spec_size_validate(&spec->base, SPEC_SIZE_LIMIT, "service spec", e);
    if (!r)
        r = task_spec_validate(spec->task, e);
    if (!r)
        r = mode_validate(spec, e);
    if (!r)
        r = update_validate(spec->update, e);
    if (!r)
        r = update_validate(spec->rollback, e);
    if (!r && spec->n_networks)
        r = refuse(e, "Networks of a service", "put them into its TaskTemplate");
    return r ? r : endpoint_validate(spec->endpoint, e);
}

int service_spec_set_defaults(Swarm__ServiceSpec *spec)
{
    if (!spec->annotations)
        spec->annotations = message_new(&swarm__annotations__descriptor);
    if (!spec->task)
        spec->task = message_new(&swarm__task_spec__descriptor);
    if (!spec->annotations || !spec->task)
        return ERR_NO_MEMORY;
    if (spec->mode_case != SWARM__SERVICE_SPEC__MODE__NOT_SET)
        return 0;
    Swarm__ReplicatedService *replicated =
        message_new(&swarm__replicated_service__descriptor);
    if (!replicated)
        return ERR_NO_MEMORY;
    replicated->replicas = 1;
    spec->replicated = replicated;
    spec->mode_case = SWARM__SERVICE_SPEC__MODE_REPLICATED;
    return 0;
}
