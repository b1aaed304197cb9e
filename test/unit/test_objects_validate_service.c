/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service may ask for. Each case takes a plain valid service, changes one thing,
 * and expects a code and text.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "literal.h"
#include "objects/objects.h"

/* A service with all parts of a spec that a case may change; the parts of `spec` that are
 * NULL are offered below. */
struct fixture {
    Swarm__ServiceSpec spec;
    Swarm__Annotations annotations;
    Swarm__ReplicatedService replicated;
    Swarm__TaskSpec task;
    Swarm__ContainerSpec container;

    Swarm__ResourceRequirements requirements;
    Swarm__Resources resources;
    Swarm__RestartPolicy restart;
    Swarm__Placement placement;
    Swarm__UpdateConfig update;
    Swarm__EndpointSpec endpoint;
    Swarm__Duration duration;
    char *strings[1];
    void *items[2];
};

static void init(struct fixture *f)
{
    *f = (struct fixture){
        .spec = SWARM__SERVICE_SPEC__INIT,
        .annotations = SWARM__ANNOTATIONS__INIT,
        .replicated = SWARM__REPLICATED_SERVICE__INIT,
        .task = SWARM__TASK_SPEC__INIT,
        .container = SWARM__CONTAINER_SPEC__INIT,
        .requirements = SWARM__RESOURCE_REQUIREMENTS__INIT,
        .resources = SWARM__RESOURCES__INIT,
        .restart = SWARM__RESTART_POLICY__INIT,
        .placement = SWARM__PLACEMENT__INIT,
        .update = SWARM__UPDATE_CONFIG__INIT,
        .endpoint = SWARM__ENDPOINT_SPEC__INIT,
        .duration = SWARM__DURATION__INIT,
    };
    f->annotations.name = literal("web");
    f->container.image = literal("redis");
    f->replicated.replicas = 1;
    f->task.container = &f->container;
    f->task.runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    f->spec.annotations = &f->annotations;
    f->spec.task = &f->task;
    f->spec.replicated = &f->replicated;
    f->spec.mode_case = SWARM__SERVICE_SPEC__MODE_REPLICATED;
    f->duration.seconds = -1;
}

static void nothing(struct fixture *f)
{
}

static void no_annotations(struct fixture *f)
{
    f->spec.annotations = NULL;
}

static void bad_name(struct fixture *f)
{
    f->annotations.name = literal("we.b");
}

static void no_replicas(struct fixture *f)
{
    f->replicated.replicas = 0;
}

static void negative_replicas(struct fixture *f)
{
    f->replicated.replicas = (uint64_t)-1;
}

static void many_replicas(struct fixture *f)
{
    f->replicated.replicas = SERVICE_REPLICAS_LIMIT + 1;
}

static void no_mode(struct fixture *f)
{
    f->spec.mode_case = SWARM__SERVICE_SPEC__MODE__NOT_SET;
}

static void global(struct fixture *f)
{
    f->spec.mode_case = SWARM__SERVICE_SPEC__MODE_GLOBAL;
}

static void replicated_job(struct fixture *f)
{
    f->spec.mode_case = SWARM__SERVICE_SPEC__MODE_REPLICATED_JOB;
}

static void global_job(struct fixture *f)
{
    f->spec.mode_case = SWARM__SERVICE_SPEC__MODE_GLOBAL_JOB;
}

static void no_task(struct fixture *f)
{
    f->spec.task = NULL;
}

static void no_runtime(struct fixture *f)
{
    f->task.runtime_case = SWARM__TASK_SPEC__RUNTIME__NOT_SET;
}

static void attachment(struct fixture *f)
{
    f->task.runtime_case = SWARM__TASK_SPEC__RUNTIME_ATTACHMENT;
}

static void generic_runtime(struct fixture *f)
{
    f->task.runtime_case = SWARM__TASK_SPEC__RUNTIME_GENERIC;
}

static void limits(struct fixture *f)
{
    f->task.resources = &f->requirements;
    f->requirements.limits = &f->resources;
}

static void enough_of_both(struct fixture *f)
{
    limits(f);
    f->requirements.reservations = &f->resources;
    f->resources.nano_cpus = 1000000;
    f->resources.memory_bytes = 4194304;
}

static void little_memory(struct fixture *f)
{
    limits(f);
    f->resources.memory_bytes = 1048576;
}

static void little_cpu(struct fixture *f)
{
    limits(f);
    f->resources.nano_cpus = 999999;
}

static void negative_cpu(struct fixture *f)
{
    f->task.resources = &f->requirements;
    f->requirements.reservations = &f->resources;
    f->resources.nano_cpus = -1500000000;
}

static void generic_resource(struct fixture *f)
{
    static Swarm__GenericResource generic = SWARM__GENERIC_RESOURCE__INIT;
    limits(f);
    f->items[0] = &generic;
    f->resources.generic = (Swarm__GenericResource **)f->items;
    f->resources.n_generic = 1;
}

static void swap(struct fixture *f)
{
    static Swarm__Int64Value value = SWARM__INT64_VALUE__INIT;
    limits(f);
    f->requirements.swap_bytes = &value;
}

static void restart_delay(struct fixture *f)
{
    f->task.restart = &f->restart;
    f->restart.delay = &f->duration;
}

static void restart_window(struct fixture *f)
{
    f->task.restart = &f->restart;
    f->restart.window = &f->duration;
}

static void long_restart_window(struct fixture *f)
{
    f->duration.seconds = INT64_MAX;
    restart_window(f);
}

static void most_restart_attempts(struct fixture *f)
{
    f->task.restart = &f->restart;
    f->restart.max_attempts = RESTART_ATTEMPTS_LIMIT;
}

static void too_many_restart_attempts(struct fixture *f)
{
    f->task.restart = &f->restart;
    f->restart.max_attempts = RESTART_ATTEMPTS_LIMIT + 1;
}

static void restart_condition(struct fixture *f)
{
    f->task.restart = &f->restart;
    f->restart.condition = 3;
}

static void constrain(struct fixture *f, const char *constraint)
{
    f->task.placement = &f->placement;
    f->strings[0] = literal(constraint);
    f->placement.constraints = f->strings;
    f->placement.n_constraints = 1;
}

static void good_constraint(struct fixture *f)
{
    constrain(f, "node.role==manager");
}

static void constraint_without_operator(struct fixture *f)
{
    constrain(f, "node.role=manager");
}

static void constraint_with_bad_key(struct fixture *f)
{
    constrain(f, "no de==x");
}

static void preference(struct fixture *f)
{
    static Swarm__PlacementPreference p = SWARM__PLACEMENT_PREFERENCE__INIT;
    f->task.placement = &f->placement;
    f->items[0] = &p;
    f->placement.preferences = (Swarm__PlacementPreference **)f->items;
    f->placement.n_preferences = 1;
}

static void max_replicas(struct fixture *f)
{
    f->task.placement = &f->placement;
    f->placement.max_replicas = 1;
}

static void update_delay(struct fixture *f)
{
    f->spec.update = &f->update;
    f->update.delay = &f->duration;
}

static void long_update_delay(struct fixture *f)
{
    f->duration.seconds = INT64_MAX;
    update_delay(f);
}

static void update_monitor(struct fixture *f)
{
    f->spec.update = &f->update;
    f->update.monitor = &f->duration;
}

static void update_ratio(struct fixture *f)
{
    f->spec.update = &f->update;
    f->update.max_failure_ratio = 1.1F;
}

static void update_ratio_nan(struct fixture *f)
{
    f->spec.update = &f->update;
    f->update.max_failure_ratio = NAN;
}

static void rollback_ratio(struct fixture *f)
{
    f->spec.rollback = &f->update;
    f->update.max_failure_ratio = -0.1F;
}

static void update_action(struct fixture *f)
{
    f->spec.update = &f->update;
    f->update.failure_action = 3;
}

static void update_order(struct fixture *f)
{
    f->spec.update = &f->update;
    f->update.order = 2;
}

static void full_update(struct fixture *f)
{
    f->spec.update = f->spec.rollback = &f->update;
    f->update.parallelism = 0;
    f->update.failure_action = SWARM__UPDATE_CONFIG__FAILURE_ACTION__ROLLBACK;
    f->update.order = SWARM__UPDATE_CONFIG__UPDATE_ORDER__START_FIRST;
    f->update.max_failure_ratio = 1;
}

static char a_host[] = "host", a_none[] = "none", a_back[] = "back";

static void put_network(struct fixture *f, char *target)
{
    static Swarm__NetworkAttachmentConfig network;
    network = (Swarm__NetworkAttachmentConfig)SWARM__NETWORK_ATTACHMENT_CONFIG__INIT;
    network.target = target;
    f->items[0] = f->items[1] = &network;
    f->task.n_networks = 1;
    f->task.networks = (Swarm__NetworkAttachmentConfig **)f->items;
}

static void task_network(struct fixture *f)
{
    put_network(f, a_back);
}

static void own_network(struct fixture *f)
{
    put_network(f, a_none);
}

static void two_networks(struct fixture *f)
{
    put_network(f, a_host);
    f->task.n_networks = 2;
}

static void network_option(struct fixture *f)
{
    static Swarm__Pair pair = SWARM__PAIR__INIT, *pairs[] = {&pair};
    put_network(f, a_host);
    f->task.networks[0]->n_driver_attachment_opts = 1;
    f->task.networks[0]->driver_attachment_opts = pairs;
}

static void service_network(struct fixture *f)
{
    put_network(f, a_host);
    f->spec.n_networks = 1;
    f->spec.networks = f->task.networks;
}

static void port(struct fixture *f)
{
    static Swarm__PortConfig config = SWARM__PORT_CONFIG__INIT;
    f->items[0] = &config;
    f->spec.endpoint = &f->endpoint;
    f->endpoint.n_ports = 1;
    f->endpoint.ports = (Swarm__PortConfig **)f->items;
}

static void dnsrr(struct fixture *f)
{
    f->spec.endpoint = &f->endpoint;
    f->endpoint.mode = SWARM__ENDPOINT_SPEC__RESOLUTION_MODE__DNSRR;
}

static void endpoint_mode(struct fixture *f)
{
    f->spec.endpoint = &f->endpoint;
    f->endpoint.mode = 2;
}

static void resource_reference(struct fixture *f)
{
    static Swarm__ResourceReference reference = SWARM__RESOURCE_REFERENCE__INIT;
    f->items[0] = &reference;
    f->task.n_resource_references = 1;
    f->task.resource_references = (Swarm__ResourceReference **)f->items;
}

static void big_spec(struct fixture *f)
{
    static char big[SPEC_SIZE_LIMIT + 1];
    memset(big, 'x', sizeof(big) - 1);
    f->container.dir = big;
}

static const struct {
    void (*change)(struct fixture *f);
    int code;
    const char *text;
} cases[] = {
    {nothing, 0, NULL},
    {no_replicas, 0, NULL},
    {enough_of_both, 0, NULL},
    {good_constraint, 0, NULL},
    {full_update, 0, NULL},
    {dnsrr, 0, NULL},
    {own_network, 0, NULL},
    {no_annotations, ERR_INVALID_ARGUMENT, "meta: name must be provided"},
    {bad_name, ERR_INVALID_ARGUMENT, "name must be valid as a DNS name component"},
    {negative_replicas, ERR_INVALID_ARGUMENT, "Number of replicas must be non-negative"},
    {many_replicas, ERR_INVALID_ARGUMENT, "number of replicas must not exceed 100000"},
    {no_mode, ERR_INVALID_ARGUMENT, "Unrecognized service mode"},
    {global, ERR_UNIMPLEMENTED,
     "a global service (--mode global) is not supported yet: use --mode replicated with "
     "a "
     "number of replicas"},
    {replicated_job, ERR_UNIMPLEMENTED,
     "a job (--mode replicated-job, global-job) is not supported yet: use --mode "
     "replicated with --restart-condition none"},
    {global_job, ERR_UNIMPLEMENTED,
     "a job (--mode replicated-job, global-job) is not supported yet: use --mode "
     "replicated with --restart-condition none"},
    {no_task, ERR_INVALID_ARGUMENT, "TaskSpec: missing runtime"},
    {no_runtime, ERR_INVALID_ARGUMENT, "TaskSpec: missing runtime"},
    {attachment, ERR_UNIMPLEMENTED, "RuntimeSpec: unimplemented runtime in service spec"},
    {generic_runtime, ERR_UNIMPLEMENTED,
     "RuntimeSpec: unimplemented runtime in service spec"},
    {little_memory, ERR_INVALID_ARGUMENT,
     "invalid memory value 1048576: Must be at least 4MiB"},
    {little_cpu, ERR_INVALID_ARGUMENT,
     "invalid cpu value 0.000999999: Must be at least 0.001"},
    {negative_cpu, ERR_INVALID_ARGUMENT,
     "invalid cpu value -1.5: Must be at least 0.001"},
    {generic_resource, ERR_UNIMPLEMENTED,
     "a generic resource (--generic-resource) is not supported yet: select nodes by "
     "label "
     "with --constraint"},
    {swap, ERR_UNIMPLEMENTED,
     "a limit of swap (--limit-memory-swap, --memory-swappiness) is not supported yet: "
     "limit the memory alone"},
    {restart_delay, ERR_INVALID_ARGUMENT, "TaskSpec: restart-delay cannot be negative"},
    {restart_window, ERR_INVALID_ARGUMENT, "TaskSpec: restart-window cannot be negative"},
    {most_restart_attempts, 0, NULL},
    {too_many_restart_attempts, ERR_INVALID_ARGUMENT,
     "TaskSpec: restart-max-attempts cannot be more than 10000"},
    {restart_condition, ERR_INVALID_ARGUMENT, "unrecognized restart condition 3"},
    {constraint_without_operator, ERR_UNKNOWN,
     "constraint expected one operator from ==, !="},
    {constraint_with_bad_key, ERR_UNKNOWN, "key 'no de' is invalid"},
    {preference, ERR_UNIMPLEMENTED,
     "a placement preference (--placement-pref) is not supported yet: select nodes by "
     "label with --constraint"},
    {max_replicas, ERR_UNIMPLEMENTED,
     "a limit of replicas for each node (--replicas-max-per-node) is not supported yet: "
     "leave it out; replicas are spread over the nodes"},
    {long_restart_window, ERR_INVALID_ARGUMENT,
     "TaskSpec: restart-window cannot be longer than 87600h0m0s (10 years)"},
    {long_update_delay, ERR_INVALID_ARGUMENT,
     "TaskSpec: update-delay cannot be longer than 87600h0m0s (10 years)"},
    {update_delay, ERR_INVALID_ARGUMENT, "TaskSpec: update-delay cannot be negative"},
    {update_monitor, ERR_INVALID_ARGUMENT, "TaskSpec: update-monitor cannot be negative"},
    {update_ratio, ERR_INVALID_ARGUMENT,
     "TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1"},
    {update_ratio_nan, ERR_INVALID_ARGUMENT,
     "TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1"},
    {rollback_ratio, ERR_INVALID_ARGUMENT,
     "TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1"},
    {update_action, ERR_INVALID_ARGUMENT, "unrecognized update failure action 3"},
    {update_order, ERR_INVALID_ARGUMENT, "unrecognized update order 2"},
    {service_network, ERR_UNIMPLEMENTED,
     "Networks of a service is not supported yet: put them into its TaskTemplate"},
    {task_network, ERR_UNIMPLEMENTED,
     "network back: networks that span nodes are not supported yet: a service can use "
     "the "
     "node's own, host, bridge or none"},
    {two_networks, ERR_UNIMPLEMENTED,
     "a service in more than one network is not supported yet: name one"},
    {network_option, ERR_UNIMPLEMENTED,
     "an option for the driver of a network is not supported yet: name the network "
     "alone"},
    {port, ERR_UNIMPLEMENTED,
     "a published port (--publish) is not supported yet: create the service without it"},
    {endpoint_mode, ERR_INVALID_ARGUMENT, "unrecognized endpoint mode 2"},
    {resource_reference, ERR_UNIMPLEMENTED,
     "a resource reference is not supported yet: leave ResourceReferences out"},
    {big_spec, ERR_INVALID_ARGUMENT, "service spec must not be larger than 524288 bytes"},
};

static void each_case_has_its_code_and_text(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        static struct fixture f;
        init(&f);
        cases[i].change(&f);
        struct err e = {0};
        int r = service_spec_validate(&f.spec, &e);
        if (r != cases[i].code)
            fail_msg("case %zu: %d, %s", i, r, e.text);
        if (r)
            assert_string_equal(err_text(&e), cases[i].text);
    }
}

static void a_service_without_a_mode_gets_one_replica(void **state)
{
    cleanup_message Swarm__ServiceSpec *spec =
        message_new(&swarm__service_spec__descriptor);
    assert_int_equal(service_spec_set_defaults(spec), 0);
    assert_int_equal(spec->mode_case, SWARM__SERVICE_SPEC__MODE_REPLICATED);
    assert_int_equal(spec->replicated->replicas, 1);
    assert_non_null(spec->annotations);
    assert_non_null(spec->task);
}

static void no_replicas_stay_none(void **state)
{
    cleanup_message Swarm__ServiceSpec *spec =
        message_new(&swarm__service_spec__descriptor);
    spec->replicated = message_new(&swarm__replicated_service__descriptor);
    spec->mode_case = SWARM__SERVICE_SPEC__MODE_REPLICATED;
    assert_int_equal(service_spec_set_defaults(spec), 0);
    assert_int_equal(spec->replicated->replicas, 0);
}

static int run_defaults(void *user)
{
    cleanup_message Swarm__ServiceSpec *spec =
        message_new(&swarm__service_spec__descriptor);
    return spec ? service_spec_set_defaults(spec) : ERR_NO_MEMORY;
}

static void without_memory_nothing_is_lost(void **state)
{
    assert_int_equal(fault_malloc_each(run_defaults, NULL), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_has_its_code_and_text),
        cmocka_unit_test(a_service_without_a_mode_gets_one_replica),
        cmocka_unit_test(no_replicas_stay_none),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
