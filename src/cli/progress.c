/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/fields.h"

/* More replicas than these have no lines of their own. */
#define BARS_MAX 20
#define MONITOR_DEFAULT (5 * CLOCK_SECOND)
/* The longest error of a task in a line. */
#define ERROR_MAX 75

/* The states of a task in their order; a task counts from "new" on. */
static const char *const states[] = {
    "",      "new",      "allocated", "pending",  "assigned", "accepted", "preparing",
    "ready", "starting", "running",   "complete", "shutdown", "failed",   "rejected",
};
#define STATE_RUNNING 9
#define STATE_COMPLETE 10

static int state_number(const char *state)
{
    for (size_t i = 1; i < ARRAY_SIZE(states); i++)
        if (str_equal(states[i], state))
            return (int)i;
    return 0;
}

static int desired_of(const json_t *task)
{
    return state_number(field_string(task, "DesiredState"));
}

static int state_of(const json_t *task)
{
    return state_number(field_string(task, "Status.State"));
}

void progress_init(struct progress *p, struct show *show)
{
    *p = (struct progress){
        .show = show, .converged_at = CLOCK_NEVER, .monitor = MONITOR_DEFAULT};
}

void progress_deinit(struct progress *p)
{
    map_deinit(&p->slots);
}

/* ---- the task that stands for a slot ---- */

static bool node_is_up(const json_t *nodes, const char *id)
{
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *node = json_array_get(nodes, i);
        if (str_equal(field_string(node, "ID"), id))
            return !str_equal(field_string(node, "Status.State"), "down");
    }
    return false;
}

/* Of two tasks the one that is to go less far, then the one that has come less far. */
static bool stands_before(const json_t *a, const json_t *b)
{
    int x = desired_of(a), y = desired_of(b);
    return x != y ? x < y : state_of(a) < state_of(b);
}

static int choose(struct map *chosen, const json_t *tasks, const json_t *nodes)
{
    int r = 0;
    for (size_t i = 0; i < json_array_size(tasks) && !r; i++) {
        char slot[24];
        json_t *task = json_array_get(tasks, i);
        const char *node = field_string(task, "NodeID");
        if (!desired_of(task) || !state_of(task) || (*node && !node_is_up(nodes, node)))
            continue;
        snprintf(slot, sizeof(slot), "%020lld", (long long)field_int(task, "Slot"));
        const json_t *other = map_get(chosen, slot);
        if (!other || stands_before(task, other))
            r = map_put(chosen, slot, task, NULL);
    }
    return r;
}

/* The place of a slot among the lines: in the order they were first seen. */
static int place_of(struct progress *p, const char *slot, uintptr_t *place)
{
    *place = (uintptr_t)map_get(&p->slots, slot);
    if (*place)
        return 0;
    *place = p->slots.len + 1;
    /* A number in the place of a pointer; it is never followed. */
    return map_put(&p->slots, slot, (void *)*place, NULL);
}

/* ---- lines ---- */

static void show_overall(struct progress *p, int64_t running, int64_t replicas)
{
    show_line(p->show, "overall progress", 0, 0, "%s%lld out of %lld tasks",
              p->rollback ? "rolling back update: " : "", (long long)running,
              (long long)replicas);
}

static void show_first(struct progress *p, int64_t replicas)
{
    show_overall(p, 0, replicas);
    for (int64_t i = 1; i <= replicas && replicas <= BARS_MAX; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%lld/%lld", (long long)i, (long long)replicas);
        show_line(p->show, id, 0, 0, " ");
    }
}

static void show_task(struct progress *p, const json_t *task, uintptr_t place,
                      int64_t replicas)
{
    char id[32];
    int state = state_of(task);
    const char *error = field_string(task, "Status.Err");
    if (p->all_running || replicas > BARS_MAX || place > (uintptr_t)replicas)
        return;
    snprintf(id, sizeof(id), "%llu/%lld", (unsigned long long)place, (long long)replicas);
    if (*error) {
        int n = (int)strcspn(error, "\n");
        show_line(p->show, id, 0, 0, "%.*s%s", n > ERROR_MAX ? ERROR_MAX - 1 : n, error,
                  n > ERROR_MAX ? "…" : "");
    } else if (desired_of(task) <= STATE_RUNNING && state <= STATE_RUNNING) {
        show_line(p->show, id, p->rollback ? STATE_RUNNING - state : state, STATE_RUNNING,
                  "%-9s", states[state]);
    }
}

/* ---- one look ---- */

static bool is_running(const json_t *task)
{
    return desired_of(task) <= STATE_RUNNING && state_of(task) == STATE_RUNNING;
}

static int look_at_tasks(struct progress *p, const struct map *chosen, int64_t replicas,
                         bool *converged)
{
    int64_t running = 0;
    int r = 0;
    for (size_t i = 0; i < chosen->len && p->all_running; i++)
        p->all_running = state_of(chosen->entries[i].value) == STATE_RUNNING;
    for (size_t i = 0; i < chosen->len && !r; i++) {
        const json_t *task = chosen->entries[i].value;
        uintptr_t place = 0;
        running += is_running(task);
        r = place_of(p, chosen->entries[i].key, &place);
        if (!r)
            show_task(p, task, place, replicas);
    }
    if (!p->all_running)
        show_overall(p, running, replicas);
    *converged = running == replicas;
    p->all_running = p->all_running || *converged;
    return r;
}

static int look(struct progress *p, const json_t *service, const json_t *tasks,
                const json_t *nodes, bool *converged, struct err *e)
{
    struct map chosen = MAP_INIT;
    const json_t *count = field_get(service, "Spec.Mode.Replicated.Replicas");
    if (!json_is_integer(count))
        return err_set(e, ERR_UNIMPLEMENTED,
                       "waiting for services of this mode is not supported; the service "
                       "converges in the background");
    int64_t replicas = json_integer_value(count);
    if (!p->started)
        show_first(p, replicas);
    p->started = true;
    int r = choose(&chosen, tasks, nodes);
    if (!r)
        r = look_at_tasks(p, &chosen, replicas, converged);
    map_deinit(&chosen);
    return r ? err_no_memory(e) : 0;
}

/* What the update's status says: does it end the wait? */
static int look_at_update(struct progress *p, const json_t *service, bool *ends,
                          struct err *e)
{
    const char *state = field_string(service, "UpdateStatus.State");
    const char *message = field_string(service, "UpdateStatus.Message");
    bool converged = p->converged_at != CLOCK_NEVER;
    *ends = false;
    if (str_equal(state, "paused"))
        return err_set(e, ERR_ABORTED, "service update paused: %s", message);
    if (str_equal(state, "rollback_paused"))
        return err_set(e, ERR_ABORTED, "service rollback paused: %s", message);
    if (str_equal(state, "updating"))
        p->rollback = false;
    if (str_equal(state, "rollback_started") && !p->rollback && *message)
        show_line(p->show, "rollback", 0, 0, "%s", message);
    p->rollback = p->rollback || str_starts_with(state, "rollback_");
    p->told_rollback =
        p->told_rollback || (str_equal(state, "rollback_completed") && !converged);
    *ends = str_equal(state, "completed") && !converged && p->started;
    return 0;
}

/* Converged: for how long still must it stay so? */
static void look_at_clock(struct progress *p, const json_t *service, int64_t now,
                          enum progress_outcome *outcome, int64_t *again)
{
    if (p->converged_at == CLOCK_NEVER)
        p->converged_at = now;
    int64_t left = p->monitor - (now - p->converged_at);
    if (left > 0) {
        show_line(p->show, "verify", 0, 0,
                  "Waiting %lld seconds to verify that tasks are stable...",
                  ((long long)left - 1) / CLOCK_SECOND + 1);
        *again = now + (left - 1) % CLOCK_SECOND + 1;
        return;
    }
    show_line(p->show, "verify", 0, 0, "Service %s converged",
              field_string(service, "ID"));
    if (p->told_rollback)
        show_line(p->show, "rollback", 0, 0, "%s",
                  field_string(service, "UpdateStatus.Message"));
    *outcome = PROGRESS_DONE;
}

int progress_update(struct progress *p, const json_t *service, const json_t *tasks,
                    const json_t *nodes, int64_t now, enum progress_outcome *outcome,
                    int64_t *again, struct err *e)
{
    bool ends = false, converged = false;
    int64_t monitor = field_int(service, "Spec.UpdateConfig.Monitor");
    p->monitor = monitor > 0 ? monitor : MONITOR_DEFAULT;
    *outcome = PROGRESS_GOING;
    *again = CLOCK_NEVER;
    int r = look_at_update(p, service, &ends, e);
    if (!r && !ends)
        r = look(p, service, tasks, nodes, &converged, e);
    if (r)
        return r;
    if (ends) {
        *outcome = PROGRESS_DONE;
    } else if (converged) {
        look_at_clock(p, service, now, outcome, again);
    } else if (p->converged_at != CLOCK_NEVER) {
        show_line(p->show, "verify", 0, 0, "Detected task failure");
        p->converged_at = CLOCK_NEVER;
    }
    return 0;
}
