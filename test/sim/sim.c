/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include "base/mem.h"

/* A node that was silent for so long is DOWN. */
#define SILENCE_LIMIT (15 * CLOCK_SECOND)

struct manager_env sim_env(struct sim *s)
{
    return (struct manager_env){
        .now = s->now, .random = sim_random_fill, .rng = &s->random};
}

/* ---- transactions ---- */

static void on_change(const struct store_change *c, void *user)
{
    struct sim *s = user;
    sim_check_change(c);
    for (size_t i = 0; i < SIM_NODES; i++) {
        struct sim_node *n = &s->nodes[i];
        if (n->assignments && assignments_is_concerned(n->assignments, c))
            n->is_due = true;
    }
}

static void tell_nodes(struct sim *s)
{
    for (size_t i = 0; i < SIM_NODES; i++) {
        struct sim_node *n = &s->nodes[i];
        if (!n->assignments || !n->is_due)
            continue;
        cleanup_message Swarm__AssignmentsMessage *m = NULL;
        CHECK(assignments_update(n->assignments, store_view(s->store), &m) == 0);
        n->is_due = false;
        if (m)
            sim_agent_assign(n->agent, m, s->now);
        sim_check_secrets(s, n);
    }
}

/* Before a commit, or while it is under way. */
static bool crashes(struct sim *s)
{
    return !s->is_calm && sim_random_once_in(&s->random, 100);
}

bool sim_commit(struct sim *s, sim_change change, void *user)
{
    struct manager_env env = sim_env(s);
    struct store_tx *tx, *nested;
    struct err e = {0};
    CHECK(store_tx_begin(store_view(s->store), s->now, &tx) == 0);
    if (change) {
        CHECK(store_tx_begin(store_tx_view(tx), s->now, &nested) == 0);
        if (change(s, nested, user))
            CHECK(store_tx_merge(nested, tx) == 0);
        else
            store_tx_drop(nested);
    }
    CHECK(manager_run(s->manager, tx, &env, &e) == 0);
    if (crashes(s)) {
        store_tx_drop(tx);
        manager_reset(s->manager);
        return false;
    }
    store_tx_prepare(tx);
    store_apply(s->store, tx);
    s->commits++;
    sim_check(s);
    tell_nodes(s);
    return true;
}

/* Until it is committed. */
static void insist(struct sim *s, sim_change change, void *user)
{
    while (!sim_commit(s, change, user))
        ;
}

/* ---- nodes ---- */

struct report {
    struct sim_node *node;
    struct sim *sim;
    struct store_tx *tx;
};

static void take_report(const char *task_id, const Swarm__TaskStatus *status, void *user)
{
    struct report *r = user;
    if (r->node->assignments)
        CHECK(task_status_report(r->tx, r->node->id, task_id, status, r->sim->now,
                                 NULL) == 0);
}

static bool agents_act(struct sim *s, struct store_tx *tx, void *user)
{
    for (size_t i = 0; i < SIM_NODES; i++) {
        struct report r = {&s->nodes[i], s, tx};
        if (sim_agent_next(s->nodes[i].agent) <= s->now)
            sim_agent_act(s->nodes[i].agent, s->now, take_report, &r);
    }
    return true;
}

/* Reports that are lost with a crashed manager are made again. */
static bool agents_report_all(struct sim *s, struct store_tx *tx, void *user)
{
    for (size_t i = 0; i < SIM_NODES; i++) {
        struct report r = {&s->nodes[i], s, tx};
        sim_agent_report_all(s->nodes[i].agent, s->now, take_report, &r);
    }
    return true;
}

struct node_state {
    const char *id;
    Swarm__NodeStatus__State state;
};

static bool set_node_state(struct sim *s, struct store_tx *tx, void *user)
{
    const struct node_state *n = user;
    struct object *copy;
    CHECK(object_copy(store_get(store_tx_view(tx), OBJECT_NODE, n->id), &copy) == 0);
    copy->node->status->state = n->state;
    CHECK(store_tx_update(tx, copy, NULL) == 0);
    return true;
}

void sim_disconnect(struct sim *s, struct sim_node *n)
{
    if (!n->assignments)
        return;
    assignments_free(n->assignments);
    n->assignments = NULL;
    n->down_at = s->now + SILENCE_LIMIT;
}

void sim_connect(struct sim *s, struct sim_node *n)
{
    struct node_state ready = {n->id, SWARM__NODE_STATUS__STATE__READY};
    if (n->assignments)
        return;
    n->assignments = assignments_new(n->id);
    CHECK(n->assignments);
    n->is_due = true;
    n->down_at = CLOCK_NEVER;
    insist(s, set_node_state, &ready);
    insist(s, agents_report_all, NULL);
}

static void mark_silent_nodes(struct sim *s)
{
    for (size_t i = 0; i < SIM_NODES; i++) {
        struct node_state down = {s->nodes[i].id, SWARM__NODE_STATUS__STATE__DOWN};
        if (s->nodes[i].down_at > s->now)
            continue;
        s->nodes[i].down_at = CLOCK_NEVER;
        insist(s, set_node_state, &down);
    }
}

/* ---- time ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t agents_next(const struct sim *s)
{
    int64_t next = CLOCK_NEVER;
    for (size_t i = 0; i < SIM_NODES; i++)
        next = earlier(next, sim_agent_next(s->nodes[i].agent));
    return next;
}

int64_t sim_next(const struct sim *s)
{
    int64_t next = earlier(manager_deadline(s->manager), agents_next(s));
    for (size_t i = 0; i < SIM_NODES; i++)
        next = earlier(next, s->nodes[i].down_at);
    return next;
}

void sim_run_until(struct sim *s, int64_t end)
{
    while (sim_next(s) <= end) {
        if (sim_next(s) > s->now)
            s->now = sim_next(s);
        mark_silent_nodes(s);
        if (agents_next(s) <= s->now) {
            if (!sim_commit(s, agents_act, NULL))
                insist(s, agents_report_all, NULL);
        } else if (manager_deadline(s->manager) <= s->now) {
            insist(s, NULL, NULL);
        }
        /* No two events are at the same moment, as on a real clock. */
        s->now++;
    }
    s->now = end > s->now ? end : s->now;
}

/* ---- life ---- */

static bool create_node(struct sim *s, struct store_tx *tx, void *user)
{
    const struct sim_node *n = user;
    Swarm__Node *m = message_new(&swarm__node__descriptor);
    struct object *o;
    CHECK(m && message_set_string(&m->id, n->id) == 0);
    CHECK(object_new(OBJECT_NODE, m, &o) == 0);
    CHECK(store_tx_create(tx, o, NULL) == 0);
    return true;
}

void sim_init(struct sim *s, uint64_t seed)
{
    *s = (struct sim){.random = {seed}, .now = 1000 * CLOCK_SECOND};
    s->store = store_new();
    s->manager = manager_new();
    CHECK(s->store && s->manager);
    s->watch = (struct store_watch){.on_change = on_change, .user = s};
    store_watch_add(s->store, &s->watch);
    for (size_t i = 0; i < SIM_NODES; i++) {
        struct sim_node *n = &s->nodes[i];
        n->down_at = CLOCK_NEVER;
        snprintf(n->id, sizeof(n->id), "node%zu", i);
        n->agent = sim_agent_new(n->id, &s->random);
    }
    for (size_t i = 0; i < SIM_NODES; i++) {
        insist(s, create_node, &s->nodes[i]);
        sim_connect(s, &s->nodes[i]);
    }
}

void sim_deinit(struct sim *s)
{
    for (size_t i = 0; i < SIM_NODES; i++) {
        assignments_free(s->nodes[i].assignments);
        sim_agent_free(s->nodes[i].agent);
    }
    store_watch_remove(&s->watch);
    manager_free(s->manager);
    store_free(s->store);
}
