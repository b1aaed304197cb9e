/* SPDX-License-Identifier: Apache-2.0 */
#include "api/handlers.h"
#include "api/tables.h"
#include "base/mem.h"
#include "base/str.h"

/* What the protocol leaves unsaid. */
#define DEFAULT_SUBNET_SIZE 24
#define DEFAULT_DATA_PATH_PORT 4789

static const char already_part[] =
    "This node is already part of a swarm. Use \"docker swarm leave\" to leave this "
    "swarm and join another one.";

static const char holds_part[] =
    "This node's own swarm holds secrets, configs or services, which joining another one "
    "would erase. Use \"docker swarm leave --force\" to erase them first.";

/* ---- inspect ---- */

static void encode_tls(const struct backend_swarm *s, struct api_json_out *w)
{
    api_json_key(w, "TLSInfo");
    api_json_open(w, '{');
    api_json_member(w, "TrustRoot", s->root_ca_pem);
    api_json_key(w, "CertIssuerSubject");
    api_json_base64(w, s->ca_subject, s->ca_subject_len);
    api_json_key(w, "CertIssuerPublicKey");
    api_json_base64(w, s->ca_spki, s->ca_spki_len);
    api_json_close(w, '}');
}

static void encode_pools(const Swarm__Cluster *c, struct api_json_out *w)
{
    api_json_key(w, "DefaultAddrPool");
    if (!c->n_default_address_pool) {
        api_json_null(w);
        return;
    }
    api_json_open(w, '[');
    for (size_t i = 0; i < c->n_default_address_pool; i++)
        api_json_string(w, c->default_address_pool[i]);
    api_json_close(w, ']');
}

void api_swarm_encode(struct api *a, const struct store_view *v, struct api_json_out *w)
{
    struct backend_swarm s;
    const Swarm__Cluster *c = store_cluster(v);
    a->backend->ops->swarm(a->backend, &s);
    api_table_encode_fields(&api_table_cluster_head, &c->base, w);
    encode_tls(&s, w);
    api_json_key(w, "RootRotationInProgress");
    api_json_bool(w, c->root_ca && c->root_ca->root_rotation);
    encode_pools(c, w);
    api_json_key(w, "SubnetSize");
    api_json_uint(w, c->subnet_size ? c->subnet_size : DEFAULT_SUBNET_SIZE);
    api_json_key(w, "DataPathPort");
    api_json_uint(w, c->vxlan_udp_port ? c->vxlan_udp_port : DEFAULT_DATA_PATH_PORT);
}

void api_swarm_inspect(struct api_request *q)
{
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    const Swarm__Cluster *c = store_cluster(q->view);
    if (!c) {
        api_request_message(q, 503, "the cluster is not ready yet");
        return;
    }
    const Swarm__JoinTokens *tokens = c->root_ca ? c->root_ca->join_tokens : NULL;
    api_json_begin(&w, &text);
    api_json_open(&w, '{');
    api_swarm_encode(q->api, q->view, &w);
    api_json_key(&w, "JoinTokens");
    api_json_open(&w, '{');
    api_json_member(&w, "Worker", tokens ? tokens->worker : "");
    api_json_member(&w, "Manager", tokens ? tokens->manager : "");
    api_json_close(&w, '}');
    api_json_close(&w, '}');
    api_request_json(q, 200, &w);
}

/* ---- init ---- */

static int get_string(json_t *body, const char *key, const char **out, struct err *e)
{
    json_t *j = api_json_get(body, key);
    *out = "";
    if (!j || json_is_null(j))
        return 0;
    if (!json_is_string(j))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: must be a string", key);
    *out = json_string_value(j);
    return 0;
}

static int get_number(json_t *body, const char *key, uint32_t *out, struct err *e)
{
    json_t *j = api_json_get(body, key);
    *out = 0;
    if (!j || json_is_null(j))
        return 0;
    if (!json_is_integer(j) || json_integer_value(j) < 0 ||
        json_integer_value(j) > UINT32_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: must be a whole number", key);
    *out = (uint32_t)json_integer_value(j);
    return 0;
}

static int get_spec(json_t *body, Swarm__ClusterSpec **out, struct err *e)
{
    json_t *j = api_json_get(body, "Spec");
    cleanup_message Swarm__ClusterSpec *spec =
        message_new(&swarm__cluster_spec__descriptor);
    if (!spec || cluster_spec_set_defaults(spec))
        return err_no_memory(e);
    if (j && !json_is_null(j)) {
        int r = api_table_decode(&api_table_cluster_spec, j, &spec->base, e);
        if (r)
            return err_wrap(e, r, "Spec");
    }
    *out = TAKE(spec);
    return 0;
}

static int read_init(json_t *body, struct backend_init *init, struct err *e)
{
    int r = get_string(body, "ListenAddr", &init->listen_addr, e);
    if (!r)
        r = get_string(body, "AdvertiseAddr", &init->advertise_addr, e);
    if (!r)
        r = get_string(body, "DataPathAddr", &init->data_path_addr, e);
    if (!r)
        r = get_string(body, "Availability", &init->availability, e);
    if (!r)
        r = get_number(body, "DataPathPort", &init->data_path_port, e);
    if (!r)
        r = get_number(body, "SubnetSize", &init->subnet_size, e);
    init->autolock = json_is_true(api_json_get(body, "AutoLockManagers"));
    init->force_new_cluster = json_is_true(api_json_get(body, "ForceNewCluster"));
    if (!r && json_array_size(api_json_get(body, "DefaultAddrPool")))
        r = err_set(e, ERR_UNIMPLEMENTED,
                    "DefaultAddrPool: address pools (--default-addr-pool) are not "
                    "supported yet");
    return r ? r : get_spec(body, &init->spec, e);
}

static void on_init(int r, const struct err *e, const struct object *o, void *user)
{
    struct api_request *q = user;
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    if (r) {
        api_request_error(q, e);
        return;
    }
    api_json_begin(&w, &text);
    api_json_string(&w, object_id(o));
    api_request_json(q, 200, &w);
}

void api_swarm_init(struct api_request *q)
{
    struct err e = {0};
    struct backend_init init = {0};
    if (read_init(q->body, &init, &e)) {
        api_request_error(q, &e);
        return;
    }
    init.autolock |=
        init.spec->encryption_config && init.spec->encryption_config->auto_lock_managers;
    q->api->backend->ops->init(q->api->backend, &init, on_init, q);
}

/* ---- update ---- */

/* The settings that hold, changed by those that came. */
static int merge(const struct api_request *q, const Swarm__Cluster *c,
                 Swarm__ClusterSpec **out, struct err *e)
{
    cleanup_message Swarm__ClusterSpec *spec =
        (Swarm__ClusterSpec *)message_copy(&c->spec->base);
    if (!spec)
        return err_no_memory(e);
    int r = api_table_decode(&api_table_cluster_spec, q->body, &spec->base, e);
    if (!r)
        *out = TAKE(spec);
    return r;
}

void api_swarm_update(struct api_request *q)
{
    struct err e = {0};
    struct control_update how = {0};
    const Swarm__Cluster *c = store_cluster(q->view);
    Swarm__ClusterSpec *spec = NULL;
    int r = c ? 0 : err_set(&e, ERR_UNAVAILABLE, "the cluster is not ready yet");
    if (!r)
        r = api_request_version(q, "swarm", &how.version, &e);
    if (!r)
        r = merge(q, c, &spec, &e);
    if (r) {
        api_request_error(q, &e);
        return;
    }
    /* What the unlock key would protect is the data key: that is drawn anew. */
    how.rotate_data_key = api_request_flag(q, "rotateManagerUnlockKey");
    how.rotate_worker_token = api_request_flag(q, "rotateWorkerToken");
    how.rotate_manager_token = api_request_flag(q, "rotateManagerToken");
    q->api->backend->ops->update(q->api->backend, OBJECT_CLUSTER, c->id, &how, spec,
                                 api_request_done, q);
}

/* ---- the rest ---- */

static void on_left(int r, const struct err *e, const struct object *o, void *user)
{
    if (r)
        api_request_error(user, e);
    else
        api_request_empty(user, 200);
}

void api_swarm_leave(struct api_request *q)
{
    q->api->backend->ops->leave(q->api->backend, api_request_flag(q, "force"), on_left,
                                q);
}

/* Has the user put something into the swarm that a node makes by itself? What can't be
 * looked at may hold something. */
static bool holds_objects(struct api *a)
{
    static const enum object_kind kinds[] = {OBJECT_SECRET, OBJECT_CONFIG,
                                             OBJECT_SERVICE};
    const struct store_view *v;
    if (a->backend->ops->view(a->backend, &v, NULL))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (store_count(v, kinds[i]))
            return true;
    return false;
}

/* Why this node must stay in the swarm it is in, or NULL. */
static const char *why_not_join(struct api *a)
{
    struct backend_swarm s;
    a->backend->ops->swarm(a->backend, &s);
    if (s.state == SWARM_INACTIVE)
        return NULL;
    if (s.state != SWARM_ACTIVE || !s.is_auto)
        return already_part;
    return holds_objects(a) ? holds_part : NULL;
}

void api_swarm_join(struct api_request *q)
{
    const char *why = why_not_join(q->api);
    if (why)
        api_request_message(q, 503, why);
    else
        api_request_message(q, 501, "joining a swarm (swarm join) is not supported yet");
}

void api_swarm_unlock(struct api_request *q)
{
    struct backend_swarm s;
    q->api->backend->ops->swarm(q->api->backend, &s);
    if (s.state != SWARM_LOCKED)
        api_request_message(q, 409, "swarm is not locked");
    else
        api_request_message(q, 501,
                            "unlocking a swarm (swarm unlock) is not supported yet");
}

/* Without autolock, which is refused so far, there is no key. */
void api_swarm_unlock_key(struct api_request *q)
{
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    api_json_begin(&w, &text);
    api_json_open(&w, '{');
    api_json_member(&w, "UnlockKey", "");
    api_json_close(&w, '}');
    api_request_json(q, 200, &w);
}
