/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/docker_create.h"
#include "engine/docker_json.h"
#include "engine/docker_limits.h"
#include "fault_malloc.h"

struct fixture {
    Swarm__Task *task;
    Swarm__ContainerSpec *spec;
    struct engine_container container;
};

static void put(char **field, const char *value)
{
    assert_int_equal(message_set_string(field, value), 0);
}

static void add(size_t *n, char ***list, const char *text)
{
    assert_int_equal(message_append(n, list, strdup(text)), 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    Swarm__Task *t = message_new(&swarm__task__descriptor);
    put(&t->id, "t1");
    put(&t->service_id, "s1");
    t->service_annotations = message_new(&swarm__annotations__descriptor);
    put(&t->service_annotations->name, "web");
    t->spec = message_new(&swarm__task_spec__descriptor);
    t->spec->runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    t->spec->container = message_new(&swarm__container_spec__descriptor);
    put(&t->spec->container->image, "busybox:latest");
    f->task = t;
    f->spec = t->spec->container;
    f->container = (struct engine_container){
        .name = "web.1.t1", .task = t, .node_id = "n1", .node_hostname = "host"};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    message_free(&f->task->base);
    free(f);
    return 0;
}

struct making {
    struct fixture *f;
    enum docker_kind kind;
};

static int make(void *user)
{
    const struct making *m = user;
    cleanup_json json_t *body = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    int r = docker_create_body(&m->f->container, m->kind, &body, NULL);
    return r ? r : json_write(body, &text);
}

/* The body and the expected one are compared as values; a failure shows both. Each
 * allocation on the way may fail. */
static void expect(struct fixture *f, enum docker_kind kind, const char *expected)
{
    struct err e;
    json_error_t error;
    cleanup_json json_t *body = NULL;
    cleanup_json json_t *wanted = json_loads(expected, 0, &error);
    assert_int_equal(docker_create_body(&f->container, kind, &body, &e), 0);
    assert_non_null(wanted);
    cleanup_free char *a = json_dumps(body, JSON_SORT_KEYS | JSON_INDENT(1));
    cleanup_free char *b = json_dumps(wanted, JSON_SORT_KEYS | JSON_INDENT(1));
    assert_string_equal(a, b);
    assert_true(fault_malloc_each(make, &(struct making){f, kind}) > 10);
}

static void expect_refusal(struct fixture *f, int code, const char *text)
{
    struct err e;
    json_t *body = NULL;
    assert_int_equal(docker_create_body(&f->container, DOCKER_DOCKERD, &body, &e), code);
    assert_string_equal(e.text, text);
}

#define LABELS                                                                           \
    "\"com.docker.swarm.task\":\"\",\"com.docker.swarm.task.id\":\"t1\","                \
    "\"com.docker.swarm.task.name\":\"web.1.t1\",\"com.docker.swarm.node.id\":\"n1\","   \
    "\"com.docker.swarm.service.id\":\"s1\",\"com.docker.swarm.service.name\":\"web\""

static void the_least_task_is_an_image_and_labels(void **state)
{
    expect(*state, DOCKER_DOCKERD,
           "{\"Image\":\"busybox:latest\",\"Labels\":{" LABELS "},\"HostConfig\":{}}");
}

static void a_command_replaces_the_entry_point_and_arguments_follow_it(void **state)
{
    struct fixture *f = *state;
    add(&f->spec->n_args, &f->spec->args, "-x");
    expect(f, DOCKER_DOCKERD,
           "{\"Image\":\"busybox:latest\",\"Labels\":{" LABELS "},\"HostConfig\":{},"
           "\"Cmd\":[\"-x\"]}");
    add(&f->spec->n_command, &f->spec->command, "sh");
    expect(f, DOCKER_DOCKERD,
           "{\"Image\":\"busybox:latest\",\"Labels\":{" LABELS "},\"HostConfig\":{},"
           "\"Entrypoint\":[\"sh\"],\"Cmd\":[\"-x\"]}");
}

static void fill_config(struct fixture *f)
{
    Swarm__ContainerSpec *s = f->spec;
    put(&s->hostname, "h");
    put(&s->dir, "/w");
    put(&s->user, "33:44");
    put(&s->stop_signal, "SIGQUIT");
    add(&s->n_env, &s->env, "A=1");
    s->tty = s->open_stdin = s->read_only = true;
    assert_int_equal(message_map_put(&s->n_labels, &s->labels, "l", "v"), 0);
    s->healthcheck = message_new(&swarm__health_config__descriptor);
    add(&s->healthcheck->n_test, &s->healthcheck->test, "CMD");
    add(&s->healthcheck->n_test, &s->healthcheck->test, "true");
    s->healthcheck->retries = 3;
    assert_int_equal(message_set_duration(&s->healthcheck->interval, CLOCK_SECOND), 0);
}

static void everything_of_the_container_is_said(void **state)
{
    struct fixture *f = *state;
    fill_config(f);
    expect(f, DOCKER_DOCKERD,
           "{\"Image\":\"busybox:latest\",\"Labels\":{\"l\":\"v\"," LABELS "},"
           "\"Hostname\":\"h\",\"WorkingDir\":\"/w\",\"User\":\"33:44\","
           "\"StopSignal\":\"SIGQUIT\",\"Env\":[\"A=1\"],\"Tty\":true,"
           "\"OpenStdin\":true,\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],"
           "\"Interval\":1000000000,\"Retries\":3},"
           "\"HostConfig\":{\"ReadonlyRootfs\":true}}");
}

static void fill_host(struct fixture *f)
{
    Swarm__ContainerSpec *s = f->spec;
    Swarm__ResourceRequirements *r =
        message_new(&swarm__resource_requirements__descriptor);
    f->task->spec->resources = r;
    r->limits = message_new(&swarm__resources__descriptor);
    r->limits->memory_bytes = 1000;
    r->limits->nano_cpus = 500;
    r->reservations = message_new(&swarm__resources__descriptor);
    r->reservations->memory_bytes = 100;
    r->swap_bytes = message_new(&swarm__int64_value__descriptor);
    r->swap_bytes->value = 24;
    s->pids_limit = 7;
    s->init = message_new(&swarm__bool_value__descriptor);
    s->init->value = true;
    add(&s->n_capability_add, &s->capability_add, "CAP_NET_RAW");
    Swarm__ContainerSpec__Ulimit *u =
        message_new(&swarm__container_spec__ulimit__descriptor);
    put(&u->name, "nofile");
    u->soft = 10;
    u->hard = 20;
    assert_int_equal(message_append(&s->n_ulimits, &s->ulimits, u), 0);
    s->privileges = message_new(&swarm__privileges__descriptor);
    s->privileges->no_new_privileges = true;
    f->task->log_driver = message_new(&swarm__driver__descriptor);
    put(&f->task->log_driver->name, "journald");
}

static void limits_and_rights_are_said(void **state)
{
    struct fixture *f = *state;
    fill_host(f);
    expect(f, DOCKER_DOCKERD,
           "{\"Image\":\"busybox:latest\",\"Labels\":{" LABELS "},\"HostConfig\":{"
           "\"Memory\":1000,\"NanoCpus\":500,\"MemoryReservation\":100,"
           "\"MemorySwap\":1024,\"PidsLimit\":7,\"Init\":true,"
           "\"CapAdd\":[\"CAP_NET_RAW\"],"
           "\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":10,\"Hard\":20}],"
           "\"SecurityOpt\":[\"no-new-privileges\"],"
           "\"LogConfig\":{\"Type\":\"journald\"}}}");
}

static void podman_is_not_told_to_have_no_init(void **state)
{
    struct fixture *f = *state;
    f->spec->init = message_new(&swarm__bool_value__descriptor);
    expect(f, DOCKER_PODMAN,
           "{\"Image\":\"busybox:latest\",\"Labels\":{" LABELS "},\"HostConfig\":{}}");
    expect(f, DOCKER_DOCKERD,
           "{\"Image\":\"busybox:latest\",\"Labels\":{" LABELS "},"
           "\"HostConfig\":{\"Init\":false}}");
}

static void mounts_are_the_users_then_the_secrets(void **state)
{
    static const struct engine_bind binds[] = {{"/run/x/secrets", "/run/secrets"}};
    struct fixture *f = *state;
    Swarm__Mount *m = message_new(&swarm__mount__descriptor);
    m->type = SWARM__MOUNT__TYPE__VOLUME;
    put(&m->source, "data");
    put(&m->target, "/data");
    m->volume_options = message_new(&swarm__mount__volume_options__descriptor);
    m->volume_options->nocopy = true;
    assert_int_equal(message_append(&f->spec->n_mounts, &f->spec->mounts, m), 0);
    f->container.n_binds = 1;
    f->container.binds = binds;
    expect(f, DOCKER_DOCKERD,
           "{\"Image\":\"busybox:latest\",\"Labels\":{" LABELS "},\"HostConfig\":{"
           "\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"data\",\"Target\":\"/data\","
           "\"VolumeOptions\":{\"NoCopy\":true}},"
           "{\"Type\":\"bind\",\"Source\":\"/run/x/secrets\",\"Target\":\"/run/secrets\","
           "\"ReadOnly\":true,\"BindOptions\":{\"Propagation\":\"rprivate\"}}]}}");
}

static Swarm__PortConfig *port(uint32_t target, uint32_t published, bool is_host)
{
    Swarm__PortConfig *p = message_new(&swarm__port_config__descriptor);
    p->target_port = target;
    p->published_port = published;
    p->publish_mode = is_host ? SWARM__PORT_CONFIG__PUBLISH_MODE__HOST
                              : SWARM__PORT_CONFIG__PUBLISH_MODE__INGRESS;
    return p;
}

static void ports_in_host_mode_are_bound_and_hosts_turned_round(void **state)
{
    struct fixture *f = *state;
    Swarm__Endpoint *n = message_new(&swarm__endpoint__descriptor);
    f->task->endpoint = n;
    assert_int_equal(message_append(&n->n_ports, &n->ports, port(80, 8080, true)), 0);
    assert_int_equal(message_append(&n->n_ports, &n->ports, port(81, 0, true)), 0);
    assert_int_equal(message_append(&n->n_ports, &n->ports, port(82, 82, false)), 0);
    add(&f->spec->n_hosts, &f->spec->hosts, "10.0.0.1 db  db.local");
    expect(f, DOCKER_DOCKERD,
           "{\"Image\":\"busybox:latest\",\"Labels\":{" LABELS "},"
           "\"ExposedPorts\":{\"80/tcp\":{},\"81/tcp\":{},\"82/tcp\":{}},"
           "\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"8080\"}],"
           "\"81/tcp\":[{\"HostPort\":\"\"}]},"
           "\"ExtraHosts\":[\"db:10.0.0.1\",\"db.local:10.0.0.1\"]}}");
}

static void attach(struct fixture *f, const char *name)
{
    Swarm__NetworkAttachment *a = message_new(&swarm__network_attachment__descriptor);
    a->network = message_new(&swarm__network__descriptor);
    a->network->spec = message_new(&swarm__network_spec__descriptor);
    a->network->spec->annotations = message_new(&swarm__annotations__descriptor);
    put(&a->network->spec->annotations->name, name);
    assert_int_equal(message_append(&f->task->n_networks, &f->task->networks, a), 0);
}

static void the_engines_own_networks_are_a_mode(void **state)
{
    struct fixture *f = *state;
    attach(f, "host");
    expect(f, DOCKER_DOCKERD,
           "{\"Image\":\"busybox:latest\",\"Labels\":{" LABELS "},"
           "\"HostConfig\":{\"NetworkMode\":\"host\"}}");
}

static void an_overlay_is_refused_by_name(void **state)
{
    struct fixture *f = *state;
    attach(f, "backend");
    expect_refusal(f, ERR_UNIMPLEMENTED,
                   "network backend: this node has no overlay networks");
}

static void what_no_engine_here_can_do_is_refused(void **state)
{
    struct fixture *f = *state;
    f->spec->isolation = SWARM__CONTAINER_SPEC__ISOLATION__ISOLATION_HYPERV;
    expect_refusal(f, ERR_UNIMPLEMENTED, "ContainerSpec.Isolation is not supported");
    f->spec->isolation = SWARM__CONTAINER_SPEC__ISOLATION__ISOLATION_DEFAULT;
    put(&f->spec->image, "");
    expect_refusal(f, ERR_INVALID_ARGUMENT, "dockerexec: image required");
    put(&f->spec->image, "x");
    put(&f->spec->user, "\xff\xfe");
    expect_refusal(f, ERR_INVALID_ARGUMENT, "the task has text that is not UTF-8");
}

static void a_bind_of_a_missing_path_is_refused_for_podman_too(void **state)
{
    struct fixture *f = *state;
    struct err e;
    Swarm__Mount *m = message_new(&swarm__mount__descriptor);
    put(&m->source, "/");
    put(&m->target, "/x");
    assert_int_equal(message_append(&f->spec->n_mounts, &f->spec->mounts, m), 0);
    assert_int_equal(docker_check_binds(&f->container, DOCKER_PODMAN, 0, &e), 0);
    put(&m->source, "/nosuchdir");
    assert_int_equal(docker_check_binds(&f->container, DOCKER_DOCKERD, 0, &e), 0);
    assert_int_equal(docker_check_binds(&f->container, DOCKER_PODMAN, 0, &e),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "invalid mount config for type \"bind\": bind source "
                                "path does not exist: /nosuchdir");
    m->bind_options = message_new(&swarm__mount__bind_options__descriptor);
    m->bind_options->createmountpoint = true;
    assert_int_equal(docker_check_binds(&f->container, DOCKER_PODMAN, 0, &e), 0);
}

/* ---- images ---- */

static void expect_name(const char *image, enum docker_kind kind, const char *name)
{
    cleanup_buf struct buf out = BUF_INIT;
    struct err e;
    assert_int_equal(docker_image_name(image, kind, &out, &e), 0);
    assert_string_equal(buf_str(&out), name);
}

static void expect_pull(const char *image, const char *query)
{
    cleanup_buf struct buf out = BUF_INIT;
    struct err e;
    assert_int_equal(docker_image_pull_query(image, &out, &e), 0);
    assert_string_equal(buf_str(&out), query);
}

static void podman_gets_no_tag_beside_a_digest(void **state)
{
    expect_name("a:1@sha256:ab", DOCKER_PODMAN, "a@sha256:ab");
    expect_name("a:1@sha256:ab", DOCKER_DOCKERD, "a:1@sha256:ab");
    expect_name("h:5000/a@sha256:ab", DOCKER_PODMAN, "h:5000/a@sha256:ab");
    expect_name("a:1", DOCKER_PODMAN, "a:1");
}

static void a_pull_names_image_and_tag_apart(void **state)
{
    expect_pull("busybox", "fromImage=busybox&tag=latest");
    expect_pull("h:5000/a/b:1", "fromImage=h%3A5000%2Fa%2Fb&tag=1");
    expect_pull("h:5000/a", "fromImage=h%3A5000%2Fa&tag=latest");
    expect_pull("a:1@sha256:ab", "fromImage=a&tag=sha256%3Aab");
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    char name[2000];
    cleanup_buf struct buf out = BUF_INIT;
    struct err e;
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(docker_image_name(name, DOCKER_DOCKERD, &out, &e),
                     ERR_INVALID_ARGUMENT);
    assert_int_equal(docker_image_pull_query(name, &out, &e), ERR_INVALID_ARGUMENT);
}

/* ---- limits ---- */

static void expect_completed(const struct engine_limits *limits, const char *body,
                             const char *expected)
{
    struct err e;
    cleanup_json json_t *j = json_loads(body, 0, NULL);
    cleanup_json json_t *wanted = json_loads(expected, 0, NULL);
    assert_int_equal(engine_complete_create(limits, j, &e), 0);
    assert_true(json_equal(j, wanted));
}

static void a_restricted_podman_gets_both_limits(void **state)
{
    struct engine_limits l = {.is_restricted = true, .fills_unset = true};
    l.nofile = 20000;
    l.nproc = 300;
    expect_completed(&l, "{}",
                     "{\"HostConfig\":{\"Ulimits\":["
                     "{\"Name\":\"nofile\",\"Hard\":20000,\"Soft\":20000},"
                     "{\"Name\":\"nproc\",\"Hard\":300,\"Soft\":300}]}}");
    expect_completed(
        &l,
        "{\"HostConfig\":{\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":99999,\"Soft\":5},"
        "{\"Name\":\"core\",\"Hard\":-1,\"Soft\":-1}]}}",
        "{\"HostConfig\":{\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":20000,\"Soft\":5},"
        "{\"Name\":\"core\",\"Hard\":-1,\"Soft\":-1},"
        "{\"Name\":\"nproc\",\"Hard\":300,\"Soft\":300}]}}");
}

static int complete(void *user)
{
    const struct engine_limits *l = user;
    cleanup_json json_t *body = json_object();
    return body ? engine_complete_create(l, body, NULL) : ERR_NO_MEMORY;
}

static void each_allocation_of_the_limits_may_fail(void **state)
{
    struct engine_limits l = {
        .is_restricted = true, .fills_unset = true, .nofile = 20, .nproc = 30};
    assert_true(fault_malloc_each(complete, &l) > 10);
}

static void others_keep_what_they_have(void **state)
{
    struct engine_limits l = {.is_restricted = true, .nofile = 20, .nproc = UINT64_MAX};
    expect_completed(&l, "{}", "{\"HostConfig\":{\"Ulimits\":[]}}");
    l.is_restricted = false;
    l.fills_unset = true;
    expect_completed(&l, "{}", "{}");
}

static void a_body_that_is_none_is_refused(void **state)
{
    struct engine_limits l = {.is_restricted = true, .fills_unset = true};
    struct err e;
    cleanup_json json_t *array = json_array();
    cleanup_json json_t *bad = json_loads("{\"HostConfig\":[]}", 0, NULL);
    assert_int_equal(engine_complete_create(&l, array, &e), ERR_INVALID_ARGUMENT);
    assert_int_equal(engine_complete_create(&l, bad, &e), ERR_INVALID_ARGUMENT);
}

static void hard_limits_are_read_as_the_kernel_writes_them(void **state)
{
    static const char text[] =
        "Limit                     Soft Limit           Hard Limit           Units\n"
        "Max processes             96364                32768                processes\n"
        "Max open files            1024                 20000                files\n"
        "Max core file size        0                    unlimited            bytes\n";
    assert_int_equal(engine_limits_parse(text, "Max open files"), 20000);
    assert_int_equal(engine_limits_parse(text, "Max processes"), 32768);
    assert_true(engine_limits_parse(text, "Max core file size") == UINT64_MAX);
    assert_true(engine_limits_parse(text, "Max nothing") == UINT64_MAX);
    assert_true(engine_limits_parse("Max open files", "Max open files") == UINT64_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_least_task_is_an_image_and_labels),
        TEST(a_command_replaces_the_entry_point_and_arguments_follow_it),
        TEST(everything_of_the_container_is_said),
        TEST(limits_and_rights_are_said),
        TEST(podman_is_not_told_to_have_no_init),
        TEST(mounts_are_the_users_then_the_secrets),
        TEST(ports_in_host_mode_are_bound_and_hosts_turned_round),
        TEST(the_engines_own_networks_are_a_mode),
        TEST(an_overlay_is_refused_by_name),
        TEST(what_no_engine_here_can_do_is_refused),
        TEST(a_bind_of_a_missing_path_is_refused_for_podman_too),
        cmocka_unit_test(podman_gets_no_tag_beside_a_digest),
        cmocka_unit_test(a_pull_names_image_and_tag_apart),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
        cmocka_unit_test(a_restricted_podman_gets_both_limits),
        cmocka_unit_test(each_allocation_of_the_limits_may_fail),
        cmocka_unit_test(others_keep_what_they_have),
        cmocka_unit_test(a_body_that_is_none_is_refused),
        cmocka_unit_test(hard_limits_are_read_as_the_kernel_writes_them),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
