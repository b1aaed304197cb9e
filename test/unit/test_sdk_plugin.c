/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk_engine.h"

#include "base/clock.h"
#include "wire_capture.h"

#define GET "/resolver.v1.ResolverService/GetSecrets"
#define CONFIGURE "/coffer.v1.ConfigureService/Configure"

/* What the callbacks saw, and what they are to do. */
struct seen {
    size_t n_starts, n_gets;
    char pattern[64];
    char config[64];
    int start_fails;
    size_t size; /* of each of the values below "myrealm/big" */
    int pipe[2]; /* "myrealm/slow" waits for a byte here */
    int waited;
    int deadline_ms;
};

static int do_nothing(struct coffer_plugin *p, void *user, struct coffer_error *e)
{
    return COFFER_OK;
}

static int start(struct coffer_plugin *p, void *user, struct coffer_error *e)
{
    struct seen *s = user;
    const char *line = coffer_plugin_config(p, "address");
    s->n_starts++;
    strcpy_cut(s->config, sizeof(s->config), line ? line : "none");
    return s->start_fails
               ? coffer_error_set(e, COFFER_UNAVAILABLE, "the vault %s is sealed", "v")
               : 0;
}

static int add_big(struct seen *s, struct coffer_answer *answer, struct coffer_error *e)
{
    cleanup_free unsigned char *value = calloc(1, s->size);
    int r = 0;
    for (int i = 0; i < 3 && !r; i++) {
        char id[32];
        snprintf(id, sizeof(id), "myrealm/big/%d", i);
        struct coffer_secret one = {.id = id, .value = value, .size = s->size};
        r = coffer_answer_add(answer, &one, e);
    }
    return r;
}

static int get(struct coffer_plugin *p, const char *pattern, struct coffer_answer *answer,
               void *user, struct coffer_error *e)
{
    struct seen *s = user;
    struct coffer_pair pair = {"user", "me"};
    struct coffer_secret one = {.id = "myrealm/foo",
                                .value = (const unsigned char *)"bar",
                                .size = 3,
                                .version = "1",
                                .metadata = &pair,
                                .metadata_count = 1};
    s->n_gets++;
    s->deadline_ms = coffer_plugin_deadline_ms(p);
    strcpy_cut(s->pattern, sizeof(s->pattern), pattern);
    if (str_equal(pattern, "myrealm/none"))
        return COFFER_NOT_FOUND;
    if (str_equal(pattern, "myrealm/empty"))
        return COFFER_OK;
    if (str_equal(pattern, "myrealm/bad"))
        return coffer_error_set(e, COFFER_LOCKED, "the vault is locked");
    if (str_equal(pattern, "myrealm/odd"))
        return COFFER_DENIED;
    if (str_equal(pattern, "myrealm/last"))
        coffer_plugin_stop(p);
    if (str_equal(pattern, "myrealm/slow"))
        s->waited = coffer_plugin_wait(p, s->pipe[0], POLLIN, -1, e);
    if (str_equal(pattern, "myrealm/big/*"))
        return add_big(s, answer, e);
    return coffer_answer_add(answer, &one, e);
}

static const struct coffer_plugin_callbacks callbacks = {
    .size = sizeof(callbacks), .start = start, .get = get};

static void begin(struct engine *g, struct seen *s)
{
    engine_begin(g, &callbacks, s);
    engine_accept(g);
}

static void assert_ends(struct engine *g, int code)
{
    engine_end(g);
    assert_int_equal(engine_join(g), code);
}

/* ---- registering ---- */

static void a_plugin_says_who_it_is(void **state)
{
    /* The part of it that Docker's engine knows is as its own plugins send it. */
    static const char golden[] = "\x0a\x07"
                                 "ext-one\x12\x06"
                                 "v0.0.1\x1a\x0c\x0a\x0a"
                                 "myrealm/**";
    struct engine g;
    struct seen s = {0};
    engine_begin(&g, &callbacks, &s);
    Plugins__V1__RegisterPluginRequest *m = engine_registration(&g);
    assert_memory_equal(g.opened->in.body.data, golden, sizeof(golden) - 1);
    assert_true(m->capabilities->configure);
    assert_false(m->capabilities->store);
    message_free(&m->base);
    assert_null(getenv("DOCKER_SECRETS_ENGINE_PLUGIN_LAUNCH_CFG"));
    close(g.fd);
    g.is_closed = true;
    assert_int_equal(engine_join(&g), COFFER_UNAVAILABLE);
    exchange_free(g.opened);
    yamux_free(g.y);
}

/* An engine in Go takes the end of a stream for the end of who asked, and gives up. */
static void a_registration_stays_open_until_it_is_answered(void **state)
{
    struct engine g;
    struct seen s = {0};
    engine_begin(&g, &callbacks, &s);
    message_free(&engine_registration(&g)->base);
    assert_false(g.opened->is_finished);
    engine_accept(&g);
    while (!g.opened->is_finished)
        engine_turn(&g);
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
}

static void assert_refused(int code, const char *text, int expected)
{
    struct engine g;
    struct seen s = {0};
    cleanup_buf struct buf out = BUF_INIT;
    struct connect_reply reply = {.is_last = true};
    engine_begin(&g, &callbacks, &s);
    message_free(&engine_registration(&g)->base);
    assert_int_equal(connect_write_error(&reply, code, text, &out, NULL), 0);
    engine_write(&g, g.opened, &out);
    assert_ends(&g, expected);
    assert_non_null(strstr(g.plugin.e.text, text));
}

static void a_refused_registration_ends_the_plugin(void **state)
{
    assert_refused(ERR_INVALID_ARGUMENT, "invalid pattern", COFFER_INVALID);
    assert_refused(ERR_ALREADY_EXISTS, "taken", COFFER_EXISTS);
    assert_refused(ERR_INTERNAL, "plugin ext-one already exists", COFFER_EXISTS);
}

/* The recording of Docker's engine, from its answer to the hijack on: it accepts the
 * plugin, asks three times, and says shutdown (that is ours) on the stream after that. */
static void read_recording(struct buf *out)
{
    static const char call[] = "POST /plugins.v1.PluginService/Shutdown HTTP/1.1\r\n"
                               "Host: unix\r\nContent-Type: application/proto\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    static const unsigned char frames[] = {0, 1, 0, 1, 0, 0, 0, 8,
                                           0, 0, 0, 0, 0, 0, 0, 0,
                                           0, 0, 0, 8, 0, 0, 0, sizeof(call) - 1};
    capture_read("cap.0.s2c", out);
    assert_int_equal(buf_append(out, frames, sizeof(frames)), 0);
    assert_int_equal(buf_append(out, call, sizeof(call) - 1), 0);
}

static void a_plugin_connects_by_itself_to_dockers_engine(void **state)
{
    struct scripted engine;
    struct seen s = {0};
    cleanup_buf struct buf recording = BUF_INIT;
    struct plugin_side p = engine_plugin_side(&callbacks, &s);
    read_recording(&recording);
    struct script script = {.answer = recording.data,
                            .size = recording.len,
                            .greeting = capture_head_size(&recording),
                            .is_impolite = true,
                            .stays = true};
    scripted_start(&engine, &script);
    p.options.callbacks = &p.callbacks;
    p.options.socket = engine.path;
    p.options.name = "ext-one";
    assert_int_equal(coffer_plugin_run(&p.options, &p.e), COFFER_OK);
    scripted_stop(&engine);
    assert_int_equal(s.n_gets, 3);
    assert_int_equal(s.n_starts, 1);
    assert_string_equal(s.pattern, "myrealm/foo");
}

static void options_that_make_no_sense_are_refused(void **state)
{
    struct coffer_plugin_callbacks half = {
        .size = sizeof(half), .get = get, .lock = do_nothing};
    struct coffer_plugin_callbacks none = {.size = sizeof(none)};
    struct plugin_side p = engine_plugin_side(&callbacks, NULL);
    fixture_environment("/nonexistent");
    assert_int_equal(coffer_plugin_run(&p.options, &p.e), COFFER_INVALID);
    p.options.callbacks = &half;
    assert_int_equal(coffer_plugin_run(&p.options, &p.e), COFFER_INVALID);
    p.options.callbacks = &none;
    assert_int_equal(coffer_plugin_run(&p.options, &p.e), COFFER_INVALID);
    p.options.callbacks = &p.callbacks;
    p.options.version = "1.0";
    assert_int_equal(coffer_plugin_run(&p.options, &p.e), COFFER_INVALID);
    p.options.version = NULL;
    assert_int_equal(coffer_plugin_run(&p.options, &p.e), COFFER_INVALID);
    assert_string_equal(p.e.text, "version is required");
    p.options.version = "v1";
    p.options.pattern = "a//b";
    assert_int_equal(coffer_plugin_run(&p.options, &p.e), COFFER_INVALID);
    p.options.pattern = "a";
    p.options.socket = "/nonexistent"; /* an engine may run here */
    assert_int_equal(coffer_plugin_run(&p.options, &p.e), COFFER_UNAVAILABLE);
}

/* ---- secrets ---- */

static void a_secret_is_found(void **state)
{
    struct engine g;
    struct seen s = {0};
    Resolver__V1__GetSecretsResponse *m;
    begin(&g, &s);
    assert_int_equal(engine_get(&g, "myrealm/*", &m, NULL), 0);
    assert_int_equal(m->n_envelopes, 1);
    const Resolver__V1__Envelope *one = m->envelopes[0];
    assert_string_equal(one->id, "myrealm/foo");
    assert_int_equal(one->value.len, 3);
    assert_memory_equal(one->value.data, "bar", 3);
    assert_string_equal(one->version, "1");
    assert_int_equal(one->created_at->seconds, INT64_C(-62135596800));
    assert_string_equal(one->metadata[0]->key, "user");
    message_free(&m->base);
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
    assert_string_equal(s.pattern, "myrealm/*");
    assert_int_equal(s.n_starts, 1);
    assert_string_equal(s.config, "none");
    assert_int_equal(s.deadline_ms, -1);
}

static void assert_get_fails(struct engine *g, const char *pattern, int code,
                             const char *text)
{
    Resolver__V1__GetSecretsResponse *m;
    struct err e = {0};
    assert_int_equal(engine_get(g, pattern, &m, &e), code);
    assert_string_equal(e.text, text);
}

static void failures_have_the_words_of_the_protocol(void **state)
{
    struct engine g;
    struct seen s = {0};
    begin(&g, &s);
    assert_get_fails(&g, "myrealm/none", ERR_NOT_FOUND, "secret not found");
    assert_get_fails(&g, "myrealm/empty", ERR_NOT_FOUND, "secret not found");
    assert_get_fails(&g, "myrealm/bad", ERR_INTERNAL,
                     "failed to get secret \"myrealm/bad\": the vault is locked");
    assert_get_fails(&g, "myrealm/odd", ERR_INTERNAL,
                     "failed to get secret \"myrealm/odd\": permission denied");
    assert_get_fails(&g, "bad//x", ERR_INVALID_ARGUMENT,
                     "invalid pattern \"bad//x\": a component is empty (at byte 5)");
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
}

static void a_large_answer_is_sent_in_pieces(void **state)
{
    struct engine g;
    struct seen s = {.size = 1000000};
    Resolver__V1__GetSecretsResponse *m;
    begin(&g, &s);
    assert_int_equal(engine_get(&g, "myrealm/big/*", &m, NULL), 0);
    assert_int_equal(m->n_envelopes, 3);
    assert_int_equal(m->envelopes[2]->value.len, 1000000);
    message_free(&m->base);
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
}

static void an_answer_over_the_limit_is_the_plugins_error(void **state)
{
    struct engine g;
    struct seen s = {.size = COFFER_VALUE_MAX + 1};
    Resolver__V1__GetSecretsResponse *m;
    struct err e = {0};
    begin(&g, &s);
    assert_int_equal(engine_get(&g, "myrealm/big/*", &m, &e), ERR_INTERNAL);
    assert_non_null(strstr(e.text, "over 1048576 bytes"));
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
}

static void calls_that_come_together_are_all_answered(void **state)
{
    struct engine g;
    struct seen s = {0};
    struct exchange *calls[50];
    begin(&g, &s);
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        calls[i] = engine_start_get(&g, "myrealm/foo");
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        engine_wait(&g, calls[i]);
        assert_int_equal(calls[i]->in.reader.head.status, 200);
        exchange_free(calls[i]);
    }
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
    assert_int_equal(s.n_gets, 50);
}

/* ---- starting ---- */

static struct exchange *configure(struct engine *g, const char *key, const char *value)
{
    Coffer__V1__ConfigureRequest__ValuesEntry entry =
        COFFER__V1__CONFIGURE_REQUEST__VALUES_ENTRY__INIT;
    Coffer__V1__ConfigureRequest__ValuesEntry *entries[] = {&entry};
    Coffer__V1__ConfigureRequest m = COFFER__V1__CONFIGURE_REQUEST__INIT;
    entry.key = literal(key);
    entry.value =
        (ProtobufCBinaryData){.data = (uint8_t *)literal(value), .len = strlen(value)};
    m.values = entries;
    m.n_values = 1;
    return engine_call(g, CONFIGURE, &m.base);
}

static void the_configuration_is_there_at_the_start(void **state)
{
    struct engine g;
    struct seen s = {0};
    Resolver__V1__GetSecretsResponse *m;
    begin(&g, &s);
    struct exchange *x = configure(&g, "address", "https://vault");
    assert_int_equal(x->in.reader.head.status, 200);
    exchange_free(x);
    x = configure(&g, "address", "again");
    assert_int_equal(x->in.reader.head.status, 400);
    exchange_free(x);
    assert_int_equal(engine_get(&g, "myrealm/foo", &m, NULL), 0);
    message_free(&m->base);
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
    assert_string_equal(s.config, "https://vault");
    assert_int_equal(s.n_starts, 1);
}

static void a_start_that_fails_ends_the_plugin(void **state)
{
    struct engine g;
    struct seen s = {.start_fails = 1};
    ProtobufCMessage *m;
    struct err e = {0};
    begin(&g, &s);
    struct exchange *x = configure(&g, "a", "b");
    assert_int_equal(
        exchange_result(x, &coffer__v1__configure_response__descriptor, &m, &e),
        ERR_UNAVAILABLE);
    assert_string_equal(e.text, "the vault v is sealed");
    exchange_free(x);
    assert_ends(&g, COFFER_UNAVAILABLE);
    assert_string_equal(g.plugin.e.text, "the vault v is sealed");
}

/* ---- what else is served ---- */

static void assert_status(struct engine *g, const char *request, int status)
{
    struct buf bytes = BUF_INIT;
    struct exchange *x = engine_open(g);
    assert_int_equal(buf_append_str(&bytes, request), 0);
    engine_write(g, x, &bytes);
    engine_wait(g, x);
    assert_true(x->in.is_complete);
    assert_int_equal(x->in.reader.head.status, status);
    buf_deinit(&bytes);
    exchange_free(x);
}

static void other_requests_are_answered_as_http_says(void **state)
{
    struct engine g;
    struct seen s = {0};
    begin(&g, &s);
    assert_status(&g, "GET /health HTTP/1.1\r\nHost: unix\r\n\r\n", 200);
    assert_status(&g, "GET " GET " HTTP/1.1\r\nHost: unix\r\n\r\n", 405);
    assert_status(&g, "POST /x HTTP/1.1\r\nHost: unix\r\nContent-Length: 0\r\n\r\n", 404);
    assert_status(&g,
                  "POST /coffer.v1.StoreService/Lock HTTP/1.1\r\nHost: unix\r\n"
                  "Content-Type: application/proto\r\nContent-Length: 0\r\n\r\n",
                  404);
    assert_status(&g,
                  "POST " GET " HTTP/1.1\r\nHost: unix\r\nContent-Type: text/plain\r\n"
                  "Content-Length: 0\r\n\r\n",
                  415);
    assert_status(&g,
                  "POST " GET " HTTP/1.1\r\nHost: unix\r\nContent-Length: 2\r\n"
                  "Content-Type: application/json\r\n\r\n{}",
                  501);
    assert_status(&g,
                  "POST " GET " HTTP/1.1\r\nHost: unix\r\nContent-Length: 2\r\n"
                  "Content-Type: application/proto\r\n\r\n\xff\xff",
                  400);
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
    assert_int_equal(s.n_gets, 0);
}

static void a_callback_can_end_the_plugin(void **state)
{
    struct engine g;
    struct seen s = {0};
    Resolver__V1__GetSecretsResponse *m;
    begin(&g, &s);
    assert_int_equal(engine_get(&g, "myrealm/last", &m, NULL), 0);
    message_free(&m->base);
    assert_ends(&g, COFFER_OK);
}

/* ---- time ---- */

static void assert_answers_ping(struct engine *g, int64_t now)
{
    assert_int_equal(yamux_tick(g->y, now, NULL), 0);
    while (!g->is_closed && yamux_deadline(g->y) < now + YAMUX_KEEP_ALIVE)
        engine_turn(g);
    assert_false(g->is_closed);
}

/* What Docker's engine does when it closes, too: it waits for the streams. */
static void a_plugin_stays_until_its_last_stream_ended(void **state)
{
    struct engine g;
    struct seen s = {0};
    Plugins__V1__ShutdownRequest m = PLUGINS__V1__SHUTDOWN_REQUEST__INIT;
    begin(&g, &s);
    struct exchange *x = engine_call(&g, "/plugins.v1.PluginService/Shutdown", &m.base);
    while (!yamux_is_refusing(g.y))
        engine_turn(&g);
    for (int i = 1; i < 20; i++)
        assert_answers_ping(&g, i * YAMUX_KEEP_ALIVE);
    exchange_free(x);
    assert_ends(&g, COFFER_OK);
}

static void a_call_has_the_time_it_says(void **state)
{
    struct engine g;
    struct seen s = {0};
    cleanup_buf struct buf bytes = BUF_INIT;
    Resolver__V1__GetSecretsRequest m = RESOLVER__V1__GET_SECRETS_REQUEST__INIT;
    m.pattern = literal("myrealm/foo");
    engine_pack_call(GET, &m.base, 3000 * CLOCK_MILLISECOND, &bytes);
    begin(&g, &s);
    assert_status(&g, bytes.data, 200);
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
    assert_in_range(s.deadline_ms, 1, 3000);
}

static void a_call_without_time_is_not_begun(void **state)
{
    struct engine g;
    struct seen s = {0};
    begin(&g, &s);
    assert_status(&g,
                  "POST " GET " HTTP/1.1\r\nHost: unix\r\nContent-Length: 3\r\n"
                  "Connect-Timeout-Ms: 0\r\nContent-Type: application/proto\r\n\r\n"
                  "\x0a\x01"
                  "a",
                  504);
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
    assert_int_equal(s.n_gets, 0);
}

static void pings_are_answered_while_a_callback_waits(void **state)
{
    struct engine g;
    struct seen s = {0};
    assert_int_equal(pipe(s.pipe), 0);
    begin(&g, &s);
    struct exchange *x = engine_start_get(&g, "myrealm/slow");
    assert_int_equal(yamux_tick(g.y, 31 * CLOCK_SECOND, NULL), 0);
    while (yamux_deadline(g.y) < 45 * CLOCK_SECOND)
        engine_turn(&g);
    assert_false(x->in.is_complete);
    assert_int_equal(write(s.pipe[1], "x", 1), 1);
    engine_wait(&g, x);
    assert_int_equal(x->in.reader.head.status, 200);
    exchange_free(x);
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
    assert_int_equal(s.waited, COFFER_OK);
    close(s.pipe[0]);
    close(s.pipe[1]);
}

static void a_callback_learns_that_nobody_waits(void **state)
{
    struct engine g;
    struct seen s = {0};
    assert_int_equal(pipe(s.pipe), 0);
    begin(&g, &s);
    struct exchange *x = engine_start_get(&g, "myrealm/slow");
    assert_int_equal(yamux_stream_reset(x->stream, NULL), 0);
    exchange_free(x);
    engine_shut_down(&g);
    assert_ends(&g, COFFER_OK);
    assert_true(s.n_gets == 0 || s.waited == COFFER_CANCELED);
    close(s.pipe[0]);
    close(s.pipe[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_says_who_it_is),
        cmocka_unit_test(a_registration_stays_open_until_it_is_answered),
        cmocka_unit_test(a_refused_registration_ends_the_plugin),
        cmocka_unit_test(a_plugin_connects_by_itself_to_dockers_engine),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(a_secret_is_found),
        cmocka_unit_test(failures_have_the_words_of_the_protocol),
        cmocka_unit_test(a_large_answer_is_sent_in_pieces),
        cmocka_unit_test(an_answer_over_the_limit_is_the_plugins_error),
        cmocka_unit_test(calls_that_come_together_are_all_answered),
        cmocka_unit_test(the_configuration_is_there_at_the_start),
        cmocka_unit_test(a_start_that_fails_ends_the_plugin),
        cmocka_unit_test(other_requests_are_answered_as_http_says),
        cmocka_unit_test(a_callback_can_end_the_plugin),
        cmocka_unit_test(a_plugin_stays_until_its_last_stream_ended),
        cmocka_unit_test(a_call_has_the_time_it_says),
        cmocka_unit_test(a_call_without_time_is_not_begun),
        cmocka_unit_test(pings_are_answered_while_a_callback_waits),
        cmocka_unit_test(a_callback_learns_that_nobody_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
