/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds nodes for tasks: PENDING -> ASSIGNED. Tasks of the same service and spec are
 * looked at together: which nodes will do is asked once for all of them, and each then
 * goes to the node that has the fewest of the service, and among those the fewest tasks
 * at all. Tasks for which there is no node stay PENDING and say why; they are tried again
 * when something changed that may help.
 */
#include "base/mem.h"
#include "base/str.h"
#include "manager/filter.h"
#include "manager/new_task.h"
#include "manager/pass.h"

/* A node that will do, lent by the view. */
struct candidate {
    const Swarm__Node *node;
    const struct ledger_node *usage; /* NULL while nothing runs there */
    size_t of_service;               /* tasks of the group's service there */
};

/* What is known of the nodes for one group of tasks. */
struct candidates {
    struct candidate *nodes;
    size_t len;
    struct filter_tally tally; /* why the others won't */
};

static void candidates_deinit(struct candidates *c)
{
    free(c->nodes);
}

/* Looks up what runs on the node now. */
static void refresh(const struct pass *p, struct candidate *c, const char *service_id)
{
    c->usage = ledger_get(&p->m->ledger, c->node->id);
    c->of_service = ledger_count(c->usage, service_id);
}

static int find_candidates(struct pass *p, const struct object_list *nodes,
                           const Swarm__Task *first, struct candidates *out)
{
    out->nodes = calloc(nodes->len ? nodes->len : 1, sizeof(out->nodes[0]));
    if (!out->nodes)
        return err_no_memory(p->e);
    for (size_t i = 0; i < nodes->len; i++) {
        struct candidate *c = &out->nodes[out->len];
        c->node = nodes->objects[i]->node;
        refresh(p, c, first->service_id);
        enum filter f = filter_node(c->node, c->usage, first->spec);
        if (f == FILTERS)
            out->len++;
        else
            out->tally.refused[f]++;
    }
    return 0;
}

static bool is_emptier(const struct candidate *a, const struct candidate *b)
{
    if (a->of_service != b->of_service)
        return a->of_service < b->of_service;
    return (a->usage ? a->usage->tasks : 0) < (b->usage ? b->usage->tasks : 0);
}

/* The best node for one more task; NULL when none has room any more. Nodes that are full
 * leave the candidates. */
static struct candidate *choose(struct candidates *c, const Swarm__Task *t)
{
    struct candidate *best = NULL;
    for (size_t i = 0; i < c->len;) {
        struct candidate *n = &c->nodes[i];
        if (!filter_fits(n->node, n->usage, t->spec)) {
            memmove(n, n + 1, (--c->len - i) * sizeof(*n));
            c->tally.refused[FILTER_RESOURCES]++;
            continue;
        }
        if (!best || is_emptier(n, best))
            best = n;
        i++;
    }
    return best;
}

static int assign(struct pass *p, const struct object *task, const Swarm__Node *n)
{
    cleanup_object struct object *copy = NULL;
    int e = pass_edit(p, task, &copy);
    if (e)
        return e;
    if (message_set_string(&copy->task->node_id, n->id) ||
        task_set_status(copy->task, SWARM__TASK_STATE__ASSIGNED,
                        "scheduler assigned task to node", "", p->env->now))
        return err_no_memory(p->e);
    return pass_update(p, TAKE(copy), NULL);
}

/* Says why a task waits, unless it says so already. */
static int explain(struct pass *p, const struct object *task, const char *why)
{
    if (str_equal(task->task->status->err, why))
        return 0;
    cleanup_object struct object *copy = NULL;
    int e = pass_edit(p, task, &copy);
    if (e)
        return e;
    if (task_set_status(copy->task, SWARM__TASK_STATE__PENDING,
                        task->task->status->message, why, p->env->now))
        return err_no_memory(p->e);
    return pass_update(p, TAKE(copy), NULL);
}

static int schedule_one(struct pass *p, const struct object *task, struct candidates *c)
{
    map_remove(&p->m->untried, task->task->id);
    struct candidate *n = choose(c, task->task);
    if (n) {
        int e = assign(p, task, n->node);
        refresh(p, n, task->task->service_id);
        return e;
    }
    cleanup_buf struct buf why = BUF_INIT;
    if (filter_explain(&c->tally, &why))
        return err_no_memory(p->e);
    return explain(p, task, buf_str(&why));
}

/* ---- groups ---- */

static uint64_t spec_version(const struct object *o)
{
    return o->task->spec_version ? o->task->spec_version->index : 0;
}

static int compare(const void *a, const void *b)
{
    const struct object *x = *(const struct object *const *)a;
    const struct object *y = *(const struct object *const *)b;
    int d = strcmp(x->task->service_id, y->task->service_id);
    if (d)
        return d;
    if (spec_version(x) != spec_version(y))
        return spec_version(x) < spec_version(y) ? -1 : 1;
    if (x->task->slot != y->task->slot)
        return x->task->slot < y->task->slot ? -1 : 1;
    return strcmp(x->task->id, y->task->id);
}

static bool is_same_group(const struct object *a, const struct object *b)
{
    return str_equal(a->task->service_id, b->task->service_id) &&
           spec_version(a) == spec_version(b);
}

/* Schedules the tasks from the i-th on that belong together; *i is then the next group's
 * first. */
static int schedule_group(struct pass *p, const struct object_list *nodes,
                          const struct object_list *tasks, size_t *i)
{
    CLEANUP(candidates_deinit) struct candidates c = {0};
    const struct object *first = tasks->objects[*i];
    int e = find_candidates(p, nodes, first->task, &c);
    for (; !e && *i < tasks->len && is_same_group(first, tasks->objects[*i]); ++*i)
        e = schedule_one(p, tasks->objects[*i], &c);
    return e;
}

/* The tasks to find a node for now, sorted into groups. */
static int collect(struct pass *p, struct object_list *out)
{
    const struct map *ids = p->m->has_room ? &p->m->pending : &p->m->untried;
    if (!ids->len)
        return 0;
    out->objects = calloc(ids->len, sizeof(out->objects[0]));
    if (!out->objects)
        return err_no_memory(p->e);
    out->cap = ids->len;
    for (size_t i = 0; i < ids->len; i++)
        out->objects[out->len++] =
            object_ref(store_get(p->view, OBJECT_TASK, ids->entries[i].key));
    qsort(out->objects, out->len, sizeof(out->objects[0]), compare);
    return 0;
}

int scheduler_run(struct pass *p)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    cleanup_object_list struct object_list nodes = OBJECT_LIST_INIT;
    int e = collect(p, &tasks);
    p->m->has_room = false;
    if (e || !tasks.len)
        return e;
    if (store_find(p->view, OBJECT_NODE, STORE_ALL, NULL, &nodes))
        return err_no_memory(p->e);
    for (size_t i = 0; !e && i < tasks.len;)
        e = schedule_group(p, &nodes, &tasks, &i);
    return e;
}
