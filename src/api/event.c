/* SPDX-License-Identifier: Apache-2.0 */
#include "api/event.h"

#include "api/tables.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

/* ---- attributes ---- */

static int put(struct api_event *ev, const char *key, const char *value)
{
    return message_map_put(&ev->n_attributes, &ev->attributes, key, value ? value : "");
}

/* What changed: "KEY.old" and "KEY.new", each when there is such a value. */
static int put_change(struct api_event *ev, const char *key, const char *before,
                      const char *after)
{
    char name[64];
    int r = 0;
    before = before ? before : "";
    after = after ? after : "";
    if (str_equal(before, after))
        return 0;
    snprintf(name, sizeof(name), "%s.new", key);
    if (*after)
        r = put(ev, name, after);
    snprintf(name, sizeof(name), "%s.old", key);
    return !r && *before ? put(ev, name, before) : r;
}

static int put_number(struct api_event *ev, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    return put(ev, key, text);
}

/* ---- services ---- */

static const char *image_of(const Swarm__ServiceSpec *spec)
{
    const Swarm__TaskSpec *task = spec->task;
    bool has = task && task->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    return has && task->container ? task->container->image : "";
}

static void replicas_of(const Swarm__ServiceSpec *spec, char out[24])
{
    *out = '\0';
    if (spec->mode_case == SWARM__SERVICE_SPEC__MODE_REPLICATED)
        snprintf(out, 24, "%llu", (unsigned long long)spec->replicated->replicas);
}

static const char *update_state_of(const Swarm__Service *s)
{
    return s->update_status
               ? api_names_get(&api_names_update_state, (int)s->update_status->state)
               : "";
}

static int compare_services(struct api_event *ev, const Swarm__Service *before,
                            const Swarm__Service *after)
{
    char old_replicas[24], new_replicas[24];
    replicas_of(before->spec, old_replicas);
    replicas_of(after->spec, new_replicas);
    int r = put_change(ev, "replicas", old_replicas, new_replicas);
    if (!r)
        r = put_change(ev, "image", image_of(before->spec), image_of(after->spec));
    return r ? r
             : put_change(ev, "updatestate", update_state_of(before),
                          update_state_of(after));
}

/* ---- nodes ---- */

static const char *node_state_of(const Swarm__Node *n)
{
    return n->status ? api_names_get(&api_names_node_state, (int)n->status->state) : "";
}

static const char *leader_of(const Swarm__Node *n)
{
    return n->manager_status ? n->manager_status->leader ? "true" : "false" : "";
}

static const char *reachability_of(const Swarm__Node *n)
{
    return n->manager_status ? api_names_get(&api_names_reachability,
                                             (int)n->manager_status->reachability)
                             : "";
}

static int compare_nodes(struct api_event *ev, const Swarm__Node *before,
                         const Swarm__Node *after)
{
    int r = put_change(ev, "state", node_state_of(before), node_state_of(after));
    if (!r)
        r = put_change(
            ev, "availability",
            api_names_get(&api_names_availability, (int)before->spec->availability),
            api_names_get(&api_names_availability, (int)after->spec->availability));
    if (!r)
        r = put_change(ev, "role",
                       api_names_get(&api_names_role, (int)before->spec->desired_role),
                       api_names_get(&api_names_role, (int)after->spec->desired_role));
    if (!r)
        r = put_change(ev, "leader", leader_of(before), leader_of(after));
    return r ? r
             : put_change(ev, "reachability", reachability_of(before),
                          reachability_of(after));
}

static const char *node_name(const Swarm__Node *n)
{
    if (!str_is_empty(n->spec->annotations->name))
        return n->spec->annotations->name;
    return n->description ? n->description->hostname : "";
}

/* ---- tasks ---- */

static int describe_task(struct api_event *ev, const Swarm__Task *task)
{
    cleanup_free char *name = task_container_name(task);
    const Swarm__TaskStatus *status = task->status;
    int r = name ? put(ev, "name", name) : ERR_NO_MEMORY;
    if (!r)
        r = put(ev, "service.id", task->service_id);
    if (!r)
        r = put(ev, "node.id", task->node_id);
    if (!r)
        r = put_number(ev, "slot", task->slot);
    if (!r)
        r = put(ev, "state",
                task_state_name(status ? status->state : SWARM__TASK_STATE__NEW));
    if (!r)
        r = put(ev, "desired-state", task_state_name(task->desired_state));
    if (!r && status && !str_is_empty(status->err))
        r = put(ev, "err", status->err);
    return r;
}

/* ---- making one ---- */

static int describe(struct api_event *ev, const struct store_change *c,
                    const struct object *o)
{
    int r;
    switch (o->kind) {
    case OBJECT_TASK:
        return describe_task(ev, o->task);
    case OBJECT_NODE:
        r = put(ev, "name", node_name(o->node));
        if (!r && c->action == STORE_UPDATE)
            r = compare_nodes(ev, c->before->node, c->after->node);
        return r;
    case OBJECT_SERVICE:
        r = put(ev, "name", object_name(o));
        if (!r && c->action == STORE_UPDATE)
            r = compare_services(ev, c->before->service, c->after->service);
        return r;
    default:
        return put(ev, "name", object_name(o));
    }
}

static int by_key(const void *a, const void *b)
{
    const Swarm__Pair *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

int api_event_new(const struct store_change *change, int64_t now, struct api_event **out)
{
    static const char *const actions[] = {
        [STORE_CREATE] = "create", [STORE_UPDATE] = "update", [STORE_REMOVE] = "remove"};
    const struct object *o = store_change_object(change);
    *out = NULL;
    if (o->kind == OBJECT_CLUSTER)
        return 0;
    struct api_event *ev = calloc(1, sizeof(*ev));
    if (!ev)
        return ERR_NO_MEMORY;
    *ev = (struct api_event){
        .kind = o->kind, .action = actions[change->action], .time = now};
    ev->id = mem_dup(object_id(o), strlen(object_id(o)));
    if (!ev->id || describe(ev, change, o)) {
        api_event_free(ev);
        return ERR_NO_MEMORY;
    }
    qsort(ev->attributes, ev->n_attributes, sizeof(*ev->attributes), by_key);
    *out = ev;
    return 0;
}

void api_event_free(struct api_event *ev)
{
    if (!ev)
        return;
    for (size_t i = 0; i < ev->n_attributes; i++)
        message_free(&ev->attributes[i]->base);
    free(ev->attributes);
    free(ev->id);
    free(ev);
}

/* ---- filters ---- */

/* The filters by which a client names what the events are about: of each that is there,
 * the id or the name must begin so, whatever the event's type. */
static bool has_subject(const struct api_event *ev, const struct api_filters *f)
{
    static const char *const keys[] = {"container", "plugin", "volume", "network",
                                       "image",     "daemon", "node",   "service",
                                       "secret",    "config"};
    const char *name = message_map_get(ev->n_attributes, ev->attributes, "name");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (!api_filters_match_prefix(f, keys[i], ev->id) &&
            !api_filters_match_prefix(f, keys[i], name ? name : ""))
            return false;
    return true;
}

bool api_event_is_match(const struct api_event *ev, const struct api_filters *f)
{
    if (ev->kind == OBJECT_TASK && !api_filters_has(f, "type"))
        return false;
    return api_filters_match(f, "type", object_kind_name(ev->kind)) &&
           api_filters_match(f, "scope", "swarm") &&
           api_filters_match(f, "event", ev->action) && has_subject(ev, f) &&
           api_filters_match_labels(f, "label", ev->n_attributes, ev->attributes);
}

/* ---- writing ---- */

int api_event_write(const struct api_event *ev, struct buf *out)
{
    struct api_json_out w;
    api_json_begin(&w, out);
    api_json_open(&w, '{');
    api_json_member(&w, "Type", object_kind_name(ev->kind));
    api_json_member(&w, "Action", ev->action);
    api_json_key(&w, "Actor");
    api_json_open(&w, '{');
    api_json_member(&w, "ID", ev->id);
    api_json_key(&w, "Attributes");
    api_json_open(&w, '{');
    for (size_t i = 0; i < ev->n_attributes; i++)
        api_json_member(&w, ev->attributes[i]->key, ev->attributes[i]->value);
    api_json_close(&w, '}');
    api_json_close(&w, '}');
    api_json_member(&w, "scope", "swarm");
    api_json_key(&w, "time");
    api_json_int(&w, ev->time / CLOCK_SECOND);
    api_json_key(&w, "timeNano");
    api_json_int(&w, ev->time);
    api_json_close(&w, '}');
    return api_json_end(&w);
}
