/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/manager.h"
#include "random.h"

/*
 * One node's agent, as the simulation sees it: it is told assignments, it acts at times
 * of its own, and it reports what became of its tasks. Behind this may be the simulated
 * agent of agent.c, whose tasks take a random time and come to a random end, or the real
 * one on a fake engine.
 */
struct sim_agent;

struct sim_agent *sim_agent_new(const char *node_id, struct sim_random *random);
void sim_agent_free(struct sim_agent *a);

/* A message from the dispatcher, lent. */
void sim_agent_assign(struct sim_agent *a, const Swarm__AssignmentsMessage *m,
                      int64_t now);

/* When it wants to act; CLOCK_NEVER when it needn't. */
int64_t sim_agent_next(const struct sim_agent *a);

/* A report of a task's status. */
typedef void (*sim_report)(const char *task_id, const Swarm__TaskStatus *status,
                           void *user);

/* Does what is due, and reports it. A node that is cut off acts too; its reports are
 * lost. */
void sim_agent_act(struct sim_agent *a, int64_t now, sim_report report, void *user);

/* Reports all that it knows, as an agent does when it comes back. */
void sim_agent_report_all(struct sim_agent *a, int64_t now, sim_report report,
                          void *user);

/* Its machine starts again: what ran has failed. */
void sim_agent_crash(struct sim_agent *a, int64_t now);

/* From now on nothing that starts fails or ends by itself. */
void sim_agent_calm(struct sim_agent *a);

/* What it holds at the moment. */
size_t sim_agent_tasks(const struct sim_agent *a);
size_t sim_agent_secrets(const struct sim_agent *a);
bool sim_agent_has_secret(const struct sim_agent *a, const char *id);
