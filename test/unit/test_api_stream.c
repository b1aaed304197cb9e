/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of logs, bodies and the engine: what needs a look at the bytes. */
#include "api_wire.h"
#include "swarm/logbroker.pb-c.h"

static void create_service(struct api_world *w, const char *more)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"i\"%s}}}",
             more);
    world_ask(w, "POST", "/services/create", body);
    assert_int_equal(w->status, 201);
}

/* ---- logs ---- */

static void send_line(struct api_world *w, Swarm__LogStream stream, const char *text)
{
    Swarm__LogContext context = SWARM__LOG_CONTEXT__INIT;
    Swarm__LogMessage m = SWARM__LOG_MESSAGE__INIT;
    Swarm__LogAttr attr = SWARM__LOG_ATTR__INIT;
    Swarm__LogAttr *attrs[] = {&attr};
    Swarm__Timestamp time = SWARM__TIMESTAMP__INIT;
    char node[] = "n1", service[] = "s1", task[] = "t1", key[] = "env", value[] = "a b";
    cleanup_free char *data = strdup(text);
    context.node_id = node;
    context.service_id = service;
    context.task_id = task;
    attr.key = key;
    attr.value = value;
    time.seconds = 1795309368;
    time.nanos = 408859000;
    m.context = &context;
    m.timestamp = &time;
    m.stream = stream;
    m.n_attrs = 1;
    m.attrs = attrs;
    m.data.data = (uint8_t *)data;
    m.data.len = strlen(text);
    w->log_message(&m, w->log_user);
}

static void lines_come_in_frames(void **state)
{
    struct fixture *f = *state;
    create_service(&f->world, "");
    open_wire(f, "/v1.41/services/s/logs?stdout=1&stderr=1&tail=5&follow=1&since=7.5");
    TURN_UNTIL(&f->world.net, f->world.has_logs);
    assert_true(f->world.logs.follow && f->world.logs.stdout_on &&
                f->world.logs.stderr_on);
    assert_int_equal(f->world.logs.tail, 5);
    assert_true(f->world.logs.since == 7 * CLOCK_SECOND + CLOCK_SECOND / 2);
    send_line(&f->world, SWARM__LOG_STREAM__LOG_STREAM_STDOUT, "out\n");
    send_line(&f->world, SWARM__LOG_STREAM__LOG_STREAM_STDERR, "err\n");
    wait_for(f, "err\n");
    assert_true(memmem(f->wire.got.data, f->wire.got.len, "\1\0\0\0\0\0\0\4out\n", 12));
    assert_true(memmem(f->wire.got.data, f->wire.got.len, "\2\0\0\0\0\0\0\4err\n", 12));
    assert_false(wire_has(&f->wire, "Content-Type"));
    f->world.log_end(0, NULL, f->world.log_user);
    wait_for(f, "\r\n0\r\n\r\n");
}

static void details_and_times_stand_before_a_line(void **state)
{
    struct fixture *f = *state;
    create_service(&f->world, "");
    open_wire(f, "/services/s/logs?stdout=1&details=1&timestamps=1");
    TURN_UNTIL(&f->world.net, f->world.has_logs);
    assert_int_equal(f->world.logs.tail, -1);
    send_line(&f->world, SWARM__LOG_STREAM__LOG_STREAM_STDOUT, "out\n");
    wait_for(f, "2026-11-22T01:02:48.408859000Z com.docker.swarm.node.id=n1,"
                "com.docker.swarm.service.id=s1,com.docker.swarm.task.id=t1,env=a%20b out"
                "\n");
    struct err e = {0};
    err_set(&e, ERR_UNAVAILABLE, "node n1 is gone");
    f->world.log_end(e.code, &e, f->world.log_user);
    wait_for(f, "Error grabbing logs: node n1 is gone\n");
}

static void a_terminal_has_no_frames(void **state)
{
    struct fixture *f = *state;
    create_service(&f->world, ",\"TTY\":true");
    open_wire(f, "/services/s/logs?stdout=1");
    TURN_UNTIL(&f->world.net, f->world.has_logs);
    send_line(&f->world, SWARM__LOG_STREAM__LOG_STREAM_STDOUT, "tty\r\n");
    wait_for(f, "5\r\ntty\r\n\r\n");
    f->world.log_end(0, NULL, f->world.log_user);
    wait_for(f, "\r\n0\r\n\r\n");
}

static void a_client_that_goes_away_ends_the_logs(void **state)
{
    struct fixture *f = *state;
    create_service(&f->world, "");
    open_wire(f, "/services/s/logs?stdout=1&follow=1");
    TURN_UNTIL(&f->world.net, f->world.has_logs);
    wire_close(&f->wire, &f->world.net);
    f->has_wire = false;
    TURN_UNTIL(&f->world.net, !f->world.has_logs);
}

static void a_client_that_does_not_read_is_cut_off(void **state)
{
    struct fixture *f = *state;
    static char line[256 * 1024];
    create_service(&f->world, "");
    open_wire(f, "/services/s/logs?stdout=1&follow=1");
    TURN_UNTIL(&f->world.net, f->world.has_logs);
    wire_stop_reading(&f->wire);
    memset(line, 'x', sizeof(line) - 1);
    size_t sent = 0;
    while (f->world.has_logs && sent < 64u << 20) {
        send_line(&f->world, SWARM__LOG_STREAM__LOG_STREAM_STDOUT, line);
        sent += sizeof(line);
    }
    assert_false(f->world.has_logs);
    assert_true(sent > API_STREAM_QUEUE_MAX);
    assert_true(sent < API_STREAM_QUEUE_MAX + (4u << 20));
}

static void a_reader_that_pauses_holds_back_the_source(void **state)
{
    struct fixture *f = *state;
    static char line[64 * 1024];
    create_service(&f->world, "");
    open_wire(f, "/services/s/logs?stdout=1&follow=1");
    TURN_UNTIL(&f->world.net, f->world.has_logs);
    wire_stop_reading(&f->wire);
    memset(line, 'x', sizeof(line) - 1);
    size_t sent = 0;
    for (int round = 0; round < 2; round++) {
        for (; !f->world.are_logs_paused; sent++)
            send_line(&f->world, SWARM__LOG_STREAM__LOG_STREAM_STDOUT, line);
        assert_in_range(sent, 1, (2u << 20) / sizeof(line));
        wire_read_on(&f->wire);
        TURN_UNTIL(&f->world.net, !f->world.are_logs_paused);
        wire_stop_reading(&f->wire);
    }
    wire_read_on(&f->wire);
    send_line(&f->world, SWARM__LOG_STREAM__LOG_STREAM_STDOUT, "the last");
    wait_for(f, "the last");
    assert_true(f->wire.got.len > sent * sizeof(line));
}

static void a_slow_reader_gets_it_all(void **state)
{
    struct fixture *f = *state;
    static char line[64 * 1024];
    create_service(&f->world, "");
    open_wire(f, "/services/s/logs?stdout=1&follow=1");
    TURN_UNTIL(&f->world.net, f->world.has_logs);
    wire_stop_reading(&f->wire);
    memset(line, 'x', sizeof(line) - 1);
    for (size_t sent = 0;; sent += sizeof(line)) {
        if (f->world.are_logs_paused && sent > 2 * API_STREAM_QUEUE_MAX)
            break;
        if (f->world.are_logs_paused) {
            wire_read_on(&f->wire);
            TURN_UNTIL(&f->world.net, !f->world.are_logs_paused);
            wire_stop_reading(&f->wire);
        }
        assert_true(f->world.has_logs);
        send_line(&f->world, SWARM__LOG_STREAM__LOG_STREAM_STDOUT, line);
    }
    f->world.log_end(0, NULL, f->world.log_user);
    wire_read_on(&f->wire);
    wait_for(f, "\r\n0\r\n\r\n");
    assert_true(f->wire.got.len > 2 * API_STREAM_QUEUE_MAX);
}

/* ---- the engine ---- */

static void a_commit_without_a_body_gets_one(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "POST /v1.41/commit", 201, "{}");
    world_ask(&f->world, "POST", "/v1.41/commit?container=c", NULL);
    assert_string_equal(buf_str(&f->world.asked), "POST /v1.41/commit?container=c\n{}\n");
    buf_reset(&f->world.asked);
    world_ask(&f->world, "POST", "/v1.41/commit?container=c", "{\"Env\":[\"A=1\"]}");
    assert_string_equal(buf_str(&f->world.asked),
                        "POST /v1.41/commit?container=c\n{\"Env\":[\"A=1\"]}\n");
}

static void what_cannot_be_read_is_passed_on_as_it_is(void **state)
{
    struct fixture *f = *state;
    world_ask(&f->world, "POST", "/containers/create", "{not json");
    assert_string_equal(buf_str(&f->world.asked), "POST /containers/create\n{not json\n");
    assert_int_equal(f->world.status, 404);
}

static void a_network_of_the_swarm_is_refused_to_containers(void **state)
{
    struct fixture *f = *state;
    struct store_tx *tx = world_begin(&f->world);
    struct object *o =
        fixture_object(OBJECT_NETWORK, "halj16hlf214luhcd9arizcin", "api_net");
    assert_int_equal(store_tx_create(tx, o, NULL), 0);
    world_commit(&f->world, tx);
    world_ask(&f->world, "POST", "/containers/create",
              "{\"HostConfig\":{\"NetworkMode\":\"api_net\"}}");
    assert_int_equal(f->world.status, 501);
    world_ask(&f->world, "POST", "/containers/create",
              "{\"NetworkingConfig\":{\"EndpointsConfig\":{\"api_net\":{}}}}");
    assert_int_equal(f->world.status, 501);
    world_ask(&f->world, "POST", "/networks/api_net/connect", "{\"Container\":\"c\"}");
    assert_int_equal(f->world.status, 501);
    assert_int_equal(f->world.asked.len, 0);
}

static void podman_s_own_api_has_its_own_versions(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "GET /v4.3.1/libpod/info", 200, "{}");
    world_ask(&f->world, "GET", "/v4.3.1/libpod/info", NULL);
    assert_int_equal(f->world.status, 200);
}

static void without_an_engine_the_swarm_goes_on(void **state)
{
    struct fixture *f = *state;
    world_engine_stop(&f->world);
    world_ask(&f->world, "GET", "/version", NULL);
    assert_int_equal(f->world.status, 200);
    assert_true(memmem(f->world.received.data, f->world.received.len,
                       "\"ApiVersion\":\"1.41\"", 19));
    world_ask(&f->world, "GET", "/info", NULL);
    assert_int_equal(f->world.status, 200);
    assert_non_null(strstr(buf_str(&f->world.received), "\"Swarm\":{\"NodeID\":"));
    assert_non_null(strstr(buf_str(&f->world.received), "WARNING: the container engine"));
    world_ask(&f->world, "GET", "/containers/json", NULL);
    assert_int_equal(f->world.status, 503);
    world_ask(&f->world, "GET", "/distribution/busybox/json", NULL);
    assert_int_equal(f->world.status, 503);
}

/* An answer that isn't one of the engine's. */
static void a_strange_info_is_not_passed_on(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "GET /info", 200, "[1]");
    world_answer(&f->world, "GET /version", 500, "x");
    world_ask(&f->world, "GET", "/info", NULL);
    assert_int_equal(f->world.status, 200);
    assert_non_null(strstr(buf_str(&f->world.received), "its /info answered 200"));
    world_ask(&f->world, "GET", "/version", NULL);
    assert_int_equal(f->world.status, 200);
}

static void a_registry_has_little_time(void **state)
{
    struct fixture *f = *state;
    f->world.engine_hangs = true;
    world_ask(&f->world, "GET", "/distribution/busybox:latest/json", NULL);
    assert_int_equal(f->world.status, 504);
}

static void a_client_that_goes_away_cancels_the_question(void **state)
{
    struct fixture *f = *state;
    f->world.engine_hangs = true;
    open_wire(f, "/info");
    TURN_UNTIL(&f->world.net, f->world.held);
    wire_close(&f->wire, &f->world.net);
    f->has_wire = false;
    TURN_UNTIL(&f->world.net, net_is_client_gone(f->world.held));
}

/* ---- bodies and credentials ---- */

static void a_body_past_its_limit_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t n = API_SECRET_BODY_MAX + 1;
    char *body = malloc(n + 1);
    assert_non_null(body);
    memset(body, ' ', n);
    body[n] = '\0';
    world_ask(&f->world, "POST", "/secrets/create", body);
    assert_int_equal(f->world.status, 413);
    free(body);
}

static void a_secret_past_its_size_is_refused_in_words(void **state)
{
    struct fixture *f = *state;
    size_t n = 1365336; /* what the CLI sends at most of a secret */
    cleanup_buf struct buf body = BUF_INIT;
    assert_int_equal(buf_append_str(&body, "{\"Name\":\"big\",\"Data\":\""), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(buf_append_char(&body, 'A'), 0);
    assert_int_equal(buf_append_str(&body, "\"}"), 0);
    world_ask(&f->world, "POST", "/secrets/create", buf_str(&body));
    assert_int_equal(f->world.status, 400);
    assert_non_null(strstr(buf_str(&f->world.received),
                           "secret data must be larger than 0 and less than 512000"));
}

static void credentials_are_kept_and_never_shown(void **state)
{
    struct fixture *f = *state;
    static const char body[] =
        "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"i\"}}}";
    char text[512];
    snprintf(text, sizeof(text),
             "POST /services/create HTTP/1.1\r\nHost: d\r\nX-Registry-Auth: Q1JFRA==\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    wire_open(&f->wire, &f->world.net, f->world.net.path);
    f->has_wire = true;
    wire_send(&f->wire, &f->world.net, text);
    wait_for(f, "201 Created");
    const struct store_view *v = store_view(f->world.store);
    const struct object *o = store_get_by_name(v, OBJECT_SERVICE, "s");
    assert_string_equal(o->service->spec->task->container->pull_options->registry_auth,
                        "Q1JFRA==");
    world_ask(&f->world, "GET", "/services/s?insertDefaults=true", NULL);
    assert_null(strstr(buf_str(&f->world.received), "Q1JFRA"));
    /* An update without credentials keeps them. */
    char target[64];
    snprintf(target, sizeof(target), "/services/s/update?version=%llu",
             (unsigned long long)object_version(o));
    world_ask(&f->world, "POST", target, body);
    assert_int_equal(f->world.status, 200);
    o = store_get_by_name(v, OBJECT_SERVICE, "s");
    assert_string_equal(o->service->spec->task->container->pull_options->registry_auth,
                        "Q1JFRA==");
}

static void a_service_without_a_name_gets_one(void **state)
{
    struct fixture *f = *state;
    cleanup_object_list struct object_list l = OBJECT_LIST_INIT;
    world_ask(&f->world, "POST", "/services/create",
              "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"i\"}}}");
    assert_int_equal(f->world.status, 201);
    assert_int_equal(
        store_find(store_view(f->world.store), OBJECT_SERVICE, STORE_ALL, NULL, &l), 0);
    assert_int_equal(l.len, 1);
    assert_true(*object_name(l.objects[0]));
}

static void each_answer_says_who_we_are(void **state)
{
    struct fixture *f = *state;
    open_wire(f, "/_ping");
    wait_for(f, "\r\n\r\nOK");
    assert_true(wire_has(&f->wire, "Api-Version: 1.41\r\n"));
    assert_true(wire_has(&f->wire, "Ostype: linux\r\n"));
    assert_true(wire_has(&f->wire, "Docker-Experimental: false\r\n"));
    assert_true(wire_has(&f->wire, "Server: Coffer/"));
    assert_true(wire_has(&f->wire, "Pragma: no-cache\r\n"));
    assert_true(
        wire_has(&f->wire, "Cache-Control: no-cache, no-store, must-revalidate\r\n"));
    assert_true(wire_has(&f->wire, "Content-Length: 2\r\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_come_in_frames),
        TEST(details_and_times_stand_before_a_line),
        TEST(a_terminal_has_no_frames),
        TEST(a_client_that_goes_away_ends_the_logs),
        TEST(a_client_that_does_not_read_is_cut_off),
        TEST(a_reader_that_pauses_holds_back_the_source),
        TEST(a_slow_reader_gets_it_all),
        TEST(a_commit_without_a_body_gets_one),
        TEST(what_cannot_be_read_is_passed_on_as_it_is),
        TEST(a_network_of_the_swarm_is_refused_to_containers),
        TEST(podman_s_own_api_has_its_own_versions),
        TEST(without_an_engine_the_swarm_goes_on),
        TEST(a_strange_info_is_not_passed_on),
        TEST(a_registry_has_little_time),
        TEST(a_client_that_goes_away_cancels_the_question),
        TEST(a_body_past_its_limit_is_refused),
        TEST(a_secret_past_its_size_is_refused_in_words),
        TEST(credentials_are_kept_and_never_shown),
        TEST(a_service_without_a_name_gets_one),
        TEST(each_answer_says_who_we_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
