/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The API as its clients see it: our HTTP server with the API behind it, under which lie
 * a real store with the real checks (each write is committed at once) and an engine that
 * answers what the test says and remembers what it was asked.
 */
#include "api/api.h"
#include "net/http_client.h"
#include "net_fixture.h"
#include "store_fixture.h"

#define WORLD_START (1795309527 * CLOCK_SECOND)
#define WORLD_NODE "9ru5d5hgpwccuofr9b2zz422p"
#define WORLD_CLUSTER "w830u5lpgw57qnhbdx5mlk19g"

struct world_answer {
    char key[128]; /* "GET /info": what the target begins with */
    int status;
    char *body;                 /* NULL: it begins at once, the test tells the rest */
    struct http_exchange *open; /* begun so */
};

/* An end that the backend owes, told by the loop. */
struct world_due {
    backend_done done;
    void *user;
    int r;
    struct err e;
    const struct object *o;
};

struct api_world {
    struct net net;
    struct backend backend;
    struct store *store;
    int64_t now;
    uint64_t random;
    enum swarm_state state;
    bool is_auto;              /* the node made its swarm by itself */
    struct control_update how; /* of the last update */
    struct store_watch *watch;
    struct api *api;
    struct http_server *server, *engine;
    struct http_client *client;
    struct timer due_timer;
    struct world_due due[64];
    size_t n_due;
    struct world_answer answers[16];
    size_t n_answers;
    bool engine_hangs;
    const char *delays_head; /* a request that is held before its answer begins */
    struct http_header engine_header; /* in each of the engine's answers, when set */
    struct http_exchange *held;       /* an exchange that the engine hasn't answered */
    struct buf asked;         /* what the engine was asked: "GET /info\n{body}\n" */
    unsigned n_version_asked; /* its version isn't among that */
    struct buf received;      /* what came of a `ask` */
    int status;
    bool has_answer;
    char type[64];
    /* the running log request */
    struct backend_logs logs;
    backend_log_message log_message;
    void (*log_end)(int r, const struct err *e, void *user);
    void *log_user;
    bool has_logs, are_logs_paused;
    bool is_done;
};

#define WORLD_OF(b) CONTAINER_OF(b, struct api_world, backend)

/* ---- the backend ---- */

static inline void world_random(void *rng, void *out, size_t n)
{
    struct api_world *w = rng;
    for (size_t i = 0; i < n; i++) {
        w->random = w->random * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(w->random >> 33);
    }
}

static inline void world_tell(void *user)
{
    struct api_world *w = user;
    for (size_t i = 0; i < w->n_due; i++) {
        struct world_due due = w->due[i];
        due.done(due.r, due.r ? &due.e : NULL, due.o, due.user);
        object_unref(due.o);
    }
    w->n_due = 0;
}

static inline void world_owe(struct api_world *w, int r, const struct err *e,
                             const struct object *o, backend_done done, void *user)
{
    assert_true(w->n_due < ARRAY_SIZE(w->due));
    w->due[w->n_due++] = (struct world_due){done, user, r, e ? *e : (struct err){0},
                                            o ? object_ref(o) : NULL};
    timer_start(&w->due_timer, 0);
}

static inline struct store_tx *world_begin(struct api_world *w)
{
    struct store_tx *tx = NULL;
    w->now += CLOCK_SECOND;
    assert_int_equal(store_tx_begin(store_view(w->store), w->now, &tx), 0);
    return tx;
}

static inline void world_commit(struct api_world *w, struct store_tx *tx)
{
    store_tx_prepare(tx);
    store_apply(w->store, tx);
}

static inline void world_swarm(struct backend *b, struct backend_swarm *out)
{
    struct api_world *w = WORLD_OF(b);
    *out = (struct backend_swarm){
        .state = w->state, .error = "", .node_id = "", .is_auto = w->is_auto};
    out->node_addr = out->manager_addr = out->root_ca_pem = "";
    if (w->state == SWARM_LOCKED)
        out->error = "Swarm is encrypted and needs to be unlocked";
    if (w->state != SWARM_ACTIVE)
        return;
    out->node_id = WORLD_NODE;
    out->node_addr = "10.0.0.1";
    out->manager_addr = "10.0.0.1:2377";
    out->is_manager = true;
    out->root_ca_pem = "PEM\n";
    out->ca_subject = "subject";
    out->ca_subject_len = 7;
    out->ca_spki = "key";
    out->ca_spki_len = 3;
}

static inline int world_view(struct backend *b, const struct store_view **out,
                             struct err *e)
{
    struct api_world *w = WORLD_OF(b);
    if (w->state != SWARM_ACTIVE)
        return err_set(e, ERR_UNAVAILABLE, "This node is not a swarm manager.");
    *out = store_view(w->store);
    return 0;
}

static inline int world_check(enum object_kind kind, void *spec, struct err *e)
{
    switch (kind) {
    case OBJECT_SECRET:
        return secret_spec_validate(spec, e);
    case OBJECT_CONFIG:
        return config_spec_validate(spec, e);
    case OBJECT_SERVICE:
        return service_spec_set_defaults(spec) ? err_no_memory(e)
                                               : service_spec_validate(spec, e);
    case OBJECT_CLUSTER:
        return cluster_spec_set_defaults(spec) ? err_no_memory(e)
                                               : cluster_spec_validate(spec, e);
    default:
        return node_spec_validate(spec, e);
    }
}

static inline void world_create(struct backend *b, enum object_kind kind, void *spec,
                                backend_done done, void *user)
{
    struct api_world *w = WORLD_OF(b);
    struct err e = {0};
    const struct object *o = NULL;
    struct manager_env env = {.now = w->now, .random = world_random, .rng = w};
    char id[OBJECT_ID_SIZE];
    manager_new_id(&env, id);
    int r = world_check(kind, spec, &e);
    if (r) {
        message_free(spec);
        world_owe(w, r, &e, NULL, done, user);
        return;
    }
    struct store_tx *tx = world_begin(w);
    r = control_create(tx, &env, kind, id, spec, &o, &e);
    world_owe(w, r, &e, o, done, user);
    if (r)
        store_tx_drop(tx);
    else
        world_commit(w, tx);
}

/* As the real one: a payload that comes along must be the one that is there. */
static inline void world_compare(struct api_world *w, const char *id,
                                 struct control_update *how, Swarm__SecretSpec *spec)
{
    const struct object *old = store_get(store_view(w->store), OBJECT_SECRET, id);
    const ProtobufCBinaryData *data = &old->secret->spec->data;
    how->data_unchanged =
        !spec->data.len || (spec->data.len == data->len &&
                            memcmp(spec->data.data, data->data, data->len) == 0);
    assert_int_equal(message_set_bytes(&spec->data, data->data, data->len), 0);
}

static inline void world_update(struct backend *b, enum object_kind kind, const char *id,
                                const struct control_update *how, void *spec,
                                backend_done done, void *user)
{
    struct api_world *w = WORLD_OF(b);
    struct err e = {0};
    const struct object *o = NULL;
    struct control_update asked = w->how = *how;
    struct manager_env env = {.now = w->now, .random = world_random, .rng = w};
    asked.worker_token = "new-worker-token";
    asked.manager_token = "new-manager-token";
    if (kind == OBJECT_SECRET)
        world_compare(w, id, &asked, spec);
    bool is_checked = kind != OBJECT_SECRET && kind != OBJECT_CONFIG && !how->rollback;
    int r = is_checked ? world_check(kind, spec, &e) : 0;
    if (r) {
        message_free(spec);
        world_owe(w, r, &e, NULL, done, user);
        return;
    }
    struct store_tx *tx = world_begin(w);
    r = control_update(tx, &env, kind, id, &asked, spec, &o, &e);
    world_owe(w, r, &e, o, done, user);
    if (r)
        store_tx_drop(tx);
    else
        world_commit(w, tx);
}

static inline void world_remove(struct backend *b, enum object_kind kind, const char *id,
                                bool force, backend_done done, void *user)
{
    struct api_world *w = WORLD_OF(b);
    struct err e = {0};
    struct manager_env env = {.now = w->now, .random = world_random, .rng = w};
    struct store_tx *tx = world_begin(w);
    int r = control_remove(tx, &env, kind, id, force, &e);
    world_owe(w, r, &e, NULL, done, user);
    if (r)
        store_tx_drop(tx);
    else
        world_commit(w, tx);
}

static inline void world_init_swarm(struct backend *b, struct backend_init *init,
                                    backend_done done, void *user)
{
    struct api_world *w = WORLD_OF(b);
    struct err e = {0};
    int r = 0;
    message_free(&init->spec->base);
    if (w->state == SWARM_ACTIVE)
        r = err_set(&e, ERR_UNAVAILABLE, "This node is already part of a swarm.");
    else if (init->autolock)
        r = err_set(&e, ERR_UNIMPLEMENTED, "autolock is not supported yet");
    w->state = r ? w->state : SWARM_ACTIVE;
    const struct object *node = store_get(store_view(w->store), OBJECT_NODE, WORLD_NODE);
    world_owe(w, r, &e, r ? NULL : node, done, user);
}

static inline void world_leave(struct backend *b, bool force, backend_done done,
                               void *user)
{
    struct api_world *w = WORLD_OF(b);
    struct err e = {0};
    int r = 0;
    if (w->state != SWARM_ACTIVE)
        r = err_set(&e, ERR_UNAVAILABLE, "This node is not part of a swarm");
    else if (!force)
        r = err_set(&e, ERR_UNAVAILABLE, "You are attempting to leave the swarm");
    w->state = r ? w->state : SWARM_INACTIVE;
    world_owe(w, r, &e, NULL, done, user);
}

static inline void world_watch(struct backend *b, struct store_watch *watch)
{
    WORLD_OF(b)->watch = watch;
    store_watch_add(WORLD_OF(b)->store, watch);
}

static inline void world_unwatch(struct backend *b, struct store_watch *watch)
{
    (void)b;
    store_watch_remove(watch);
}

static inline struct backend_log_stream *
world_logs(struct backend *b, const struct backend_logs *what,
           backend_log_message message,
           void (*end)(int r, const struct err *e, void *user), void *user)
{
    struct api_world *w = WORLD_OF(b);
    w->logs = *what;
    w->log_message = message;
    w->log_end = end;
    w->log_user = user;
    w->has_logs = true;
    w->are_logs_paused = false;
    return (struct backend_log_stream *)(void *)w;
}

static inline void world_logs_pause(struct backend *b, struct backend_log_stream *l,
                                    bool is_paused)
{
    assert_true(WORLD_OF(b)->has_logs && WORLD_OF(b)->are_logs_paused != is_paused);
    WORLD_OF(b)->are_logs_paused = is_paused;
}

static inline void world_logs_cancel(struct backend *b, struct backend_log_stream *l)
{
    (void)l;
    WORLD_OF(b)->has_logs = false;
}

/* ---- the engine ---- */

static inline struct world_answer *world_find(struct api_world *w, const char *asked)
{
    for (size_t i = 0; i < w->n_answers; i++)
        if (str_starts_with(asked, w->answers[i].key))
            return &w->answers[i];
    return NULL;
}

#define WORLD_JSON                                                                       \
    {                                                                                    \
        "Content-Type", "application/json"                                               \
    }

static inline void world_engine_gone(struct http_exchange *x, void *user)
{
    ((struct world_answer *)user)->open = NULL;
    http_exchange_abort(x);
}

static inline void world_engine_begin(struct api_world *w, struct world_answer *a,
                                      struct http_exchange *x)
{
    const struct http_header headers[] = {WORLD_JSON, w->engine_header};
    http_exchange_start(x, a->status, headers, w->engine_header.name ? 2 : 1);
    http_exchange_on_close(x, world_engine_gone, a);
    a->open = x;
}

static inline void world_engine_body(struct http_exchange *x, int code, struct buf *body,
                                     const struct err *e, void *user)
{
    struct api_world *w = user;
    const struct http_header headers[] = {WORLD_JSON, w->engine_header};
    size_t n = w->engine_header.name ? 2 : 1;
    char asked[512];
    const struct http_head *head = http_exchange_head(x);
    (void)e;
    assert_int_equal(code, 0);
    snprintf(asked, sizeof(asked), "%s %s", head->method, head->target);
    if (str_equal(asked, "GET /version"))
        w->n_version_asked++;
    else
        assert_int_equal(buf_printf(&w->asked, "%s\n%s\n", asked, buf_str(body)), 0);
    struct world_answer *a = world_find(w, asked);
    if (w->engine_hangs || str_equal(w->delays_head, asked))
        w->held = x;
    else if (a && !a->body)
        world_engine_begin(w, a, x);
    else if (a)
        http_exchange_respond(x, a->status, headers, n, a->body, strlen(a->body));
    else
        http_exchange_respond_message(x, 404, "the engine has no such thing");
}

static inline void world_engine(struct http_exchange *x, void *user)
{
    http_exchange_collect(x, 1 << 20, world_engine_body, user);
}

/* What the engine answers to requests that begin so. */
static inline void world_answer(struct api_world *w, const char *key, int status,
                                const char *body)
{
    assert_true(w->n_answers < ARRAY_SIZE(w->answers));
    struct world_answer *a = &w->answers[w->n_answers++];
    strcpy_cut(a->key, sizeof(a->key), key);
    a->status = status;
    a->body = body ? mem_dup(body, strlen(body)) : NULL;
    assert_true(a->body || !body);
}

/* The rest of an answer that was begun. */
static inline void world_finish(struct api_world *w, const char *key, const char *body)
{
    struct world_answer *a = world_find(w, key);
    TURN_UNTIL(&w->net, a->open);
    struct http_exchange *x = TAKE(a->open);
    http_exchange_on_close(x, NULL, NULL);
    assert_int_equal(http_exchange_write(x, body, strlen(body)), 0);
    http_exchange_end(x);
}

static inline void world_engine_start(struct api_world *w)
{
    struct http_server_options options = {.handler = world_engine, .user = w};
    struct err e = {0};
    assert_int_equal(http_server_new(&w->net.loop, &options, &w->engine, &e), 0);
    assert_int_equal(http_server_listen(w->engine, w->net.upstream, 0600, (gid_t)-1, &e),
                     0);
}

static inline void world_closed(void *user)
{
    ((struct api_world *)user)->is_done = true;
}

static inline void world_engine_stop(struct api_world *w)
{
    if (!w->engine)
        return;
    w->is_done = false;
    if (w->held)
        http_exchange_abort(w->held);
    w->held = NULL;
    for (size_t i = 0; i < w->n_answers; i++)
        if (w->answers[i].open)
            world_engine_gone(w->answers[i].open, &w->answers[i]);
    http_server_close(w->engine, 0, world_closed, w);
    TURN_UNTIL(&w->net, w->is_done);
    w->engine = NULL;
}

/* ---- life ---- */

static inline void world_seed(struct api_world *w)
{
    struct store_tx *tx = world_begin(w);
    struct object *cluster = fixture_object(OBJECT_CLUSTER, WORLD_CLUSTER, "default");
    assert_int_equal(cluster_spec_set_defaults(cluster->cluster->spec), 0);
    Swarm__RootCA *ca = message_new(&swarm__root_ca__descriptor);
    ca->join_tokens = message_new(&swarm__join_tokens__descriptor);
    fixture_set(&ca->join_tokens->worker, "worker-token");
    fixture_set(&ca->join_tokens->manager, "manager-token");
    cluster->cluster->root_ca = ca;
    assert_int_equal(store_tx_create(tx, cluster, NULL), 0);

    struct object *node = fixture_object(OBJECT_NODE, WORLD_NODE, "vm");
    Swarm__Node *n = node->node;
    n->spec->membership = SWARM__NODE_SPEC__MEMBERSHIP__ACCEPTED;
    n->spec->desired_role = n->role = SWARM__NODE_ROLE__MANAGER;
    n->status->state = SWARM__NODE_STATUS__STATE__READY;
    fixture_set(&n->status->addr, "10.0.0.1");
    n->manager_status = message_new(&swarm__manager_status__descriptor);
    n->manager_status->leader = true;
    n->manager_status->reachability = SWARM__RAFT_MEMBER_STATUS__REACHABILITY__REACHABLE;
    fixture_set(&n->manager_status->addr, "10.0.0.1:2377");
    assert_int_equal(store_tx_create(tx, node, NULL), 0);
    world_commit(w, tx);
}

/* With a folder of records references to secrets are resolved. */
static inline void world_open_at(struct api_world *w, const char *references)
{
    static const struct backend_ops ops = {
        .swarm = world_swarm,
        .view = world_view,
        .create = world_create,
        .update = world_update,
        .remove = world_remove,
        .init = world_init_swarm,
        .leave = world_leave,
        .watch = world_watch,
        .unwatch = world_unwatch,
        .logs = world_logs,
        .logs_cancel = world_logs_cancel,
        .logs_pause = world_logs_pause,
    };
    struct err e = {0};
    memset(w, 0, sizeof(*w));
    net_init(&w->net);
    w->backend.ops = &ops;
    w->state = SWARM_ACTIVE;
    w->now = WORLD_START;
    w->store = store_new();
    assert_non_null(w->store);
    world_seed(w);
    timer_init(&w->due_timer, &w->net.loop, world_tell, w);
    world_engine_start(w);
    struct api_config config = {.loop = &w->net.loop,
                                .backend = &w->backend,
                                .engine_socket = w->net.upstream,
                                .references = references};
    assert_int_equal(api_new(&config, &w->api, &e), 0);
    struct http_server_options options = {.handler = api_handler, .user = w->api};
    options.headers = api_headers(&options.n_headers);
    assert_int_equal(http_server_new(&w->net.loop, &options, &w->server, &e), 0);
    assert_int_equal(http_server_listen(w->server, w->net.path, 0600, (gid_t)-1, &e), 0);
    assert_int_equal(http_client_new(&w->net.loop, w->net.path, &w->client, &e), 0);
}

static inline void world_open(struct api_world *w)
{
    world_open_at(w, NULL);
}

static inline void world_close(struct api_world *w)
{
    struct loop_close closing;
    w->is_done = false;
    http_client_close(w->client, world_closed, w);
    TURN_UNTIL(&w->net, w->is_done);
    api_stop(w->api);
    w->is_done = false;
    http_server_close(w->server, 0, world_closed, w);
    TURN_UNTIL(&w->net, w->is_done);
    w->is_done = false;
    api_close(w->api, world_closed, w);
    TURN_UNTIL(&w->net, w->is_done);
    world_engine_stop(w);
    w->is_done = false;
    loop_close_init(&closing, world_closed, w);
    timer_close(&w->due_timer, &closing);
    loop_close_end(&closing);
    TURN_UNTIL(&w->net, w->is_done);
    store_free(w->store);
    for (size_t i = 0; i < w->n_answers; i++)
        free(w->answers[i].body);
    buf_deinit(&w->asked);
    buf_deinit(&w->received);
    net_deinit(&w->net);
}

/* ---- asking ---- */

static inline void world_answered(struct http_response *r, int code, const struct err *e,
                                  void *user)
{
    struct api_world *w = user;
    w->has_answer = true;
    if (code)
        fail_msg("no answer: %s", err_text(e));
    w->status = r->head->status;
    const char *type = http_head_get(r->head, "Content-Type");
    strcpy_cut(w->type, sizeof(w->type), type ? type : "");
    assert_int_equal(buf_append(&w->received, r->body.data, r->body.len), 0);
}

/* Asks the API; the whole answer will be w->status, w->received. */
static inline void world_ask_start(struct api_world *w, const char *method,
                                   const char *target, const char *body)
{
    const struct http_request request = {.method = method,
                                         .target = target,
                                         .body = body,
                                         .body_len = body ? strlen(body) : 0};
    struct err e = {0};
    buf_reset(&w->received);
    w->has_answer = false;
    assert_int_equal(
        http_client_fetch(w->client, &request, 16 << 20, world_answered, w, NULL, &e), 0);
}

/* The same, and waits for the answer. */
static inline void world_ask(struct api_world *w, const char *method, const char *target,
                             const char *body)
{
    world_ask_start(w, method, target, body);
    TURN_UNTIL(&w->net, w->has_answer);
}
