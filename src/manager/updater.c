/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rolling update replaces the tasks of the slots that are outdated, at most
 * `parallelism` at a time. Each slot goes through
 *
 *   WAITING --> STARTING --> RESTING --> DONE
 *               new task     `delay`
 *               is made,     goes by
 *               comes up
 *
 * and when all are DONE, the new tasks are watched for one more `monitor`; then the
 * update is completed. A new task that ends early counts as a failure.
 *
 * What of this isn't remembered (a new leader, a restart) is found again in the store:
 * the service's update_status says that an update is under way and since when, outdated
 * slots are WAITING, and tasks of the current spec that were made since then are the new
 * ones.
 */
#include "manager/updater.h"

#include "base/str.h"
#include "manager/references.h"
#include "manager/update_status.h"

enum step {
    WAITING,
    STARTING,
    RESTING,
    DONE,
};

struct update_slot {
    uint64_t number;
    enum step step;
    char task_id[OBJECT_ID_SIZE]; /* the new task */
    int64_t running_since;        /* CLOCK_NEVER before */
    int64_t rest_until;
    bool has_failed;
};

struct update {
    uint64_t spec_version; /* what it works towards */
    bool is_rollback;
    size_t failures;
    size_t len;
    struct update_slot slots[];
};

struct rules {
    uint64_t parallelism;
    int64_t delay, monitor;
    Swarm__UpdateConfig__FailureAction failure_action;
    Swarm__UpdateConfig__UpdateOrder order;
    float max_failure_ratio;
};

void update_free(struct update *u)
{
    free(u);
}

static struct rules rules_of(const Swarm__Service *service)
{
    const Swarm__UpdateConfig *c =
        update_is_rollback(service) ? service->spec->rollback : service->spec->update;
    if (!c)
        return (struct rules){.parallelism = 1, .monitor = DEFAULT_UPDATE_MONITOR};
    struct rules rules = {
        .parallelism = c->parallelism,
        .delay = message_duration(c->delay, 0),
        .monitor = message_duration(c->monitor, DEFAULT_UPDATE_MONITOR),
        .failure_action = c->failure_action,
        .order = c->order,
        .max_failure_ratio = c->max_failure_ratio,
    };
    /* A task must still be watched when the next one is begun. */
    if (rules.delay >= rules.monitor)
        rules.monitor = clock_after(rules.delay, CLOCK_SECOND);
    return rules;
}

static bool is_start_first(const struct rules *rules)
{
    return rules->order == SWARM__UPDATE_CONFIG__UPDATE_ORDER__START_FIRST;
}

static uint64_t version_of(const Swarm__Service *service)
{
    return service->spec_version ? service->spec_version->index : 0;
}

/* ---- slots ---- */

static size_t count_wanted(const struct slot *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->len; i++)
        n += task_is_wanted(slot_task(s, i));
    return n;
}

/* The slot's task that already is as the service asks for: one that is to run before one
 * that gets ready. False when there is none. */
static bool find_current(const struct round *r, const struct slot *s, size_t *out)
{
    bool found = false;
    for (size_t i = 0; i < s->len; i++) {
        const Swarm__Task *t = slot_task(s, i);
        if (!task_is_wanted(t) || task_is_outdated(r, t))
            continue;
        if (!found || t->desired_state > slot_task(s, *out)->desired_state)
            *out = i;
        found = true;
    }
    return found;
}

/* A slot whose last task ended and isn't restarted is outdated with that task. */
static bool slot_is_outdated(const struct round *r, const struct slot *s)
{
    size_t wanted = count_wanted(s);
    if (wanted > 1)
        return true;
    for (size_t i = s->len; i-- > 0;) {
        const Swarm__Task *t = slot_task(s, i);
        if (t->desired_state < SWARM__TASK_STATE__REMOVE &&
            (task_is_wanted(t) || !wanted))
            return task_is_outdated(r, t);
    }
    return false;
}

static bool find_task(const struct slot *s, const char *id, size_t *out)
{
    for (size_t i = 0; i < s->len; i++)
        if (str_equal(slot_task(s, i)->id, id)) {
            *out = i;
            return true;
        }
    return false;
}

static int shut_others(struct round *r, struct slot *s, size_t keep)
{
    for (size_t i = 0; i < s->len; i++) {
        if (i == keep || !task_is_wanted(slot_task(s, i)))
            continue;
        int e = slot_set_desired(r, s, i, SWARM__TASK_STATE__SHUTDOWN);
        if (e)
            return e;
    }
    return 0;
}

/* ---- beginning ---- */

/* After a restart: is it a task that the update made before? */
static bool is_new_task(const struct round *r, const Swarm__Task *t)
{
    int64_t began = message_time(r->service->update_status->started_at, INT64_MAX);
    return t->spec_version && t->spec_version->index == version_of(r->service) &&
           message_time(t->meta->created_at, 0) >= began;
}

static void adopt_slot(const struct round *r, struct update *u, const struct slot *s,
                       int64_t delay)
{
    size_t i = 0;
    if (!find_current(r, s, &i) || !is_new_task(r, slot_task(s, i)))
        return;
    const Swarm__Task *t = slot_task(s, i);
    struct update_slot *us = &u->slots[u->len++];
    bool is_running = t->status->state == SWARM__TASK_STATE__RUNNING;
    *us = (struct update_slot){.number = s->number,
                               .step = is_running ? RESTING : STARTING,
                               .running_since = CLOCK_NEVER};
    strcpy_cut(us->task_id, sizeof(us->task_id), t->id);
    if (!is_running)
        return;
    us->running_since = message_time(t->status->applied_at, r->pass->env->now);
    us->rest_until = clock_after(us->running_since, delay);
}

static struct update *update_new(const struct round *r, const uint64_t *live, size_t n)
{
    struct update *u = calloc(1, sizeof(*u) + n * sizeof(u->slots[0]));
    if (!u)
        return NULL;
    u->spec_version = version_of(r->service);
    u->is_rollback = update_is_rollback(r->service);
    for (size_t i = 0; i < n; i++) {
        const struct slot *s = round_find_slot(r, live[i]);
        if (slot_is_outdated(r, s))
            u->slots[u->len++] =
                (struct update_slot){.number = s->number, .running_since = CLOCK_NEVER};
        else if (update_is_active(r->service))
            adopt_slot(r, u, s, rules_of(r->service).delay);
    }
    return u;
}

static bool has_outdated(const struct round *r, const uint64_t *live, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slot_is_outdated(r, round_find_slot(r, live[i])))
            return true;
    return false;
}

static void forget(struct round *r)
{
    update_free(r->state->update);
    r->state->update = NULL;
}

/* Begins an update, or takes it up again, if there is something to do. */
static int begin(struct round *r, const uint64_t *live, size_t n)
{
    bool is_active = update_is_active(r->service);
    if (!is_active && !has_outdated(r, live, n))
        return 0;
    r->state->update = update_new(r, live, n);
    if (!r->state->update)
        return err_no_memory(r->pass->e);
    return r->service->update_status ? 0 : update_status_begin(r);
}

/* ---- failures ---- */

/* Did the new task end while it was watched? */
static bool has_failed(const struct round *r, const struct update_slot *us,
                       const Swarm__Task *t, int64_t monitor)
{
    return t->status->state > SWARM__TASK_STATE__RUNNING &&
           (us->running_since == CLOCK_NEVER ||
            r->pass->env->now - us->running_since <= monitor);
}

static bool is_too_much(const struct update *u, const struct rules *rules)
{
    return (float)u->failures / (float)u->len > rules->max_failure_ratio;
}

/* May the service go back to its former spec? A rollback isn't rolled back, and a secret
 * that the former spec needs may be gone by now. */
static int can_roll_back(const struct round *r, const struct rules *rules, bool *out)
{
    *out = false;
    if (rules->failure_action != SWARM__UPDATE_CONFIG__FAILURE_ACTION__ROLLBACK ||
        update_is_rollback(r->service) || !r->service->previous_spec)
        return 0;
    int e = references_check(r->pass->view, r->service->previous_spec, NULL);
    *out = !e;
    return e == ERR_NO_MEMORY ? err_no_memory(r->pass->e) : 0;
}

/* What is done when too many new tasks failed. */
static int fail(struct round *r, const struct rules *rules, const char *task_id,
                bool *again)
{
    int e = can_roll_back(r, rules, again);
    if (e)
        return e;
    forget(r);
    return *again ? update_status_roll_back(r, task_id) : update_status_pause(r, task_id);
}

/* Is what is remembered about this very update? */
static bool is_same(const struct round *r)
{
    const struct update *u = r->state->update;
    return u->spec_version == version_of(r->service) &&
           u->is_rollback == update_is_rollback(r->service);
}

/* Finds a task that failed and wasn't counted yet. */
static const Swarm__Task *next_failed(const struct round *r, const struct rules *rules)
{
    struct update *u = r->state->update;
    for (size_t i = 0; i < u->len; i++) {
        struct update_slot *us = &u->slots[i];
        const struct slot *s = round_find_slot(r, us->number);
        size_t k = 0;
        if (us->has_failed || !s || !find_task(s, us->task_id, &k) ||
            !has_failed(r, us, slot_task(s, k), rules->monitor))
            continue;
        us->has_failed = true;
        return slot_task(s, k);
    }
    return NULL;
}

int updater_watch(struct round *r, bool *again)
{
    if (r->state->update && (!is_same(r) || update_is_paused(r->service)))
        forget(r);
    if (!r->state->update)
        return 0;
    const struct rules rules = rules_of(r->service);
    const Swarm__Task *t;
    while ((t = next_failed(r, &rules))) {
        r->state->update->failures++;
        if (rules.failure_action != SWARM__UPDATE_CONFIG__FAILURE_ACTION__CONTINUE &&
            is_too_much(r->state->update, &rules))
            return fail(r, &rules, t->id, again);
    }
    return 0;
}

/* ---- steps ---- */

static int make_new_task(struct round *r, struct slot *s, const struct rules *rules)
{
    size_t old = s->len;
    int e = slot_add_task(r, s,
                          is_start_first(rules) ? SWARM__TASK_STATE__RUNNING
                                                : SWARM__TASK_STATE__READY);
    return e || is_start_first(rules) ? e : shut_others(r, s, old);
}

static int start_slot(struct round *r, struct update_slot *us, const struct rules *rules)
{
    struct slot *s = round_find_slot(r, us->number);
    size_t i = 0;
    int e = 0;
    if (!s) {
        us->step = DONE;
        return 0;
    }
    bool is_there = find_current(r, s, &i);
    if (is_there && !is_start_first(rules))
        e = shut_others(r, s, i);
    else if (!is_there)
        e = make_new_task(r, s, rules);
    if (e)
        return e;
    if (!is_there)
        i = s->len - 1;
    strcpy_cut(us->task_id, sizeof(us->task_id), slot_task(s, i)->id);
    us->step = STARTING;
    return 0;
}

/* The new task came up or failed; either way the slot has had its turn. A task that is
 * gone from the store is waited for no longer. */
static int await_start(struct round *r, struct update_slot *us, const struct rules *rules)
{
    struct slot *s = round_find_slot(r, us->number);
    size_t i = 0;
    int e = 0;
    if (s && find_task(s, us->task_id, &i)) {
        const Swarm__Task *t = slot_task(s, i);
        if (t->status->state < SWARM__TASK_STATE__RUNNING && !task_is_over(t))
            return 0;
        us->running_since = r->pass->env->now;
        if (t->status->state == SWARM__TASK_STATE__RUNNING)
            e = shut_others(r, s, i);
    }
    us->step = RESTING;
    us->rest_until = clock_after(r->pass->env->now, rules->delay);
    return e;
}

static int step_slot(struct round *r, struct update_slot *us, const struct rules *rules)
{
    if (us->step == STARTING) {
        int e = await_start(r, us, rules);
        if (e)
            return e;
    }
    if (us->step == RESTING) {
        if (us->rest_until <= r->pass->env->now)
            us->step = DONE;
        else
            round_wake(r, us->rest_until);
    }
    return 0;
}

/* Moves all slots on, and begins with others as far as the rules allow. */
static int step_all(struct round *r, const struct rules *rules)
{
    struct update *u = r->state->update;
    uint64_t most = rules->parallelism ? rules->parallelism : u->len;
    size_t busy = 0;
    for (size_t i = 0; i < u->len; i++) {
        int e = step_slot(r, &u->slots[i], rules);
        if (e)
            return e;
        busy += u->slots[i].step == STARTING || u->slots[i].step == RESTING;
    }
    for (size_t i = 0; i < u->len && busy < most; i++) {
        if (u->slots[i].step != WAITING || !round_may_add_task(r))
            continue;
        int e = start_slot(r, &u->slots[i], rules);
        if (!e)
            e = step_slot(r, &u->slots[i], rules);
        if (e)
            return e;
        busy += u->slots[i].step != DONE;
    }
    return 0;
}

/* When the last slot had rested. */
static int64_t last_rest(const struct update *u)
{
    int64_t last = 0;
    for (size_t i = 0; i < u->len; i++)
        if (u->slots[i].rest_until > last)
            last = u->slots[i].rest_until;
    return last;
}

static int finish(struct round *r, const struct rules *rules)
{
    int64_t end = clock_after(last_rest(r->state->update), rules->monitor);
    if (end > r->pass->env->now) {
        round_wake(r, end);
        return 0;
    }
    forget(r);
    return update_is_active(r->service) ? update_status_complete(r) : 0;
}

static bool is_all_done(const struct update *u)
{
    for (size_t i = 0; i < u->len; i++)
        if (u->slots[i].step != DONE)
            return false;
    return true;
}

/* A replacement that came up outside of an update (after the first one failed) takes the
 * place of the old task too. */
static int settle(struct round *r, const uint64_t *live, size_t n)
{
    r->state->awaits_start = r->state->update != NULL;
    for (size_t i = 0; i < n; i++) {
        struct slot *s = round_find_slot(r, live[i]);
        size_t k = 0;
        if (count_wanted(s) < 2)
            continue;
        r->state->awaits_start = true;
        if (!find_current(r, s, &k) ||
            slot_task(s, k)->status->state != SWARM__TASK_STATE__RUNNING)
            continue;
        int e = shut_others(r, s, k);
        if (e)
            return e;
    }
    return 0;
}

static int advance(struct round *r)
{
    const struct rules rules = rules_of(r->service);
    int e = step_all(r, &rules);
    if (e || !is_all_done(r->state->update))
        return e;
    return finish(r, &rules);
}

int updater_run(struct round *r, const uint64_t *live, size_t n)
{
    int e = 0;
    if (!r->state->update && !update_is_paused(r->service))
        e = begin(r, live, n);
    if (!e && r->state->update)
        e = advance(r);
    return e ? e : settle(r, live, n);
}
