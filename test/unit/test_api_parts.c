/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts: JSON text, filters, paths, times, events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/event_history.h"
#include "api/filters.h"
#include "api/path.h"
#include "api/time.h"
#include "base/mem.h"
#include "base/str.h"
#include "store_fixture.h"

/* ---- JSON ---- */

static void a_body_beyond_the_limits_is_a_bad_request(void **state)
{
    (void)state;
    struct err e = {0};
    json_t *j = NULL;
    char deep[API_JSON_DEPTH_MAX + 2];
    memset(deep, '[', sizeof(deep));
    assert_int_equal(api_json_parse(deep, sizeof(deep), &j, &e), ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "exceeded max depth");
}

static void a_body_is_an_object(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "got EOF while reading request body"},
        {"[]", "the request body must be a JSON object"},
        {"notjson", "invalid character 'o' in literal null (expecting 'u')"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup_buf struct buf body = BUF_INIT;
        struct err e = {0};
        json_t *j = NULL;
        assert_int_equal(buf_append_str(&body, cases[i].text), 0);
        assert_int_equal(api_json_parse_body(&body, &j, &e), ERR_INVALID_ARGUMENT);
        assert_string_equal(e.text, cases[i].why);
    }
}

static void strings_are_escaped_as_go_does(void **state)
{
    (void)state;
    struct api_json_out w;
    cleanup_buf struct buf out = BUF_INIT;
    api_json_begin(&w, &out);
    api_json_string(&w, "\"\\\n\r\t\x01<>&\xc3\xa9\xe2\x80\xa8\xe2\x80\xa9\xff\xc3");
    assert_int_equal(api_json_end(&w), 0);
    assert_string_equal(buf_str(&out),
                        "\"\\\"\\\\\\n\\r\\t\\u0001<>&\xc3\xa9\\u2028\\u2029"
                        "\\ufffd\\ufffd\"\n");
}

static void numbers_are_as_short_as_can_be(void **state)
{
    (void)state;
    struct api_json_out w;
    cleanup_buf struct buf out = BUF_INIT;
    api_json_begin(&w, &out);
    api_json_open(&w, '[');
    api_json_float(&w, 0.1f);
    api_json_float(&w, 0);
    api_json_float(&w, 0.33333334f);
    api_json_uint(&w, UINT64_MAX);
    api_json_int(&w, INT64_MIN);
    api_json_close(&w, ']');
    assert_int_equal(api_json_end(&w), 0);
    assert_string_equal(buf_str(&out),
                        "[0.1,0,0.33333334,18446744073709551615,-9223372036854775808]\n");
}

/* ---- filters ---- */

static void both_forms_of_filters_mean_the_same(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "{\"name\":[\"ab\",\"x\"],\"label\":[\"k=v\",\"l\"]}",
        "{\"name\":{\"ab\":true,\"x\":true},"
        "\"label\":{\"k=v\":true,\"l\":true}}"};
    size_t n = 0;
    Swarm__Pair **labels = NULL;
    assert_int_equal(message_map_put(&n, &labels, "k", "v"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        cleanup_filters struct api_filters f = API_FILTERS_INIT;
        assert_int_equal(api_filters_parse(&f, forms[i], NULL, NULL), 0);
        assert_true(api_filters_match_prefix(&f, "name", "abc"));
        assert_false(api_filters_match(&f, "name", "abc"));
        assert_true(api_filters_match(&f, "name", "x"));
        assert_false(api_filters_match_prefix(&f, "name", "b"));
        assert_true(api_filters_match(&f, "id", "anything"));
        assert_false(api_filters_match_labels(&f, "label", n, labels));
    }
    assert_int_equal(message_map_put(&n, &labels, "l", ""), 0);
    cleanup_filters struct api_filters f = API_FILTERS_INIT;
    assert_int_equal(api_filters_parse(&f, forms[0], NULL, NULL), 0);
    assert_true(api_filters_match_labels(&f, "label", n, labels));
    for (size_t i = 0; i < n; i++)
        message_free(&labels[i]->base);
    free(labels);
}

static void filters_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const allowed[] = {"id", NULL};
    struct err e = {0};
    struct api_filters f;
    assert_int_equal(api_filters_parse(&f, "{\"foo\":[\"a\"]}", allowed, &e),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "Invalid filter 'foo'");
    assert_int_equal(api_filters_parse(&f, "{\"id\":[1]}", allowed, &e),
                     ERR_INVALID_ARGUMENT);
    assert_int_equal(api_filters_parse(&f, "{\"id\":1}", allowed, &e),
                     ERR_INVALID_ARGUMENT);
    assert_int_equal(api_filters_parse(&f, "[]", allowed, &e), ERR_INVALID_ARGUMENT);
    assert_int_equal(api_filters_parse(&f, "{\"id\":", allowed, &e),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(e.text, "unexpected end of JSON input");
    assert_int_equal(api_filters_parse(&f, NULL, allowed, &e), 0);
    assert_int_equal(api_filters_parse(&f, "", allowed, &e), 0);
    assert_int_equal(api_filters_parse(&f, "null", allowed, &e), 0);
    assert_int_equal(api_filters_parse(&f, "{}", allowed, &e), 0);
    api_filters_deinit(&f);
}

/* ---- paths ---- */

static void paths_are_split_at_the_version(void **state)
{
    (void)state;
    struct api_path p;
    api_path_parse("/v1.41/secrets/x", &p);
    assert_string_equal(p.rest, "/secrets/x");
    assert_false(api_path_is_too_old(&p) || api_path_is_too_new(&p));
    api_path_parse("/secrets", &p);
    assert_string_equal(p.rest, "/secrets");
    assert_int_equal(p.minor, 41);
    api_path_parse("/v1.99/x", &p);
    assert_true(api_path_is_too_new(&p));
    api_path_parse("/v2/x", &p);
    assert_true(api_path_is_too_new(&p));
    api_path_parse("/v0.41/x", &p);
    assert_true(api_path_is_too_old(&p));
    api_path_parse("/v1.9/x", &p);
    assert_true(api_path_is_too_old(&p));
    api_path_parse("/volumes", &p);
    assert_string_equal(p.rest, "/volumes");
    api_path_parse("/v1.41", &p);
    assert_string_equal(p.rest, "/v1.41");
    api_path_parse("/v99999999999999999999.9/x", &p);
    assert_string_equal(p.rest, "/v99999999999999999999.9/x");
}

static void patterns_find_what_a_path_names(void **state)
{
    (void)state;
    const char *id = NULL;
    size_t n = 0;
    assert_true(api_path_match("/secrets/*/update", "/secrets/ab/update", &id, &n));
    assert_int_equal(n, 2);
    assert_memory_equal(id, "ab", 2);
    assert_true(api_path_match("/nodes/*", "/nodes/x", &id, &n));
    assert_false(api_path_match("/nodes/*", "/nodes/", &id, &n));
    assert_false(api_path_match("/nodes/*", "/nodes/a/b", &id, &n));
    assert_false(api_path_match("/nodes/*", "/node", &id, &n));
    assert_true(api_path_match("/d/**/json", "/d/a/b:c/json", &id, &n));
    assert_int_equal(n, 5);
    assert_false(api_path_match("/d/**/json", "/d/json", &id, &n));
}

/* ---- times ---- */

static void times_are_read_as_clients_give_them(void **state)
{
    (void)state;
    int64_t t = 0;
    assert_true(api_time_parse("1795309527", &t));
    assert_true(t == INT64_C(1795309527000000000));
    assert_true(api_time_parse("1795309527.5", &t));
    assert_true(t == INT64_C(1795309527500000000));
    assert_true(api_time_parse("1795309527.000000001", &t));
    assert_true(t == INT64_C(1795309527000000001));
    assert_true(api_time_parse("2026-11-22T00:49:13Z", &t));
    static const char *const bad[] = {"",
                                      "x",
                                      "1.",
                                      "1.x",
                                      "-1",
                                      "1.0000000001",
                                      "1.-1",
                                      "99999999999999999999",
                                      "9223372036854775807"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(api_time_parse(bad[i], &t));
    char text[CLOCK_TEXT_SIZE];
    api_time_format(INT64_C(1795309368408859000), text);
    assert_string_equal(text, "2026-11-22T01:02:48.408859000Z");
}

/* ---- events ---- */

static void the_history_keeps_the_last_events(void **state)
{
    (void)state;
    struct object *o = fixture_object(OBJECT_SECRET, "id", "s");
    struct api_event_history h = {0};
    for (int i = 0; i < API_EVENTS_KEPT + 10; i++) {
        struct store_change c = {.action = STORE_CREATE, .after = o};
        struct api_event *ev = NULL;
        assert_int_equal(api_event_new(&c, i, &ev), 0);
        api_event_history_add(&h, ev);
    }
    assert_int_equal(h.len, API_EVENTS_KEPT);
    assert_int_equal(api_event_history_get(&h, 0)->time, 10);
    assert_int_equal(api_event_history_get(&h, API_EVENTS_KEPT - 1)->time,
                     API_EVENTS_KEPT + 9);
    api_event_history_deinit(&h);
    object_unref(o);
}

static void an_event_tells_what_changed(void **state)
{
    (void)state;
    struct object *before = fixture_object(OBJECT_SERVICE, "id", "s"), *after = NULL;
    cleanup_buf struct buf out = BUF_INIT;
    fixture_set(&fixture_container(before->service->spec->task)->image, "a:1");
    assert_int_equal(service_spec_set_defaults(before->service->spec), 0);
    assert_int_equal(object_copy(before, &after), 0);
    after->service->spec->replicated->replicas = 3;
    fixture_set(&after->service->spec->task->container->image, "a:2");
    after->service->update_status = message_new(&swarm__update_status__descriptor);
    after->service->update_status->state = SWARM__UPDATE_STATUS__UPDATE_STATE__UPDATING;
    struct store_change c = {.action = STORE_UPDATE, .before = before, .after = after};
    struct api_event *ev = NULL;
    assert_int_equal(api_event_new(&c, INT64_C(1795309527947509884), &ev), 0);
    assert_int_equal(api_event_write(ev, &out), 0);
    assert_string_equal(
        buf_str(&out),
        "{\"Type\":\"service\",\"Action\":\"update\",\"Actor\":{\"ID\":\"id\","
        "\"Attributes\":{\"image.new\":\"a:2\",\"image.old\":\"a:1\",\"name\":\"s\","
        "\"replicas.new\":\"3\",\"replicas.old\":\"1\",\"updatestate.new\":\"updating\"}}"
        ","
        "\"scope\":\"swarm\",\"time\":1795309527,\"timeNano\":1795309527947509884}\n");
    api_event_free(ev);
    object_unref(before);
    object_unref(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_beyond_the_limits_is_a_bad_request),
        cmocka_unit_test(a_body_is_an_object),
        cmocka_unit_test(strings_are_escaped_as_go_does),
        cmocka_unit_test(numbers_are_as_short_as_can_be),
        cmocka_unit_test(both_forms_of_filters_mean_the_same),
        cmocka_unit_test(filters_that_are_none_are_refused),
        cmocka_unit_test(paths_are_split_at_the_version),
        cmocka_unit_test(patterns_find_what_a_path_names),
        cmocka_unit_test(times_are_read_as_clients_give_them),
        cmocka_unit_test(the_history_keeps_the_last_events),
        cmocka_unit_test(an_event_tells_what_changed),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
