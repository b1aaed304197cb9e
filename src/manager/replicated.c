/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A replicated service has slots 1, 2, 3, ...; each holds the task that is to run and the
 * ones before it. A slot is *live* when it has a task that is wanted, or when its last
 * task ended and the restart policy says that this was all. As many slots as the service
 * has replicas are kept live.
 */
#include "manager/reaper.h"
#include "manager/restart.h"
#include "manager/update_status.h"
#include "manager/updater.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

/* The numbers of the live slots, those to keep first. */
struct live {
    uint64_t *numbers;
    size_t len;
};

static void live_deinit(struct live *l)
{
    free(l->numbers);
}

static const Swarm__Task *newest_task(const struct slot *s)
{
    for (size_t i = s->len; i-- > 0;)
        if (slot_task(s, i)->desired_state < SWARM__TASK_STATE__REMOVE)
            return slot_task(s, i);
    return NULL;
}

static bool has_wanted(const struct slot *s)
{
    for (size_t i = 0; i < s->len; i++)
        if (task_is_wanted(slot_task(s, i)))
            return true;
    return false;
}

/* A rollback starts slots again that ended with what is being rolled back. */
static bool is_live(const struct round *r, const struct slot *s)
{
    if (has_wanted(s))
        return true;
    const Swarm__Task *newest = newest_task(s);
    return newest && !update_is_rollback(r->service) && !restart_is_allowed(s, newest);
}

static int find_live(const struct round *r, struct live *out)
{
    out->numbers = calloc(r->len ? r->len : 1, sizeof(out->numbers[0]));
    if (!out->numbers)
        return err_no_memory(r->pass->e);
    for (size_t i = 0; i < r->len; i++)
        if (is_live(r, &r->slots[i]))
            out->numbers[out->len++] = r->slots[i].number;
    return 0;
}

/* ---- all tasks of a slot ---- */

static int remove_slot(struct round *r, struct slot *s)
{
    for (size_t i = 0; i < s->len; i++) {
        int e = slot_set_desired(r, s, i, SWARM__TASK_STATE__REMOVE);
        if (e)
            return e;
    }
    return 0;
}

static int remove_dead_slots(struct round *r)
{
    for (size_t i = 0; i < r->len; i++) {
        if (is_live(r, &r->slots[i]))
            continue;
        int e = remove_slot(r, &r->slots[i]);
        if (e)
            return e;
    }
    return 0;
}

/* ---- more replicas ---- */

/* New tasks go to the lowest numbers that are free; the history of a dead slot that is
 * used again stays. */
static int scale_up(struct round *r, uint64_t missing)
{
    for (uint64_t number = 1; missing && round_may_add_task(r); number++) {
        struct slot *s;
        int e = round_slot(r, number, &s);
        if (e)
            return e;
        if (is_live(r, s))
            continue;
        e = slot_add_task(r, s, SWARM__TASK_STATE__RUNNING);
        if (e)
            return e;
        missing--;
    }
    return 0;
}

/* ---- fewer replicas ---- */

struct candidate {
    uint64_t number;
    bool is_running;
    const char *node_id; /* of a slot whose one task is on a node; NULL otherwise */
    size_t nth;          /* it is the n-th of the service on its node; 0 without one */
};

/* The one task of a slot that is wanted, or NULL when there are more. */
static const Swarm__Task *only_task(const struct slot *s)
{
    const Swarm__Task *found = NULL;
    for (size_t i = 0; i < s->len; i++) {
        if (!task_is_wanted(slot_task(s, i)))
            continue;
        if (found)
            return NULL;
        found = slot_task(s, i);
    }
    return found ? found : newest_task(s);
}

static bool is_running(const struct slot *s)
{
    for (size_t i = 0; i < s->len; i++)
        if (task_is_wanted(slot_task(s, i)) &&
            slot_task(s, i)->status->state == SWARM__TASK_STATE__RUNNING)
            return true;
    return false;
}

static int by_running(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->is_running != y->is_running)
        return x->is_running ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Slots without a node of their own come last. */
static int by_balance(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    size_t nx = x->nth ? x->nth : SIZE_MAX, ny = y->nth ? y->nth : SIZE_MAX;
    if (nx != ny)
        return nx < ny ? -1 : 1;
    return by_running(a, b);
}

/* Counts the slots of each node, in their order. */
static int number_by_node(struct candidate *all, size_t n)
{
    struct map nodes = MAP_INIT;
    int e = 0;
    for (size_t i = 0; i < n && !e; i++) {
        if (!all[i].node_id)
            continue;
        all[i].nth = (size_t)(uintptr_t)map_get(&nodes, all[i].node_id) + 1;
        e = map_put(&nodes, all[i].node_id, (void *)(uintptr_t)all[i].nth, NULL);
    }
    map_deinit(&nodes);
    return e;
}

/* Sorts the live slots so that those to keep come first: that leaves the nodes balanced,
 * and among equals keeps what runs and then the lower numbers. */
static int sort_live(struct round *r, struct live *live)
{
    cleanup_free struct candidate *all = calloc(live->len, sizeof(*all));
    if (!all)
        return err_no_memory(r->pass->e);
    for (size_t i = 0; i < live->len; i++) {
        const struct slot *s = round_find_slot(r, live->numbers[i]);
        const Swarm__Task *t = only_task(s);
        all[i] = (struct candidate){.number = s->number, .is_running = is_running(s)};
        if (t && !str_is_empty(t->node_id))
            all[i].node_id = t->node_id;
    }
    qsort(all, live->len, sizeof(*all), by_running);
    if (number_by_node(all, live->len))
        return err_no_memory(r->pass->e);
    qsort(all, live->len, sizeof(*all), by_balance);
    for (size_t i = 0; i < live->len; i++)
        live->numbers[i] = all[i].number;
    return 0;
}

static int scale_down(struct round *r, struct live *live, size_t keep)
{
    int e = sort_live(r, live);
    for (size_t i = keep; !e && i < live->len; i++)
        e = remove_slot(r, round_find_slot(r, live->numbers[i]));
    live->len = keep;
    return e;
}

/* ---- one service ---- */

static int scale(struct round *r, struct live *live)
{
    uint64_t wanted = r->service->spec->replicated->replicas;
    if (wanted < live->len)
        return scale_down(r, live, (size_t)wanted);
    return wanted > live->len ? scale_up(r, wanted - live->len) : 0;
}

/* The updater gets the slots that were there before, so that it doesn't wait for new
 * ones. */
static int scale_and_update(struct round *r)
{
    CLEANUP(live_deinit) struct live live = {0};
    int e = find_live(r, &live);
    if (!e)
        e = scale(r, &live);
    if (!e)
        e = remove_dead_slots(r);
    return e ? e : updater_run(r, live.numbers, live.len);
}

static int look(struct round *r, bool *again)
{
    int e = updater_watch(r, again);
    if (e || *again)
        return e;
    e = restart_run(r);
    if (!e)
        e = scale_and_update(r);
    return e ? e : restart_start_ready(r);
}

/* The service is gone: so are its tasks, as soon as their nodes say so. */
static int remove_all(struct round *r)
{
    update_free(r->state->update);
    r->state->update = NULL;
    for (size_t i = 0; i < r->len; i++) {
        int e = remove_slot(r, &r->slots[i]);
        if (e)
            return e;
    }
    return 0;
}

static bool is_replicated(const Swarm__Service *s)
{
    return s->spec->mode_case == SWARM__SERVICE_SPEC__MODE_REPLICATED;
}

static int run(struct round *r, bool *again)
{
    if (r->service && !is_replicated(r->service))
        return 0;
    int e = r->service ? look(r, again) : remove_all(r);
    return e || *again ? e : reaper_run(r);
}

static bool is_empty(const struct round *r)
{
    for (size_t i = 0; i < r->len; i++)
        if (r->slots[i].len)
            return false;
    return !r->service;
}

/* A service needs a second look only after a rollback began, which happens once. */
int replicated_run(struct pass *p, struct service_state *s)
{
    for (bool again = true; again;) {
        struct round r;
        again = false;
        int e = round_load(&r, p, s);
        if (!e)
            e = run(&r, &again);
        bool is_gone = !e && is_empty(&r);
        if (!e && agenda_set(&p->m->wakes, &s->wake, r.next))
            e = err_no_memory(p->e);
        round_deinit(&r);
        if (e)
            return e;
        if (is_gone) {
            state_forget_service(p->m, s);
            return 0;
        }
    }
    return 0;
}
