/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/reference_files.h"
#include "api/references.h"
#include "base/macro.h"
#include "fault_malloc.h"
#include "json/json.h"

static json_t *parse(const char *text)
{
    json_t *j = NULL;
    assert_int_equal(api_json_parse(text, strlen(text), &j, NULL), 0);
    return j;
}

static void references_and_empty_variables_are_found(void **state)
{
    (void)state;
    cleanup_json json_t *body =
        parse("{\"Env\":[\"A=a\",\"KEY=\",\"B\",\"R=se://x\",\"S=se://y\",\"=\",7]}");
    struct record found = {0};
    assert_int_equal(api_references_find(body, true, &found, NULL), 0);
    assert_int_equal(found.n_references, 2);
    assert_string_equal(found.references[1], "S=se://y");
    assert_int_equal(found.n_keys, 1);
    assert_string_equal(found.keys[0], "KEY");
    record_deinit(&found);
    assert_int_equal(api_references_find(body, false, &found, NULL), 0);
    assert_int_equal(found.n_keys, 0);
    record_deinit(&found);
}

static void labels_of_ours_are_refused(void **state)
{
    (void)state;
    struct err e = {0};
    cleanup_json json_t *bad = parse("{\"labels\":{\"coffer.secrets.uid\":\"0\"}}");
    cleanup_json json_t *good = parse("{\"Labels\":{\"coffer.secret\":\"0\"}}");
    cleanup_json json_t *none = parse("{\"Labels\":null}");
    assert_int_equal(api_references_check_labels(bad, &e), ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(e.text, "coffer.secrets.uid"));
    assert_int_equal(api_references_check_labels(good, NULL), 0);
    assert_int_equal(api_references_check_labels(none, NULL), 0);
}

static void labels_are_set(void **state)
{
    (void)state;
    char a[] = "A", b[] = "B", *keys[] = {a, b};
    const struct record asks = {.uid = 1000, .keys = keys, .n_keys = 2};
    cleanup_json json_t *body = parse("{\"Labels\":null}");
    assert_int_equal(api_references_label(body, &asks, NULL), 0);
    json_t *labels = json_object_get(body, "Labels");
    assert_string_equal(json_string_value(json_object_get(labels, "coffer.secrets.uid")),
                        "1000");
    assert_string_equal(
        json_string_value(json_object_get(labels, "coffer.secrets.fallback")), "A,B");
}

/* An image's label would stay otherwise. */
static void a_label_is_set_when_it_is_empty(void **state)
{
    (void)state;
    const struct record asks = {.uid = 1000};
    cleanup_json json_t *body = parse("{}");
    assert_int_equal(api_references_label(body, &asks, NULL), 0);
    json_t *labels = json_object_get(body, "Labels");
    assert_string_equal(
        json_string_value(json_object_get(labels, "coffer.secrets.fallback")), "");
    assert_int_equal(api_reference_files_label(body, &asks, NULL), 0);
    assert_string_equal(
        json_string_value(json_object_get(labels, "coffer.secrets.files")), "");
}

#define DOCKERD "{\"DefaultRuntime\":\"runc\",\"Runtimes\":{\"runc\":{},\"coffer\":{}}}"
#define PODMAN                                                                           \
    "{\"BuildahVersion\":\"1\",\"DefaultRuntime\":\"crun\",\"Runtimes\":{\"coffer\":{}}" \
    "}"
#define OURS                                                                             \
    "{\"BuildahVersion\":\"1\",\"DefaultRuntime\":\"/usr/libexec/coffer/"                \
    "coffer-runtime\"}"

static void the_runtime_is_chosen_by_what_the_engine_has(void **state)
{
    (void)state;
    static const struct {
        const char *body, *info;
        int code;
        const char *runtime;
    } cases[] = {
        {"{}", DOCKERD, 0, "coffer"},
        {"{\"HostConfig\":{\"Runtime\":\"coffer\"}}", DOCKERD, 0, "coffer"},
        {"{\"HostConfig\":{\"Runtime\":\"runc\"}}", DOCKERD, ERR_INVALID_ARGUMENT,
         "runc"},
        {"{}", PODMAN, ERR_FAILED_PRECONDITION, NULL},
        {"{}", OURS, 0, NULL},
        {"{\"HostConfig\":{\"Runtime\":\"\"}}", OURS, 0, ""},
        {"{}", "{}", ERR_FAILED_PRECONDITION, NULL},
        {"{}", NULL, 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup_json json_t *body = parse(cases[i].body);
        cleanup_json json_t *info = cases[i].info ? parse(cases[i].info) : NULL;
        enum offer offer = info ? offer_of_engine(info) : OFFER_USUAL;
        assert_int_equal(api_references_choose_runtime(body, offer, NULL), cases[i].code);
        const char *got = json_string_value(
            json_object_get(json_object_get(body, "HostConfig"), "Runtime"));
        assert_true(!got == !cases[i].runtime);
        if (got)
            assert_string_equal(got, cases[i].runtime);
    }
}

static int find(void *user)
{
    cleanup_record struct record found = {0};
    return api_references_find(user, true, &found, NULL);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    cleanup_json json_t *body = parse("{\"Env\":[\"A=\",\"B=se://b\"]}");
    assert_int_equal(fault_malloc_each(find, body), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_and_empty_variables_are_found),
        cmocka_unit_test(labels_of_ours_are_refused),
        cmocka_unit_test(labels_are_set),
        cmocka_unit_test(a_label_is_set_when_it_is_empty),
        cmocka_unit_test(the_runtime_is_chosen_by_what_the_engine_has),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
