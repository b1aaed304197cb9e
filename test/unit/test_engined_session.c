/* SPDX-License-Identifier: Apache-2.0 */
/* A connection with a plugin that behaves well, and with ones that don't. */
#include "engined/session.h"
#include "plugin_side.h"

#define GET "/resolver.v1.ResolverService/GetSecrets"
#define LONG CLOCK_MINUTE

struct fixture {
    struct net net;
    struct plugin_side side;
    struct session *session;
    struct session_incoming *incoming; /* the last one */
    char procedure[128];
    size_t n_calls;
    bool is_over;
    struct err why;
    struct session_call *call;
    int answers, code;
    struct err failure;
    ProtobufCMessage *answer;
    struct side_stream *asked; /* the last call that the plugin got */
};

static void on_call(struct session_incoming *call, const char *procedure, void *user)
{
    struct fixture *f = user;
    f->incoming = call;
    f->n_calls++;
    strcpy_cut(f->procedure, sizeof(f->procedure), procedure);
}

static void on_end(const struct err *why, void *user)
{
    struct fixture *f = user;
    f->is_over = true;
    f->why = *why;
}

static const struct session_events events = {on_call, on_end};

static void on_answer(int code, ProtobufCMessage **answer, const struct err *e,
                      void *user)
{
    struct fixture *f = user;
    f->answers++;
    f->code = code;
    if (code)
        f->failure = *e;
    else
        f->answer = TAKE(*answer);
}

static void on_asked(struct side_stream *s, void *user)
{
    ((struct fixture *)user)->asked = s;
}

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    net_init(&f->net);
    int fd = side_open(&f->side, &f->net);
    f->side.on_call = on_asked;
    f->side.user = f;
    assert_int_equal(
        session_new(&f->net.loop, fd, NULL, 0, &events, f, &f->session, NULL), 0);
}

static void tear_down(struct fixture *f)
{
    struct loop_close closing;
    loop_close_init(&closing, net_closed, &f->net);
    session_close(f->session, &closing);
    loop_close_end(&closing);
    TURN_UNTIL(&f->net, f->net.is_closed);
    side_close(&f->side, &f->net);
    message_free(f->answer);
    net_deinit(&f->net);
}

static void ask(struct fixture *f, int64_t timeout)
{
    char pattern[] = "a/b";
    Resolver__V1__GetSecretsRequest m = RESOLVER__V1__GET_SECRETS_REQUEST__INIT;
    m.pattern = pattern;
    assert_int_equal(session_call(f->session, GET, &m.base,
                                  &resolver__v1__get_secrets_response__descriptor,
                                  timeout, on_answer, f, &f->call, NULL),
                     0);
}

static void ask_and_arrive(struct fixture *f)
{
    ask(f, LONG);
    TURN_UNTIL(&f->net, f->asked);
}

/* ---- good plugins ---- */

static void a_call_is_answered(void **state)
{
    static const char *const ids[] = {"a/b", NULL};
    struct fixture f;
    set_up(&f);
    ask_and_arrive(&f);
    assert_string_equal(f.asked->in.reader.head.target, GET);
    side_answer_ids(f.asked, ids);
    side_flush(&f.side);
    TURN_UNTIL(&f.net, f.answers);
    assert_int_equal(f.code, 0);
    const Resolver__V1__GetSecretsResponse *m = (const void *)f.answer;
    assert_int_equal(m->n_envelopes, 1);
    assert_string_equal(m->envelopes[0]->id, "a/b");
    tear_down(&f);
    assert_int_equal(f.answers, 1);
}

/* A plugin in Go takes the end of a stream for the end of who asked, and gives up. */
static void a_call_stays_open_until_it_is_answered(void **state)
{
    static const char *const ids[] = {"a/b", NULL};
    struct fixture f;
    set_up(&f);
    ask_and_arrive(&f);
    struct side_stream *first = f.asked;
    f.asked = NULL;
    ask_and_arrive(&f); /* whatever was sent before it is there */
    assert_false(first->is_finished);
    side_answer_ids(first, ids);
    side_flush(&f.side);
    TURN_UNTIL(&f.net, first->is_finished);
    assert_int_equal(f.answers, 1);
    assert_false(first->is_reset);
    tear_down(&f);
}

static void an_error_of_the_plugin_is_told_with_its_words(void **state)
{
    struct fixture f;
    set_up(&f);
    ask_and_arrive(&f);
    side_refuse(f.asked, ERR_FAILED_PRECONDITION, "the vault is sealed");
    side_flush(&f.side);
    TURN_UNTIL(&f.net, f.answers);
    assert_int_equal(f.code, ERR_FAILED_PRECONDITION);
    assert_non_null(strstr(f.failure.text, "the vault is sealed"));
    tear_down(&f);
}

static void a_call_of_the_plugin_is_read_and_answered(void **state)
{
    struct fixture f;
    Plugins__V1__RegisterPluginResponse answer =
        PLUGINS__V1__REGISTER_PLUGIN_RESPONSE__INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    set_up(&f);
    struct side_stream *s = side_register(&f.side, "vault", "vault/**");
    TURN_UNTIL(&f.net, f.incoming);
    assert_string_equal(f.procedure, REGISTER);
    assert_int_equal(session_read(f.incoming,
                                  &plugins__v1__register_plugin_request__descriptor, &m,
                                  NULL),
                     0);
    assert_string_equal(((Plugins__V1__RegisterPluginRequest *)(void *)m)->name, "vault");
    session_answer(f.incoming, &answer.base);
    TURN_UNTIL(&f.net, s->in.is_complete);
    assert_int_equal(s->in.reader.head.status, 200);
    tear_down(&f);
}

static void a_refusal_is_an_error_of_connect(void **state)
{
    struct fixture f;
    struct err e;
    set_up(&f);
    struct side_stream *s = side_register(&f.side, "vault", "vault/**");
    TURN_UNTIL(&f.net, f.incoming);
    err_set(&e, ERR_ALREADY_EXISTS, "plugin vault already exists");
    session_refuse(f.incoming, &e);
    TURN_UNTIL(&f.net, s->in.is_complete);
    assert_int_equal(s->in.reader.head.status, 409);
    assert_non_null(strstr(s->in.body.data, "plugin vault already exists"));
    tear_down(&f);
}

/* ---- bad ones ---- */

static void a_plugin_that_crashes_mid_answer_fails_the_call(void **state)
{
    struct fixture f;
    static const char half[] = "HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\n"
                               "Content-Length: 100\r\n\r\nabc";
    set_up(&f);
    ask_and_arrive(&f);
    side_write(f.asked, half, sizeof(half) - 1);
    side_flush(&f.side);
    side_crash(&f.side, &f.net);
    TURN_UNTIL(&f.net, f.is_over);
    assert_int_equal(f.answers, 1);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    tear_down(&f);
}

static void a_plugin_that_hangs_is_late(void **state)
{
    struct fixture f;
    set_up(&f);
    ask(&f, 20 * CLOCK_MILLISECOND);
    TURN_UNTIL(&f.net, f.answers);
    assert_int_equal(f.code, ERR_DEADLINE_EXCEEDED);
    assert_false(f.is_over);
    f.asked = NULL;
    ask_and_arrive(&f); /* others go on */
    tear_down(&f);
}

static void a_stream_that_ends_without_an_answer_fails_the_call(void **state)
{
    struct fixture f;
    set_up(&f);
    ask_and_arrive(&f);
    side_finish(f.asked);
    side_flush(&f.side);
    TURN_UNTIL(&f.net, f.answers);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    assert_false(f.is_over);
    tear_down(&f);
}

static void a_stream_that_is_reset_fails_the_call(void **state)
{
    struct fixture f;
    set_up(&f);
    ask_and_arrive(&f);
    assert_int_equal(yamux_stream_reset(f.asked->yamux, NULL), 0);
    side_flush(&f.side);
    TURN_UNTIL(&f.net, f.answers);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    tear_down(&f);
}

static void an_answer_that_is_too_long_fails_the_call(void **state)
{
    struct fixture f;
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\n"
                               "Content-Length: 99999999\r\n\r\n";
    set_up(&f);
    ask_and_arrive(&f);
    side_write(f.asked, head, sizeof(head) - 1);
    side_flush(&f.side);
    TURN_UNTIL(&f.net, f.answers);
    assert_int_equal(f.code, ERR_RESOURCE_EXHAUSTED);
    tear_down(&f);
}

static void an_answer_that_is_no_message_fails_the_call(void **state)
{
    struct fixture f;
    static const char bad[] = "HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\n"
                              "Content-Length: 3\r\n\r\n\xff\xff\xff";
    set_up(&f);
    ask_and_arrive(&f);
    side_write(f.asked, bad, sizeof(bad) - 1);
    side_flush(&f.side);
    TURN_UNTIL(&f.net, f.answers);
    assert_int_equal(f.code, ERR_BAD_MESSAGE);
    tear_down(&f);
}

static void a_call_that_inflates_is_bounded(void **state)
{
    static char name[128 * 1024];
    struct fixture f;
    Plugins__V1__RegisterPluginRequest m = PLUGINS__V1__REGISTER_PLUGIN_REQUEST__INIT;
    const struct connect_call call = {
        .procedure = REGISTER, .host = "unix", .is_last = true, .is_gzip = true};
    memset(name, 'a', sizeof(name) - 1);
    m.name = name;
    set_up(&f);
    struct side_stream *s = side_send(&f.side, &call, &m.base);
    TURN_UNTIL(&f.net, s->in.is_complete);
    assert_null(f.incoming);
    assert_non_null(strstr(s->in.body.data, "longer than 65536 bytes"));
    tear_down(&f);
}

static void a_flood_of_calls_is_bounded(void **state)
{
    struct fixture f;
    set_up(&f);
    for (size_t i = 0; i < SESSION_INCOMING_MAX + 5; i++)
        side_register(&f.side, "vault", "vault/**");
    TURN_UNTIL(&f.net, f.side.resets == 5 && f.n_calls == SESSION_INCOMING_MAX);
    assert_false(f.is_over);
    tear_down(&f);
}

/* The plugin hears that it was its fault; who waits for its answer hears what it was. */
static void what_is_no_yamux_ends_the_connection(void **state)
{
    struct fixture f;
    set_up(&f);
    ask_and_arrive(&f);
    assert_int_equal(send(f.side.fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    TURN_UNTIL(&f.net, f.is_over && f.side.failure);
    assert_int_equal(f.why.code, ERR_BAD_MESSAGE);
    assert_int_equal(f.side.failure, ERR_UNAVAILABLE);
    assert_int_equal(f.answers, 1);
    assert_non_null(strstr(f.failure.text, "yamux: the other side speaks version 71"));
    tear_down(&f);
}

/* ---- our side ends it ---- */

static void a_canceled_call_is_never_answered(void **state)
{
    struct fixture f;
    set_up(&f);
    ask_and_arrive(&f);
    session_call_cancel(f.call);
    TURN_UNTIL(&f.net, f.asked->is_reset);
    tear_down(&f);
    assert_int_equal(f.answers, 0);
}

static void closing_tells_nobody(void **state)
{
    struct fixture f;
    set_up(&f);
    ask_and_arrive(&f);
    side_register(&f.side, "vault", "vault/**");
    TURN_UNTIL(&f.net, f.incoming);
    tear_down(&f);
    assert_int_equal(f.answers, 0);
    assert_false(f.is_over);
}

static void streams_end_before_the_connection(void **state)
{
    struct fixture f;
    set_up(&f);
    ask_and_arrive(&f);
    session_close(TAKE(f.session), NULL);
    TURN_UNTIL(&f.net, f.asked->is_finished);
    tear_down(&f);
}

static void calls_can_be_ended_before_it_is_closed(void **state)
{
    struct fixture f;
    struct err e;
    set_up(&f);
    ask_and_arrive(&f);
    err_set(&e, ERR_UNAVAILABLE, "the plugin stops");
    session_end_calls(f.session, &e);
    assert_int_equal(f.answers, 1);
    assert_string_equal(f.failure.text, "the plugin stops");
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_answered),
        cmocka_unit_test(a_call_stays_open_until_it_is_answered),
        cmocka_unit_test(an_error_of_the_plugin_is_told_with_its_words),
        cmocka_unit_test(a_call_of_the_plugin_is_read_and_answered),
        cmocka_unit_test(a_refusal_is_an_error_of_connect),
        cmocka_unit_test(a_plugin_that_crashes_mid_answer_fails_the_call),
        cmocka_unit_test(a_plugin_that_hangs_is_late),
        cmocka_unit_test(a_stream_that_ends_without_an_answer_fails_the_call),
        cmocka_unit_test(a_stream_that_is_reset_fails_the_call),
        cmocka_unit_test(an_answer_that_is_too_long_fails_the_call),
        cmocka_unit_test(an_answer_that_is_no_message_fails_the_call),
        cmocka_unit_test(a_call_that_inflates_is_bounded),
        cmocka_unit_test(a_flood_of_calls_is_bounded),
        cmocka_unit_test(what_is_no_yamux_ends_the_connection),
        cmocka_unit_test(a_canceled_call_is_never_answered),
        cmocka_unit_test(closing_tells_nobody),
        cmocka_unit_test(streams_end_before_the_connection),
        cmocka_unit_test(calls_can_be_ended_before_it_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
