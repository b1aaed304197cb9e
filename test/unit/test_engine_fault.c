/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out while the engine's answers are read: it is told, never taken for
 * a bad answer, and never for one that says something else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/docker_events.h"
#include "engine/docker_state.h"
#include "fault_malloc.h"

static int read_inspect(void *user)
{
    const char *text = user;
    cleanup_json json_t *j = NULL;
    struct engine_port ports[DOCKER_PORTS_MAX];
    struct engine_state s;
    int r = docker_parse(text, strlen(text), &j, NULL);
    return r ? r : docker_state_from_inspect(j, ports, &s, NULL);
}

static int read_list(void *user)
{
    const char *text = user;
    cleanup_json json_t *j = NULL;
    cleanup_free struct engine_state *states = NULL;
    size_t n;
    int r = docker_parse_list(text, strlen(text), &j, NULL);
    return r ? r : docker_states_from_list(j, &states, &n, NULL);
}

static int read_info(void *user)
{
    const char *text = user;
    cleanup_json json_t *j = NULL;
    struct engine_plugin plugins[DOCKER_PLUGINS_MAX];
    struct engine_info info;
    struct docker_version version;
    int r = docker_parse(text, strlen(text), &j, NULL);
    r = r ? r : docker_info_from_json(j, DOCKER_PODMAN, plugins, &info, NULL);
    return r ? r : docker_version_from_json(j, &version, NULL);
}

static int read_event(void *user)
{
    struct docker_event event;
    return docker_event_parse(user, strlen(user), &event);
}

/* A refusal has a code of its own as soon as it could be read. */
static int read_refusal(void *user)
{
    int code = docker_error(500, user, strlen(user), NULL);
    return code == ERR_NOT_FOUND ? 0 : code;
}

static void each_allocation_may_fail(void **state)
{
    static char inspect[] =
        "{\"Id\":\"c\",\"Name\":\"/"
        "web.1.t\",\"State\":{\"Status\":\"running\",\"Running\":"
        "true,\"Pid\":7,\"Health\":{\"Status\":\"healthy\"}},\"Config\":{\"Healthcheck\":"
        "{"
        "\"Test\":[\"CMD\",\"true\"]},\"Labels\":{\"com.docker.swarm.task.id\":\"t\"}},"
        "\"NetworkSettings\":{\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}]}}}";
    static char list[] =
        "[{\"Id\":\"a\",\"Names\":[\"/x\"],\"State\":\"running\"},{\"Id\":\"b\"}]";
    static char info[] =
        "{\"Name\":\"vm\",\"NCPU\":2,\"Plugins\":{\"Log\":[\"journald\"]},"
        "\"Components\":[{\"Name\":\"Podman Engine\"}]}";
    static char event[] =
        "{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"c\"}}";
    static char refusal[] =
        "{\"cause\":\"image not known\",\"message\":\"no such image\"}";
    assert_true(fault_malloc_each(read_inspect, inspect) > 20);
    assert_true(fault_malloc_each(read_list, list) > 10);
    assert_true(fault_malloc_each(read_info, info) > 10);
    assert_true(fault_malloc_each(read_event, event) > 5);
    assert_true(fault_malloc_each(read_refusal, refusal) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
