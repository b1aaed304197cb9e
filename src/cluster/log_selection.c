/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/log_selection.h"

#include "base/str.h"

static bool contains(size_t n, char *const *ids, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal(ids[i], id))
            return true;
    return false;
}

bool log_selection_has(const Swarm__LogSelector *selector, const char *service_id,
                       const char *task_id)
{
    return contains(selector->n_task_ids, selector->task_ids, task_id) ||
           contains(selector->n_service_ids, selector->service_ids, service_id);
}

/* A task without a node has no output. */
static int add_node_of(const struct object *o, struct map *nodes)
{
    if (!o || !o->task->node_id[0])
        return 0;
    return map_put(nodes, o->task->node_id, nodes, NULL);
}

static int add_nodes_of_service(const struct store_view *v, const char *service_id,
                                struct map *nodes)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    int r = store_find(v, OBJECT_TASK, STORE_BY_SERVICE, service_id, &tasks);
    for (size_t i = 0; i < tasks.len && !r; i++)
        r = add_node_of(tasks.objects[i], nodes);
    return r;
}

int log_selection_nodes(const Swarm__LogSelector *selector, const struct store_view *v,
                        struct map *nodes)
{
    int r = 0;
    for (size_t i = 0; i < selector->n_service_ids && !r; i++)
        r = add_nodes_of_service(v, selector->service_ids[i], nodes);
    for (size_t i = 0; i < selector->n_task_ids && !r; i++)
        r = add_node_of(store_get(v, OBJECT_TASK, selector->task_ids[i]), nodes);
    return r;
}
