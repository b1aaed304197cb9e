/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out, in the decoders and encoders and in the handlers. A handler's
 * allocations fail from the moment its request has arrived until it asks the backend;
 * what then comes of it is the answer, or 500 that says so, or no answer at all when even
 * that needed memory.
 */
#include "api_world.h"

#include "api/event.h"
#include "api/tables.h"
#include "fault_malloc.h"

/* A request takes fewer allocations than this. */
#define FAULTS_MAX 2000

/* ---- decoders and encoders ---- */

struct text_of {
    const struct api_table *table;
    const char *text;
};

static int encode_again(const struct api_table *table, const ProtobufCMessage *m)
{
    struct api_json_out w;
    cleanup_buf struct buf out = BUF_INIT;
    api_json_begin(&w, &out);
    api_table_encode(table, m, &w);
    return api_json_end(&w);
}

static int decode_and_encode(void *user)
{
    const struct text_of *t = user;
    struct err e = {0};
    cleanup_json json_t *j = NULL;
    cleanup_buf struct buf dumped = BUF_INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    int r = api_json_parse(t->text, strlen(t->text), &j, &e);
    r = r ? r : json_write(j, &dumped);
    r = r ? r : api_table_decode_new(t->table, j, &m, &e);
    return r ? r : encode_again(t->table, m);
}

static void each_allocation_of_a_full_service_may_fail(void **state)
{
    (void)state;
    static char path[512], text[16384];
    snprintf(path, sizeof(path), "%s/test/unit/data/api/service_full.json",
             getenv("COFFER_SOURCE"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    struct text_of t = {&api_table_service_spec, text};
    assert_true(fault_malloc_each(decode_and_encode, &t) > 100);
}

static void each_allocation_of_the_small_specs_may_fail(void **state)
{
    (void)state;
    struct text_of texts[] = {
        {&api_table_secret_spec,
         "{\"Name\":\"s\",\"Labels\":{\"k\":\"v\"},\"Data\":\"aGVsbG8=\",\"Driver\":"
         "{\"Name\":\"vault\",\"Options\":{\"a\":\"b\"}},\"Templating\":{\"Name\":\"g\"}"
         "}"},
        {&api_table_config_spec,
         "{\"Name\":\"c\",\"Labels\":{\"k\":\"v\"},\"Data\":\"aGVsbG8=\"}"},
        {&api_table_node_spec,
         "{\"Name\":\"n\",\"Labels\":{\"k\":\"v\"},\"Role\":\"manager\","
         "\"Availability\":\"drain\"}"},
        {&api_table_cluster_spec,
         "{\"Name\":\"default\",\"Orchestration\":{\"TaskHistoryRetentionLimit\":7},"
         "\"CAConfig\":{\"NodeCertExpiry\":2592000000000000,\"SigningCACert\":\"C\","
         "\"SigningCAKey\":\"K\"},\"Dispatcher\":{\"HeartbeatPeriod\":5000000000}}"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_true(fault_malloc_each(decode_and_encode, &texts[i]) > 5);
}

static int parse_filters(void *user)
{
    struct err e = {0};
    cleanup_filters struct api_filters f = API_FILTERS_INIT;
    return api_filters_parse(&f, user, NULL, &e);
}

static void each_allocation_of_the_filters_may_fail(void **state)
{
    (void)state;
    char map[] = "{\"label\":{\"a=b\":true,\"c\":true},\"name\":{\"x\":true}}";
    char list[] = "{\"label\":[\"a=b\",\"c\"],\"name\":[\"x\"]}";
    assert_true(fault_malloc_each(parse_filters, map) > 5);
    assert_true(fault_malloc_each(parse_filters, list) > 5);
}

static int tell_event(void *user)
{
    cleanup_buf struct buf line = BUF_INIT;
    struct api_event *event = NULL;
    int r = api_event_new(user, WORLD_START, &event);
    if (!r)
        r = api_event_write(event, &line);
    if (event)
        api_event_free(event);
    return r;
}

static void each_allocation_of_an_event_may_fail(void **state)
{
    (void)state;
    struct object *o =
        fixture_object(OBJECT_SERVICE, "m3250o90563okudyjxzmpo5p6", "redis");
    struct store_change change = {.action = STORE_CREATE, .after = o};
    assert_true(fault_malloc_each(tell_event, &change) > 3);
    object_unref(o);
}

/* ---- handlers ---- */

struct fixture {
    struct api_world world;
    struct backend_ops ops; /* the world's, after which no allocation fails */
    const struct backend_ops *real;
    size_t at;       /* which allocation is to fail, 0: none */
    bool has_failed; /* it did */
    int code, status;
    char said[256];
    bool is_over;
};

static struct fixture *the_fixture;

static void disarm(void)
{
    if (the_fixture->at)
        the_fixture->has_failed = fault_malloc_has_failed();
    the_fixture->at = 0;
    fault_malloc_at(0);
}

static void handle(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    fault_malloc_at(f->at);
    api_handler(x, f->world.api);
}

static void create(struct backend *b, enum object_kind kind, void *spec,
                   backend_done done, void *user)
{
    disarm();
    the_fixture->real->create(b, kind, spec, done, user);
}

static void update(struct backend *b, enum object_kind kind, const char *id,
                   const struct control_update *how, void *spec, backend_done done,
                   void *user)
{
    disarm();
    the_fixture->real->update(b, kind, id, how, spec, done, user);
}

static void remove_object(struct backend *b, enum object_kind kind, const char *id,
                          bool force, backend_done done, void *user)
{
    disarm();
    the_fixture->real->remove(b, kind, id, force, done, user);
}

static int setup(void **state)
{
    static struct fixture f;
    struct err e = {0};
    memset(&f, 0, sizeof(f));
    world_open(&f.world);
    f.real = f.world.backend.ops;
    f.ops = *f.real;
    f.ops.create = create;
    f.ops.update = update;
    f.ops.remove = remove_object;
    f.world.backend.ops = &f.ops;
    f.world.is_done = false;
    http_server_close(f.world.server, 0, world_closed, &f.world);
    TURN_UNTIL(&f.world.net, f.world.is_done);
    struct http_server_options options = {.handler = handle, .user = &f};
    assert_int_equal(http_server_new(&f.world.net.loop, &options, &f.world.server, &e),
                     0);
    assert_int_equal(
        http_server_listen(f.world.server, f.world.net.path, 0600, (gid_t)-1, &e), 0);
    *state = the_fixture = &f;
    return 0;
}

static int teardown(void **state)
{
    world_close(&((struct fixture *)*state)->world);
    return 0;
}

static void on_answer(struct http_response *r, int code, const struct err *e, void *user)
{
    struct fixture *f = user;
    disarm();
    f->is_over = true;
    f->code = code;
    f->status = code ? 0 : r->head->status;
    strcpy_cut(f->said, sizeof(f->said), code ? err_text(e) : buf_str(&r->body));
}

static void ask(struct fixture *f, size_t at, const char *method, const char *target,
                const char *body)
{
    const struct http_request request = {.method = method,
                                         .target = target,
                                         .body = body,
                                         .body_len = body ? strlen(body) : 0};
    struct err e = {0};
    f->is_over = f->has_failed = false;
    f->at = at;
    assert_int_equal(
        http_client_fetch(f->world.client, &request, 1 << 20, on_answer, f, NULL, &e), 0);
    TURN_UNTIL(&f->world.net, f->is_over);
}

/* What the n-th run asks; its name and version differ each time. */
typedef void (*ask_fn)(struct fixture *f, size_t at);

static void check_each(struct fixture *f, int expected, ask_fn ask_once)
{
    for (size_t n = 1; n < FAULTS_MAX; n++) {
        ask_once(f, n);
        if (f->status != expected && f->status != 500 && !f->code)
            fail_msg("allocation %zu: %d %s", n, f->status, f->said);
        if (f->status == 500 && !strstr(f->said, "out of memory"))
            fail_msg("allocation %zu: %s", n, f->said);
        if (f->has_failed)
            continue;
        if (f->status != expected)
            fail_msg("without a failure: %d %s", f->status, f->said);
        return;
    }
    fail_msg("it never came through");
}

static void create_secret(struct fixture *f, size_t at)
{
    char body[128];
    snprintf(body, sizeof(body),
             "{\"Name\":\"a%zu\",\"Labels\":{\"k\":\"v\"},\"Data\":\"aGVsbG8=\"}", at);
    ask(f, at, "POST", "/v1.41/secrets/create", body);
}

static void create_config(struct fixture *f, size_t at)
{
    char body[128];
    snprintf(body, sizeof(body), "{\"Name\":\"a%zu\",\"Data\":\"aGVsbG8=\"}", at);
    ask(f, at, "POST", "/v1.41/configs/create", body);
}

static void create_service(struct fixture *f, size_t at)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{\"Name\":\"a%zu\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"i\","
             "\"Env\":[\"A=1\"]}},\"Mode\":{\"Replicated\":{\"Replicas\":2}}}",
             at);
    ask(f, at, "POST", "/v1.41/services/create", body);
}

static void create_service_without_a_name(struct fixture *f, size_t at)
{
    ask(f, at, "POST", "/v1.41/services/create",
        "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"i\"}}}");
}

static void ask_about(struct fixture *f, size_t at, enum object_kind kind,
                      const char *format, const char *body)
{
    char target[160];
    const struct object *o = store_get_by_name(store_view(f->world.store), kind, "a0");
    assert_non_null(o);
    snprintf(target, sizeof(target), "%s?version=%llu", format,
             (unsigned long long)object_version(o));
    ask(f, at, "POST", target, body);
}

static void update_secret(struct fixture *f, size_t at)
{
    ask_about(f, at, OBJECT_SECRET, "/v1.41/secrets/a0/update",
              "{\"Name\":\"a0\",\"Labels\":{\"x\":\"y\"}}");
}

static void update_service(struct fixture *f, size_t at)
{
    ask_about(f, at, OBJECT_SERVICE, "/v1.41/services/a0/update",
              "{\"Name\":\"a0\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"j\"}},"
              "\"Mode\":{\"Replicated\":{\"Replicas\":1}}}");
}

static void remove_secret(struct fixture *f, size_t at)
{
    const struct store_view *v = store_view(f->world.store);
    if (!store_get_by_name(v, OBJECT_SECRET, "a0"))
        create_secret(f, 0);
    ask(f, at, "DELETE", "/v1.41/secrets/a0", NULL);
}

static void any_allocation_may_fail_in_creation(void **state)
{
    struct fixture *f = *state;
    check_each(f, 201, create_secret);
    check_each(f, 201, create_config);
    check_each(f, 201, create_service);
    check_each(f, 201, create_service_without_a_name);
}

static void any_allocation_may_fail_in_updates_and_removals(void **state)
{
    struct fixture *f = *state;
    create_secret(f, 0);
    create_service(f, 0);
    check_each(f, 200, update_secret);
    check_each(f, 200, update_service);
    check_each(f, 204, remove_secret);
}

/* ---- reading ---- */

static const char *asked_target;

static void read_target(struct fixture *f, size_t at)
{
    ask(f, at, "GET", asked_target, NULL);
}

static void add_task(struct api_world *w)
{
    const struct object *s =
        store_get_by_name(store_view(w->store), OBJECT_SERVICE, "a0");
    struct object *o = fixture_object(OBJECT_TASK, "m3250o90563okudyjxzmpo5p6", "");
    message_free(&o->task->spec->base);
    o->task->spec = (Swarm__TaskSpec *)message_copy(&s->service->spec->task->base);
    assert_non_null(o->task->spec);
    fixture_set(&o->task->service_id, s->service->id);
    fixture_set(&o->task->node_id, WORLD_NODE);
    o->task->slot = 1;
    o->task->desired_state = SWARM__TASK_STATE__RUNNING;
    struct store_tx *tx = world_begin(w);
    assert_int_equal(store_tx_create(tx, o, NULL), 0);
    world_commit(w, tx);
}

static void any_allocation_may_fail_in_reading(void **state)
{
    struct fixture *f = *state;
    static const char *const targets[] = {
        "/v1.41/secrets",
        "/v1.41/secrets/a0",
        "/v1.41/secrets?filters=%7B%22label%22%3A%7B%22k%3Dv%22%3Atrue%7D%7D",
        "/v1.41/configs/a0",
        "/v1.41/services?status=true",
        "/v1.41/services/a0?insertDefaults=true",
        "/v1.41/services?filters=%7B%22name%22%3A%5B%22a%22%5D%7D",
        "/v1.41/tasks",
        "/v1.41/tasks/m3250o90563okudyjxzmpo5p6",
        "/v1.41/"
        "tasks?filters=%7B%22service%22%3A%5B%22a0%22%5D%2C%22node%22%3A%5B%22vm%22%5D%"
        "7D",
        "/v1.41/nodes",
        "/v1.41/nodes/vm",
        "/v1.41/swarm",
        "/v1.41/swarm/unlockkey",
        "/v1.41/events?until=1&filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D",
    };
    create_secret(f, 0);
    create_config(f, 0);
    create_service(f, 0);
    add_task(&f->world);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        asked_target = targets[i];
        check_each(f, 200, read_target);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_of_a_full_service_may_fail),
        cmocka_unit_test(each_allocation_of_the_small_specs_may_fail),
        cmocka_unit_test(each_allocation_of_the_filters_may_fail),
        cmocka_unit_test(each_allocation_of_an_event_may_fail),
        TEST(any_allocation_may_fail_in_creation),
        TEST(any_allocation_may_fail_in_updates_and_removals),
        TEST(any_allocation_may_fail_in_reading),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
