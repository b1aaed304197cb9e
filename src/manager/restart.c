/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a task and its replacement in one slot:
 *
 *   old:  ... RUNNING ----- ends, or its node is lost ---> desired SHUTDOWN
 *   new:                    made, desired READY ----------> desired RUNNING
 *                           |<---------- delay ---------->| and old is over
 *
 * The rolling update (updater.c) replaces a task that still runs in the same way, without
 * the delay. So when a task that is desired READY may begin follows from what stands
 * before it in its slot, and nothing else needs to be remembered.
 */
#include "manager/restart.h"

#include "base/str.h"

static int64_t created_at(const Swarm__Task *t)
{
    return message_time(t->meta->created_at, 0);
}

/* ---- may it be replaced? ---- */

/* A service without a policy restarts always. */
static bool condition_holds(const Swarm__Task *t)
{
    const Swarm__RestartPolicy *policy = t->spec->restart;
    if (!policy || policy->condition == SWARM__RESTART_POLICY__RESTART_CONDITION__ANY)
        return true;
    return policy->condition == SWARM__RESTART_POLICY__RESTART_CONDITION__ON_FAILURE &&
           t->status->state != SWARM__TASK_STATE__COMPLETE;
}

static bool same_spec_version(const Swarm__Task *a, const Swarm__Task *b)
{
    return a->spec_version && b->spec_version &&
           a->spec_version->index == b->spec_version->index;
}

/* When the task ended; the manager's clock is trusted more than the node's. */
static int64_t ended_at(const Swarm__Task *t)
{
    return message_time(t->status->applied_at, message_time(t->status->timestamp, 0));
}

/*
 * How many tasks of the slot were restarts of what t runs, within the policy's window
 * before t ended. The first task is no restart.
 */
static uint64_t count_restarts(const struct slot *s, const Swarm__Task *t)
{
    int64_t window = message_duration(t->spec->restart->window, 0);
    int64_t end = ended_at(t);
    bool is_first = true;
    uint64_t n = 0;
    for (size_t i = 0; i < s->len; i++) {
        const Swarm__Task *other = slot_task(s, i);
        if (!same_spec_version(other, t))
            continue;
        if (!is_first && (window <= 0 ||
                          (created_at(other) >= end - window && created_at(other) < end)))
            n++;
        is_first = false;
    }
    return n;
}

/* No spec asks for more than the limit, but for those that are older than it: theirs
 * count as none, so that a slot doesn't fill the store with its history. */
static bool counts_attempts(const Swarm__Task *t)
{
    uint64_t most = t->spec->restart ? t->spec->restart->max_attempts : 0;
    return most > 0 && most <= RESTART_ATTEMPTS_LIMIT;
}

bool restart_is_allowed(const struct slot *s, const Swarm__Task *t)
{
    if (!condition_holds(t))
        return false;
    return !counts_attempts(t) || count_restarts(s, t) < t->spec->restart->max_attempts;
}

/*
 * Counted from the newest task back: all within the window, no more than the policy asks
 * for, and one before them, since the oldest that is there is taken for no restart. A
 * task that isn't over can only fail later than now.
 */
size_t restart_first_counted(struct round *r, const struct slot *s)
{
    size_t first = s->len;
    const Swarm__Task *newest = s->len ? slot_task(s, s->len - 1) : NULL;
    if (!newest || !counts_attempts(newest))
        return first;
    int64_t window = message_duration(newest->spec->restart->window, 0);
    int64_t end = task_is_over(newest) ? ended_at(newest) : r->pass->env->now;
    uint64_t left = newest->spec->restart->max_attempts + 1;
    bool is_within = true;
    for (size_t i = s->len; i-- > 0 && left && is_within;) {
        const Swarm__Task *t = slot_task(s, i);
        if (!same_spec_version(t, newest))
            continue;
        is_within = window <= 0 || created_at(t) >= end - window;
        if (is_within && window > 0 && !task_is_over(newest))
            round_wake(r, clock_after(created_at(t), window) + 1);
        first = i;
        left--;
    }
    return first;
}

bool restart_is_counted(const struct slot *s, size_t first, size_t i)
{
    return i >= first && same_spec_version(slot_task(s, i), slot_task(s, s->len - 1));
}

/* ---- when may it begin? ---- */

static int64_t restart_delay(const Swarm__Task *t)
{
    const Swarm__RestartPolicy *policy = t->spec->restart;
    return message_duration(policy ? policy->delay : NULL, DEFAULT_RESTART_DELAY);
}

static bool is_drained(const Swarm__Node *n)
{
    return n && n->spec->availability == SWARM__NODE_SPEC__AVAILABILITY__DRAIN;
}

static bool is_down(const Swarm__Node *n)
{
    return !n || n->status->state == SWARM__NODE_STATUS__STATE__DOWN;
}

/* Did it end by itself, or by losing its node, rather than because it was told to? */
static bool is_restart_of(const struct round *r, const Swarm__Task *old)
{
    if (str_is_empty(old->node_id))
        return old->status->state > SWARM__TASK_STATE__SHUTDOWN;
    return is_down(task_node(r, old)) ||
           (old->status->state > SWARM__TASK_STATE__RUNNING &&
            old->status->state != SWARM__TASK_STATE__SHUTDOWN);
}

/* The delay before what follows `old` may begin. */
static int64_t delay_after(const struct round *r, const Swarm__Task *old)
{
    if (is_drained(task_node(r, old)) || !is_restart_of(r, old))
        return 0;
    return restart_delay(old);
}

/* Will it be heard of again? */
static bool is_awaited(const struct round *r, const Swarm__Task *old)
{
    return !task_is_over(old) && !is_down(task_node(r, old));
}

/* When the i-th task of a slot, which is desired READY, may begin. One that has no
 * predecessor (any more) is taken for a restart. */
static int64_t start_time(const struct round *r, const struct slot *s, size_t i)
{
    const Swarm__Task *t = slot_task(s, i);
    int64_t delay = restart_delay(t);
    bool awaits = false;
    for (size_t k = 0; k < s->len; k++) {
        const Swarm__Task *old = slot_task(s, k);
        if (task_is_wanted(old))
            continue;
        if (k < i)
            delay = delay_after(r, old);
        awaits = awaits || is_awaited(r, old);
    }
    int64_t begin = clock_after(created_at(t), delay);
    int64_t timeout = created_at(t) + RESTART_OLD_TASK_TIMEOUT;
    return awaits && timeout > begin ? timeout : begin;
}

int restart_start_ready(struct round *r)
{
    for (size_t i = 0; i < r->len; i++) {
        struct slot *s = &r->slots[i];
        for (size_t k = 0; k < s->len; k++) {
            if (slot_task(s, k)->desired_state != SWARM__TASK_STATE__READY)
                continue;
            int64_t start = start_time(r, s, k);
            if (start > r->pass->env->now) {
                round_wake(r, start);
                continue;
            }
            int e = slot_set_desired(r, s, k, SWARM__TASK_STATE__RUNNING);
            if (e)
                return e;
        }
    }
    return 0;
}

/* ---- replacing ---- */

/* Has its node become one where nothing may run? */
static bool has_lost_node(const struct round *r, const Swarm__Task *t)
{
    if (str_is_empty(t->node_id))
        return false;
    const Swarm__Node *n = task_node(r, t);
    return is_down(n) || is_drained(n);
}

static bool must_restart(const struct round *r, const Swarm__Task *t)
{
    return task_is_wanted(t) &&
           (t->status->state > SWARM__TASK_STATE__RUNNING || has_lost_node(r, t));
}

/* Does the slot have another task that will do? */
static bool has_successor(const struct round *r, const struct slot *s, size_t i)
{
    for (size_t k = 0; k < s->len; k++) {
        const Swarm__Task *t = slot_task(s, k);
        if (k != i && task_is_wanted(t) && !must_restart(r, t) && !task_is_outdated(r, t))
            return true;
    }
    return false;
}

static int restart(struct round *r, struct slot *s, size_t i)
{
    bool is_needed = restart_is_allowed(s, slot_task(s, i)) && !has_successor(r, s, i);
    int e = slot_set_desired(r, s, i, SWARM__TASK_STATE__SHUTDOWN);
    return e || !is_needed ? e : slot_add_task(r, s, SWARM__TASK_STATE__READY);
}

/* One that failed while it was made ready is replaced only when its own time to begin has
 * come; otherwise it would be tried again and again without a delay. */
static int restart_slot(struct round *r, struct slot *s)
{
    size_t len = s->len;
    for (size_t i = 0; i < len; i++) {
        const Swarm__Task *t = slot_task(s, i);
        if (!must_restart(r, t) || !round_may_add_task(r))
            continue;
        int64_t start = t->desired_state < SWARM__TASK_STATE__RUNNING
                            ? start_time(r, s, i)
                            : r->pass->env->now;
        if (start > r->pass->env->now) {
            round_wake(r, start);
            continue;
        }
        int e = restart(r, s, i);
        if (e)
            return e;
    }
    return 0;
}

int restart_run(struct round *r)
{
    for (size_t i = 0; i < r->len; i++) {
        int e = restart_slot(r, &r->slots[i]);
        if (e)
            return e;
    }
    return 0;
}
