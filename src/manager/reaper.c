/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/reaper.h"

#include "manager/restart.h"

/* How many tasks a slot keeps, the one that runs included; negative for all. */
static int64_t history_limit(const struct round *r)
{
    const Swarm__Cluster *cluster = store_cluster(r->pass->view);
    if (!cluster || !cluster->spec->orchestration)
        return DEFAULT_TASK_HISTORY;
    return cluster->spec->orchestration->task_history_retention_limit;
}

static int remove_unwanted(struct round *r, struct slot *s)
{
    for (size_t i = s->len; i-- > 0;) {
        const Swarm__Task *t = slot_task(s, i);
        if (t->desired_state < SWARM__TASK_STATE__REMOVE || !task_is_over(t))
            continue;
        int e = slot_remove_task(r, s, i);
        if (e)
            return e;
    }
    return 0;
}

/* The newest task stays in any case: a slot whose task ended for good would otherwise
 * look like one that never had a task. */
static int shorten_history(struct round *r, struct slot *s, size_t limit)
{
    if (s->len <= limit)
        return 0;
    size_t first = restart_first_counted(r, s);
    for (size_t i = 0; s->len > limit && i + 1 < s->len;) {
        if (!task_is_over(slot_task(s, i)) || task_is_wanted(slot_task(s, i)) ||
            restart_is_counted(s, first, i)) {
            i++;
            continue;
        }
        int e = slot_remove_task(r, s, i);
        if (e)
            return e;
        first -= first > i;
    }
    return 0;
}

int reaper_run(struct round *r)
{
    int64_t limit = history_limit(r);
    for (size_t i = 0; i < r->len; i++) {
        int e = remove_unwanted(r, &r->slots[i]);
        if (!e && limit >= 0)
            e = shorten_history(r, &r->slots[i], (size_t)limit);
        if (e)
            return e;
    }
    return 0;
}
