/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out while the engine's answers are read or a call begins: it is told,
 * never taken for a bad answer, and never for one that says something else.
 */
#include "engine/docker_events.h"
#include "engine/docker_pull.h"
#include "engine/docker_state.h"
#include "engine_fixture.h"
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

static int read_pull(void *user)
{
    const char *text = user;
    struct docker_pull p;
    docker_pull_init(&p);
    p.status = 200;
    int r = docker_pull_feed(&p, text, strlen(text));
    r = r ? r : docker_pull_end(&p);
    if (!r)
        assert_string_equal(p.error.text, "b");
    docker_pull_deinit(&p);
    return r;
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
    static char pull[] = "{\"error\":\"a\"}\n{\"error\":\"b\"}";
    assert_true(fault_malloc_each(read_refusal, refusal) > 5);
    assert_true(fault_malloc_each(read_pull, pull) > 5);
}

/* ---- calls ---- */

static struct engine_call *begin_create(struct fixture *f)
{
    Swarm__Task task = SWARM__TASK__INIT;
    Swarm__TaskSpec spec = SWARM__TASK_SPEC__INIT;
    Swarm__ContainerSpec container = SWARM__CONTAINER_SPEC__INIT;
    char image[] = "busybox:latest";
    container.image = image;
    spec.runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    spec.container = &container;
    task.spec = &spec;
    const struct engine_container c = {.name = "web.1.t", .task = &task, .node_id = "n"};
    return f->engine->ops->create(f->engine, &c, created, f);
}

static struct engine_call *begin_start(struct fixture *f)
{
    return f->engine->ops->start_container(f->engine, "c", done, f);
}

static struct engine_call *begin_kill(struct fixture *f)
{
    return f->engine->ops->kill(f->engine, "c", "SIGTERM", done, f);
}

static struct engine_call *begin_inspect(struct fixture *f)
{
    return f->engine->ops->inspect(f->engine, "c", inspected, f);
}

static struct engine_call *begin_list(struct fixture *f)
{
    return f->engine->ops->list(f->engine, "n", listed, f);
}

static struct engine_call *begin_image(struct fixture *f)
{
    return f->engine->ops->image_ensure(f->engine, "busybox", "e30=", done, f);
}

static struct engine_call *begin_logs(struct fixture *f)
{
    static const struct engine_log_options o = {.stdout_on = true, .tail = -1};
    return f->engine->ops->logs(f->engine, "c", &o, output, done, f);
}

static void checked(int r, const struct err *e, enum engine_health health, void *user)
{
    note(user, r, e);
}

static struct engine_call *begin_check(struct fixture *f)
{
    return f->engine->ops->health_check(f->engine, "c", checked, f);
}

/* Begins a call with its n-th allocation failing. False when it has fewer. */
static bool begin_without(struct fixture *f,
                          struct engine_call *(*begin)(struct fixture *f), size_t n)
{
    fault_malloc_at(n);
    struct engine_call *c = begin(f);
    bool has_failed = fault_malloc_has_failed();
    fault_malloc_at(0);
    if (!c) {
        assert_true(has_failed);
        return true;
    }
    WAIT_CALL(f);
    if (has_failed)
        assert_int_equal(f->code, ERR_NO_MEMORY);
    else
        assert_int_not_equal(f->code, ERR_NO_MEMORY);
    return has_failed;
}

static void each_allocation_of_a_call_may_fail(void **state)
{
    static struct engine_call *(*const begins[])(struct fixture * f) = {
        begin_create, begin_start, begin_kill, begin_inspect,
        begin_list,   begin_image, begin_logs, begin_check};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
        size_t n = 1;
        while (begin_without(f, begins[i], n))
            n++;
        assert_true(n > 3);
    }
    assert_int_equal(f->downs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test_setup_teardown(each_allocation_of_a_call_may_fail, setup,
                                        teardown),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
