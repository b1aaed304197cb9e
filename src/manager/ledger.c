/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/ledger.h"

#include <assert.h>

#include "base/mem.h"
#include "base/str.h"

struct ledger_task {
    char *node_id;
    char *service_id;
    int64_t nano_cpus, memory_bytes;
    bool is_active; /* desired to run */
};

static void task_free(struct ledger_task *t)
{
    if (!t)
        return;
    free(t->node_id);
    free(t->service_id);
    free(t);
}

static void node_free(struct ledger_node *n)
{
    if (!n)
        return;
    map_deinit(&n->services);
    free(n);
}

void ledger_deinit(struct ledger *l)
{
    for (size_t i = 0; i < l->nodes.len; i++)
        node_free(l->nodes.entries[i].value);
    map_deinit(&l->nodes);
    for (size_t i = 0; i < l->tasks.len; i++)
        task_free(l->tasks.entries[i].value);
    map_deinit(&l->tasks);
}

const struct ledger_node *ledger_get(const struct ledger *l, const char *node_id)
{
    return map_get(&l->nodes, node_id);
}

size_t ledger_count(const struct ledger_node *n, const char *service_id)
{
    return n ? (size_t)(uintptr_t)map_get(&n->services, service_id) : 0;
}

void ledger_forget_node(struct ledger *l, const char *node_id)
{
    struct ledger_node *n = map_get(&l->nodes, node_id);
    if (n && !n->tasks && !n->nano_cpus && !n->memory_bytes)
        node_free(map_remove(&l->nodes, node_id));
}

static struct ledger_node *node_make(struct ledger *l, const char *node_id)
{
    struct ledger_node *n = map_get(&l->nodes, node_id);
    if (n)
        return n;
    n = calloc(1, sizeof(*n));
    if (!n || map_put(&l->nodes, node_id, n, NULL)) {
        free(n);
        return NULL;
    }
    return n;
}

/* Adds `change` to the tasks that a node has of a service. */
static int count_service(struct ledger_node *n, const char *service_id, int change)
{
    size_t count = ledger_count(n, service_id) + (size_t)change;
    if (count)
        return map_put(&n->services, service_id, (void *)(uintptr_t)count, NULL);
    map_remove(&n->services, service_id);
    return 0;
}

static int book(struct ledger *l, const struct ledger_task *t)
{
    struct ledger_node *n = node_make(l, t->node_id);
    if (!n)
        return ERR_NO_MEMORY;
    n->nano_cpus += t->nano_cpus;
    n->memory_bytes += t->memory_bytes;
    n->tasks += t->is_active;
    return t->is_active ? count_service(n, t->service_id, 1) : 0;
}

static int unbook(struct ledger *l, const struct ledger_task *t)
{
    struct ledger_node *n = map_get(&l->nodes, t->node_id);
    assert(n);
    n->nano_cpus -= t->nano_cpus;
    n->memory_bytes -= t->memory_bytes;
    n->tasks -= t->is_active;
    return t->is_active ? count_service(n, t->service_id, -1) : 0;
}

static bool is_booked(const Swarm__Task *task)
{
    return !str_is_empty(task->node_id) &&
           task->status->state >= SWARM__TASK_STATE__ASSIGNED &&
           task->status->state <= SWARM__TASK_STATE__RUNNING;
}

static struct ledger_task *new_task(const Swarm__Task *task)
{
    struct ledger_task *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->node_id = mem_dup(task->node_id, strlen(task->node_id));
    t->service_id = mem_dup(task->service_id, strlen(task->service_id));
    if (!t->node_id || !t->service_id) {
        task_free(t);
        return NULL;
    }
    const Swarm__ResourceRequirements *resources = task->spec->resources;
    if (resources && resources->reservations) {
        t->nano_cpus = resources->reservations->nano_cpus;
        t->memory_bytes = resources->reservations->memory_bytes;
    }
    t->is_active = task_is_runnable(task);
    return t;
}

static bool is_unchanged(const struct ledger_task *t, const Swarm__Task *task)
{
    return t->is_active == task_is_runnable(task) && str_equal(t->node_id, task->node_id);
}

int ledger_set_task(struct ledger *l, const Swarm__Task *task, bool is_gone, bool *freed)
{
    bool wanted = !is_gone && is_booked(task);
    struct ledger_task *old = map_get(&l->tasks, task->id);
    if (!old && !wanted)
        return 0;
    if (old && wanted && is_unchanged(old, task))
        return 0;
    if (old) {
        *freed = true;
        map_remove(&l->tasks, task->id);
        int r = unbook(l, old);
        task_free(old);
        if (r || !wanted)
            return r;
    }
    struct ledger_task *new = new_task(task);
    if (!new || map_put(&l->tasks, task->id, new, NULL)) {
        task_free(new);
        return ERR_NO_MEMORY;
    }
    return book(l, new);
}
