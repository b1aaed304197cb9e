/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a secret goes from the body, whose memory is wiped, into the
 * specification and on to the backend, which seals it. No answer has it. */
#include "api/filters.h"
#include "api/handlers.h"
#include "api/lookup.h"
#include "api/secret_references.h"
#include "api/tables.h"
#include "base/mem.h"
#include "base/str.h"

static bool is_match(const struct api_filters *f, const struct object *o)
{
    const Swarm__Annotations *a = object_annotations(o);
    return api_filters_match_prefix(f, "id", object_id(o)) &&
           api_filters_match_prefix(f, "name", a->name) &&
           api_filters_match(f, "names", a->name) &&
           api_filters_match_labels(f, "label", a->n_labels, a->labels);
}

static int find(const struct api_request *q, struct object_list *out, struct err *e)
{
    static const char *const allowed[] = {"id", "label", "name", "names", NULL};
    cleanup_filters struct api_filters filters = API_FILTERS_INIT;
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    int r = api_filters_parse(&filters, api_request_query(q, "filters"), allowed, e);
    if (r)
        return r;
    if (store_find(q->view, OBJECT_SECRET, STORE_ALL, NULL, &all))
        return err_no_memory(e);
    r = api_filters_select(&all, &filters, is_match, out, e);
    return r ?: api_secret_references_add(&filters, out, e);
}

void api_secrets_list(struct api_request *q)
{
    struct err e = {0};
    cleanup_object_list struct object_list list = OBJECT_LIST_INIT;
    if (!find(q, &list, &e))
        api_request_list(q, &api_table_secret, &list);
    else if (str_starts_with(e.text, "Invalid filter"))
        api_request_error(q, &e);
    else
        api_request_message(q, 500, err_text(&e)); /* as Docker has it */
}

/* The secret that a path names: one of the swarm's, or a reference. */
static int look_up(const struct api_request *q, const struct object **out, struct err *e)
{
    cleanup_free char *reference = NULL;
    struct object *made = NULL;
    int r = api_secret_reference_of(q->id, &reference, e);
    if (!r && reference)
        r = api_secret_reference_object(reference, &made) ? err_no_memory(e) : 0;
    else if (!r)
        r = api_lookup(q->view, OBJECT_SECRET, q->id, out, e);
    if (!r)
        *out = made ? made : object_ref(*out);
    return r;
}

void api_secrets_inspect(struct api_request *q)
{
    struct err e = {0};
    cleanup_object const struct object *o = NULL;
    if (look_up(q, &o, &e))
        api_request_error(q, &e);
    else
        api_request_object(q, &api_table_secret, o);
}

void api_secrets_create(struct api_request *q)
{
    struct err e = {0};
    ProtobufCMessage *spec;
    if (api_table_decode_new(&api_table_secret_spec, q->body, &spec, &e))
        api_request_error(q, &e);
    else
        q->api->backend->ops->create(q->api->backend, OBJECT_SECRET, spec,
                                     api_request_created, q);
}

void api_secrets_update(struct api_request *q)
{
    struct err e = {0};
    struct control_update how = {0};
    const struct object *o;
    ProtobufCMessage *spec;
    if (!str_to_u64(api_request_query(q, "version"), &how.version))
        api_request_message(q, 400, "invalid secret version");
    else if (api_secret_reference_refuse(q->id, &e) ||
             api_lookup(q->view, OBJECT_SECRET, q->id, &o, &e) ||
             api_table_decode_new(&api_table_secret_spec, q->body, &spec, &e))
        api_request_error(q, &e);
    else
        q->api->backend->ops->update(q->api->backend, OBJECT_SECRET, object_id(o), &how,
                                     spec, api_request_done, q);
}

void api_secrets_remove(struct api_request *q)
{
    struct err e = {0};
    const struct object *o;
    if (api_secret_reference_refuse(q->id, &e) ||
        api_lookup(q->view, OBJECT_SECRET, q->id, &o, &e))
        api_request_error(q, &e);
    else
        q->api->backend->ops->remove(q->api->backend, OBJECT_SECRET, object_id(o), false,
                                     api_request_removed, q);
}
