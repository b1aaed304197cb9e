/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_fixture.h"

#include "cluster/log_broker.h"
#include "fault_malloc.h"

/* A reader of logs and what it got. */
struct reader {
    struct log_subscription *subscription;
    struct buf text;
    bool is_ended;
    int code;
    bool cancels; /* at its first message */
    bool pauses;  /* at each message */
};

struct fixture {
    struct site site;
    struct log_broker *broker;
    struct site_call listener;
    bool follow; /* asked for by subscribe() */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    site_open(&f->site);
    assert_int_equal(log_broker_new(&f->site.loop, f->site.store, f->site.server,
                                    &f->broker, &f->site.err),
                     0);
    site_add_cluster(&f->site, 0);
    site_add_node(&f->site, SITE_NODE, SWARM__NODE_STATUS__STATE__READY);
    site_add_service(&f->site, "web", NULL);
    *state = f;
    return 0;
}

static void close_broker(struct fixture *f)
{
    f->site.is_closed = false;
    log_broker_close(TAKE(f->broker), site_on_closed, &f->site);
    SITE_UNTIL(&f->site, f->site.is_closed);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    site_call_deinit(&f->listener);
    site_settle(&f->site);
    if (f->broker)
        close_broker(f);
    site_close(&f->site);
    free(f);
    return 0;
}

/* ---- the reader's side ---- */

static void on_message(const Swarm__LogMessage *m, void *user)
{
    struct reader *r = user;
    assert_int_equal(buf_append(&r->text, m->data.data, m->data.len), 0);
    if (r->cancels)
        log_broker_cancel(TAKE(r->subscription));
    if (r->pauses)
        log_broker_pause(r->subscription, true);
}

static void on_end(int code, const struct err *e, void *user)
{
    struct reader *r = user;
    assert_false(r->is_ended);
    r->is_ended = true;
    r->code = code;
    r->subscription = NULL;
}

static const struct log_subscriber subscriber = {on_message, on_end};

static int subscribe(struct fixture *f, const char *service, const char *task,
                     struct reader *r)
{
    Swarm__LogSelector *selector = world_new(&swarm__log_selector__descriptor);
    Swarm__LogSubscriptionOptions *options =
        world_new(&swarm__log_subscription_options__descriptor);
    options->follow = f->follow;
    options->tail = -11;
    if (service)
        assert_int_equal(message_append(&selector->n_service_ids, &selector->service_ids,
                                        strdup(service)),
                         0);
    if (task)
        assert_int_equal(
            message_append(&selector->n_task_ids, &selector->task_ids, strdup(task)), 0);
    *r = (struct reader){0};
    return log_broker_subscribe(f->broker, selector, options, &subscriber, r,
                                &r->subscription, &f->site.err);
}

/* ---- the node's side ---- */

static void listen_as(struct fixture *f, struct rpc_channel *channel, struct site_call *c)
{
    Swarm__ListenSubscriptionsRequest q = SWARM__LISTEN_SUBSCRIPTIONS_REQUEST__INIT;
    site_call(channel, &node_protocol_listen_subscriptions, &q.base, c);
    site_settle(&f->site);
}

static const Swarm__SubscriptionMessage *asked(struct fixture *f, size_t i)
{
    return (const Swarm__SubscriptionMessage *)site_wait_message(&f->site, &f->listener,
                                                                 i);
}

/* A task, and the time of its output. */
struct line_of {
    const char *task;
    int64_t at;
};

/* n messages (text repeated) of a task, the last of the stream with `close`. */
static void publish_of(struct site_call *c, const char *subscription, const char *service,
                       struct line_of of, size_t n, const char *text, bool close)
{
    cleanup_message Swarm__PublishLogsMessage *m =
        world_new(&swarm__publish_logs_message__descriptor);
    fixture_set(&m->subscription_id, subscription);
    m->close = close;
    for (size_t i = 0; i < n; i++) {
        Swarm__LogMessage *line = world_new(&swarm__log_message__descriptor);
        line->context = world_new(&swarm__log_context__descriptor);
        fixture_set(&line->context->service_id, service);
        fixture_set(&line->context->task_id, of.task);
        assert_int_equal(message_set_time(&line->timestamp, of.at), 0);
        assert_int_equal(message_set_bytes(&line->data, text, strlen(text)), 0);
        assert_int_equal(message_append(&m->n_messages, &m->messages, line), 0);
    }
    assert_int_equal(rpc_call_send(c->call, &m->base, NULL), 0);
}

static void publish(struct site_call *c, const char *subscription, const char *service,
                    size_t n, const char *text, bool close)
{
    struct line_of of = {"", 7 * CLOCK_SECOND + 5};
    publish_of(c, subscription, service, of, n, text, close);
}

static void open_publishing(struct fixture *f, struct rpc_channel *channel,
                            struct site_call *c)
{
    site_call(channel, &node_protocol_publish_logs, NULL, c);
}

/* Subscribes to the service while SITE_NODE listens; returns the subscription's id. */
static const char *begin(struct fixture *f, struct reader *r)
{
    listen_as(f, f->site.node, &f->listener);
    assert_int_equal(subscribe(f, "web", NULL, r), 0);
    return asked(f, 0)->id;
}

/* ---- tests ---- */

static void a_reader_gets_what_the_node_publishes(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    struct reader r;
    const char *id = begin(f, &r);
    assert_string_equal(asked(f, 0)->selector->service_ids[0], "web");
    assert_false(asked(f, 0)->close);
    open_publishing(f, f->site.node, &c);
    publish(&c, id, "web", 2, "line ", false);
    publish(&c, id, "web", 0, "", true);
    rpc_call_finish(c.call);
    SITE_UNTIL(&f->site, r.is_ended);
    assert_int_equal(r.code, 0);
    assert_string_equal(buf_str(&r.text), "line line ");
    assert_int_equal(site_wait_end(&f->site, &c), 0);
    assert_int_equal(c.n, 1);
    buf_deinit(&r.text);
}

static void a_task_can_be_selected(void **state)
{
    struct fixture *f = *state;
    struct reader r;
    const char *task = site_task(&f->site, "web")->id;
    listen_as(f, f->site.node, &f->listener);
    assert_int_equal(subscribe(f, NULL, task, &r), 0);
    assert_string_equal(asked(f, 0)->selector->task_ids[0], task);
    log_broker_cancel(r.subscription);
    assert_true(asked(f, 1)->close);
}

static void nobody_to_ask_is_an_end(void **state)
{
    struct fixture *f = *state;
    struct reader r;
    assert_int_equal(subscribe(f, "web", NULL, &r), 0);
    assert_false(r.is_ended);
    SITE_UNTIL(&f->site, r.is_ended);
    assert_int_equal(r.code, 0);
}

static void a_node_without_selected_tasks_is_not_asked(void **state)
{
    struct fixture *f = *state;
    struct reader r;
    listen_as(f, f->site.other_node, &f->listener);
    assert_int_equal(subscribe(f, "web", NULL, &r), 0);
    SITE_UNTIL(&f->site, r.is_ended);
    assert_int_equal(f->listener.n, 0);
}

static void what_was_not_asked_for_is_dropped(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c, other;
    struct reader r;
    const char *id = begin(f, &r);
    open_publishing(f, f->site.node, &c);
    publish(&c, id, "another service", 1, "a", false);
    publish(&c, "no such subscription", "web", 1, "b", false);
    open_publishing(f, f->site.other_node, &other);
    publish(&other, id, "web", 1, "c", true);
    site_settle(&f->site);
    assert_string_equal(buf_str(&r.text), "");
    assert_false(r.is_ended);
    log_broker_cancel(r.subscription);
}

static void a_node_that_goes_ends_its_part(void **state)
{
    struct fixture *f = *state;
    struct reader r;
    begin(f, &r);
    rpc_call_cancel(TAKE(f->listener.call));
    SITE_UNTIL(&f->site, r.is_ended);
    assert_int_equal(r.code, 0);
}

static void a_broken_stream_ends_its_nodes_part(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    struct reader r;
    const char *id = begin(f, &r);
    open_publishing(f, f->site.node, &c);
    publish(&c, id, "web", 1, "half", false);
    SITE_UNTIL(&f->site, r.text.len > 0);
    rpc_call_cancel(TAKE(c.call));
    SITE_UNTIL(&f->site, r.is_ended);
    assert_string_equal(buf_str(&r.text), "half");
    buf_deinit(&r.text);
}

static void a_canceled_reader_hears_nothing_more(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    struct reader r;
    const char *id = begin(f, &r);
    log_broker_cancel(r.subscription);
    open_publishing(f, f->site.node, &c);
    publish(&c, id, "web", 1, "late", true);
    assert_true(asked(f, 1)->close);
    site_settle(&f->site);
    assert_false(r.is_ended);
    assert_int_equal(r.text.len, 0);
}

static void a_reader_may_cancel_while_it_reads(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    struct reader r;
    const char *id = begin(f, &r);
    r.cancels = true;
    open_publishing(f, f->site.node, &c);
    publish(&c, id, "web", 3, "line ", true);
    SITE_UNTIL(&f->site, r.text.len > 0);
    site_settle(&f->site);
    assert_string_equal(buf_str(&r.text), "line ");
    assert_false(r.is_ended);
    buf_deinit(&r.text);
}

static void a_reader_that_pauses_holds_up_its_node_alone(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c, other;
    struct reader r, quick;
    const char *id = begin(f, &r);
    assert_int_equal(subscribe(f, "web", NULL, &quick), 0);
    r.pauses = true;
    open_publishing(f, f->site.node, &c);
    open_publishing(f, f->site.node, &other);
    for (int i = 0; i < 3; i++)
        publish(&c, id, "web", 1, "a", false);
    for (int i = 0; i < 3; i++)
        publish(&other, asked(f, 1)->id, "web", 1, "b", false);
    SITE_UNTIL(&f->site, quick.text.len == 3);
    assert_string_equal(buf_str(&r.text), "a");
    log_broker_pause(r.subscription, false);
    site_settle(&f->site);
    assert_string_equal(buf_str(&r.text), "aa");
    r.pauses = false;
    log_broker_pause(r.subscription, false);
    site_settle(&f->site);
    assert_string_equal(buf_str(&r.text), "aaa");
    log_broker_cancel(r.subscription);
    log_broker_cancel(quick.subscription);
    buf_deinit(&r.text);
    buf_deinit(&quick.text);
}

static void a_node_sees_that_its_reader_is_slow(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    struct reader r;
    char line[1000];
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    const char *id = begin(f, &r);
    log_broker_pause(r.subscription, true);
    open_publishing(f, f->site.node, &c);
    while (!rpc_call_is_full(c.call)) {
        publish(&c, id, "web", 1, line, false);
        site_settle(&f->site);
    }
    assert_in_range(r.text.len, 0, sizeof(line));
    log_broker_cancel(r.subscription);
    site_settle(&f->site);
    assert_false(rpc_call_is_full(c.call));
    buf_deinit(&r.text);
}

static void a_task_that_comes_later_is_followed(void **state)
{
    struct fixture *f = *state;
    struct reader r;
    f->follow = true;
    listen_as(f, f->site.node, &f->listener);
    assert_int_equal(subscribe(f, "later", NULL, &r), 0);
    site_settle(&f->site);
    assert_int_equal(f->listener.n, 0);
    assert_false(r.is_ended);
    site_add_service(&f->site, "later", NULL);
    assert_string_equal(asked(f, 0)->selector->service_ids[0], "later");
    assert_int_equal(asked(f, 0)->options->tail, -11);
    site_settle(&f->site);
    assert_int_equal(f->listener.n, 1);
    log_broker_cancel(r.subscription);
}

static void a_task_that_comes_later_is_none_of_a_finite_request(void **state)
{
    struct fixture *f = *state;
    struct reader r;
    listen_as(f, f->site.node, &f->listener);
    assert_int_equal(subscribe(f, "web", NULL, &r), 0);
    site_add_service(&f->site, "later", NULL);
    site_settle(&f->site);
    assert_int_equal(f->listener.n, 1);
    log_broker_cancel(r.subscription);
}

/* Follows "duo", whose two tasks on SITE_NODE told something, until its session broke. */
struct cut_off {
    struct site_call c;
    struct reader r;
    struct line_of behind, ahead;
};

/* Begins to put n tasks of "duo" on a node. No orchestrator knows that service. */
static struct store_tx *begin_tasks(struct fixture *f, const char *node, const char *id,
                                    int n)
{
    struct store_tx *tx = NULL;
    assert_int_equal(store_tx_begin(store_view(f->site.store), 1, &tx), 0);
    for (int i = 0; i < n; i++) {
        char text[OBJECT_ID_SIZE];
        snprintf(text, sizeof(text), "%s%d", id, i);
        struct object *o = fixture_object(OBJECT_TASK, text, "");
        fixture_set(&o->task->service_id, "duo");
        fixture_set(&o->task->node_id, node);
        assert_int_equal(store_tx_create(tx, o, NULL), 0);
    }
    store_tx_prepare(tx);
    return tx;
}

static void add_tasks(struct fixture *f, const char *node, const char *id, int n)
{
    store_apply(f->site.store, begin_tasks(f, node, id, n));
}

static void cut_off(struct fixture *f, struct cut_off *k)
{
    site_call_deinit(&f->listener);
    rpc_call_cancel(TAKE(k->c.call));
    site_settle(&f->site);
    assert_false(k->r.is_ended);
}

static void follow_two(struct fixture *f, struct cut_off *k)
{
    *k = (struct cut_off){.behind = {"task0", 100 * CLOCK_SECOND},
                          .ahead = {"task1", 900 * CLOCK_SECOND}};
    add_tasks(f, SITE_NODE, "task", 2);
    f->follow = true;
    listen_as(f, f->site.node, &f->listener);
    assert_int_equal(subscribe(f, "duo", NULL, &k->r), 0);
    const char *id = asked(f, 0)->id;
    open_publishing(f, f->site.node, &k->c);
    publish_of(&k->c, id, "duo", k->ahead, 2, "A", false);
    publish_of(&k->c, id, "duo", k->behind, 1, "b", false);
    SITE_UNTIL(&f->site, k->r.text.len == 3);
}

static void end_two(struct cut_off *k)
{
    log_broker_cancel(k->r.subscription);
    site_call_deinit(&k->c);
    buf_deinit(&k->r.text);
}

static void a_node_that_is_back_is_asked_from_its_slowest_task_on(void **state)
{
    struct fixture *f = *state;
    struct cut_off k;
    follow_two(f, &k);
    cut_off(f, &k);
    listen_as(f, f->site.node, &f->listener);
    assert_int_equal(message_time(asked(f, 0)->options->since, 0), k.behind.at);
    assert_int_equal(asked(f, 0)->options->tail, 0);
    end_two(&k);
}

static void what_came_of_a_task_does_not_come_again(void **state)
{
    struct fixture *f = *state;
    struct cut_off k;
    struct line_of old;
    follow_two(f, &k);
    cut_off(f, &k);
    listen_as(f, f->site.node, &f->listener);
    const char *id = asked(f, 0)->id;
    open_publishing(f, f->site.node, &k.c);
    publish_of(&k.c, id, "duo", k.behind, 1, "b", false); /* again */
    publish_of(&k.c, id, "duo", k.behind, 1, "c", false); /* a second one of that time */
    old = k.behind;
    old.at = 200 * CLOCK_SECOND;
    publish_of(&k.c, id, "duo", old, 1, "d", false);
    old = k.ahead;
    old.at = 300 * CLOCK_SECOND;
    publish_of(&k.c, id, "duo", old, 1, "Z", false);     /* again */
    publish_of(&k.c, id, "duo", k.ahead, 2, "A", false); /* again */
    publish_of(&k.c, id, "duo", k.ahead, 1, "B", false);
    publish_of(&k.c, id, "duo", old, 1, "C", false); /* told late by the engine */
    site_settle(&f->site);
    assert_string_equal(buf_str(&k.r.text), "AAbcdBC");
    end_two(&k);
}

static void a_task_that_told_nothing_is_asked_for_from_the_start(void **state)
{
    struct fixture *f = *state;
    struct cut_off k;
    follow_two(f, &k);
    cut_off(f, &k);
    add_tasks(f, SITE_NODE, "third", 1);
    listen_as(f, f->site.node, &f->listener);
    assert_null(asked(f, 0)->options->since);
    assert_int_equal(asked(f, 0)->options->tail, 0);
    end_two(&k);
}

static void a_node_that_told_nothing_is_asked_as_before(void **state)
{
    struct fixture *f = *state;
    struct reader r;
    f->follow = true;
    begin(f, &r);
    site_call_deinit(&f->listener);
    site_settle(&f->site);
    listen_as(f, f->site.node, &f->listener);
    assert_null(asked(f, 0)->options->since);
    assert_int_equal(asked(f, 0)->options->tail, -11);
    log_broker_cancel(r.subscription);
}

/* A look-up would need memory. */
static void a_commit_looks_up_no_tasks(void **state)
{
    struct fixture *f = *state;
    struct reader all[8];
    f->follow = true;
    listen_as(f, f->site.node, &f->listener);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_int_equal(subscribe(f, "duo", NULL, &all[i]), 0);
    struct store_tx *tx = begin_tasks(f, SITE_OTHER_NODE, "task", 100);
    fault_malloc_at(1);
    store_apply(f->site.store, tx);
    assert_false(fault_malloc_has_failed());
    fault_malloc_at(0);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        log_broker_cancel(all[i].subscription);
}

static void a_node_that_listens_again_is_asked_for_its_own_tasks(void **state)
{
    struct fixture *f = *state;
    struct reader r;
    f->follow = true;
    assert_int_equal(subscribe(f, "duo", NULL, &r), 0);
    add_tasks(f, SITE_OTHER_NODE, "task", 1);
    listen_as(f, f->site.node, &f->listener);
    assert_int_equal(f->listener.n, 0);
    add_tasks(f, SITE_NODE, "other", 1);
    assert_string_equal(asked(f, 0)->selector->service_ids[0], "duo");
    log_broker_cancel(r.subscription);
}

static void what_is_followed_ends_when_no_node_publishes(void **state)
{
    struct fixture *f = *state;
    cleanup_call struct site_call c;
    struct reader r;
    f->follow = true;
    const char *id = begin(f, &r);
    open_publishing(f, f->site.node, &c);
    publish(&c, id, "web", 0, "", true);
    SITE_UNTIL(&f->site, r.is_ended);
}

static void too_many_readers_are_refused(void **state)
{
    struct fixture *f = *state;
    static struct reader all[LOG_SUBSCRIPTIONS_MAX];
    struct reader more;
    listen_as(f, f->site.node, &f->listener);
    for (size_t i = 0; i < LOG_SUBSCRIPTIONS_MAX; i++)
        assert_int_equal(subscribe(f, "web", NULL, &all[i]), 0);
    assert_int_equal(subscribe(f, "web", NULL, &more), ERR_RESOURCE_EXHAUSTED);
    for (size_t i = 0; i < LOG_SUBSCRIPTIONS_MAX; i++)
        log_broker_cancel(all[i].subscription);
    site_call_deinit(&f->listener);
}

static void closing_ends_readers_and_listeners(void **state)
{
    struct fixture *f = *state;
    struct reader r;
    begin(f, &r);
    close_broker(f);
    assert_true(r.is_ended);
    assert_int_equal(r.code, ERR_UNAVAILABLE);
    assert_int_equal(site_wait_end(&f->site, &f->listener), ERR_UNAVAILABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_reader_gets_what_the_node_publishes),
        TEST(a_task_can_be_selected),
        TEST(nobody_to_ask_is_an_end),
        TEST(a_node_without_selected_tasks_is_not_asked),
        TEST(what_was_not_asked_for_is_dropped),
        TEST(a_node_that_goes_ends_its_part),
        TEST(a_broken_stream_ends_its_nodes_part),
        TEST(a_canceled_reader_hears_nothing_more),
        TEST(a_reader_may_cancel_while_it_reads),
        TEST(a_reader_that_pauses_holds_up_its_node_alone),
        TEST(a_node_sees_that_its_reader_is_slow),
        TEST(a_task_that_comes_later_is_followed),
        TEST(a_task_that_comes_later_is_none_of_a_finite_request),
        TEST(a_node_that_is_back_is_asked_from_its_slowest_task_on),
        TEST(what_came_of_a_task_does_not_come_again),
        TEST(a_task_that_told_nothing_is_asked_for_from_the_start),
        TEST(a_node_that_told_nothing_is_asked_as_before),
        TEST(a_commit_looks_up_no_tasks),
        TEST(a_node_that_listens_again_is_asked_for_its_own_tasks),
        TEST(what_is_followed_ends_when_no_node_publishes),
        TEST(too_many_readers_are_refused),
        TEST(closing_ends_readers_and_listeners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
