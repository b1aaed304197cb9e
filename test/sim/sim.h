/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent.h"
#include "base/clock.h"
#include "base/str.h"
#include "check.h"
#include "manager/control.h"

/*
 * A cluster in one process: the real store, control loop and assignments, simulated
 * agents, and a clock that jumps from event to event.
 */
#define SIM_NODES 4
#define SIM_SERVICES 8
#define SIM_SECRETS 6

struct sim_node {
    char id[8];
    struct sim_agent *agent;
    struct assignments *assignments; /* NULL while the node is cut off */
    bool is_due;                     /* there may be news for it */
    int64_t down_at;                 /* when silence makes it DOWN; CLOCK_NEVER */
};

struct sim {
    struct sim_random random;
    int64_t now;
    struct store *store;
    struct store_watch watch;
    struct manager *manager;
    struct sim_node nodes[SIM_NODES];
    bool is_calm;     /* no more faults */
    uint64_t created; /* objects so far, for their names */
    uint64_t commits;
};

void sim_init(struct sim *s, uint64_t seed);
void sim_deinit(struct sim *s);

/* Something that changes the cluster. False: nothing of it is to be kept. */
typedef bool (*sim_change)(struct sim *s, struct store_tx *tx, void *user);

/* Runs a change, then the control loop, and commits; or loses it all, as a manager does
 * that crashes meanwhile. True when it was committed. */
bool sim_commit(struct sim *s, sim_change change, void *user);

/* Lets everything happen that happens until `end`. */
void sim_run_until(struct sim *s, int64_t end);

/* When the next thing happens. */
int64_t sim_next(const struct sim *s);

void sim_connect(struct sim *s, struct sim_node *n);
void sim_disconnect(struct sim *s, struct sim_node *n);

struct manager_env sim_env(struct sim *s);

/* ops.c: a user does something, or something breaks. */
void sim_user_acts(struct sim *s);
void sim_something_breaks(struct sim *s);

/* Removes all services; then all secrets, which must be possible. */
void sim_remove_services(struct sim *s);
void sim_remove_secrets(struct sim *s);

/* invariants.c */
void sim_check_change(const struct store_change *c);
void sim_check(struct sim *s);
void sim_check_secrets(struct sim *s, const struct sim_node *n);

/* What must hold once nothing happens any more. */
void sim_check_rest(struct sim *s);
