/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control loop. A run looks at what changed, then lets its parts work in this order:
 *
 *   nodes that changed or are lost: enforcer, orphans
 *   services that are concerned:  watch, restart, scale, roll, start, reap
 *   then all new tasks:           allocator (NEW -> PENDING), scheduler (-> ASSIGNED)
 *
 * A service is looked at as a whole, from what the store says of it and its tasks, so it
 * doesn't matter which changes brought it here or whether one was seen before.
 */
#include "base/mem.h"
#include "manager/pass.h"
#include "manager/updater.h"

struct manager *manager_new(void)
{
    struct manager *m = calloc(1, sizeof(*m));
    if (!m)
        return NULL;
    m->is_new = true;
    list_init(&m->dirty);
    return m;
}

static void free_services(struct map *services)
{
    for (size_t i = 0; i < services->len; i++) {
        struct service_state *s = services->entries[i].value;
        update_free(s->update);
        free(s->id);
        free(s);
    }
    map_deinit(services);
}

static void free_lost_nodes(struct map *nodes)
{
    for (size_t i = 0; i < nodes->len; i++) {
        struct lost_node *lost = nodes->entries[i].value;
        free(lost->id);
        free(lost);
    }
    map_deinit(nodes);
}

static void forget(struct manager *m)
{
    agenda_deinit(&m->wakes);
    agenda_deinit(&m->losses);
    free_services(&m->services);
    free_lost_nodes(&m->lost_nodes);
    map_deinit(&m->changed_nodes);
    ledger_deinit(&m->ledger);
    map_deinit(&m->new_tasks);
    map_deinit(&m->pending);
    map_deinit(&m->untried);
}

void manager_reset(struct manager *m)
{
    forget(m);
    *m = (struct manager){.is_new = true};
    list_init(&m->dirty);
}

void manager_free(struct manager *m)
{
    if (!m)
        return;
    forget(m);
    free(m);
}

int64_t manager_deadline(const struct manager *m)
{
    int64_t wake = agenda_next(&m->wakes), loss = agenda_next(&m->losses);
    return wake < loss ? wake : loss;
}

/* Learns what the caller's transaction did, or everything. */
static int observe(struct manager *m, struct store_tx *tx)
{
    const struct store_view *v = store_tx_view(tx);
    if (m->is_new) {
        m->is_new = false;
        return observe_all(m, v);
    }
    const struct store_change *changes;
    size_t n = store_tx_changes(tx, &changes);
    int r = 0;
    for (size_t i = 0; !r && i < n; i++)
        r = observe_change(m, v, &changes[i]);
    return r;
}

static int mark_due(struct manager *m, int64_t now)
{
    struct agenda_item *item;
    int r = 0;
    while (!r && (item = agenda_take_due(&m->wakes, now)))
        r = state_mark_service(m, CONTAINER_OF(item, struct service_state, wake)->id);
    return r;
}

static int run_services(struct pass *p)
{
    struct manager *m = p->m;
    while (!list_is_empty(&m->dirty)) {
        struct service_state *s = LIST_FIRST(&m->dirty, struct service_state, dirty);
        list_remove(&s->dirty);
        int r = replicated_run(p, s);
        if (r)
            return r;
    }
    return 0;
}

static int run_parts(struct pass *p)
{
    if (mark_due(p->m, p->env->now))
        return err_no_memory(p->e);
    int r = orphans_run(p);
    if (!r)
        r = enforcer_run(p);
    if (!r)
        r = run_services(p);
    if (!r)
        r = allocator_run(p);
    return r ? r : scheduler_run(p);
}

/* The parts write to a transaction of their own, so that a run that fails leaves nothing
 * behind. */
int manager_run(struct manager *m, struct store_tx *tx, const struct manager_env *env,
                struct err *e)
{
    struct pass p = {.m = m, .env = env, .tasks_left = TASKS_PER_RUN, .e = e};
    if (observe(m, tx) || store_tx_begin(store_tx_view(tx), env->now, &p.tx))
        return err_no_memory(e);
    p.view = store_tx_view(p.tx);
    int r = run_parts(&p);
    if (r) {
        store_tx_drop(p.tx);
        return r;
    }
    return store_tx_merge(p.tx, tx) ? err_no_memory(e) : 0;
}
