/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets and configs. The payload goes from the body, whose memory is wiped, into the
 * specification and on to the backend, which seals it. No answer has that of a secret.
 */
#include "api/filters.h"
#include "api/handlers.h"
#include "api/lookup.h"
#include "api/secret_references.h"
#include "api/tables.h"
#include "base/mem.h"
#include "base/str.h"

/* In what the two differ; and a secret may be a reference. */
struct payload {
    enum object_kind kind;
    const struct api_table *table, *spec;
    const char *const *filters;
};

static const char *const secret_filters[] = {"id", "label", "name", "names", NULL};
static const char *const config_filters[] = {"id", "label", "name", NULL};
static const struct payload secrets = {OBJECT_SECRET, &api_table_secret,
                                       &api_table_secret_spec, secret_filters};
static const struct payload configs = {OBJECT_CONFIG, &api_table_config,
                                       &api_table_config_spec, config_filters};

/* ---- list ---- */

static bool is_match(const struct api_filters *f, const struct object *o)
{
    const Swarm__Annotations *a = object_annotations(o);
    return api_filters_match_prefix(f, "id", object_id(o)) &&
           api_filters_match_prefix(f, "name", a->name) &&
           api_filters_match(f, "names", a->name) &&
           api_filters_match_labels(f, "label", a->n_labels, a->labels);
}

static int find(const struct payload *p, const struct api_request *q,
                struct object_list *out, struct err *e)
{
    cleanup_filters struct api_filters filters = API_FILTERS_INIT;
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    int r = api_filters_parse(&filters, api_request_query(q, "filters"), p->filters, e);
    if (r)
        return r;
    if (store_find(q->view, p->kind, STORE_ALL, NULL, &all))
        return err_no_memory(e);
    r = api_filters_select(&all, &filters, is_match, out, e);
    if (!r && p == &secrets)
        r = api_secret_references_add(&filters, out, e);
    return r;
}

static void list(const struct payload *p, struct api_request *q)
{
    struct err e = {0};
    cleanup_object_list struct object_list found = OBJECT_LIST_INIT;
    if (!find(p, q, &found, &e))
        api_request_list(q, p->table, &found);
    else if (str_starts_with(e.text, "Invalid filter"))
        api_request_error(q, &e);
    else
        api_request_message(q, 500, err_text(&e)); /* as Docker has it */
}

void api_secrets_list(struct api_request *q)
{
    list(&secrets, q);
}

void api_configs_list(struct api_request *q)
{
    list(&configs, q);
}

/* ---- inspect ---- */

/* The secret that a path names: one of the swarm's, or a reference. */
static int look_up_secret(const struct api_request *q, const struct object **out,
                          struct err *e)
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
    if (look_up_secret(q, &o, &e))
        api_request_error(q, &e);
    else
        api_request_object(q, secrets.table, o);
}

void api_configs_inspect(struct api_request *q)
{
    struct err e = {0};
    const struct object *o;
    if (api_lookup(q->view, OBJECT_CONFIG, q->id, &o, &e))
        api_request_error(q, &e);
    else
        api_request_object(q, configs.table, o);
}

/* ---- create, update, remove ---- */

static void create(const struct payload *p, struct api_request *q)
{
    struct err e = {0};
    ProtobufCMessage *spec;
    if (api_table_decode_new(p->spec, q->body, &spec, &e))
        api_request_error(q, &e);
    else
        q->api->backend->ops->create(q->api->backend, p->kind, spec, api_request_created,
                                     q);
}

/* What is to be changed, lent: a reference can't be. */
static int look_up(const struct payload *p, const struct api_request *q,
                   const struct object **out, struct err *e)
{
    int r = p == &secrets ? api_secret_reference_refuse(q->id, e) : 0;
    return r ? r : api_lookup(q->view, p->kind, q->id, out, e);
}

static void update(const struct payload *p, struct api_request *q)
{
    struct err e = {0};
    struct control_update how = {0};
    const struct object *o;
    ProtobufCMessage *spec;
    int r = 0;
    if (!str_to_u64(api_request_query(q, "version"), &how.version))
        r = err_set(&e, ERR_INVALID_ARGUMENT, "invalid %s version",
                    object_kind_name(p->kind));
    if (!r)
        r = look_up(p, q, &o, &e);
    if (!r)
        r = api_table_decode_new(p->spec, q->body, &spec, &e);
    if (r)
        api_request_error(q, &e);
    else
        q->api->backend->ops->update(q->api->backend, p->kind, object_id(o), &how, spec,
                                     api_request_done, q);
}

static void remove_one(const struct payload *p, struct api_request *q)
{
    struct err e = {0};
    const struct object *o;
    if (look_up(p, q, &o, &e))
        api_request_error(q, &e);
    else
        q->api->backend->ops->remove(q->api->backend, p->kind, object_id(o), false,
                                     api_request_removed, q);
}

void api_secrets_create(struct api_request *q)
{
    create(&secrets, q);
}

void api_configs_create(struct api_request *q)
{
    create(&configs, q);
}

void api_secrets_update(struct api_request *q)
{
    update(&secrets, q);
}

void api_configs_update(struct api_request *q)
{
    update(&configs, q);
}

void api_secrets_remove(struct api_request *q)
{
    remove_one(&secrets, q);
}

void api_configs_remove(struct api_request *q)
{
    remove_one(&configs, q);
}
