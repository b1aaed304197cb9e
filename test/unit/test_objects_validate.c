/* SPDX-License-Identifier: Apache-2.0 */
/* Names, secrets, configs, nodes and the cluster: what is refused, with its exact text,
 * and what isn't. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fault_malloc.h"
#include "literal.h"
#include "objects/objects.h"

#define BAD_NAME                                                                         \
    "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end "    \
    "character must be [a-zA-Z0-9]"
#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct name_case {
    const char *name;
    const char *error; /* NULL: valid */
};

static void check_names(int (*validate)(const char *name, struct err *e),
                        const struct name_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err e = {0};
        int r = validate(cases[i].name, &e);
        assert_int_equal(r, cases[i].error ? ERR_INVALID_ARGUMENT : 0);
        if (r)
            assert_string_equal(err_text(&e), cases[i].error);
    }
}

static void names_of_secrets(void **state)
{
    static const struct name_case cases[] = {
        {"db_password", NULL},
        {"a", NULL},
        {"0.a-b_c.9", NULL},
        {A60 "aaaa", NULL},
        {"", "name must be provided"},
        {NULL, "name must be provided"},
        {A60 "aaaaa", BAD_NAME},
        {"-a", BAD_NAME},
        {"a.", BAD_NAME},
        {"a b", BAD_NAME},
        {"a/b", BAD_NAME},
        {"../a", BAD_NAME},
        {"a\n", BAD_NAME},
        {"\xc3\xa4", BAD_NAME},
    };
    check_names(secret_name_validate, cases, ARRAY_SIZE(cases));
}

static void names_of_services(void **state)
{
    static const struct name_case cases[] = {
        {"web", NULL},
        {"stack_web-1", NULL},
        {"a--__b", NULL},
        {A60 "aaa", NULL},
        {"", "meta: name must be provided"},
        {NULL, "meta: name must be provided"},
        {A60 "aaaa", "name must be 63 characters or fewer"},
        {"-web", "name must be valid as a DNS name component"},
        {"web-", "name must be valid as a DNS name component"},
        {"we.b", "name must be valid as a DNS name component"},
        {"we b", "name must be valid as a DNS name component"},
    };
    check_names(service_name_validate, cases, ARRAY_SIZE(cases));
}

/* A secret's spec on the stack; its data lies in `data`. */
struct secret_fixture {
    Swarm__Annotations annotations;
    Swarm__SecretSpec spec;
    Swarm__Driver driver;
    uint8_t data[CONFIG_DATA_LIMIT];
};

static struct secret_fixture *secret(size_t size)
{
    static struct secret_fixture f;
    swarm__annotations__init(&f.annotations);
    swarm__secret_spec__init(&f.spec);
    swarm__driver__init(&f.driver);
    f.annotations.name = literal("pw");
    f.spec.annotations = &f.annotations;
    f.spec.data = (ProtobufCBinaryData){size, f.data};
    return &f;
}

static void expect_secret(const struct secret_fixture *f, int code, const char *text)
{
    struct err e = {0};
    assert_int_equal(secret_spec_validate(&f->spec, &e), code);
    if (code)
        assert_string_equal(err_text(&e), text);
}

static void sizes_of_secrets(void **state)
{
    static const char text[] =
        "secret data must be larger than 0 and less than 512000 bytes";
    expect_secret(secret(0), ERR_INVALID_ARGUMENT, text);
    expect_secret(secret(1), 0, NULL);
    expect_secret(secret(511999), 0, NULL);
    expect_secret(secret(512000), ERR_INVALID_ARGUMENT, text);
}

static void secrets_without_a_name(void **state)
{
    struct secret_fixture *f = secret(1);
    f->spec.annotations = NULL;
    expect_secret(f, ERR_INVALID_ARGUMENT, "name must be provided");
    f->spec.annotations = &f->annotations;
    f->annotations.name = literal("-");
    expect_secret(f, ERR_INVALID_ARGUMENT, BAD_NAME);
}

static void drivers_and_templates_of_secrets(void **state)
{
    struct secret_fixture *f = secret(1);
    f->spec.driver = &f->driver;
    expect_secret(f, ERR_INVALID_ARGUMENT, "secret driver must have a name");
    f->driver.name = literal("vault");
    expect_secret(f, ERR_UNIMPLEMENTED,
                  "a secret driver (--driver) is not supported yet: give the value "
                  "itself, or use an se:// reference");
    f->spec.driver = NULL;
    f->spec.templating = &f->driver;
    expect_secret(f, ERR_UNIMPLEMENTED,
                  "a template driver (--template-driver) is not supported yet: create it "
                  "from the final text");
}

static void labels_have_a_limit(void **state)
{
    struct secret_fixture *f = secret(1);
    static Swarm__Pair pair = SWARM__PAIR__INIT;
    static Swarm__Pair *pairs[LABELS_LIMIT + 1];
    pair.key = literal("k");
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        pairs[i] = &pair;
    f->annotations.labels = pairs;
    f->annotations.n_labels = LABELS_LIMIT;
    expect_secret(f, 0, NULL);
    f->annotations.n_labels = LABELS_LIMIT + 1;
    expect_secret(f, ERR_INVALID_ARGUMENT, "there must not be more than 4096 labels");
    static char big[ANNOTATIONS_SIZE_LIMIT + 1];
    memset(big, 'x', sizeof(big) - 1);
    pair.value = big;
    f->annotations.n_labels = 1;
    expect_secret(f, ERR_INVALID_ARGUMENT,
                  "name and labels must not be larger than 65536 bytes");
}

static void configs(void **state)
{
    struct secret_fixture *f = secret(1);
    Swarm__ConfigSpec spec = SWARM__CONFIG_SPEC__INIT;
    struct err e = {0};
    assert_int_equal(config_spec_validate(&spec, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(err_text(&e), "name must be provided");
    spec.annotations = &f->annotations;
    static const char size[] =
        "config data must be larger than 0 and less than 1024000 bytes";
    assert_int_equal(config_spec_validate(&spec, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(err_text(&e), size);
    spec.data = (ProtobufCBinaryData){1024000, f->data};
    assert_int_equal(config_spec_validate(&spec, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(err_text(&e), size);
    spec.data.len = 1023999;
    assert_int_equal(config_spec_validate(&spec, &e), 0);
    spec.templating = &f->driver;
    assert_int_equal(config_spec_validate(&spec, &e), ERR_UNIMPLEMENTED);
}

static void nodes(void **state)
{
    Swarm__NodeSpec spec = SWARM__NODE_SPEC__INIT;
    struct err e = {0};
    assert_int_equal(node_spec_validate(&spec, &e), 0);
    spec.desired_role = SWARM__NODE_ROLE__MANAGER;
    spec.availability = SWARM__NODE_SPEC__AVAILABILITY__DRAIN;
    spec.membership = SWARM__NODE_SPEC__MEMBERSHIP__ACCEPTED;
    assert_int_equal(node_spec_validate(&spec, &e), 0);
    spec.desired_role = 2;
    assert_int_equal(node_spec_validate(&spec, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(err_text(&e), "invalid Role: \"2\"");
    spec.desired_role = 0;
    spec.availability = 3;
    assert_int_equal(node_spec_validate(&spec, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(err_text(&e), "invalid Availability: \"3\"");
    spec.availability = 0;
    spec.membership = 2;
    assert_int_equal(node_spec_validate(&spec, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(err_text(&e), "invalid Membership: \"2\"");
}

static void the_clusters_defaults(void **state)
{
    cleanup_message Swarm__ClusterSpec *spec =
        message_new(&swarm__cluster_spec__descriptor);
    assert_int_equal(cluster_spec_set_defaults(spec), 0);
    assert_string_equal(spec->annotations->name, "default");
    assert_int_equal(spec->orchestration->task_history_retention_limit, 5);
    assert_int_equal(spec->raft->snapshot_interval, 10000);
    assert_int_equal(spec->raft->keep_old_snapshots, 0);
    assert_int_equal(spec->raft->log_entries_for_slow_followers, 500);
    assert_int_equal(spec->raft->election_tick, 10);
    assert_int_equal(spec->raft->heartbeat_tick, 1);
    assert_int_equal(message_duration(spec->dispatcher->heartbeat_period, 0), 5000000000);
    assert_int_equal(message_duration(spec->ca_config->node_cert_expiry, 0),
                     7776000000000000);
    assert_non_null(spec->task_defaults);
    assert_non_null(spec->encryption_config);
    assert_int_equal(cluster_spec_validate(spec, NULL), 0);
}

static void the_clusters_defaults_leave_what_is_given(void **state)
{
    cleanup_message Swarm__ClusterSpec *spec =
        message_new(&swarm__cluster_spec__descriptor);
    spec->orchestration = message_new(&swarm__orchestration_config__descriptor);
    spec->dispatcher = message_new(&swarm__dispatcher_config__descriptor);
    spec->raft = message_new(&swarm__raft_config__descriptor);
    spec->raft->election_tick = 3;
    assert_int_equal(
        message_set_duration(&spec->dispatcher->heartbeat_period, CLOCK_SECOND), 0);
    assert_int_equal(cluster_spec_set_defaults(spec), 0);
    assert_int_equal(spec->orchestration->task_history_retention_limit, 0);
    assert_int_equal(spec->raft->election_tick, 3);
    assert_int_equal(spec->raft->heartbeat_tick, 1);
    assert_int_equal(message_duration(spec->dispatcher->heartbeat_period, 0),
                     CLOCK_SECOND);
}

static int run_defaults(void *user)
{
    cleanup_message Swarm__ClusterSpec *spec =
        message_new(&swarm__cluster_spec__descriptor);
    return spec ? cluster_spec_set_defaults(spec) : ERR_NO_MEMORY;
}

static void without_memory_nothing_is_lost(void **state)
{
    assert_true(fault_malloc_each(run_defaults, NULL) > 8);
}

static void expect_cluster(const Swarm__ClusterSpec *spec, int code, const char *text)
{
    struct err e = {0};
    assert_int_equal(cluster_spec_validate(spec, &e), code);
    assert_string_equal(err_text(&e), text);
}

static void what_the_cluster_refuses(void **state)
{
    cleanup_message Swarm__ClusterSpec *spec =
        message_new(&swarm__cluster_spec__descriptor);
    expect_cluster(spec, ERR_INVALID_ARGUMENT,
                   "modification of cluster name is not allowed");
    assert_int_equal(cluster_spec_set_defaults(spec), 0);
    assert_int_equal(
        message_set_duration(&spec->dispatcher->heartbeat_period, -CLOCK_SECOND), 0);
    expect_cluster(spec, ERR_INVALID_ARGUMENT,
                   "heartbeat time period cannot be a negative duration");
    assert_int_equal(
        message_set_duration(&spec->ca_config->node_cert_expiry, CLOCK_HOUR - 1), 0);
    expect_cluster(spec, ERR_INVALID_ARGUMENT,
                   "minimum certificate expiry time is: 1h0m0s");
    spec->ca_config->node_cert_expiry->seconds = INT64_MAX;
    expect_cluster(spec, ERR_INVALID_ARGUMENT,
                   "certificate expiry time cannot be longer than 87600h0m0s (10 years)");
    assert_int_equal(message_set_duration(&spec->ca_config->node_cert_expiry, CLOCK_HOUR),
                     0);
    spec->dispatcher->heartbeat_period->seconds = INT64_MAX;
    expect_cluster(spec, ERR_INVALID_ARGUMENT,
                   "heartbeat time period cannot be longer than 87600h0m0s (10 years)");
    spec->ca_config->force_rotate = 1;
    expect_cluster(
        spec, ERR_UNIMPLEMENTED,
        "a new root certificate (swarm ca --rotate) is not supported yet: leave "
        "ForceRotate, SigningCACert and SigningCAKey out");
    spec->ca_config->force_rotate = 0;
    Swarm__ExternalCA *external = message_new(&swarm__external_ca__descriptor);
    assert_int_equal(message_append(&spec->ca_config->n_external_cas,
                                    &spec->ca_config->external_cas, external),
                     0);
    expect_cluster(spec, ERR_UNIMPLEMENTED,
                   "an external certificate authority (--external-ca) is not supported "
                   "yet: let the cluster issue its own certificates");
}

static void the_cluster_takes_bcrypt_only(void **state)
{
    cleanup_message Swarm__ClusterSpec *spec =
        message_new(&swarm__cluster_spec__descriptor);
    assert_int_equal(cluster_spec_set_defaults(spec), 0);
    spec->acceptance_policy = message_new(&swarm__acceptance_policy__descriptor);
    Swarm__AcceptancePolicy__RoleAdmissionPolicy *policy =
        message_new(&swarm__acceptance_policy__role_admission_policy__descriptor);
    policy->secret =
        message_new(&swarm__acceptance_policy__role_admission_policy__secret__descriptor);
    assert_int_equal(message_append(&spec->acceptance_policy->n_policies,
                                    &spec->acceptance_policy->policies, policy),
                     0);
    assert_int_equal(message_set_string(&policy->secret->alg, "md5"), 0);
    expect_cluster(spec, ERR_INVALID_ARGUMENT, "hashing algorithm is not supported: md5");
    assert_int_equal(message_set_string(&policy->secret->alg, "BCrypt"), 0);
    assert_int_equal(cluster_spec_validate(spec, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_secrets),
        cmocka_unit_test(names_of_services),
        cmocka_unit_test(sizes_of_secrets),
        cmocka_unit_test(secrets_without_a_name),
        cmocka_unit_test(drivers_and_templates_of_secrets),
        cmocka_unit_test(labels_have_a_limit),
        cmocka_unit_test(configs),
        cmocka_unit_test(nodes),
        cmocka_unit_test(the_clusters_defaults),
        cmocka_unit_test(the_clusters_defaults_leave_what_is_given),
        cmocka_unit_test(without_memory_nothing_is_lost),
        cmocka_unit_test(what_the_cluster_refuses),
        cmocka_unit_test(the_cluster_takes_bcrypt_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
