/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/manager.h"

/*
 * A new task of a service for a slot, state NEW "created", with an id of its own and what
 * the service asks for now. `cluster` gives the defaults; it may be NULL. ERR_NO_MEMORY.
 */
int new_task(const Swarm__Service *service, const Swarm__Cluster *cluster, uint64_t slot,
             Swarm__TaskState desired, const struct manager_env *env,
             struct object **out) MUST_CHECK;

/* Writes what the manager has to say about a task. */
int task_set_status(Swarm__Task *task, Swarm__TaskState state, const char *message,
                    const char *err, int64_t now) MUST_CHECK;
