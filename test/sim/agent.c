/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated agent: each task walks through its states with random pauses. */
#include "agent.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

enum fate {
    STAYS,
    COMPLETES,
    FAILS,
    IS_REJECTED,
};

struct sim_task {
    Swarm__Task *task; /* as it was assigned */
    Swarm__TaskState state;
    int exit_code;
    enum fate fate;
    int64_t next; /* when it takes its next step */
};

struct sim_agent {
    char *node_id;
    struct sim_random *random;
    bool is_calm;
    struct map tasks;   /* id -> struct sim_task */
    struct map secrets; /* ids */
};

struct sim_agent *sim_agent_new(const char *node_id, struct sim_random *random)
{
    struct sim_agent *a = calloc(1, sizeof(*a));
    CHECK(a);
    a->node_id = mem_dup(node_id, strlen(node_id));
    CHECK(a->node_id);
    a->random = random;
    return a;
}

static void task_free(struct sim_task *t)
{
    if (!t)
        return;
    message_free(&t->task->base);
    free(t);
}

void sim_agent_free(struct sim_agent *a)
{
    for (size_t i = 0; i < a->tasks.len; i++)
        task_free(a->tasks.entries[i].value);
    map_deinit(&a->tasks);
    map_deinit(&a->secrets);
    free(a->node_id);
    free(a);
}

/* ---- what it is told ---- */

static enum fate choose_fate(struct sim_agent *a)
{
    if (a->is_calm)
        return STAYS;
    switch (sim_random_below(a->random, 12)) {
    case 0:
        return COMPLETES;
    case 1:
        return FAILS;
    case 2:
        return IS_REJECTED;
    default:
        return STAYS;
    }
}

static int64_t pause_of(struct sim_agent *a, int64_t most)
{
    return 1 + (int64_t)sim_random_below(a->random, (uint64_t)most);
}

static struct sim_task *task_make(struct sim_agent *a, const char *id,
                                  const Swarm__Task *told)
{
    struct sim_task *t = map_get(&a->tasks, id);
    if (t)
        return t;
    t = calloc(1, sizeof(*t));
    CHECK(t && map_put(&a->tasks, id, t, NULL) == 0);
    t->state = told->status->state;
    t->fate = choose_fate(a);
    /* What ran here before it lost its memory is gone. */
    if (t->state > SWARM__TASK_STATE__ASSIGNED && t->state <= SWARM__TASK_STATE__RUNNING)
        t->fate = FAILS;
    return t;
}

static void update_task(struct sim_agent *a, const Swarm__Task *told, int64_t now)
{
    CHECK(str_equal(told->node_id, a->node_id));
    struct sim_task *t = task_make(a, told->id, told);
    CHECK(!t->task || told->desired_state >= t->task->desired_state);
    if (t->task)
        message_free(&t->task->base);
    t->task = (Swarm__Task *)message_copy(&told->base);
    CHECK(t->task);
    if (t->state <= SWARM__TASK_STATE__RUNNING)
        t->next = now + pause_of(a, CLOCK_SECOND / 2);
}

static void update_secret(struct sim_agent *a, const char *id, bool is_there)
{
    if (is_there)
        CHECK(map_put(&a->secrets, id, a, NULL) == 0);
    else
        CHECK(map_remove(&a->secrets, id));
}

static void apply(struct sim_agent *a, const Swarm__AssignmentChange *c, int64_t now)
{
    bool is_update = c->action == SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__UPDATE;
    const Swarm__Assignment *item = c->assignment;
    if (item->item_case == SWARM__ASSIGNMENT__ITEM_SECRET)
        update_secret(a, item->secret->id, is_update);
    else if (is_update)
        update_task(a, item->task, now);
    else
        task_free(map_remove(&a->tasks, item->task->id));
}

static bool is_told(const Swarm__AssignmentsMessage *m, const char *task_id)
{
    for (size_t i = 0; i < m->n_changes; i++) {
        const Swarm__Assignment *item = m->changes[i]->assignment;
        if (item->item_case == SWARM__ASSIGNMENT__ITEM_TASK &&
            str_equal(item->task->id, task_id))
            return true;
    }
    return false;
}

/* A complete list replaces all that was known. */
static void forget_others(struct sim_agent *a, const Swarm__AssignmentsMessage *m)
{
    map_deinit(&a->secrets);
    for (size_t i = a->tasks.len; i-- > 0;)
        if (!is_told(m, a->tasks.entries[i].key))
            task_free(map_remove(&a->tasks, a->tasks.entries[i].key));
}

void sim_agent_assign(struct sim_agent *a, const Swarm__AssignmentsMessage *m,
                      int64_t now)
{
    if (m->type == SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE)
        forget_others(a, m);
    for (size_t i = 0; i < m->n_changes; i++)
        apply(a, m->changes[i], now);
}

/* ---- what it does ---- */

/* A task never starts without its secrets. */
static bool has_secrets(const struct sim_agent *a, const Swarm__Task *t)
{
    const Swarm__ContainerSpec *c = t->spec->container;
    for (size_t i = 0; i < c->n_secrets; i++)
        if (!map_get(&a->secrets, c->secrets[i]->secret_id))
            return false;
    return true;
}

/* The state after this one; the same when the task stays as it is. */
static Swarm__TaskState next_state(const struct sim_agent *a, const struct sim_task *t)
{
    switch (t->state) {
    case SWARM__TASK_STATE__ASSIGNED:
        return SWARM__TASK_STATE__ACCEPTED;
    case SWARM__TASK_STATE__ACCEPTED:
        return SWARM__TASK_STATE__PREPARING;
    case SWARM__TASK_STATE__PREPARING:
        return t->fate == IS_REJECTED ? SWARM__TASK_STATE__REJECTED
                                      : SWARM__TASK_STATE__READY;
    case SWARM__TASK_STATE__READY:
        return t->task->desired_state >= SWARM__TASK_STATE__RUNNING
                   ? SWARM__TASK_STATE__STARTING
                   : SWARM__TASK_STATE__READY;
    case SWARM__TASK_STATE__STARTING:
        return has_secrets(a, t->task) ? SWARM__TASK_STATE__RUNNING
                                       : SWARM__TASK_STATE__FAILED;
    case SWARM__TASK_STATE__RUNNING:
        return t->fate == COMPLETES ? SWARM__TASK_STATE__COMPLETE
               : t->fate == FAILS   ? SWARM__TASK_STATE__FAILED
                                    : SWARM__TASK_STATE__RUNNING;
    default:
        return t->state;
    }
}

static void plan(struct sim_agent *a, struct sim_task *t, int64_t now)
{
    t->next = CLOCK_NEVER;
    if (t->state > SWARM__TASK_STATE__RUNNING)
        return;
    if (t->task->desired_state > SWARM__TASK_STATE__RUNNING)
        t->next = now + pause_of(a, 3 * CLOCK_SECOND);
    else if (t->state == SWARM__TASK_STATE__RUNNING && t->fate != STAYS)
        t->next = now + pause_of(a, 20 * CLOCK_SECOND);
    else if (next_state(a, t) != t->state)
        t->next = now + pause_of(a, CLOCK_SECOND / 4);
}

static void tell(const struct sim_task *t, int64_t now, sim_report report, void *user)
{
    cleanup_message Swarm__TaskStatus *s = message_new(&swarm__task_status__descriptor);
    CHECK(s && message_set_time(&s->timestamp, now) == 0);
    s->state = t->state;
    CHECK(message_set_string(&s->message, task_state_name(t->state)) == 0);
    if (t->state == SWARM__TASK_STATE__FAILED)
        CHECK(message_set_string(&s->err, "task: non-zero exit (1)") == 0);
    report(t->task->id, s, user);
}

static void act_on(struct sim_agent *a, struct sim_task *t, int64_t now,
                   sim_report report, void *user)
{
    Swarm__TaskState before = t->state;
    if (t->task->desired_state > SWARM__TASK_STATE__RUNNING &&
        t->state <= SWARM__TASK_STATE__RUNNING)
        t->state = SWARM__TASK_STATE__SHUTDOWN;
    else
        t->state = next_state(a, t);
    if (t->state != before)
        tell(t, now, report, user);
    plan(a, t, now);
}

int64_t sim_agent_next(const struct sim_agent *a)
{
    int64_t next = CLOCK_NEVER;
    for (size_t i = 0; i < a->tasks.len; i++) {
        const struct sim_task *t = a->tasks.entries[i].value;
        next = t->next < next ? t->next : next;
    }
    return next;
}

void sim_agent_act(struct sim_agent *a, int64_t now, sim_report report, void *user)
{
    for (size_t i = 0; i < a->tasks.len; i++) {
        struct sim_task *t = a->tasks.entries[i].value;
        if (t->next <= now)
            act_on(a, t, now, report, user);
    }
}

void sim_agent_report_all(struct sim_agent *a, int64_t now, sim_report report, void *user)
{
    for (size_t i = 0; i < a->tasks.len; i++)
        tell(a->tasks.entries[i].value, now, report, user);
}

void sim_agent_crash(struct sim_agent *a, int64_t now)
{
    for (size_t i = 0; i < a->tasks.len; i++) {
        struct sim_task *t = a->tasks.entries[i].value;
        if (t->state < SWARM__TASK_STATE__STARTING ||
            t->state > SWARM__TASK_STATE__RUNNING)
            continue;
        t->state = SWARM__TASK_STATE__RUNNING;
        t->fate = FAILS;
        t->next = now + pause_of(a, CLOCK_SECOND);
    }
}

void sim_agent_calm(struct sim_agent *a)
{
    a->is_calm = true;
}

size_t sim_agent_tasks(const struct sim_agent *a)
{
    return a->tasks.len;
}

size_t sim_agent_secrets(const struct sim_agent *a)
{
    return a->secrets.len;
}

bool sim_agent_has_secret(const struct sim_agent *a, const char *id)
{
    return map_get(&a->secrets, id) != NULL;
}
