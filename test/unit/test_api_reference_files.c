/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of the type "secret" in the body of a container's creation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/reference_files.h"
#include "base/mem.h"
#include "base/str.h"
#include "fault_malloc.h"

struct fixture {
    char folder[64];
    char *stand_in;
    struct api api;
    struct record record;
    struct err e;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/coffer-test-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    f->api.references = f->folder;
    f->stand_in = str_format("%s/.file", f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    record_deinit(&f->record);
    unlink(f->stand_in);
    int r = rmdir(f->folder);
    free(f->stand_in);
    free(f);
    return r;
}

static json_t *parse(const char *text)
{
    json_t *j = NULL;
    assert_int_equal(api_json_parse(text, strlen(text), &j, NULL), 0);
    return j;
}

static json_t *body_of(const char *mounts)
{
    cleanup_free char *text =
        str_format("{\"Labels\":{},\"HostConfig\":{\"Mounts\":%s}}", mounts);
    return parse(text);
}

static int take(struct fixture *f, json_t *body)
{
    record_deinit(&f->record);
    return api_reference_files_take(&f->api, body, &f->record, &f->e);
}

static json_t *mount_at(json_t *body, size_t i)
{
    return json_array_get(json_object_get(json_object_get(body, "HostConfig"), "Mounts"),
                          i);
}

static const char *text_of(json_t *mount, const char *key)
{
    return json_string_value(json_object_get(mount, key));
}

static void the_engine_gets_a_stand_in(void **state)
{
    struct fixture *f = *state;
    cleanup_json json_t *body =
        body_of("[{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\"},"
                "{\"Type\":\"secret\",\"Source\":\"se://db/pw\",\"Target\":\"/etc/pw\","
                "\"ReadOnly\":true,\"BindOptions\":null},{\"type\":\"secret\",\"source\":"
                "\"se://a/*\",\"target\":\"x/y\"}]");
    assert_int_equal(take(f, body), 0);
    assert_string_equal(text_of(mount_at(body, 0), "Source"), "/a");
    assert_string_equal(text_of(mount_at(body, 1), "Type"), "bind");
    assert_string_equal(text_of(mount_at(body, 1), "Source"), f->stand_in);
    assert_string_equal(text_of(mount_at(body, 1), "Target"), "/etc/pw");
    assert_true(json_is_true(json_object_get(mount_at(body, 2), "ReadOnly")));
    assert_int_equal(f->record.n_files, 2);
    assert_string_equal(f->record.files[0].reference, "se://db/pw");
    assert_string_equal(f->record.files[1].target, "/run/secrets/x/y");
    assert_int_equal(access(f->stand_in, F_OK), 0);
    assert_int_equal(api_reference_files_label(body, &f->record, NULL), 0);
    assert_string_equal(text_of(json_object_get(body, "Labels"), "coffer.secrets.files"),
                        "/etc/pw=se://db/pw,/run/secrets/x/y=se://a/*");
}

static void what_has_none_stays_as_it_is(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {
        "{}", "{\"HostConfig\":null}", "{\"HostConfig\":{\"Mounts\":null}}",
        "{\"HostConfig\":{\"Mounts\":{\"Type\":\"secret\"}}}",
        "{\"HostConfig\":{\"Mounts\":[null,7,{\"Type\":\"Secret\"},{\"Type\":7}]}}"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        cleanup_json json_t *body = parse(texts[i]), *before = json_deep_copy(body);
        assert_int_equal(take(f, body), 0);
        assert_int_equal(f->record.n_files, 0);
        assert_true(json_equal(body, before));
    }
    assert_int_equal(access(f->stand_in, F_OK), -1);
}

static void targets_are_made_plain(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *source, *target, *wanted; /* NULL: refused */
    } cases[] = {
        {"se://db/pw", "", "/run/secrets/pw"},
        {"se://pw", "", "/run/secrets/pw"},
        {"se://db/*", "", NULL},
        {"se://a", "k", "/run/secrets/k"},
        {"se://a", "/run/secrets/k", "/run/secrets/k"},
        {"se://a", "/var/run/secrets/k", "/var/run/secrets/k"},
        {"se://a", "..", NULL},
        {"se://a", "/etc/../x", NULL},
        {"se://a", "/etc//x", NULL},
        {"se://a", "/", NULL},
        {"se://a", "a/", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup_free char *text =
            str_format("[{\"Type\":\"secret\",\"Source\":\"%s\",\"Target\":\"%s\"}]",
                       cases[i].source, cases[i].target);
        cleanup_json json_t *body = body_of(text);
        assert_int_equal(take(f, body), cases[i].wanted ? 0 : ERR_INVALID_ARGUMENT);
        if (cases[i].wanted)
            assert_string_equal(f->record.files[0].target, cases[i].wanted);
        else
            assert_non_null(strstr(f->e.text, cases[i].source));
    }
}

static void what_is_none_is_refused(void **state)
{
    struct fixture *f = *state;
#define SECRET "{\"Type\":\"secret\",\"Source\":\"se://a\",\"Target\":"
    static const struct {
        const char *mounts, *words;
    } cases[] = {
        {"[{\"Type\":\"secret\"}]", "needs a reference"},
        {"[{\"Type\":\"secret\",\"Source\":7}]", "needs a reference"},
        {"[{\"Type\":\"secret\",\"Source\":\"/etc/passwd\"}]", "needs a reference"},
        {"[{\"Type\":\"secret\",\"Source\":\"se://\"}]", "se://"},
        {"[{\"Type\":\"secret\",\"Source\":\"se://a b\"}]", "se://a b"},
        {"[" SECRET "\"k\",\"TmpfsOptions\":{\"Mode\":1}}]", "TmpfsOptions"},
        {"[" SECRET "\"k\",\"What\":1}]", "What"},
        {"[" SECRET "\"k\"}," SECRET "\"/run/secrets/k\"}]", "conflicting"},
        {"[" SECRET "\"k\"}," SECRET "\"k/l\"}]", "conflicting"},
        {"[" SECRET "\"k/l\"}," SECRET "\"/var/run/secrets/k\"}]", "conflicting"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup_json json_t *body = body_of(cases[i].mounts);
        assert_int_equal(take(f, body), ERR_INVALID_ARGUMENT);
        assert_non_null(strstr(f->e.text, cases[i].words));
    }
}

static void there_is_a_limit(void **state)
{
    struct fixture *f = *state;
    cleanup_json json_t *body = body_of("[]");
    json_t *mounts = json_object_get(json_object_get(body, "HostConfig"), "Mounts");
    for (int i = 0; i <= RECORD_FILES_MAX; i++) {
        json_t *one = json_pack("{s:s, s:s, s:o}", "Type", "secret", "Source", "se://a",
                                "Target", json_sprintf("k%d", i));
        assert_int_equal(json_array_append_new(mounts, one), 0);
    }
    assert_int_equal(take(f, body), ERR_RESOURCE_EXHAUSTED);
}

static int take_and_label(void *user)
{
    struct fixture *f = user;
    cleanup_record struct record r = {0};
    json_t *mounts = json_pack("[{s:s, s:s}]", "Type", "secret", "Source", "se://a");
    cleanup_json json_t *body =
        mounts ? json_pack("{s:{}, s:{s:o}}", "Labels", "HostConfig", "Mounts", mounts)
               : NULL;
    int code = body ? 0 : ERR_NO_MEMORY;
    code = code ?: api_reference_files_take(&f->api, body, &r, NULL);
    return code ?: api_reference_files_label(body, &r, NULL);
}

static void each_allocation_may_fail(void **state)
{
    assert_true(fault_malloc_each(take_and_label, *state) > 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_engine_gets_a_stand_in), TEST(what_has_none_stays_as_it_is),
        TEST(targets_are_made_plain),     TEST(what_is_none_is_refused),
        TEST(there_is_a_limit),           TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
