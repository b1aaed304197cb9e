/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk_fixture.h"

#include <poll.h>

#include "literal.h"
#include "secrets/plugins.pb-c.h"
#include "secrets/resolver.pb-c.h"
#include "secrets/store.pb-c.h"
#include "wire/message.h"
#include "wire_capture.h"

/* A scripted engine, a client of it, and what the client was told. */
struct world {
    struct scripted engine;
    struct coffer_client *client;
    struct buf answer;
    struct coffer_error e;
};

static void world_begin(struct world *w)
{
    struct script script = {.answer = w->answer.data, .size = w->answer.len};
    scripted_start(&w->engine, &script);
    w->client = fixture_client(w->engine.path, 10000);
}

static void world_end(struct world *w)
{
    coffer_client_free(w->client);
    scripted_stop(&w->engine);
    buf_deinit(&w->answer);
}

/* The message that the client sent. */
static const char *sent(const struct world *w, size_t *n)
{
    const char *body = strstr(w->engine.request, "\r\n\r\n");
    assert_non_null(body);
    *n = w->engine.request_size - (size_t)(body + 4 - w->engine.request);
    return body + 4;
}

static void assert_sent(const struct world *w, const char *procedure,
                        const ProtobufCMessage *expected)
{
    cleanup_buf struct buf bytes = BUF_INIT;
    char line[128];
    size_t n;
    snprintf(line, sizeof(line), "POST %s HTTP/1.1\r\n", procedure);
    assert_true(str_starts_with(w->engine.request, line));
    assert_int_equal(message_pack(expected, &bytes), 0);
    const char *body = sent(w, &n);
    assert_int_equal(n, bytes.len);
    assert_memory_equal(body, bytes.data ? bytes.data : "", n);
}

static void answer_with(struct world *w, const ProtobufCMessage *m)
{
    cleanup_buf struct buf bytes = BUF_INIT;
    assert_int_equal(message_pack(m, &bytes), 0);
    fixture_answer(&w->answer, bytes.data, bytes.len);
}

/* ---- golden ---- */

static void a_recorded_answer_is_read(void **state)
{
    struct world w = {0};
    struct coffer_secrets *found = NULL;
    cleanup_buf struct buf request = BUF_INIT;
    size_t n;
    capture_read("cap.2.s2c", &w.answer);
    capture_read("cap.2.c2s", &request);
    world_begin(&w);
    assert_int_equal(coffer_client_get(w.client, "myrealm/foo", &found, &w.e), 0);
    assert_int_equal(coffer_secrets_count(found), 1);
    const struct coffer_secret *s = coffer_secrets_get(found, 0);
    assert_string_equal(s->id, "myrealm/foo");
    assert_int_equal(s->size, strlen((const char *)s->value));
    assert_true(s->size > 0);
    assert_true(s->resolved_at > 1600000000);
    assert_int_equal(s->created_at, 1700000000);
    assert_int_equal(s->expires_at, 0);
    assert_null(coffer_secrets_get(found, 1));
    coffer_secrets_free(found);
    world_end(&w);
    size_t head = capture_head_size(&request);
    const char *body = sent(&w, &n);
    assert_int_equal(n, request.len - head);
    assert_memory_equal(body, request.data + head, n);
}

static void a_recorded_refusal_is_told(void **state)
{
    struct world w = {0};
    struct coffer_secrets *found = NULL;
    capture_read("cap.4.s2c", &w.answer);
    world_begin(&w);
    assert_int_equal(coffer_client_get(w.client, "nosuch/x", &found, &w.e),
                     COFFER_NOT_FOUND);
    assert_int_equal(w.e.code, COFFER_NOT_FOUND);
    assert_string_equal(w.e.text, "secret not found");
    assert_null(found);
    world_end(&w);
}

static void a_recorded_grant_is_read(void **state)
{
    static const char *const patterns[] = {"a", "b"};
    struct world w = {0};
    int64_t end = 0;
    size_t n;
    capture_read("cap.5.s2c", &w.answer);
    world_begin(&w);
    assert_int_equal(coffer_client_authorize(w.client, patterns, 2, &end, &w.e), 0);
    assert_true(end > 0);
    world_end(&w);
    assert_memory_equal(sent(&w, &n),
                        "\x0a\x01"
                        "a\x0a\x01"
                        "b",
                        6);
    assert_int_equal(n, 6);
}

static void a_recorded_version_is_read(void **state)
{
    struct world w = {0};
    struct coffer_engine_version v;
    capture_read("cap.1.s2c", &w.answer);
    world_begin(&w);
    assert_int_equal(coffer_client_version(w.client, &v, &w.e), 0);
    assert_true(v.version[0] == 'v');
    assert_true(v.date[0] && v.commit[0]);
    world_end(&w);
}

/* ---- get ---- */

static Resolver__V1__Envelope envelope(const char *id, const char *value)
{
    Resolver__V1__Envelope e = RESOLVER__V1__ENVELOPE__INIT;
    e.id = literal(id);
    e.value.data = (uint8_t *)literal(value);
    e.value.len = strlen(value);
    return e;
}

static void a_secret_has_all_that_was_sent(void **state)
{
    struct world w = {0};
    Resolver__V1__Envelope__MetadataEntry pair =
        RESOLVER__V1__ENVELOPE__METADATA_ENTRY__INIT;
    Resolver__V1__Envelope__MetadataEntry *pairs[] = {&pair};
    Google__Protobuf__Timestamp zero = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Google__Protobuf__Timestamp later = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Resolver__V1__Envelope one = envelope("a/b", "top"), bad = envelope("a//b", "x");
    Resolver__V1__Envelope *list[] = {&bad, &one};
    Resolver__V1__GetSecretsResponse m = RESOLVER__V1__GET_SECRETS_RESPONSE__INIT;
    struct coffer_secrets *found;
    pair.key = literal("user");
    pair.value = literal("me");
    zero.seconds = INT64_C(-62135596800);
    later.seconds = 1700000000;
    one.provider = literal("pass\x1b[31m");
    one.version = literal("7");
    one.created_at = &zero;
    one.expires_at = &later;
    one.metadata = pairs;
    one.n_metadata = 1;
    m.envelopes = list;
    m.n_envelopes = 2;
    answer_with(&w, &m.base);
    world_begin(&w);
    assert_int_equal(coffer_client_get(w.client, "a/**", &found, &w.e), 0);
    assert_int_equal(coffer_secrets_count(found), 1);
    const struct coffer_secret *s = coffer_secrets_get(found, 0);
    assert_string_equal(s->id, "a/b");
    assert_memory_equal(s->value, "top", 4);
    assert_int_equal(s->size, 3);
    assert_string_equal(s->provider, "pass?[31m");
    assert_string_equal(s->version, "7");
    assert_int_equal(s->created_at, 0);
    assert_int_equal(s->expires_at, 1700000000);
    assert_int_equal(s->metadata_count, 1);
    assert_string_equal(s->metadata[0].key, "user");
    assert_string_equal(s->metadata[0].value, "me");
    coffer_secrets_free(found);
    world_end(&w);
}

static void an_empty_value_is_a_value(void **state)
{
    struct world w = {0};
    Resolver__V1__Envelope one = envelope("a", "");
    Resolver__V1__Envelope *list[] = {&one};
    Resolver__V1__GetSecretsResponse m = RESOLVER__V1__GET_SECRETS_RESPONSE__INIT;
    struct coffer_secrets *found;
    m.envelopes = list;
    m.n_envelopes = 1;
    answer_with(&w, &m.base);
    world_begin(&w);
    assert_int_equal(coffer_client_get(w.client, "a", &found, &w.e), 0);
    assert_string_equal((const char *)coffer_secrets_get(found, 0)->value, "");
    assert_int_equal(coffer_secrets_get(found, 0)->size, 0);
    coffer_secrets_free(found);
    world_end(&w);
}

static void an_answer_without_secrets_is_not_found(void **state)
{
    struct world w = {0};
    struct coffer_secrets *found;
    fixture_answer(&w.answer, "", 0);
    world_begin(&w);
    assert_int_equal(coffer_client_get(w.client, "a", &found, &w.e), COFFER_NOT_FOUND);
    world_end(&w);
}

static void what_is_no_pattern_is_refused_unsent(void **state)
{
    struct world w = {0};
    struct coffer_secrets *found;
    world_begin(&w);
    assert_int_equal(coffer_client_get(w.client, "a//b", &found, &w.e), COFFER_INVALID);
    assert_int_equal(coffer_client_get(w.client, NULL, &found, NULL), COFFER_INVALID);
    assert_int_equal(coffer_client_remove(w.client, "a/*", NULL), COFFER_INVALID);
    assert_int_equal(coffer_client_authorize(w.client, NULL, 0, NULL, NULL),
                     COFFER_INVALID);
    world_end(&w);
    assert_int_equal(w.engine.n_calls, 0);
}

static void a_grant_that_says_nothing_is_a_denial(void **state)
{
    static const char *const patterns[] = {"a"};
    struct world w = {0};
    int64_t end = 5;
    fixture_answer(&w.answer, "", 0);
    world_begin(&w);
    assert_int_equal(coffer_client_authorize(w.client, patterns, 1, &end, &w.e),
                     COFFER_DENIED);
    assert_string_equal(w.e.text, "access denied");
    assert_int_equal(end, 5);
    world_end(&w);
}

/* ---- codes ---- */

static void assert_code(int status, const char *body, int expected)
{
    struct world w = {0};
    fixture_failure(&w.answer, status, body);
    world_begin(&w);
    assert_int_equal(coffer_client_lock(w.client, &w.e), expected);
    assert_int_equal(w.e.code, expected);
    world_end(&w);
}

static void errors_have_the_codes_of_the_header(void **state)
{
    assert_code(403, "{\"code\":\"permission_denied\"}", COFFER_DENIED);
    assert_code(409, "{\"code\":\"already_exists\",\"message\":\"x\"}", COFFER_EXISTS);
    assert_code(400, "{\"code\":\"failed_precondition\"}", COFFER_LOCKED);
    assert_code(503, "{\"code\":\"unavailable\"}", COFFER_UNAVAILABLE);
    assert_code(504, "{\"code\":\"deadline_exceeded\"}", COFFER_TIMEOUT);
    assert_code(500, "{\"code\":\"internal\",\"message\":\"y\"}", COFFER_INTERNAL);
    assert_code(501, "{\"code\":\"unimplemented\"}", COFFER_UNSUPPORTED);
    assert_code(404, "404 page not found", COFFER_UNSUPPORTED);
    assert_code(500, "<html>", COFFER_INTERNAL);
}

/* ---- the local store ---- */

static void saving_sends_everything(void **state)
{
    static const unsigned char value[] = {0, 1, 255};
    struct coffer_pair pair = {"user", "me"};
    Coffer__V1__SaveRequest__MetadataEntry entry =
        COFFER__V1__SAVE_REQUEST__METADATA_ENTRY__INIT;
    Coffer__V1__SaveRequest__MetadataEntry *entries[] = {&entry};
    Coffer__V1__SaveRequest expected = COFFER__V1__SAVE_REQUEST__INIT;
    struct world w = {0};
    fixture_answer(&w.answer, "", 0);
    world_begin(&w);
    assert_int_equal(coffer_client_save(w.client, "a/b", value, 3, &pair, 1, true, &w.e),
                     0);
    world_end(&w);
    entry.key = literal("user");
    entry.value = literal("me");
    expected.id = literal("a/b");
    expected.value = (ProtobufCBinaryData){3, (uint8_t *)literal((const char *)value)};
    expected.metadata = entries;
    expected.n_metadata = 1;
    expected.overwrite = true;
    assert_sent(&w, "/coffer.v1.StoreService/Save", &expected.base);
}

static void what_is_over_a_limit_is_not_saved(void **state)
{
    cleanup_free unsigned char *value = calloc(1, COFFER_VALUE_MAX + 1);
    struct coffer_pair pair = {"k", NULL};
    struct world w = {0};
    world_begin(&w);
    assert_int_equal(
        coffer_client_save(w.client, "a", value, COFFER_VALUE_MAX + 1, NULL, 0, 0, &w.e),
        COFFER_INVALID);
    assert_int_equal(coffer_client_save(w.client, "a", value, 1, &pair, 1, 0, &w.e),
                     COFFER_INVALID);
    assert_int_equal(coffer_client_save(w.client, "a", NULL, 1, NULL, 0, 0, &w.e),
                     COFFER_INVALID);
    world_end(&w);
    assert_int_equal(w.engine.n_calls, 0);
}

static void a_list_is_sorted_and_has_no_values(void **state)
{
    struct world w = {0};
    Resolver__V1__Envelope one = envelope("b", "leaked"), two = envelope("a", "");
    Resolver__V1__Envelope *list[] = {&one, &two};
    Coffer__V1__ListResponse m = COFFER__V1__LIST_RESPONSE__INIT;
    struct coffer_secrets *found;
    m.envelopes = list;
    m.n_envelopes = 2;
    answer_with(&w, &m.base);
    world_begin(&w);
    assert_int_equal(coffer_client_list(w.client, "**", &found, &w.e), 0);
    assert_int_equal(coffer_secrets_count(found), 2);
    assert_string_equal(coffer_secrets_get(found, 0)->id, "a");
    assert_string_equal(coffer_secrets_get(found, 1)->id, "b");
    assert_null(coffer_secrets_get(found, 1)->value);
    assert_int_equal(coffer_secrets_get(found, 1)->size, 0);
    coffer_secrets_free(found);
    world_end(&w);
}

static void an_empty_list_is_no_error(void **state)
{
    struct world w = {0};
    struct coffer_secrets *found;
    fixture_answer(&w.answer, "", 0);
    world_begin(&w);
    assert_int_equal(coffer_client_list(w.client, "**", &found, &w.e), 0);
    assert_int_equal(coffer_secrets_count(found), 0);
    coffer_secrets_free(found);
    world_end(&w);
}

static void removing_and_unlocking_are_sent(void **state)
{
    Coffer__V1__RemoveRequest gone = COFFER__V1__REMOVE_REQUEST__INIT;
    Coffer__V1__UnlockRequest open = COFFER__V1__UNLOCK_REQUEST__INIT;
    struct world w = {0};
    fixture_answer(&w.answer, "", 0);
    world_begin(&w);
    assert_int_equal(coffer_client_remove(w.client, "a/b", &w.e), 0);
    gone.id = literal("a/b");
    assert_sent(&w, "/coffer.v1.StoreService/Remove", &gone.base);
    assert_int_equal(coffer_client_unlock(w.client, (const unsigned char *)"pw", 2, &w.e),
                     0);
    open.passphrase = (ProtobufCBinaryData){2, (uint8_t *)literal("pw")};
    assert_sent(&w, "/coffer.v1.StoreService/Unlock", &open.base);
    world_end(&w);
}

static void the_state_of_the_store_is_cut_to_fit(void **state)
{
    Coffer__V1__StateResponse answer = COFFER__V1__STATE_RESPONSE__INIT;
    struct coffer_store_state found;
    struct world w = {0};
    char place[1000];
    uint8_t bytes[1200];
    memset(place, 'p', sizeof(place) - 1);
    place[sizeof(place) - 1] = '\0';
    answer.kind = literal("file");
    answer.place = place;
    answer.locked = true;
    fixture_answer(&w.answer, bytes, coffer__v1__state_response__pack(&answer, bytes));
    world_begin(&w);
    assert_int_equal(coffer_client_store_state(w.client, &found, &w.e), 0);
    assert_string_equal(found.kind, "file");
    assert_int_equal(strlen(found.place), sizeof(found.place) - 1);
    assert_true(found.is_locked && !found.has_passphrase);
    world_end(&w);
}

static void one_secret_is_read(void **state)
{
    Coffer__V1__ReadResponse answer = COFFER__V1__READ_RESPONSE__INIT;
    Resolver__V1__Envelope envelope = RESOLVER__V1__ENVELOPE__INIT, *list[] = {&envelope};
    struct coffer_secrets *found;
    struct world w = {0};
    uint8_t bytes[200];
    envelope.id = literal("a");
    envelope.value = (ProtobufCBinaryData){2, (uint8_t *)literal("vv")};
    answer.envelopes = list;
    answer.n_envelopes = 1;
    fixture_answer(&w.answer, bytes, coffer__v1__read_response__pack(&answer, bytes));
    world_begin(&w);
    assert_int_equal(coffer_client_read(w.client, "a", &found, &w.e), 0);
    assert_string_equal((const char *)coffer_secrets_get(found, 0)->value, "vv");
    coffer_secrets_free(found);
    assert_int_equal(coffer_client_read(w.client, "b", &found, &w.e), COFFER_PROTOCOL);
    assert_int_equal(coffer_client_read(w.client, "*", &found, &w.e), COFFER_INVALID);
    world_end(&w);
}

/* ---- plugins ---- */

static void plugins_are_listed(void **state)
{
    struct world w = {0};
    struct coffer_plugin_list *l;
    Plugins__V1__SecretsProvider provider = PLUGINS__V1__SECRETS_PROVIDER__INIT;
    Plugins__V1__Plugin one = PLUGINS__V1__PLUGIN__INIT, bad = PLUGINS__V1__PLUGIN__INIT;
    Plugins__V1__Plugin *list[] = {&bad, &one};
    Plugins__V1__ListPluginsResponse m = PLUGINS__V1__LIST_PLUGINS_RESPONSE__INIT;
    provider.pattern = literal("v/**");
    one.name = literal("vault");
    one.version = literal("v1.2.3");
    one.configurable = true;
    one.run_status = PLUGINS__V1__RUN_STATUS__RUN_STATUS_CRASHED;
    one.status_message = literal("no\nlicence");
    one.metadata_case = PLUGINS__V1__PLUGIN__METADATA_SECRETS_PROVIDER;
    one.secrets_provider = &provider;
    bad.name = literal("x");
    bad.version = literal("1");
    m.plugins = list;
    m.n_plugins = 2;
    answer_with(&w, &m.base);
    world_begin(&w);
    assert_int_equal(coffer_client_list_plugins(w.client, &l, &w.e), 0);
    assert_int_equal(coffer_plugin_list_count(l), 1);
    const struct coffer_plugin_info *p = coffer_plugin_list_get(l, 0);
    assert_string_equal(p->name, "vault");
    assert_string_equal(p->pattern, "v/**");
    assert_string_equal(p->status_message, "no?licence");
    assert_int_equal(p->status, COFFER_PLUGIN_CRASHED);
    assert_true(p->is_configurable && !p->is_disabled && !p->is_external);
    assert_null(coffer_plugin_list_get(l, 1));
    coffer_plugin_list_free(l);
    world_end(&w);
}

static void a_plugin_that_cannot_be_switched_is_told(void **state)
{
    struct world w = {0};
    fixture_failure(&w.answer, 400, "{\"code\":\"failed_precondition\"}");
    world_begin(&w);
    assert_int_equal(coffer_client_disable_plugin(w.client, "docker-pass", &w.e),
                     COFFER_INVALID);
    assert_int_equal(coffer_client_enable_plugin(w.client, NULL, &w.e), COFFER_INVALID);
    world_end(&w);
    assert_int_equal(w.engine.n_calls, 1);
}

/* ---- in an event loop ---- */

static void a_call_can_be_driven_by_poll(void **state)
{
    struct world w = {0};
    struct coffer_call *call;
    capture_read("cap.2.s2c", &w.answer);
    world_begin(&w);
    assert_int_equal(coffer_call_get(w.client, "myrealm/foo", &call, &w.e), 0);
    int r;
    while ((r = coffer_call_step(call, &w.e)) == COFFER_AGAIN) {
        struct pollfd p = {.fd = coffer_call_fd(call),
                           .events = coffer_call_events(call)};
        assert_true(coffer_call_timeout(call) > 0);
        assert_int_equal(poll(&p, 1, coffer_call_timeout(call)), 1);
    }
    assert_int_equal(r, COFFER_OK);
    assert_int_equal(coffer_call_step(call, &w.e), COFFER_OK);
    struct coffer_secrets *found = coffer_call_take(call);
    assert_int_equal(coffer_secrets_count(found), 1);
    assert_null(coffer_call_take(call));
    coffer_secrets_free(found);
    coffer_call_free(call);
    world_end(&w);
}

static void a_call_can_be_given_up(void **state)
{
    struct world w = {.answer = BUF_INIT};
    struct script silent = {.is_silent = true};
    struct coffer_call *call;
    scripted_start(&w.engine, &silent);
    w.client = fixture_client(w.engine.path, 0);
    assert_int_equal(coffer_call_get(w.client, "a", &call, &w.e), 0);
    assert_int_equal(coffer_call_timeout(call), -1);
    assert_int_equal(coffer_call_step(call, &w.e), COFFER_AGAIN);
    coffer_call_free(call);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_answer_is_read),
        cmocka_unit_test(a_recorded_refusal_is_told),
        cmocka_unit_test(a_recorded_grant_is_read),
        cmocka_unit_test(a_recorded_version_is_read),
        cmocka_unit_test(a_secret_has_all_that_was_sent),
        cmocka_unit_test(an_empty_value_is_a_value),
        cmocka_unit_test(an_answer_without_secrets_is_not_found),
        cmocka_unit_test(what_is_no_pattern_is_refused_unsent),
        cmocka_unit_test(a_grant_that_says_nothing_is_a_denial),
        cmocka_unit_test(errors_have_the_codes_of_the_header),
        cmocka_unit_test(saving_sends_everything),
        cmocka_unit_test(what_is_over_a_limit_is_not_saved),
        cmocka_unit_test(a_list_is_sorted_and_has_no_values),
        cmocka_unit_test(an_empty_list_is_no_error),
        cmocka_unit_test(removing_and_unlocking_are_sent),
        cmocka_unit_test(the_state_of_the_store_is_cut_to_fit),
        cmocka_unit_test(one_secret_is_read),
        cmocka_unit_test(plugins_are_listed),
        cmocka_unit_test(a_plugin_that_cannot_be_switched_is_told),
        cmocka_unit_test(a_call_can_be_driven_by_poll),
        cmocka_unit_test(a_call_can_be_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
