/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/new_task.h"

#include "base/mem.h"

void manager_new_id(const struct manager_env *env, char id[OBJECT_ID_SIZE])
{
    uint8_t bytes[OBJECT_ID_RANDOM_BYTES];
    env->random(env->rng, bytes, sizeof(bytes));
    object_id_from_random(bytes, id);
}

int task_set_status(Swarm__Task *task, Swarm__TaskState state, const char *message,
                    const char *err, int64_t now)
{
    task->status->state = state;
    if (message_set_time(&task->status->timestamp, now) ||
        message_set_string(&task->status->message, message) ||
        message_set_string(&task->status->err, err))
        return ERR_NO_MEMORY;
    return 0;
}

/* Copies a sub-message that may be absent. */
static int copy(const void *from, void *to)
{
    if (!from)
        return 0;
    ProtobufCMessage *m = message_copy(from);
    if (!m)
        return ERR_NO_MEMORY;
    memcpy(to, &m, sizeof(m));
    return 0;
}

/* The service's own log driver, or the cluster's. */
static const Swarm__Driver *log_driver(const Swarm__Service *service,
                                       const Swarm__Cluster *cluster)
{
    if (service->spec->task->log_driver)
        return service->spec->task->log_driver;
    if (cluster && cluster->spec->task_defaults)
        return cluster->spec->task_defaults->log_driver;
    return NULL;
}

static int copy_from_service(Swarm__Task *task, const Swarm__Service *service,
                             const Swarm__Cluster *cluster)
{
    task->endpoint = message_new(&swarm__endpoint__descriptor);
    if (!task->endpoint || message_set_string(&task->service_id, service->id) ||
        copy(service->spec->endpoint, &task->endpoint->spec) ||
        copy(service->spec->task, &task->spec) ||
        copy(service->spec_version, &task->spec_version) ||
        copy(service->spec->annotations, &task->service_annotations) ||
        copy(log_driver(service, cluster), &task->log_driver))
        return ERR_NO_MEMORY;
    return 0;
}

int new_task(const Swarm__Service *service, const Swarm__Cluster *cluster, uint64_t slot,
             Swarm__TaskState desired, const struct manager_env *env, struct object **out)
{
    char id[OBJECT_ID_SIZE];
    manager_new_id(env, id);
    cleanup_message Swarm__Task *task = message_new(&swarm__task__descriptor);
    if (!task || message_set_string(&task->id, id) ||
        copy_from_service(task, service, cluster))
        return ERR_NO_MEMORY;
    task->slot = slot;
    task->desired_state = desired;
    cleanup_object struct object *o = NULL;
    if (object_new(OBJECT_TASK, TAKE(task), &o) ||
        task_set_status(o->task, SWARM__TASK_STATE__NEW, "created", "", env->now))
        return ERR_NO_MEMORY;
    *out = TAKE(o);
    return 0;
}
