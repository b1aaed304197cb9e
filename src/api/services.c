/* SPDX-License-Identifier: Apache-2.0 */
#include "api/filters.h"
#include "api/handlers.h"
#include "api/lookup.h"
#include "api/secret_references.h"
#include "api/tables.h"
#include "base/mem.h"
#include "base/str.h"

/* ?status= came with this version of the API. */
#define MINOR_WITH_STATUS 41

/* ---- reading ---- */

static const char *mode_of(const Swarm__ServiceSpec *spec)
{
    static const struct api_name modes[] = {
        {"replicated", SWARM__SERVICE_SPEC__MODE_REPLICATED},
        {"global", SWARM__SERVICE_SPEC__MODE_GLOBAL},
        {"replicated-job", SWARM__SERVICE_SPEC__MODE_REPLICATED_JOB},
        {"global-job", SWARM__SERVICE_SPEC__MODE_GLOBAL_JOB},
    };
    static const struct api_names names = {"mode", ARRAY_SIZE(modes), modes};
    return api_names_get(&names, (int)spec->mode_case);
}

static bool is_match(const struct api_filters *f, const struct object *o)
{
    const Swarm__Annotations *a = object_annotations(o);
    return api_filters_match_prefix(f, "id", object_id(o)) &&
           api_filters_match_prefix(f, "name", a->name) &&
           api_filters_match_labels(f, "label", a->n_labels, a->labels) &&
           api_filters_match(f, "mode", mode_of(o->service->spec)) &&
           api_filters_match(f, "runtime", "container");
}

static int find(const struct api_request *q, struct object_list *out, struct err *e)
{
    static const char *const allowed[] = {"id", "label", "mode", "name", "runtime", NULL};
    cleanup_filters struct api_filters filters = API_FILTERS_INIT;
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    int r = api_filters_parse(&filters, api_request_query(q, "filters"), allowed, e);
    if (!r && store_find(q->view, OBJECT_SERVICE, STORE_ALL, NULL, &all))
        r = err_no_memory(e);
    return r ? r : api_filters_select(&all, &filters, is_match, out, e);
}

static void encode(const struct api_request *q, const struct object *o, bool with_status,
                   struct api_json_out *w)
{
    api_json_open(w, '{');
    api_table_encode_fields(&api_table_service_head, o->message, w);
    if (with_status && api_services_status(q->view, o->service, w))
        w->code = ERR_NO_MEMORY;
    api_table_encode_fields(&api_table_service_tail, o->message, w);
    api_json_close(w, '}');
}

void api_services_list(struct api_request *q)
{
    struct err e = {0};
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_object_list struct object_list list = OBJECT_LIST_INIT;
    bool with_status = q->minor >= MINOR_WITH_STATUS && api_request_flag(q, "status");
    if (find(q, &list, &e)) {
        api_request_error(q, &e);
        return;
    }
    api_json_begin(&w, &text);
    api_json_open(&w, '[');
    for (size_t i = 0; i < list.len; i++)
        encode(q, list.objects[i], with_status, &w);
    api_json_close(&w, ']');
    api_request_json(q, 200, &w);
}

void api_services_inspect(struct api_request *q)
{
    struct err e = {0};
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_object struct object *filled = NULL;
    const struct object *o;
    if (api_lookup(q->view, OBJECT_SERVICE, q->id, &o, &e)) {
        api_request_error(q, &e);
        return;
    }
    if (api_request_flag(q, "insertDefaults") && api_services_with_defaults(o, &filled)) {
        err_no_memory(&e);
        api_request_error(q, &e);
        return;
    }
    api_json_begin(&w, &text);
    encode(q, filled ? filled : o, false, &w);
    api_request_json(q, 200, &w);
}

/* ---- what is asked for ---- */

static int check_runtime(const Swarm__ServiceSpec *spec, struct err *e)
{
    if (spec->task && spec->task->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER &&
        spec->task->container)
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT, "mismatched Runtime and *Spec fields");
}

static Swarm__ContainerSpec__PullOptions **pull_options(Swarm__ServiceSpec *spec)
{
    return &spec->task->container->pull_options;
}

/* The credentials with which the nodes pull the image. They come in a header, and are
 * never shown. */
static int set_registry_auth(Swarm__ServiceSpec *spec, const char *auth, struct err *e)
{
    Swarm__ContainerSpec__PullOptions **options = pull_options(spec);
    if (str_is_empty(auth))
        return 0;
    if (!*options &&
        !(*options = message_new(&swarm__container_spec__pull_options__descriptor)))
        return err_no_memory(e);
    return message_set_string(&(*options)->registry_auth, auth) ? err_no_memory(e) : 0;
}

static int decode(const struct api_request *q, Swarm__ServiceSpec **out, struct err *e)
{
    ProtobufCMessage *m;
    int r = api_table_decode_new(&api_table_service_spec, q->body, &m, e);
    if (r)
        return r;
    cleanup_message Swarm__ServiceSpec *spec = (Swarm__ServiceSpec *)m;
    r = check_runtime(spec, e);
    r = r ?: api_secret_references_name_files(spec->task->container, e);
    if (!r)
        r = set_registry_auth(
            spec, http_head_get(http_exchange_head(q->x), "X-Registry-Auth"), e);
    if (!r)
        *out = TAKE(spec);
    return r;
}

/* ---- create ---- */

static int name_it(const struct api_request *q, Swarm__ServiceSpec *spec, struct err *e)
{
    if (!spec->annotations &&
        !(spec->annotations = message_new(&swarm__annotations__descriptor)))
        return err_no_memory(e);
    if (!str_is_empty(spec->annotations->name))
        return 0;
    cleanup_free char *name = NULL;
    int r = api_services_draw_name(q->view, &name);
    if (r)
        return err_set(e, r, "can't draw a name for the service: give it one");
    return message_set_string(&spec->annotations->name, name) ? err_no_memory(e) : 0;
}

void api_services_create(struct api_request *q)
{
    struct err e = {0};
    cleanup_message Swarm__ServiceSpec *spec = NULL;
    if (decode(q, &spec, &e) || name_it(q, spec, &e))
        api_request_error(q, &e);
    else
        q->api->backend->ops->create(q->api->backend, OBJECT_SERVICE, TAKE(spec),
                                     api_request_created, q);
}

/* ---- update ---- */

static int read_rollback(const struct api_request *q, struct control_update *how,
                         struct err *e)
{
    const char *rollback = api_request_query(q, "rollback");
    if (str_is_empty(rollback) || str_equal(rollback, "none"))
        return 0;
    if (!str_equal(rollback, "previous"))
        return err_set(e, ERR_INVALID_ARGUMENT, "unrecognized rollback option %s",
                       rollback);
    how->rollback = true;
    return 0;
}

static const char *auth_of(const Swarm__ServiceSpec *spec)
{
    const Swarm__TaskSpec *task = spec->task;
    if (!task || task->runtime_case != SWARM__TASK_SPEC__RUNTIME_CONTAINER ||
        !task->container || !task->container->pull_options)
        return "";
    return task->container->pull_options->registry_auth;
}

/* Without new credentials, those of the service (or of what it was before) stay. */
static int keep_registry_auth(const struct api_request *q, const Swarm__Service *old,
                              Swarm__ServiceSpec *spec, struct err *e)
{
    const char *from = api_request_query(q, "registryAuthFrom");
    if (!str_is_empty(auth_of(spec)))
        return 0;
    if (str_is_empty(from) || str_equal(from, "spec"))
        return set_registry_auth(spec, auth_of(old->spec), e);
    if (!str_equal(from, "previous-spec"))
        return err_set(e, ERR_INVALID_ARGUMENT, "unsupported registryAuthFrom value");
    if (!old->previous_spec)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "service %s does not have a previous spec", old->id);
    return set_registry_auth(spec, auth_of(old->previous_spec), e);
}

static void on_updated(int r, const struct err *e, const struct object *o, void *user)
{
    static const char warnings[] = "{\"Warnings\":null}\n";
    static const struct http_header type = {"Content-Type", "application/json"};
    struct api_request *q = user;
    if (r) {
        api_request_rpc_error(q, e);
        return;
    }
    http_exchange_respond(q->x, 200, &type, 1, warnings, strlen(warnings));
    api_request_free(q);
}

void api_services_update(struct api_request *q)
{
    struct err e = {0};
    struct control_update how = {0};
    const struct object *o;
    cleanup_message Swarm__ServiceSpec *spec = NULL;
    int r = decode(q, &spec, &e);
    if (!r)
        r = api_request_version(q, "service", &how.version, &e);
    if (!r)
        r = read_rollback(q, &how, &e);
    if (!r)
        r = api_lookup(q->view, OBJECT_SERVICE, q->id, &o, &e);
    if (!r)
        r = keep_registry_auth(q, o->service, spec, &e);
    if (r)
        api_request_error(q, &e);
    else
        q->api->backend->ops->update(q->api->backend, OBJECT_SERVICE, object_id(o), &how,
                                     TAKE(spec), on_updated, q);
}

void api_services_remove(struct api_request *q)
{
    struct err e = {0};
    const struct object *o;
    if (api_lookup(q->view, OBJECT_SERVICE, q->id, &o, &e))
        api_request_error(q, &e);
    else
        q->api->backend->ops->remove(q->api->backend, OBJECT_SERVICE, object_id(o), false,
                                     api_request_done, q);
}
