/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold after each step, and at rest. */
#include "base/map.h"
#include "sim.h"

/* ---- one change ---- */

static bool is_over(const Swarm__Task *t)
{
    return t->status->state > SWARM__TASK_STATE__RUNNING;
}

static void check_task_update(const Swarm__Task *before, const Swarm__Task *after)
{
    CHECK(after->status->state >= before->status->state);
    CHECK(after->desired_state >= before->desired_state);
    CHECK(str_is_empty(before->node_id) || str_equal(before->node_id, after->node_id));
    CHECK(before->slot == after->slot);
    CHECK(str_equal(before->service_id, after->service_id));
    CHECK(message_equal(&before->spec->base, &after->spec->base));
}

void sim_check_change(const struct store_change *c)
{
    if (c->before && c->after)
        CHECK(object_version(c->after) > object_version(c->before));
    if (store_change_object(c)->kind != OBJECT_TASK)
        return;
    if (c->before && c->after)
        check_task_update(c->before->task, c->after->task);
}

/* ---- each step ---- */

static bool is_wanted(const Swarm__Task *t)
{
    return t->desired_state <= SWARM__TASK_STATE__RUNNING && !is_over(t);
}

static bool has_start_first(const Swarm__Service *s)
{
    const Swarm__UpdateConfig *all[] = {
        s->spec->update, s->spec->rollback,
        s->previous_spec ? s->previous_spec->update : NULL,
        s->previous_spec ? s->previous_spec->rollback : NULL};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i] && all[i]->order == SWARM__UPDATE_CONFIG__UPDATE_ORDER__START_FIRST)
            return true;
    return false;
}

#define SLOTS_MAX 64

struct slot_count {
    size_t wanted, ended, all;
    size_t attempts; /* the most that one of its tasks may have */
};

static void count_slots(const struct object_list *tasks, struct slot_count *slots)
{
    for (size_t i = 0; i < tasks->len; i++) {
        const Swarm__Task *t = tasks->objects[i]->task;
        CHECK(t->slot > 0 && t->slot < SLOTS_MAX);
        slots[t->slot].all++;
        slots[t->slot].wanted += is_wanted(t);
        slots[t->slot].ended += is_over(t);
        if (t->spec->restart && t->spec->restart->max_attempts > slots[t->slot].attempts)
            slots[t->slot].attempts = (size_t)t->spec->restart->max_attempts;
    }
}

static void check_service(struct sim *s, const Swarm__Service *service)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    struct slot_count slots[SLOTS_MAX] = {0};
    size_t live = 0;
    CHECK(store_find(store_view(s->store), OBJECT_TASK, STORE_BY_SERVICE, service->id,
                     &tasks) == 0);
    count_slots(&tasks, slots);
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        CHECK(slots[i].wanted <= 1 || has_start_first(service));
        CHECK(slots[i].all <= DEFAULT_TASK_HISTORY ||
              slots[i].ended <= slots[i].attempts + 1);
        live += slots[i].wanted > 0;
    }
    CHECK(live <= service->spec->replicated->replicas);
}

static void check_references(struct sim *s, const Swarm__Service *service)
{
    const Swarm__ContainerSpec *c = service->spec->task->container;
    for (size_t i = 0; i < c->n_secrets; i++)
        CHECK(store_get(store_view(s->store), OBJECT_SECRET, c->secrets[i]->secret_id));
}

void sim_check(struct sim *s)
{
    cleanup_object_list struct object_list services = OBJECT_LIST_INIT;
    CHECK(store_find(store_view(s->store), OBJECT_SERVICE, STORE_ALL, NULL, &services) ==
          0);
    for (size_t i = 0; i < services.len; i++) {
        check_service(s, services.objects[i]->service);
        check_references(s, services.objects[i]->service);
    }
}

/* A node holds just the secrets that its tasks need, except for one that was removed
 * while a task that outlived its service's spec still refers to it. */
void sim_check_secrets(struct sim *s, const struct sim_node *n)
{
    struct map needed = MAP_INIT;
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    CHECK(store_find(store_view(s->store), OBJECT_TASK, STORE_BY_NODE, n->id, &tasks) ==
          0);
    for (size_t i = 0; i < tasks.len; i++) {
        const Swarm__Task *t = tasks.objects[i]->task;
        bool is_here = t->status->state >= SWARM__TASK_STATE__ASSIGNED && !is_over(t);
        for (size_t k = 0; is_here && k < t->spec->container->n_secrets; k++)
            CHECK(map_put(&needed, t->spec->container->secrets[k]->secret_id, s, NULL) ==
                  0);
    }
    size_t held = 0;
    for (size_t i = 0; i < needed.len; i++) {
        bool is_held = sim_agent_has_secret(n->agent, needed.entries[i].key);
        CHECK(is_held ||
              !store_get(store_view(s->store), OBJECT_SECRET, needed.entries[i].key));
        held += is_held;
    }
    CHECK(sim_agent_secrets(n->agent) == held);
    map_deinit(&needed);
}

/* ---- at rest ---- */

static bool can_run(const Swarm__Service *s)
{
    const Swarm__Placement *p = s->spec->task->placement;
    return !p || !strstr(p->constraints[0], "nowhere");
}

static bool restarts_always(const Swarm__TaskSpec *t)
{
    return !t->restart ||
           (t->restart->condition == SWARM__RESTART_POLICY__RESTART_CONDITION__ANY &&
            !t->restart->max_attempts);
}

static size_t count_running(const struct object_list *tasks)
{
    size_t n = 0;
    for (size_t i = 0; i < tasks->len; i++) {
        const Swarm__Task *t = tasks->objects[i]->task;
        n += is_wanted(t) && t->status->state == SWARM__TASK_STATE__RUNNING;
    }
    return n;
}

static bool is_updating(const Swarm__Service *s)
{
    const Swarm__UpdateStatus *u = s->update_status;
    return u && (u->state == SWARM__UPDATE_STATUS__UPDATE_STATE__UPDATING ||
                 u->state == SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_STARTED);
}

/* Every task of the service is of a spec whose tasks are always restarted, and which some
 * node may run. */
static bool is_easy(const Swarm__Service *s, const struct object_list *tasks)
{
    if (!can_run(s) || !restarts_always(s->spec->task))
        return false;
    for (size_t i = 0; i < tasks->len; i++) {
        const Swarm__Task *t = tasks->objects[i]->task;
        const Swarm__Placement *p = t->spec->placement;
        if (!restarts_always(t->spec) || (p && strstr(p->constraints[0], "nowhere")))
            return false;
    }
    return true;
}

static void check_service_at_rest(struct sim *s, const Swarm__Service *service)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    CHECK(store_find(store_view(s->store), OBJECT_TASK, STORE_BY_SERVICE, service->id,
                     &tasks) == 0);
    if (is_easy(service, &tasks))
        CHECK(count_running(&tasks) == service->spec->replicated->replicas);
    if (can_run(service))
        CHECK(!is_updating(service));
    for (size_t i = 0; i < tasks.len; i++) {
        const Swarm__Task *t = tasks.objects[i]->task;
        CHECK(t->desired_state != SWARM__TASK_STATE__REMOVE);
        CHECK(t->desired_state != SWARM__TASK_STATE__READY);
        CHECK(t->desired_state != SWARM__TASK_STATE__SHUTDOWN || is_over(t));
    }
}

static void check_no_strangers(struct sim *s)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    CHECK(store_find(store_view(s->store), OBJECT_TASK, STORE_ALL, NULL, &tasks) == 0);
    for (size_t i = 0; i < tasks.len; i++)
        CHECK(store_get(store_view(s->store), OBJECT_SERVICE,
                        tasks.objects[i]->task->service_id));
}

void sim_check_rest(struct sim *s)
{
    cleanup_object_list struct object_list services = OBJECT_LIST_INIT;
    sim_check(s);
    check_no_strangers(s);
    CHECK(store_find(store_view(s->store), OBJECT_SERVICE, STORE_ALL, NULL, &services) ==
          0);
    for (size_t i = 0; i < services.len; i++)
        check_service_at_rest(s, services.objects[i]->service);
}
