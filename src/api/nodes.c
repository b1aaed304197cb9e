/* SPDX-License-Identifier: Apache-2.0 */
#include "api/filters.h"
#include "api/handlers.h"
#include "api/lookup.h"
#include "api/tables.h"
#include "base/str.h"

static const char *hostname_of(const Swarm__Node *node)
{
    return node->description ? node->description->hostname : "";
}

static bool has_engine_labels(const struct api_filters *f, const Swarm__Node *node)
{
    const Swarm__EngineDescription *engine =
        node->description ? node->description->engine : NULL;
    return engine ? api_filters_match_labels(f, "label", engine->n_labels, engine->labels)
                  : !api_filters_has(f, "label");
}

static bool is_match(const struct api_filters *f, const struct object *o)
{
    const Swarm__NodeSpec *spec = o->node->spec;
    const Swarm__Annotations *a = spec->annotations;
    return api_filters_match_prefix(f, "id", object_id(o)) &&
           api_filters_match_prefix(f, "name", hostname_of(o->node)) &&
           api_filters_match_labels(f, "node.label", a->n_labels, a->labels) &&
           has_engine_labels(f, o->node) &&
           api_filters_match(f, "role",
                             api_names_get(&api_names_role, (int)o->node->role)) &&
           api_filters_match(f, "membership",
                             api_names_get(&api_names_membership, (int)spec->membership));
}

/* The values of a filter must be words of an enum. */
static int check_words(const struct api_filters *f, const char *key,
                       const struct api_names *names, struct err *e)
{
    for (size_t i = 0; i < api_filters_count(f, key); i++) {
        int value;
        if (!api_names_find(names, api_filters_value(f, key, i), &value))
            return err_set(e, ERR_INVALID_ARGUMENT, "invalid %s filter: '%s'", key,
                           api_filters_value(f, key, i));
    }
    return 0;
}

static int find(const struct api_request *q, struct object_list *out, struct err *e)
{
    static const char *const allowed[] = {"id",         "label", "membership", "name",
                                          "node.label", "role",  NULL};
    cleanup_filters struct api_filters filters = API_FILTERS_INIT;
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    int r = api_filters_parse(&filters, api_request_query(q, "filters"), allowed, e);
    if (!r)
        r = check_words(&filters, "role", &api_names_role, e);
    if (!r)
        r = check_words(&filters, "membership", &api_names_membership, e);
    if (!r && store_find(q->view, OBJECT_NODE, STORE_ALL, NULL, &all))
        r = err_no_memory(e);
    return r ? r : api_filters_select(&all, &filters, is_match, out, e);
}

void api_nodes_list(struct api_request *q)
{
    struct err e = {0};
    cleanup_object_list struct object_list list = OBJECT_LIST_INIT;
    if (find(q, &list, &e))
        api_request_error(q, &e);
    else
        api_request_list(q, &api_table_node, &list);
}

void api_nodes_inspect(struct api_request *q)
{
    struct err e = {0};
    const struct object *o;
    if (api_lookup(q->view, OBJECT_NODE, q->id, &o, &e))
        api_request_error(q, &e);
    else
        api_request_object(q, &api_table_node, o);
}

void api_nodes_update(struct api_request *q)
{
    struct err e = {0};
    struct control_update how = {0};
    const struct object *o;
    ProtobufCMessage *spec;
    if (api_request_version(q, "node", &how.version, &e) ||
        api_lookup(q->view, OBJECT_NODE, q->id, &o, &e) ||
        api_table_decode_new(&api_table_node_spec, q->body, &spec, &e)) {
        api_request_error(q, &e);
        return;
    }
    /* Docker's type has no membership: it isn't the user's to change here. */
    ((Swarm__NodeSpec *)spec)->membership = o->node->spec->membership;
    q->api->backend->ops->update(q->api->backend, OBJECT_NODE, object_id(o), &how, spec,
                                 api_request_done, q);
}

void api_nodes_remove(struct api_request *q)
{
    struct err e = {0};
    const struct object *o;
    if (api_lookup(q->view, OBJECT_NODE, q->id, &o, &e))
        api_request_error(q, &e);
    else
        q->api->backend->ops->remove(q->api->backend, OBJECT_NODE, object_id(o),
                                     api_request_flag(q, "force"), api_request_done, q);
}
