/* SPDX-License-Identifier: Apache-2.0 */
#include "net_fixture.h"

#include "net/rpc_local.h"

/* The service answers each pair with key and value exchanged; some keys mean more. */
struct fixture {
    struct net net;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct rpc_exchange *exchange;
    int opens, requests, finishes, cancels;
    char peer[OBJECT_ID_SIZE];
    /* what the caller got */
    struct rpc_call *call;
    int answers, ends;
    int code;
    char text[ERR_TEXT_SIZE];
    char last[100];
    bool cancels_on_answer;
    int drains;
    bool pauses; /* the service, at each request */
};

static const struct rpc_method method = {"/test/Swap", &swarm__pair__descriptor,
                                         &swarm__pair__descriptor};
static const struct rpc_method unknown = {"/test/Unknown", &swarm__pair__descriptor,
                                          &swarm__pair__descriptor};

static void pair_init(Swarm__Pair *p, char *key, char *value)
{
    *p = (Swarm__Pair)SWARM__PAIR__INIT;
    p->key = key;
    p->value = value;
}

static void on_open(struct rpc_exchange *x, void *user)
{
    struct fixture *f = user;
    f->opens++;
    f->exchange = x;
    rpc_exchange_set_state(x, f);
    strcpy_cut(f->peer, sizeof(f->peer), rpc_exchange_peer(x)->node_id);
}

static void on_request(struct rpc_exchange *x, ProtobufCMessage *message, void *user)
{
    struct fixture *f = user;
    Swarm__Pair *in = (Swarm__Pair *)message, out;
    assert_ptr_equal(rpc_exchange_state(x), f);
    f->requests++;
    if (f->pauses)
        rpc_exchange_pause(x);
    if (str_equal(in->key, "fail")) {
        struct err e = {0};
        rpc_exchange_end(x, err_set(&e, ERR_NOT_FOUND, "no %s", in->value), &e);
    } else {
        pair_init(&out, in->value, in->key);
        assert_int_equal(rpc_exchange_send(x, &out.base), 0);
    }
    if (str_equal(in->key, "end"))
        rpc_exchange_end(x, 0, NULL);
    message_free(message);
}

static void on_finish(struct rpc_exchange *x, void *user)
{
    struct fixture *f = user;
    f->finishes++;
    rpc_exchange_end(x, 0, NULL);
}

static void on_cancel(struct rpc_exchange *x, void *user)
{
    struct fixture *f = user;
    assert_int_equal(rpc_exchange_send(x, NULL), ERR_UNAVAILABLE);
    f->cancels++;
}

static const struct rpc_service service = {
    .method = &method,
    .on_open = on_open,
    .on_message = on_request,
    .on_finish = on_finish,
    .on_cancel = on_cancel,
};

static void on_answer(struct rpc_call *call, ProtobufCMessage *message, void *user)
{
    struct fixture *f = user;
    f->answers++;
    strcpy_cut(f->last, sizeof(f->last), ((Swarm__Pair *)message)->key);
    message_free(message);
    if (f->cancels_on_answer)
        rpc_call_cancel(call);
}

static void on_end(struct rpc_call *call, int code, const struct err *e, void *user)
{
    struct fixture *f = user;
    f->ends++;
    f->code = code;
    strcpy_cut(f->text, sizeof(f->text), e->text);
}

static void on_drain(struct rpc_call *call, void *user)
{
    struct fixture *f = user;
    assert_false(rpc_call_is_full(call));
    f->drains++;
}

static const struct rpc_call_events events = {
    .on_message = on_answer, .on_end = on_end, .on_drain = on_drain};

static void set_up(struct fixture *f)
{
    struct rpc_peer peer = {.node_id = "the-node"};
    memset(f, 0, sizeof(*f));
    net_init(&f->net);
    f->server = rpc_server_new();
    assert_non_null(f->server);
    assert_int_equal(rpc_server_add(f->server, &service, f), 0);
    assert_int_equal(
        rpc_local_channel_new(&f->net.loop, f->server, &peer, &f->channel, NULL), 0);
}

static void close_channel(struct fixture *f)
{
    rpc_local_channel_close(f->channel, net_closed, &f->net);
    assert_false(f->net.is_closed);
    TURN_UNTIL(&f->net, f->net.is_closed);
    f->channel = NULL;
}

static void tear_down(struct fixture *f)
{
    if (f->channel)
        close_channel(f);
    rpc_server_free(f->server);
    net_deinit(&f->net);
}

static void start(struct fixture *f, const char *key, const char *value)
{
    char k[50], v[50];
    Swarm__Pair p;
    strcpy_cut(k, sizeof(k), key);
    strcpy_cut(v, sizeof(v), value);
    pair_init(&p, k, v);
    assert_int_equal(
        rpc_call_start(f->channel, &method, &p.base, &events, f, &f->call, NULL), 0);
    memset(k, 'X', sizeof(k));
    assert_int_equal(f->opens + f->ends + f->answers, 0);
}

static void a_call_is_answered_and_ended(void **state)
{
    struct fixture f;
    set_up(&f);
    start(&f, "end", "value");
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.answers, 1);
    assert_string_equal(f.last, "value");
    assert_int_equal(f.code, 0);
    assert_string_equal(f.peer, "the-node");
    assert_int_equal(f.cancels, 0);
    tear_down(&f);
    assert_int_equal(f.ends, 1);
}

static void a_refusal_comes_with_its_text(void **state)
{
    struct fixture f;
    set_up(&f);
    start(&f, "fail", "such");
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.code, ERR_NOT_FOUND);
    assert_string_equal(f.text, "no such");
    assert_int_equal(f.answers, 0);
    tear_down(&f);
}

static void messages_pass_both_ways_in_order(void **state)
{
    struct fixture f;
    Swarm__Pair p;
    char key[] = "k", value[] = "0";
    set_up(&f);
    start(&f, "a", "first");
    for (int i = 1; i < 10; i++) {
        value[0] = (char)('0' + i);
        pair_init(&p, key, value);
        assert_int_equal(rpc_call_send(f.call, &p.base, NULL), 0);
    }
    rpc_call_finish(f.call);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.answers, 10);
    assert_string_equal(f.last, "9");
    assert_int_equal(f.finishes, 1);
    tear_down(&f);
}

static void an_unknown_method_is_told(void **state)
{
    struct fixture f;
    Swarm__Pair p = SWARM__PAIR__INIT;
    set_up(&f);
    assert_int_equal(
        rpc_call_start(f.channel, &unknown, &p.base, &events, &f, &f.call, NULL), 0);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.code, ERR_UNIMPLEMENTED);
    assert_string_equal(f.text, "unknown method /test/Unknown");
    tear_down(&f);
}

static void a_canceled_call_reaches_the_service_and_says_no_more(void **state)
{
    struct fixture f;
    set_up(&f);
    start(&f, "a", "b");
    TURN_UNTIL(&f.net, f.answers);
    rpc_call_cancel(f.call);
    rpc_call_cancel(NULL);
    TURN_UNTIL(&f.net, f.cancels);
    tear_down(&f);
    assert_int_equal(f.ends, 0);
    assert_int_equal(f.cancels, 1);
}

static void a_call_canceled_at_once_never_happened(void **state)
{
    struct fixture f;
    set_up(&f);
    start(&f, "a", "b");
    rpc_call_cancel(f.call);
    tear_down(&f);
    assert_int_equal(f.opens + f.cancels + f.requests + f.ends, 0);
}

static void a_call_may_be_canceled_in_its_callback(void **state)
{
    struct fixture f;
    set_up(&f);
    f.cancels_on_answer = true;
    start(&f, "end", "b");
    TURN_UNTIL(&f.net, f.answers);
    tear_down(&f);
    assert_int_equal(f.ends, 0);
    assert_int_equal(f.cancels, 0);
}

static void closing_ends_calls_on_both_sides(void **state)
{
    struct fixture f;
    Swarm__Pair p = SWARM__PAIR__INIT;
    set_up(&f);
    start(&f, "a", "b");
    TURN_UNTIL(&f.net, f.answers);
    rpc_local_channel_close(f.channel, net_closed, &f.net);
    assert_int_equal(f.ends + f.cancels, 0);
    struct rpc_call *late;
    assert_int_equal(
        rpc_call_start(f.channel, &method, &p.base, &events, &f, &late, NULL),
        ERR_UNAVAILABLE);
    TURN_UNTIL(&f.net, f.net.is_closed);
    f.channel = NULL;
    assert_int_equal(f.ends, 1);
    assert_int_equal(f.code, ERR_UNAVAILABLE);
    assert_int_equal(f.cancels, 1);
    tear_down(&f);
}

static void an_end_on_its_way_survives_closing(void **state)
{
    struct fixture f;
    set_up(&f);
    start(&f, "end", "b");
    TURN_UNTIL(&f.net, f.requests);
    close_channel(&f);
    assert_int_equal(f.ends, 1);
    assert_int_equal(f.code, 0);
    assert_int_equal(f.cancels, 0);
    tear_down(&f);
}

static void the_queue_is_bounded(void **state)
{
    struct fixture f;
    Swarm__Pair p = SWARM__PAIR__INIT;
    struct err e = {0};
    set_up(&f);
    start(&f, "a", "b");
    for (int i = 1; i < RPC_LOCAL_MESSAGES_MAX; i++)
        assert_int_equal(rpc_call_send(f.call, &p.base, NULL), 0);
    assert_int_equal(rpc_call_send(f.call, &p.base, &e), ERR_RESOURCE_EXHAUSTED);
    rpc_call_cancel(f.call);
    tear_down(&f);
}

static void settle(struct fixture *f)
{
    for (int i = 0; i < 10; i++)
        uv_run(&f->net.loop, UV_RUN_NOWAIT);
}

static void send_pair(struct rpc_call *call, const char *key, const char *value)
{
    cleanup_free char *k = strdup(key), *v = strdup(value);
    Swarm__Pair p;
    pair_init(&p, k, v);
    assert_int_equal(rpc_call_send(call, &p.base, NULL), 0);
}

static void a_service_takes_messages_at_its_pace(void **state)
{
    struct fixture f;
    set_up(&f);
    f.pauses = true;
    start(&f, "a", "0");
    send_pair(f.call, "a", "1");
    send_pair(f.call, "a", "2");
    rpc_call_finish(f.call);
    settle(&f);
    assert_int_equal(f.requests, 1);
    for (int i = 2; i <= 3; i++) {
        rpc_exchange_resume(f.exchange);
        settle(&f);
        assert_int_equal(f.requests, i);
        assert_int_equal(f.finishes, 0);
    }
    assert_string_equal(f.last, "2");
    rpc_exchange_resume(f.exchange);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.finishes, 1);
    assert_int_equal(f.code, 0);
    tear_down(&f);
}

static void a_full_call_drains_when_the_service_goes_on(void **state)
{
    struct fixture f;
    char value[1000];
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    set_up(&f);
    f.pauses = true;
    start(&f, "a", "0");
    settle(&f);
    int sent = 0;
    for (; !rpc_call_is_full(f.call); sent++)
        send_pair(f.call, "a", value);
    assert_in_range(sent, RPC_WINDOW / 1100, RPC_WINDOW / 1000 + 1);
    settle(&f);
    assert_int_equal(f.requests, 1);
    assert_int_equal(f.drains, 0);
    f.pauses = false;
    rpc_exchange_resume(f.exchange);
    TURN_UNTIL(&f.net, f.requests == 1 + sent);
    assert_int_equal(f.drains, 1);
    tear_down(&f);
}

static void a_paused_call_holds_up_no_other(void **state)
{
    struct fixture f;
    struct rpc_call *paused;
    set_up(&f);
    f.pauses = true;
    start(&f, "a", "0");
    settle(&f);
    paused = f.call;
    send_pair(paused, "a", "1");
    f.pauses = false;
    f.opens = f.answers = 0;
    start(&f, "end", "other");
    TURN_UNTIL(&f.net, f.ends);
    assert_string_equal(f.last, "other");
    rpc_call_cancel(paused);
    TURN_UNTIL(&f.net, f.cancels);
    assert_int_equal(f.requests, 2);
    tear_down(&f);
}

static void closing_frees_what_is_held(void **state)
{
    struct fixture f;
    set_up(&f);
    f.pauses = true;
    start(&f, "a", "0");
    send_pair(f.call, "a", "1");
    rpc_call_finish(f.call);
    settle(&f);
    tear_down(&f);
    assert_int_equal(f.requests, 1);
    assert_int_equal(f.finishes, 0);
    assert_int_equal(f.cancels, 1);
}

static void an_end_frees_what_is_held(void **state)
{
    struct fixture f;
    set_up(&f);
    f.pauses = true;
    start(&f, "a", "0");
    send_pair(f.call, "a", "1");
    settle(&f);
    rpc_exchange_end(f.exchange, 0, NULL);
    TURN_UNTIL(&f.net, f.ends);
    tear_down(&f);
    assert_int_equal(f.requests, 1);
}

/* As long as a node's assignments get when many large secrets are among them. */
static void an_answer_may_be_longer_than_a_request(void **state)
{
    struct fixture f;
    Swarm__Pair p;
    char *value = calloc(1, MESSAGE_SIZE_LIMIT + 2);
    set_up(&f);
    start(&f, "a", "b");
    TURN_UNTIL(&f.net, f.answers);
    memset(value, 'v', MESSAGE_SIZE_LIMIT + 1);
    pair_init(&p, value, value);
    assert_int_equal(rpc_exchange_send(f.exchange, &p.base), 0);
    TURN_UNTIL(&f.net, f.answers + f.ends > 1);
    assert_int_equal(f.answers, 2);
    assert_int_equal(rpc_call_send(f.call, &p.base, NULL), 0);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.code, ERR_RESOURCE_EXHAUSTED);
    tear_down(&f);
    free(value);
}

static void calls_are_limited(void **state)
{
    struct fixture f;
    struct rpc_call *c;
    set_up(&f);
    for (int i = 0; i < RPC_LOCAL_CALLS_MAX; i++)
        assert_int_equal(rpc_call_start(f.channel, &method, NULL, &events, &f, &c, NULL),
                         0);
    assert_int_equal(rpc_call_start(f.channel, &method, NULL, &events, &f, &c, NULL),
                     ERR_RESOURCE_EXHAUSTED);
    tear_down(&f);
    assert_int_equal(f.ends, RPC_LOCAL_CALLS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_answered_and_ended),
        cmocka_unit_test(a_refusal_comes_with_its_text),
        cmocka_unit_test(messages_pass_both_ways_in_order),
        cmocka_unit_test(an_unknown_method_is_told),
        cmocka_unit_test(a_canceled_call_reaches_the_service_and_says_no_more),
        cmocka_unit_test(a_call_canceled_at_once_never_happened),
        cmocka_unit_test(a_call_may_be_canceled_in_its_callback),
        cmocka_unit_test(closing_ends_calls_on_both_sides),
        cmocka_unit_test(an_end_on_its_way_survives_closing),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(a_service_takes_messages_at_its_pace),
        cmocka_unit_test(a_full_call_drains_when_the_service_goes_on),
        cmocka_unit_test(a_paused_call_holds_up_no_other),
        cmocka_unit_test(closing_frees_what_is_held),
        cmocka_unit_test(an_end_frees_what_is_held),
        cmocka_unit_test(an_answer_may_be_longer_than_a_request),
        cmocka_unit_test(calls_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
