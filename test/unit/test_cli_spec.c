/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "cli/service.h"
#include "cli/service_spec.h"
#include "cli/split.h"

#define WORDS_MAX 40

/* Applies flags to a spec given as text; *out is the whole spec as text. */
static int apply(const struct flag *table, const char *before, const char *const *words,
                 json_t **out, struct err *e)
{
    char *argv[WORDS_MAX];
    int argc = 0;
    struct flags f = FLAGS_INIT;
    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    int r = flags_parse(&f, table, false, &argc, argv, e);
    *out = json_loads(before, 0, NULL);
    if (!r)
        r = spec_apply_environment(*out, &f, e);
    if (!r)
        r = spec_apply_scalars(*out, &f, e);
    if (!r)
        r = spec_apply_lists(*out, &f, e);
    if (!r)
        r = spec_apply_capabilities(*out, &f, e);
    flags_deinit(&f);
    return r;
}

static void assert_spec(const struct flag *table, const char *before,
                        const char *const *words, const char *expected)
{
    struct err e = {0};
    cleanup_json json_t *spec = NULL, *wanted = json_loads(expected, 0, NULL);
    int r = apply(table, before, words, &spec, &e);
    if (r)
        print_error("%s\n", e.text);
    assert_int_equal(r, 0);
    assert_non_null(wanted);
    if (!json_equal(spec, wanted)) {
        char *text = json_dumps(spec, 0);
        print_error("%s\n", text);
        free(text);
    }
    assert_true(json_equal(spec, wanted));
}

static void assert_refused(const struct flag *table, const char *const *words,
                           const char *text)
{
    struct err e = {0};
    cleanup_json json_t *spec = NULL;
    assert_int_equal(apply(table, "{}", words, &spec, &e), ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(e.text, text));
}

#define W(...)                                                                           \
    (const char *const[])                                                                \
    {                                                                                    \
        __VA_ARGS__, NULL                                                                \
    }
#define CONTAINER(inner) "{\"TaskTemplate\": {\"ContainerSpec\": {" inner "}}}"

static void a_flag_sets_its_field(void **state)
{
    assert_spec(
        service_create_flags, "{}",
        W("--hostname", "h", "-u", "5", "--read-only", "--stop-grace-period", "3s",
          "--init=false", "--entrypoint", "sh -c 'a b'"),
        CONTAINER("\"Hostname\": \"h\", \"User\": \"5\", \"ReadOnly\": true, "
                  "\"StopGracePeriod\": 3000000000, \"Init\": false, \"Command\": "
                  "[\"sh\", \"-c\", \"a b\"]"));
    assert_spec(
        service_create_flags, "{}",
        W("--limit-memory", "64m", "--limit-cpu", "0.5", "--reserve-cpu", "1"),
        "{\"TaskTemplate\": {\"Resources\": {\"Limits\": {\"MemoryBytes\": 67108864,"
        " \"NanoCPUs\": 500000000}, \"Reservations\": {\"NanoCPUs\": "
        "1000000000}}}}");
}

static void a_policy_is_whole(void **state)
{
    assert_spec(
        service_create_flags, "{}", W("--restart-max-attempts", "3"),
        "{\"TaskTemplate\": {\"RestartPolicy\": {\"Condition\": \"any\", \"Delay\": "
        "5000000000, \"MaxAttempts\": 3}}}");
    assert_spec(
        service_update_flags, "{}", W("--update-delay", "1s"),
        "{\"UpdateConfig\": {\"Parallelism\": 1, \"FailureAction\": \"pause\", "
        "\"Monitor\": 5000000000, \"MaxFailureRatio\": 0, \"Order\": \"stop-first\", "
        "\"Delay\": 1000000000}}");
    assert_spec(service_update_flags, "{\"RollbackConfig\": {\"Parallelism\": 7}}",
                W("--rollback-order", "start-first"),
                "{\"RollbackConfig\": {\"Parallelism\": 7, \"Order\": \"start-first\"}}");
}

static void a_network_is_named(void **state)
{
    static const char attached[] = "{\"TaskTemplate\": {\"Networks\": "
                                   "[{\"Target\": \"none\"}]}}";
    assert_spec(service_create_flags, "{}", W("--network", "none"), attached);
    assert_spec(service_update_flags,
                "{\"TaskTemplate\": {\"Networks\": [{\"Target\": \"host\"}]}}",
                W("--network-rm", "host", "--network-add", "none"), attached);
    assert_refused(service_create_flags, W("--network", "name=host,alias=a"),
                   "give just its name");
}

static void health_checks_are_set_or_switched_off(void **state)
{
    assert_spec(
        service_create_flags, "{}", W("--health-cmd", "a b", "--health-retries", "2"),
        CONTAINER("\"Healthcheck\": {\"Test\": [\"CMD-SHELL\", \"a b\"], \"Retries\":"
                  " 2}"));
    assert_spec(service_update_flags, CONTAINER("\"Healthcheck\": {\"Retries\": 2}"),
                W("--no-healthcheck"),
                CONTAINER("\"Healthcheck\": {\"Test\": [\"NONE\"]}"));
    assert_refused(service_create_flags, W("--no-healthcheck", "--health-cmd", "x"),
                   "conflicts");
}

static void lists_are_changed_by_their_keys(void **state)
{
    assert_spec(service_update_flags, CONTAINER("\"Env\": [\"A=1\", \"B=2\"]"),
                W("--env-add", "A=3", "--env-add", "C=4", "--env-rm", "B"),
                CONTAINER("\"Env\": [\"A=3\", \"C=4\"]"));
    assert_spec(service_update_flags,
                CONTAINER("\"Mounts\": [{\"Type\": \"volume\", \"Target\": \"/a\"}]"),
                W("--mount-rm", "/a", "--mount-add", "type=tmpfs,dst=/b"),
                CONTAINER("\"Mounts\": [{\"Type\": \"tmpfs\", \"Target\": \"/b\"}]"));
    assert_spec(service_update_flags,
                CONTAINER("\"Ulimits\": [{\"Name\": \"n\", \"Hard\": 1, \"Soft\": 1}]"),
                W("--ulimit-add", "n=2:3", "--host-add", "h:1.2.3.4"),
                CONTAINER("\"Ulimits\": [{\"Name\": \"n\", \"Hard\": 3, \"Soft\": 2}], "
                          "\"Hosts\": [\"1.2.3.4 h\"]"));
    assert_spec(service_update_flags, "{\"Labels\": {\"a\": \"1\", \"b\": \"\"}}",
                W("--label-add", "c=d=e", "--label-rm", "a"),
                "{\"Labels\": {\"b\": \"\", \"c\": \"d=e\"}}");
}

static void log_options_belong_to_a_driver(void **state)
{
    assert_spec(
        service_update_flags,
        "{\"TaskTemplate\": {\"LogDriver\": {\"Name\": \"x\", \"Options\": {\"o\": "
        "\"1\"}}}}",
        W("--log-driver", "json-file", "--log-opt", "max-size=1m"),
        "{\"TaskTemplate\": {\"LogDriver\": {\"Name\": \"json-file\", \"Options\": "
        "{\"max-size\": \"1m\"}}}}");
    assert_refused(service_create_flags, W("--log-opt", "a=b"), "--log-driver");
}

static void capabilities_have_one_spelling(void **state)
{
    assert_spec(service_create_flags, "{}",
                W("--cap-add", "net_raw", "--cap-add", "CAP_CHOWN", "--cap-drop", "all"),
                CONTAINER("\"CapabilityAdd\": [\"CAP_CHOWN\", \"CAP_NET_RAW\"], "
                          "\"CapabilityDrop\": [\"ALL\"]"));
    assert_spec(service_create_flags, "{}",
                W("--cap-add", "chown", "--cap-drop", "chown"),
                CONTAINER("\"CapabilityDrop\": [\"CAP_CHOWN\"]"));
}

static void an_opposite_capability_goes_back_to_the_default(void **state)
{
    assert_spec(service_update_flags, CONTAINER("\"CapabilityAdd\": [\"CAP_CHOWN\"]"),
                W("--cap-drop", "chown"), "{\"TaskTemplate\": {\"ContainerSpec\": {}}}");
    assert_spec(service_update_flags, CONTAINER("\"CapabilityAdd\": [\"CAP_CHOWN\"]"),
                W("--cap-add", "RESET"), "{\"TaskTemplate\": {\"ContainerSpec\": {}}}");
}

static void a_name_alone_takes_our_variable(void **state)
{
    setenv("COFFER_TEST_A", "ours", 1);
    unsetenv("COFFER_TEST_B");
    assert_spec(service_create_flags, "{}",
                W("-e", "COFFER_TEST_A", "-e", "COFFER_TEST_B"),
                CONTAINER("\"Env\": [\"COFFER_TEST_A=ours\", \"COFFER_TEST_B\"]"));
    assert_refused(service_create_flags, W("-e", "=x"),
                   "invalid environment variable: =x");
}

static void a_file_of_variables_is_read(void **state)
{
    char path[] = "/tmp/coffer-test-env-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    fputs("# comment\n A=1\r\n\nB=two words\nCOFFER_TEST_B\nA=3", f);
    fclose(f);
    unsetenv("COFFER_TEST_B");
    assert_spec(service_create_flags, "{}", W("-e", "B=9", "--env-file", path),
                CONTAINER("\"Env\": [\"A=3\", \"B=9\"]"));
    remove(path);
}

/* ---- mounts and references ---- */

static void assert_mount(const char *text, const char *expected)
{
    struct err e = {0};
    cleanup_json json_t *mount = NULL, *wanted = json_loads(expected, 0, NULL);
    assert_int_equal(spec_parse_mount(text, &mount, &e), 0);
    assert_true(json_equal(mount, wanted));
}

static void assert_no_mount(const char *text, const char *why)
{
    struct err e = {0};
    json_t *mount = NULL;
    assert_int_equal(spec_parse_mount(text, &mount, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, why);
}

static void mounts_are_read_by_their_keys(void **state)
{
    assert_mount(
        "src=v,dst=/x,ro",
        "{\"Type\": \"volume\", \"Source\": \"v\", \"Target\": \"/x\", \"ReadOnly\": "
        "true}");
    assert_mount(
        "type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770",
        "{\"Type\": \"tmpfs\", \"Target\": \"/t\", \"TmpfsOptions\": {\"SizeBytes\": "
        "1048576, \"Mode\": 1016}}");
    assert_mount("target=/v,volume-driver=d,\"volume-opt=o=a,b\",volume-label=l=1",
                 "{\"Type\": \"volume\", \"Target\": \"/v\", \"VolumeOptions\": "
                 "{\"DriverConfig\": {\"Name\": \"d\", \"Options\": {\"o\": \"a,b\"}}, "
                 "\"Labels\": {\"l\": \"1\"}}}");
    assert_no_mount("type=bind,source=/", "target is required");
    assert_no_mount("target=/x,nope=1", "unexpected key 'nope' in 'nope=1'");
    assert_no_mount("target", "invalid field 'target' must be a key=value pair");
    assert_no_mount("target=/x,ro=maybe", "invalid value for ro: maybe");
    assert_no_mount("type=bind,target=/x,tmpfs-size=1",
                    "cannot mix 'tmpfs-*' options with mount type 'bind'");
    assert_no_mount("target=/x,\"a", "extraneous or missing \" in quoted-field");
}

static void assert_reference(const char *text, const char *expected)
{
    struct err e = {0};
    cleanup_json json_t *reference = NULL, *wanted = json_loads(expected, 0, NULL);
    assert_int_equal(spec_parse_reference("secret", text, &reference, &e), 0);
    assert_true(json_equal(reference, wanted));
}

static void assert_no_reference(const char *text, const char *why)
{
    struct err e = {0};
    json_t *reference = NULL;
    assert_int_equal(spec_parse_reference("secret", text, &reference, &e),
                     ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(e.text, why));
}

static void references_have_a_short_and_a_long_form(void **state)
{
    assert_reference("s1",
                     "{\"Source\": \"s1\", \"File\": {\"Name\": \"s1\", \"UID\": \"0\", "
                     "\"GID\": \"0\", \"Mode\": 292}}");
    assert_reference(
        "source=s2,target=db/pw,uid=33,gid=44,mode=0400",
        "{\"Source\": \"s2\", \"File\": {\"Name\": \"db/pw\", \"UID\": \"33\", "
        "\"GID\": \"44\", \"Mode\": 256}}");
    assert_reference("src=s3",
                     "{\"Source\": \"s3\", \"File\": {\"Name\": \"s3\", \"UID\": "
                     "\"0\", \"GID\": \"0\", \"Mode\": 292}}");
    assert_no_reference("", "source is required");
    assert_no_reference("uid=1", "source is required");
    assert_no_reference("x=y", "invalid field in secret request: x");
    assert_no_reference("source=a,mode=0999", "invalid mode specified");
    assert_no_reference("source=a,b", "must be a key=value pair");
}

static void assert_words(const char *text, const char *expected)
{
    cleanup_json json_t *words = json_array(), *wanted = json_loads(expected, 0, NULL);
    assert_int_equal(split_words(text, words, NULL), 0);
    assert_true(json_equal(words, wanted));
}

static void words_are_split_as_a_shell_does(void **state)
{
    assert_words("", "[]");
    assert_words("  a  b\tc ", "[\"a\", \"b\", \"c\"]");
    assert_words("sh -c 'a b' \"c \\\" d\" e\\ f ''",
                 "[\"sh\", \"-c\", \"a b\", \"c \\\" d\", "
                 "\"e f\", \"\"]");
    assert_words("a'b'c", "[\"abc\"]");
    cleanup_json json_t *words = json_array();
    assert_int_equal(split_words("'open", words, NULL), ERR_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flag_sets_its_field),
        cmocka_unit_test(a_policy_is_whole),
        cmocka_unit_test(a_network_is_named),
        cmocka_unit_test(health_checks_are_set_or_switched_off),
        cmocka_unit_test(lists_are_changed_by_their_keys),
        cmocka_unit_test(log_options_belong_to_a_driver),
        cmocka_unit_test(capabilities_have_one_spelling),
        cmocka_unit_test(an_opposite_capability_goes_back_to_the_default),
        cmocka_unit_test(a_name_alone_takes_our_variable),
        cmocka_unit_test(a_file_of_variables_is_read),
        cmocka_unit_test(mounts_are_read_by_their_keys),
        cmocka_unit_test(references_have_a_short_and_a_long_form),
        cmocka_unit_test(words_are_split_as_a_shell_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
