/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: that they fit the messages, and what goes in comes out again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/tables.h"
#include "base/mem.h"
#include "base/str.h"

static const struct api_table *const tables[] = {
    &api_table_secret,       &api_table_config,       &api_table_node,
    &api_table_cluster_head, &api_table_task,         &api_table_service_head,
    &api_table_service_tail, &api_table_service_spec, &api_table_network,
};

/* ---- every row fits ---- */

static bool is_plain_message(const void *type)
{
    return type == &swarm__duration__descriptor ||
           type == &swarm__timestamp__descriptor ||
           type == &swarm__bool_value__descriptor ||
           type == &swarm__int64_value__descriptor || type == &swarm__pair__descriptor;
}

static void check_table(const struct api_table *table);

static void check_row(const struct api_table *table, const struct api_field *row)
{
    const ProtobufCFieldDescriptor *field = api_table_field(table, row);
    if (row->flags & API_REFUSE || row->custom) {
        assert_non_null(row->name);
        assert_null(row->proto);
        return;
    }
    if (!row->proto) {
        assert_true(row->flags & API_INLINE);
        assert_ptr_equal(row->table->type, table->type);
        check_table(row->table);
        return;
    }
    if (!field)
        fail_msg("%s has no field %s", table->type->name, row->proto);
    assert_true(row->name || (row->flags & API_INLINE));
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        assert_non_null(row->names);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && !is_plain_message(field->descriptor)) {
        assert_non_null(row->table);
        assert_ptr_equal(row->table->type, field->descriptor);
        check_table(row->table);
    }
}

static void check_table(const struct api_table *table)
{
    for (size_t i = 0; i < table->n; i++)
        check_row(table, &table->fields[i]);
}

static void each_row_fits_its_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        check_table(tables[i]);
}

/* ---- in and out ---- */

static ProtobufCMessage *decode(const struct api_table *table, const char *text)
{
    struct err e = {0};
    cleanup_json json_t *j = NULL;
    ProtobufCMessage *m = NULL;
    if (api_json_parse(text, strlen(text), &j, &e) ||
        api_table_decode_new(table, j, &m, &e))
        fail_msg("%s", err_text(&e));
    return m;
}

static void encode(const struct api_table *table, const ProtobufCMessage *m,
                   struct buf *out)
{
    struct api_json_out w;
    api_json_begin(&w, out);
    api_table_encode(table, m, &w);
    assert_int_equal(api_json_end(&w), 0);
}

static void check_same(const struct api_table *table, const char *text)
{
    cleanup_buf struct buf out = BUF_INIT, expected = BUF_INIT;
    cleanup_message ProtobufCMessage *m = decode(table, text);
    encode(table, m, &out);
    assert_int_equal(buf_printf(&expected, "%s\n", text), 0);
    assert_string_equal(buf_str(&out), buf_str(&expected));
    cleanup_message ProtobufCMessage *again = decode(table, buf_str(&out));
    assert_true(message_equal(m, again));
}

static void a_full_service_comes_out_as_it_went_in(void **state)
{
    (void)state;
    static char path[512], text[16384];
    snprintf(path, sizeof(path), "%s/test/unit/data/api/service_full.json",
             getenv("COFFER_SOURCE"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    text[strcspn(text, "\n")] = '\0';
    check_same(&api_table_service_spec, text);
}

static void the_other_modes_come_out_as_they_went_in(void **state)
{
    (void)state;
    static const char *const modes[] = {
        "\"Global\":{}", "\"GlobalJob\":{}",
        "\"ReplicatedJob\":{\"MaxConcurrent\":2,\"TotalCompletions\":3}"};
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        cleanup_free char *text = str_format(
            "{\"Name\":\"j\",\"Labels\":{},\"TaskTemplate\":{\"ForceUpdate\":0},"
            "\"Mode\":{%s}}",
            modes[i]);
        check_same(&api_table_service_spec, text);
    }
}

static void templates_and_drivers_come_out_as_they_went_in(void **state)
{
    (void)state;
    check_same(&api_table_secret_spec,
               "{\"Name\":\"s\",\"Labels\":{\"k\":\"v\"},\"Driver\":{\"Name\":\"vault\"},"
               "\"Templating\":{\"Name\":\"golang\",\"Options\":{\"a\":\"b\"}}}");
    check_same(&api_table_config_spec,
               "{\"Name\":\"c\",\"Labels\":{},\"Data\":\"aGVsbG8=\"}");
}

static void the_data_of_a_secret_never_comes_out(void **state)
{
    (void)state;
    cleanup_buf struct buf out = BUF_INIT;
    cleanup_message ProtobufCMessage *m =
        decode(&api_table_secret_spec, "{\"Name\":\"s\",\"Data\":\"aGVsbG8=\"}");
    assert_int_equal(((Swarm__SecretSpec *)m)->data.len, 5);
    assert_memory_equal(((Swarm__SecretSpec *)m)->data.data, "hello", 5);
    encode(&api_table_secret_spec, m, &out);
    assert_string_equal(buf_str(&out), "{\"Name\":\"s\",\"Labels\":{}}\n");
}

static void the_key_of_a_certificate_authority_never_comes_out(void **state)
{
    (void)state;
    cleanup_buf struct buf out = BUF_INIT;
    cleanup_message ProtobufCMessage *m =
        decode(&api_table_cluster_spec,
               "{\"CAConfig\":{\"SigningCACert\":\"CERT\",\"SigningCAKey\":\"KEY\"}}");
    encode(&api_table_cluster_spec, m, &out);
    assert_non_null(strstr(buf_str(&out), "CERT"));
    assert_null(strstr(buf_str(&out), "KEY"));
}

static void a_policy_without_a_condition_restarts_always(void **state)
{
    (void)state;
    cleanup_message ProtobufCMessage *m =
        decode(&api_table_service_spec,
               "{\"TaskTemplate\":{\"RestartPolicy\":{\"MaxAttempts\":3}}}");
    assert_int_equal(((Swarm__ServiceSpec *)m)->task->restart->condition,
                     SWARM__RESTART_POLICY__RESTART_CONDITION__ANY);
}

static void no_labels_take_those_away_that_were_there(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "{\"Labels\":null}", "{\"Labels\":{}}"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct err e = {0};
        cleanup_message ProtobufCMessage *m =
            decode(&api_table_cluster_spec, "{\"Labels\":{\"a\":\"b\"}}");
        cleanup_json json_t *j = json_loads(texts[i], 0, NULL);
        assert_int_equal(api_table_decode(&api_table_cluster_spec, j, m, &e), 0);
        assert_int_equal(((Swarm__ClusterSpec *)m)->annotations->n_labels, i < 2);
    }
}

static void null_leaves_a_field_as_it_is(void **state)
{
    (void)state;
    struct err e = {0};
    cleanup_message ProtobufCMessage *m =
        decode(&api_table_config_spec, "{\"Name\":\"c\",\"Labels\":{\"a\":\"b\"}}");
    cleanup_json json_t *j = json_pack("{s:n, s:n}", "Name", "Labels");
    assert_int_equal(api_table_decode(&api_table_config_spec, j, m, &e), 0);
    assert_string_equal(((Swarm__ConfigSpec *)m)->annotations->name, "c");
    assert_int_equal(((Swarm__ConfigSpec *)m)->annotations->n_labels, 1);
}

/* ---- refusals ---- */

static void check_refused(const struct api_table *table, const char *text, int code,
                          const char *why)
{
    struct err e = {0};
    cleanup_json json_t *j = NULL;
    ProtobufCMessage *m = NULL;
    assert_int_equal(api_json_parse(text, strlen(text), &j, &e), 0);
    assert_int_equal(api_table_decode_new(table, j, &m, &e), code);
    assert_string_equal(e.text, why);
}

static void values_of_the_wrong_kind_are_refused_with_their_path(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"{\"Name\":{}}", "Name: must be a string"},
        {"{\"TaskTemplate\":[]}", "TaskTemplate: must be an object"},
        {"{\"TaskTemplate\":{\"ContainerSpec\":{\"Env\":\"a\"}}}",
         "TaskTemplate.ContainerSpec.Env: must be a list"},
        {"{\"TaskTemplate\":{\"ContainerSpec\":{\"Env\":[\"a\",1]}}}",
         "TaskTemplate.ContainerSpec.Env[1]: must be a string"},
        {"{\"TaskTemplate\":{\"ContainerSpec\":{\"Init\":1}}}",
         "TaskTemplate.ContainerSpec.Init: must be true or false"},
        {"{\"TaskTemplate\":{\"ContainerSpec\":{\"TTY\":1}}}",
         "TaskTemplate.ContainerSpec.TTY: must be true or false"},
        {"{\"TaskTemplate\":{\"ContainerSpec\":{\"Labels\":[]}}}",
         "TaskTemplate.ContainerSpec.Labels: must be an object"},
        {"{\"TaskTemplate\":{\"ContainerSpec\":{\"StopGracePeriod\":\"1s\"}}}",
         "TaskTemplate.ContainerSpec.StopGracePeriod: must be a whole number"},
        {"{\"TaskTemplate\":{\"ContainerSpec\":{\"Secrets\":[{\"File\":{\"Mode\":-1}}]}}"
         "}",
         "TaskTemplate.ContainerSpec.Secrets[0].File.Mode: is out of range"},
        {"{\"TaskTemplate\":{\"ContainerSpec\":{\"Secrets\":[{\"File\":{\"Mode\":"
         "4294967296"
         "}}]}}}",
         "TaskTemplate.ContainerSpec.Secrets[0].File.Mode: is out of range"},
        {"{\"TaskTemplate\":{\"ForceUpdate\":1.5}}",
         "TaskTemplate.ForceUpdate: must be a whole number"},
        {"{\"TaskTemplate\":{\"Resources\":{\"Limits\":{\"Pids\":\"x\"}}}}",
         "TaskTemplate.Resources: Limits.Pids: must be a whole number"},
        {"{\"TaskTemplate\":{\"Resources\":3}}",
         "TaskTemplate.Resources: must be an object"},
        {"{\"UpdateConfig\":{\"MaxFailureRatio\":\"x\"}}",
         "UpdateConfig.MaxFailureRatio: must be a number"},
        {"{\"UpdateConfig\":{\"Order\":\"x\"}}", "invalid update order: \"x\""},
        {"{\"UpdateConfig\":{\"Order\":1}}", "UpdateConfig.Order: must be a string"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_refused(&api_table_service_spec, cases[i].text, ERR_INVALID_ARGUMENT,
                      cases[i].why);
}

static void a_list_past_its_limit_is_refused(void **state)
{
    (void)state;
    struct err e = {0};
    cleanup_json json_t *j = json_object();
    json_t *labels = json_object();
    for (int i = 0; i <= API_LIST_MAX; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        assert_int_equal(json_object_set_new(labels, key, json_string("")), 0);
    }
    assert_int_equal(json_object_set_new(j, "Labels", labels), 0);
    ProtobufCMessage *m = NULL;
    assert_int_equal(api_table_decode_new(&api_table_config_spec, j, &m, &e),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "Labels: has more than 4096 entries");
    assert_int_equal(json_object_del(labels, "0"), 0);
    assert_int_equal(api_table_decode_new(&api_table_config_spec, j, &m, &e), 0);
    assert_int_equal(((Swarm__ConfigSpec *)m)->annotations->n_labels, API_LIST_MAX);
    message_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_fits_its_message),
        cmocka_unit_test(a_full_service_comes_out_as_it_went_in),
        cmocka_unit_test(the_other_modes_come_out_as_they_went_in),
        cmocka_unit_test(templates_and_drivers_come_out_as_they_went_in),
        cmocka_unit_test(the_data_of_a_secret_never_comes_out),
        cmocka_unit_test(the_key_of_a_certificate_authority_never_comes_out),
        cmocka_unit_test(a_policy_without_a_condition_restarts_always),
        cmocka_unit_test(no_labels_take_those_away_that_were_there),
        cmocka_unit_test(null_leaves_a_field_as_it_is),
        cmocka_unit_test(values_of_the_wrong_kind_are_refused_with_their_path),
        cmocka_unit_test(a_list_past_its_limit_is_refused),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
