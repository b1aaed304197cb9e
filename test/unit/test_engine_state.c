/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "engine/docker_events.h"
#include "engine/docker_json.h"
#include "engine/docker_logs.h"
#include "engine/docker_state.h"

static json_t *parse(const char *text)
{
    json_t *j = NULL;
    struct err e;
    assert_int_equal(docker_parse(text, strlen(text), &j, &e), 0);
    return j;
}

/* ---- containers ---- */

static const char running[] =
    "{\"Id\":\"2f74\",\"Name\":\"/redis.1.fpz\",\"State\":{\"Status\":\"running\","
    "\"Running\":true,\"OOMKilled\":false,\"Pid\":13780,\"ExitCode\":0,\"Error\":\"\","
    "\"Health\":{\"Status\":\"healthy\"}},\"Config\":{\"StopSignal\":\"SIGQUIT\","
    "\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],\"Interval\":5000000000},"
    "\"Labels\":{\"com.docker.swarm.task.id\":\"fpz\"}},\"NetworkSettings\":{\"Ports\":{"
    "\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}],\"53/udp\":[{\"HostPort\":"
    "\"53\"}],\"99/tcp\":null,\"bad\":[{\"HostPort\":\"1\"}]}}}";

static void an_inspect_tells_a_running_container(void **state)
{
    cleanup_json json_t *j = parse(running);
    struct engine_port ports[DOCKER_PORTS_MAX];
    struct engine_state s;
    struct err e;
    assert_int_equal(docker_state_from_inspect(j, ports, &s, &e), 0);
    assert_string_equal(s.id, "2f74");
    assert_string_equal(s.name, "redis.1.fpz");
    assert_string_equal(s.task_id, "fpz");
    assert_string_equal(s.stop_signal, "SIGQUIT");
    assert_true(s.is_running);
    assert_false(s.is_created_only);
    assert_int_equal(s.pid, 13780);
    assert_int_equal(s.health, ENGINE_HEALTH_HEALTHY);
    assert_int_equal(s.health_interval, 5000000000);
    assert_int_equal(s.n_ports, 2);
    assert_int_equal(ports[0].target + ports[1].target, 133);
}

/* Podman says "" for a container that has a check but doesn't run. */
static void a_check_without_a_result_is_starting_and_none_is_none(void **state)
{
    cleanup_json json_t *a =
        parse("{\"Id\":\"x\",\"State\":{\"Status\":\"created\",\"Running\":false,"
              "\"Health\":{\"Status\":"
              "\"\"}},\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"]}}}");
    cleanup_json json_t *b =
        parse("{\"Id\":\"x\",\"State\":{\"Status\":\"exited\",\"Running\":false,"
              "\"ExitCode\":137,\"Health\":"
              "{\"Status\":\"\"}},\"Config\":{\"Healthcheck\":{\"Test\":[\"NONE\"]}}}");
    struct engine_port ports[DOCKER_PORTS_MAX];
    struct engine_state s;
    struct err e;
    assert_int_equal(docker_state_from_inspect(a, ports, &s, &e), 0);
    assert_int_equal(s.health, ENGINE_HEALTH_STARTING);
    assert_true(s.is_created_only);
    assert_null(s.task_id);
    assert_int_equal(docker_state_from_inspect(b, ports, &s, &e), 0);
    assert_int_equal(s.health, ENGINE_HEALTH_NONE);
    assert_int_equal(s.exit_code, 137);
}

static void what_is_no_container_is_refused(void **state)
{
    static const char *const bad[] = {"{}", "[]", "{\"Id\":\"x\"}", "{\"State\":{}}",
                                      "{\"Id\":7,\"State\":{}}"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        cleanup_json json_t *j = parse(bad[i]);
        struct engine_port ports[DOCKER_PORTS_MAX];
        struct engine_state s;
        assert_int_equal(docker_state_from_inspect(j, ports, &s, NULL), ERR_BAD_MESSAGE);
    }
}

static void a_list_tells_names_labels_and_states(void **state)
{
    cleanup_json json_t *j = parse(
        "[{\"Id\":\"a\",\"Names\":[\"/web.1.t\"],\"State\":\"running\",\"Labels\":{"
        "\"com.docker.swarm.task.id\":\"t\"}},{\"Id\":\"b\",\"Names\":null,\"State\":"
        "\"created\",\"Labels\":null},{\"Names\":[]},{\"Id\":\"c\",\"State\":\"exited\"}"
        "]");
    cleanup_free struct engine_state *s = NULL;
    size_t n;
    struct err e;
    assert_int_equal(docker_states_from_list(j, &s, &n, &e), 0);
    assert_int_equal(n, 3);
    assert_string_equal(s[0].name, "web.1.t");
    assert_string_equal(s[0].task_id, "t");
    assert_true(s[0].is_running);
    assert_true(s[1].is_created_only);
    assert_false(s[2].is_running || s[2].is_created_only);
}

/* ---- the engine ---- */

static void podman_is_known_by_its_components(void **state)
{
    cleanup_json json_t *p =
        parse("{\"Components\":[{\"Name\":\"Podman Engine\"}],\"Version\":\"4.3.1\","
              "\"MinAPIVersion\":\"1.24\"}");
    cleanup_json json_t *d =
        parse("{\"Components\":[{\"Name\":\"Engine\"}],\"Version\":\"29.0\","
              "\"MinAPIVersion\":\"1.44\"}");
    struct docker_version v;
    struct err e;
    assert_int_equal(docker_version_from_json(p, &v, &e), 0);
    assert_int_equal(v.kind, DOCKER_PODMAN);
    assert_string_equal(v.version, "4.3.1");
    assert_string_equal(v.prefix, "/v1.41");
    assert_int_equal(docker_version_from_json(d, &v, &e), 0);
    assert_int_equal(v.kind, DOCKER_DOCKERD);
    assert_string_equal(v.prefix, "/v1.44");
}

static bool has_plugin(const struct engine_info *i, const char *type, const char *name)
{
    for (size_t k = 0; k < i->n_plugins; k++) {
        if (!strcmp(i->plugins[k].type, type) && !strcmp(i->plugins[k].name, name))
            return true;
    }
    return false;
}

static void an_engine_describes_the_node(void **state)
{
    cleanup_json json_t *j =
        parse("{\"Name\":\"vm\",\"OSType\":\"linux\",\"Architecture\":\"amd64\","
              "\"ServerVersion\":\"4.3.1\",\"NCPU\":2,\"MemTotal\":25276510208,"
              "\"Plugins\":{\"Volume\":[\"local\"],\"Network\":[\"bridge\",\"overlay\"],"
              "\"Authorization\":null,\"Log\":[\"k8s-file\",7]}}");
    struct engine_plugin plugins[DOCKER_PLUGINS_MAX];
    struct engine_info i;
    struct err e;
    assert_int_equal(docker_info_from_json(j, DOCKER_PODMAN, plugins, &i, &e), 0);
    assert_string_equal(i.arch, "x86_64");
    assert_string_equal(i.name, "podman");
    assert_int_equal(i.nano_cpus, 2000000000);
    assert_true(has_plugin(&i, "Network", "bridge"));
    assert_true(has_plugin(&i, "Network", "host"));
    assert_true(has_plugin(&i, "Log", "json-file"));
    assert_false(has_plugin(&i, "Network", "overlay"));
}

/* ---- errors ---- */

static void expect_error(int status, const char *body, int code, const char *text)
{
    struct err e;
    assert_int_equal(docker_error(status, body, strlen(body), &e), code);
    assert_string_equal(e.text, text);
}

static void errors_are_told_in_the_engines_words(void **state)
{
    expect_error(404, "{\"message\":\"No such container: hc\"}", ERR_NOT_FOUND,
                 "No such container: hc");
    expect_error(409, "{\"message\":\"Conflict.\"}", ERR_CONFLICT, "Conflict.");
    expect_error(500,
                 "{\"cause\":\"that name is already in use\",\"message\":\"in use\","
                 "\"response\":500}",
                 ERR_ALREADY_EXISTS, "in use");
    expect_error(500, "{\"cause\":\"container state improper\",\"message\":\"m\"}",
                 ERR_FAILED_PRECONDITION, "m");
    expect_error(502, "<html>", ERR_UNKNOWN, "the engine answered HTTP 502");
    expect_error(500, "{}", ERR_UNKNOWN, "the engine answered HTTP 500");
}

/* ---- events ---- */

static void expect_event(const char *line, const char *id, const char *action)
{
    struct docker_event event;
    assert_int_equal(docker_event_parse(line, strlen(line), &event), 0);
    assert_string_equal(event.id, id);
    assert_string_equal(event.action, action);
}

static void events_of_both_engines_read_alike(void **state)
{
    expect_event("{\"status\":\"die\",\"id\":\"c1\",\"Type\":\"container\",\"Action\":"
                 "\"die\",\"Actor\":{\"ID\":\"c1\"}}",
                 "c1", "die");
    expect_event(
        "{\"Type\":\"container\",\"Action\":\"remove\",\"Actor\":{\"ID\":\"c\"}}", "c",
        "destroy");
    expect_event("{\"Action\":\"health_status\",\"HealthStatus\":\"healthy\",\"Actor\":{"
                 "\"ID\":\"c\"}}",
                 "c", "health_status: healthy");
    expect_event("{\"status\":\"start\",\"id\":\"c\"}", "c", "start");
}

static void what_is_no_containers_event_is_dropped(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"Type\":\"image\",\"Action\":\"pull\",\"id\":\"x\"}",
        "{\"Type\":\"container\",\"Action\":\"die\"}"};
    struct docker_event event;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(docker_event_parse(bad[i], strlen(bad[i]), &event),
                         ERR_BAD_MESSAGE);
}

/* ---- logs ---- */

static void keep(int stream, const void *data, size_t n, void *user)
{
    struct buf *b = user;
    assert_int_equal(buf_printf(b, "%d:%.*s|", stream, (int)n, (const char *)data), 0);
}

static const char frames[] = "\1\0\0\0\0\0\0\4out\n\2\0\0\0\0\0\0\3err"
                             "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1x\1\0\0\0\0\0\0\2ab";

static void frames_come_out_whole_however_they_come_in(void **state)
{
    for (size_t step = 1; step < sizeof(frames); step++) {
        cleanup_buf struct buf got = BUF_INIT;
        struct docker_logs l;
        struct err e;
        docker_logs_init(&l, false, keep, &got);
        for (size_t at = 0; at < sizeof(frames) - 1; at += step) {
            size_t n = sizeof(frames) - 1 - at;
            assert_int_equal(docker_logs_feed(&l, frames + at, n < step ? n : step, &e),
                             0);
        }
        assert_int_equal(docker_logs_end(&l, &e), 0);
        assert_string_equal(buf_str(&got), "1:out\n|2:err|1:ab|");
        docker_logs_deinit(&l);
    }
}

static void a_long_frame_comes_in_pieces(void **state)
{
    static char data[DOCKER_LOG_PIECE_MAX + 10 + 8] = "\1\0\0\0\0\1\0\12";
    cleanup_buf struct buf got = BUF_INIT;
    struct docker_logs l;
    struct err e;
    memset(data + 8, 'x', DOCKER_LOG_PIECE_MAX + 10);
    docker_logs_init(&l, false, keep, &got);
    assert_int_equal(docker_logs_feed(&l, data, sizeof(data), &e), 0);
    assert_int_equal(got.len, DOCKER_LOG_PIECE_MAX + 10 + 2 * 3);
    assert_int_equal(docker_logs_end(&l, &e), 0);
    docker_logs_deinit(&l);
}

static void a_garbled_stream_is_an_error(void **state)
{
    cleanup_buf struct buf got = BUF_INIT;
    struct docker_logs l;
    struct err e;
    docker_logs_init(&l, false, keep, &got);
    assert_int_equal(docker_logs_feed(&l, "HTTP/1.1", 8, &e), ERR_BAD_MESSAGE);
    docker_logs_init(&l, false, keep, &got);
    assert_int_equal(docker_logs_feed(&l, frames, 10, &e), 0);
    assert_int_equal(docker_logs_end(&l, &e), ERR_BAD_MESSAGE);
    docker_logs_deinit(&l);
}

static void a_terminals_output_has_no_frames(void **state)
{
    cleanup_buf struct buf got = BUF_INIT;
    struct docker_logs l;
    struct err e;
    docker_logs_init(&l, true, keep, &got);
    assert_int_equal(docker_logs_feed(&l, "hello", 5, &e), 0);
    assert_string_equal(buf_str(&got), "1:hello|");
    assert_int_equal(docker_logs_end(&l, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inspect_tells_a_running_container),
        cmocka_unit_test(a_check_without_a_result_is_starting_and_none_is_none),
        cmocka_unit_test(what_is_no_container_is_refused),
        cmocka_unit_test(a_list_tells_names_labels_and_states),
        cmocka_unit_test(podman_is_known_by_its_components),
        cmocka_unit_test(an_engine_describes_the_node),
        cmocka_unit_test(errors_are_told_in_the_engines_words),
        cmocka_unit_test(events_of_both_engines_read_alike),
        cmocka_unit_test(what_is_no_containers_event_is_dropped),
        cmocka_unit_test(frames_come_out_whole_however_they_come_in),
        cmocka_unit_test(a_long_frame_comes_in_pieces),
        cmocka_unit_test(a_garbled_stream_is_an_error),
        cmocka_unit_test(a_terminals_output_has_no_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
