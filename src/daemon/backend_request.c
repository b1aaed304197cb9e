/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/backend_request.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cluster/random_id.h"
#include "cluster/secret_payload.h"

static void request_free(struct backend_request *q)
{
    message_free(q->spec);
    mem_wipe_free(q);
}

static struct backend_request *request_copy(const struct backend_request *q)
{
    struct backend_request *copy = malloc(sizeof(*copy));
    if (copy)
        *copy = *q;
    return copy;
}

/* ---- refusing ---- */

static void on_refused(void *user)
{
    struct backend_request *q = user;
    q->done(q->err.code, &q->err, NULL, q->user);
    request_free(q);
}

static void refuse(struct backend_request *q, struct defer_queue *defers)
{
    defer_init(&q->refusal, on_refused, q);
    defer_start(&q->refusal, defers);
}

/* Without memory even for this, the answer comes at once: better early than never. */
static void refuse_without_memory(const struct backend_request *q)
{
    struct err e = {0};
    err_no_memory(&e);
    message_free(q->spec);
    q->done(e.code, &e, NULL, q->user);
}

void backend_request_refuse(const struct backend_request *q, const struct err *e,
                            struct defer_queue *defers)
{
    struct backend_request *copy = request_copy(q);
    if (!copy) {
        refuse_without_memory(q);
        return;
    }
    copy->err = *e;
    refuse(copy, defers);
}

/* ---- checks that need no store ---- */

static int check_service(Swarm__ServiceSpec *spec, struct err *e)
{
    if (service_spec_set_defaults(spec))
        return err_no_memory(e);
    return service_spec_validate(spec, e);
}

static int check_cluster(Swarm__ClusterSpec *spec, struct err *e)
{
    if (cluster_spec_set_defaults(spec))
        return err_no_memory(e);
    return cluster_spec_validate(spec, e);
}

/* An update of a secret or config may come without the data, which stays. A service's is
 * checked when it is written; with a rollback there may be none. */
static int check_spec(const struct backend_request *q, struct err *e)
{
    if (q->verb == BACKEND_UPDATE && q->how.rollback)
        return 0;
    switch (q->kind) {
    case OBJECT_SECRET:
        return q->verb == BACKEND_CREATE ? secret_spec_validate(q->spec, e) : 0;
    case OBJECT_CONFIG:
        return q->verb == BACKEND_CREATE ? config_spec_validate(q->spec, e) : 0;
    case OBJECT_SERVICE:
        if (q->verb == BACKEND_UPDATE)
            return service_spec_set_defaults(q->spec) ? err_no_memory(e) : 0;
        return check_service(q->spec, e);
    case OBJECT_CLUSTER:
        return check_cluster(q->spec, e);
    case OBJECT_NODE:
        return node_spec_validate(q->spec, e);
    default:
        return err_set(e, ERR_UNIMPLEMENTED, "a %s can't be written by this request",
                       object_kind_name(q->kind));
    }
}

/* ---- what needs keys and randomness ---- */

static int draw_tokens(struct backend_request *q, struct err *e)
{
    if (!q->how.rotate_worker_token && !q->how.rotate_manager_token)
        return 0;
    const Swarm__Cluster *cluster = store_cluster(store_view(cluster_store(q->cluster)));
    cleanup_buf struct buf root = BUF_INIT;
    if (buf_append(&root, cluster->root_ca->ca_cert.data, cluster->root_ca->ca_cert.len))
        return err_no_memory(e);
    token_new(&root, q->tokens[0]);
    token_new(&root, q->tokens[1]);
    q->how.worker_token = q->tokens[0];
    q->how.manager_token = q->tokens[1];
    return 0;
}

static int prepare(struct backend_request *q, struct err *e)
{
    if (q->verb == BACKEND_REMOVE)
        return 0;
    int r = check_spec(q, e);
    if (r)
        return r;
    if (q->verb == BACKEND_UPDATE)
        return draw_tokens(q, e);
    random_id(q->id);
    if (q->kind != OBJECT_SECRET)
        return 0;
    Swarm__SecretSpec *spec = q->spec;
    return secret_payload_seal(cluster_keys(q->cluster), q->id, &spec->data, e);
}

/* ---- the proposal ---- */

/* Data that comes along with an update must be the data that is there; the stored, sealed
 * form then takes its place. */
static int compare_payload(struct backend_request *q, const struct store_view *v,
                           struct err *e)
{
    Swarm__SecretSpec *spec = q->spec;
    const struct object *secret = store_get(v, OBJECT_SECRET, q->id);
    q->how.data_unchanged = true;
    if (!secret)
        return 0;
    if (spec->data.len) {
        int r = secret_payload_is_equal(cluster_keys(q->cluster), secret, &spec->data,
                                        &q->how.data_unchanged, e);
        if (r)
            return r;
    }
    const ProtobufCBinaryData *stored = &secret->secret->spec->data;
    return message_set_bytes(&spec->data, stored->data, stored->len) ? err_no_memory(e)
                                                                     : 0;
}

static int run_update(struct backend_request *q, struct store_tx *tx,
                      const struct manager_env *env, struct err *e)
{
    if (q->kind == OBJECT_SECRET) {
        int r = compare_payload(q, store_tx_view(tx), e);
        if (r)
            return r;
    }
    const struct object *o;
    int r = control_update(tx, env, q->kind, q->id, &q->how, TAKE(q->spec), &o, e);
    if (r || q->kind != OBJECT_SERVICE)
        return r;
    /* What can't be changed at all (name, mode) is refused before what isn't valid. */
    return service_spec_validate(o->service->spec, e);
}

static int run(struct store_tx *tx, const struct manager_env *env, void *user,
               struct err *e)
{
    struct backend_request *q = user;
    switch (q->verb) {
    case BACKEND_CREATE:
        return control_create(tx, env, q->kind, q->id, TAKE(q->spec), NULL, e);
    case BACKEND_UPDATE:
        return run_update(q, tx, env, e);
    case BACKEND_REMOVE:
        return control_remove(tx, env, q->kind, q->id, q->force, e);
    }
    return err_set(e, ERR_INTERNAL, "unknown request");
}

static void finished(int r, const struct err *e, void *user)
{
    struct backend_request *q = user;
    const struct object *o = NULL;
    if (!r && q->how.rotate_data_key) {
        r = cluster_rotate_key(q->cluster, &q->err);
        e = &q->err;
    }
    if (!r)
        o = store_get(store_view(cluster_store(q->cluster)), q->kind, q->id);
    q->done(r, e, o, q->user);
    request_free(q);
}

void backend_request_submit(const struct backend_request *request, struct cluster *c,
                            struct defer_queue *defers)
{
    struct backend_request *q = request_copy(request);
    if (!q) {
        refuse_without_memory(request);
        return;
    }
    q->cluster = c;
    q->err = (struct err){0};
    int r = prepare(q, &q->err);
    if (!r)
        r = proposer_submit(cluster_proposer(c), run, finished, q, &q->err);
    if (r)
        refuse(q, defers);
}
