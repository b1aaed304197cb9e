/* SPDX-License-Identifier: Apache-2.0 */
#include "api/filters.h"
#include "api/handlers.h"
#include "api/lookup.h"
#include "api/tables.h"
#include "base/mem.h"
#include "base/str.h"

/* ---- filters ---- */

/* What a user calls a service or node becomes its id. */
static int resolve(struct api_filters *f, const struct store_view *v,
                   enum object_kind kind, struct err *e)
{
    const char *key = object_kind_name(kind);
    json_t *list = json_object_get(f->keys, key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const struct object *o;
        int r = api_lookup(v, kind, json_string_value(json_array_get(list, i)), &o, e);
        if (r)
            return r;
        if (json_array_set_new(list, i, json_string(object_id(o))))
            return err_no_memory(e);
    }
    return 0;
}

static int check_states(const struct api_filters *f, struct err *e)
{
    for (size_t i = 0; i < api_filters_count(f, "desired-state"); i++) {
        const char *state = api_filters_value(f, "desired-state", i);
        if (task_state_from_name(state) < 0)
            return err_set(e, ERR_INVALID_ARGUMENT, "invalid desired-state filter: '%s'",
                           state);
    }
    return 0;
}

/* A label is looked for on the task, and on its service as it was then. */
static bool has_labels(const struct api_filters *f, const Swarm__Task *task)
{
    const Swarm__Annotations *own = task->annotations, *s = task->service_annotations;
    if (!api_filters_has(f, "label"))
        return true;
    return (own && api_filters_match_labels(f, "label", own->n_labels, own->labels)) ||
           (s && api_filters_match_labels(f, "label", s->n_labels, s->labels));
}

static bool has_name(const struct api_filters *f, const Swarm__Task *task)
{
    if (!api_filters_has(f, "name"))
        return true;
    cleanup_free char *name = task_container_name(task);
    return name && api_filters_match_prefix(f, "name", name);
}

static bool is_match(const struct api_filters *f, const struct object *o)
{
    const Swarm__Task *task = o->task;
    return api_filters_match_prefix(f, "id", task->id) &&
           api_filters_match(f, "service", task->service_id) &&
           api_filters_match(f, "node", task->node_id) && has_labels(f, task) &&
           api_filters_match(f, "desired-state", task_state_name(task->desired_state)) &&
           api_filters_match(f, "runtime", "container") && has_name(f, task);
}

/* ---- lists ---- */

/* The tasks that may match: of one service or node, or all. */
static int find_candidates(const struct store_view *v, const struct api_filters *f,
                           struct object_list *out)
{
    if (api_filters_count(f, "service") == 1)
        return store_find(v, OBJECT_TASK, STORE_BY_SERVICE,
                          api_filters_value(f, "service", 0), out);
    if (api_filters_count(f, "node") == 1)
        return store_find(v, OBJECT_TASK, STORE_BY_NODE, api_filters_value(f, "node", 0),
                          out);
    return store_find(v, OBJECT_TASK, STORE_ALL, NULL, out);
}

static bool is_up_to_date(const struct store_view *v, const Swarm__Task *task)
{
    const struct object *service = store_get(v, OBJECT_SERVICE, task->service_id);
    return service && task_is_current(task, service->service);
}

static int select_current(const struct store_view *v, const struct object_list *all,
                          struct object_list *out, struct err *e)
{
    for (size_t i = 0; i < all->len; i++)
        if (is_up_to_date(v, all->objects[i]->task) &&
            api_filters_add(out, all->objects[i]))
            return err_no_memory(e);
    return 0;
}

static int find(const struct api_request *q, struct object_list *out, struct err *e)
{
    static const char *const allowed[] = {"_up-to-date", "desired-state", "id",
                                          "label",       "name",          "node",
                                          "runtime",     "service",       NULL};
    cleanup_filters struct api_filters filters = API_FILTERS_INIT;
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    cleanup_object_list struct object_list matching = OBJECT_LIST_INIT;
    int r = api_filters_parse(&filters, api_request_query(q, "filters"), allowed, e);
    if (!r)
        r = check_states(&filters, e);
    if (!r)
        r = resolve(&filters, q->view, OBJECT_SERVICE, e);
    if (!r)
        r = resolve(&filters, q->view, OBJECT_NODE, e);
    if (!r && find_candidates(q->view, &filters, &all))
        r = err_no_memory(e);
    if (r)
        return r;
    if (!api_filters_has(&filters, "_up-to-date"))
        return api_filters_select(&all, &filters, is_match, out, e);
    r = api_filters_select(&all, &filters, is_match, &matching, e);
    return r ? r : select_current(q->view, &matching, out, e);
}

void api_tasks_list(struct api_request *q)
{
    struct err e = {0};
    cleanup_object_list struct object_list list = OBJECT_LIST_INIT;
    if (find(q, &list, &e))
        api_request_error(q, &e);
    else
        api_request_list(q, &api_table_task, &list);
}

void api_tasks_inspect(struct api_request *q)
{
    struct err e = {0};
    const struct object *o;
    if (api_lookup(q->view, OBJECT_TASK, q->id, &o, &e))
        api_request_error(q, &e);
    else
        api_request_object(q, &api_table_task, o);
}
