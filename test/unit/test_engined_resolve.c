/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for secrets, over scripted plugins that connected by themselves. */
#include "base/str.h"
#include "engined/host.h"
#include "engined/resolve.h"
#include "fault_malloc.h"
#include "plugin_side.h"
#include "wire_capture.h"

#define SIDES 3

struct side {
    struct plugin_side plugin;
    struct side_stream *asked; /* the call at hand */
    size_t n_asked;
    bool is_open;
};

struct outcome {
    int told, code;
    struct err why;
    struct secret_envelopes found;
};

struct fixture {
    struct net net;
    struct config config;
    struct host *host;
    struct resolve *resolve;
    struct side sides[SIDES];
    size_t changes;
};

static void on_change(void *user)
{
    struct fixture *f = user;
    f->changes++;
    if (f->resolve)
        resolve_forget(f->resolve);
}

static const struct host_events events = {on_change};

static void set_up_with(struct fixture *f, int64_t cache)
{
    memset(f, 0, sizeof(*f));
    net_init(&f->net);
    f->config = (struct config){.config_folder = f->net.folder,
                                .data_folder = f->net.folder,
                                .failure_rule = MERGE_FAIL_WHEN_EMPTY,
                                .request_timeout = CLOCK_MINUTE,
                                .cache = cache};
    assert_int_equal(host_new(&f->net.loop, &f->config, &events, f, &f->host, NULL), 0);
    assert_int_equal(resolve_new(&f->net.loop, f->host, &f->config, &f->resolve, NULL),
                     0);
}

static void set_up(struct fixture *f)
{
    set_up_with(f, CLOCK_MINUTE);
}

static void tear_down(struct fixture *f)
{
    struct loop_close closing;
    loop_close_init(&closing, net_closed, &f->net);
    resolve_close(f->resolve, &closing);
    f->resolve = NULL;
    host_close(f->host, &closing);
    loop_close_end(&closing);
    TURN_UNTIL(&f->net, f->net.is_closed);
    for (size_t i = 0; i < SIDES; i++)
        if (f->sides[i].is_open)
            side_close(&f->sides[i].plugin, &f->net);
    net_deinit(&f->net);
}

static void on_asked(struct side_stream *s, void *user)
{
    struct side *side = user;
    side->asked = s;
    side->n_asked++;
}

static struct side *connect_plugin(struct fixture *f, size_t i)
{
    struct side *side = &f->sides[i];
    int fd = side_open(&side->plugin, &f->net);
    side->plugin.on_call = on_asked;
    side->plugin.user = side;
    side->is_open = true;
    host_accept(f->host, fd, NULL, 0);
    return side;
}

static struct side *add_plugin(struct fixture *f, size_t i, const char *name,
                               const char *pattern)
{
    struct side *side = connect_plugin(f, i);
    struct side_stream *s = side_register(&side->plugin, name, pattern);
    TURN_UNTIL(&f->net, s->in.is_complete);
    assert_int_equal(s->in.reader.head.status, 200);
    return side;
}

static void on_found(int code, const struct secret_envelopes *found, const struct err *e,
                     void *user)
{
    struct outcome *o = user;
    o->told++;
    o->code = code;
    if (code) {
        o->why = *e;
        return;
    }
    for (size_t i = 0; i < found->len; i++) {
        struct secret_envelope one = {0};
        assert_int_equal(secret_envelope_copy(&found->items[i], &one, NULL), 0);
        assert_int_equal(secret_envelopes_append(&o->found, &one, NULL), 0);
    }
}

static struct resolve_request *request(struct fixture *f, const char *text,
                                       struct outcome *o)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    struct resolve_request *q;
    memset(o, 0, sizeof(*o));
    assert_int_equal(pattern_parse(&pattern, text, strlen(text), NULL), 0);
    assert_int_equal(resolve_start(f->resolve, &pattern, on_found, o, &q, NULL), 0);
    return q;
}

/* The plugin's next call is answered with these ids. */
static void answer(struct fixture *f, struct side *side, const char *const *ids)
{
    TURN_UNTIL(&f->net, side->asked);
    side_answer_ids(TAKE(side->asked), ids);
    side_flush(&side->plugin);
}

#define IDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_IDS ((const char *const[]){NULL})

static void finish(struct fixture *f, struct outcome *o)
{
    TURN_UNTIL(&f->net, o->told);
    assert_int_equal(o->told, 1);
}

/* ---- routing and merging ---- */

static void without_plugins_nothing_is_found(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    request(&f, "a/b", &o);
    assert_int_equal(o.told, 0); /* from the loop only */
    finish(&f, &o);
    assert_int_equal(o.code, ERR_NOT_FOUND);
    assert_string_equal(o.why.text, "secret not found");
    tear_down(&f);
}

static void answers_come_in_the_order_of_the_plugins_names(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *zeta = add_plugin(&f, 0, "zeta", "**");
    struct side *alpha = add_plugin(&f, 1, "alpha", "db/**");
    request(&f, "**", &o);
    answer(&f, zeta, IDS("db/x", "other"));
    answer(&f, alpha, IDS("db/x"));
    finish(&f, &o);
    assert_int_equal(o.found.len, 3);
    assert_string_equal(o.found.items[0].provider, "alpha");
    assert_string_equal(o.found.items[1].provider, "zeta");
    assert_string_equal(o.found.items[2].id, "other");
    assert_true(o.found.items[0].resolved_at.is_set);
    secret_envelopes_deinit(&o.found);
    tear_down(&f);
}

static void only_plugins_that_may_have_it_are_asked(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *db = add_plugin(&f, 0, "db", "db/**");
    struct side *web = add_plugin(&f, 1, "web", "web/**");
    request(&f, "*/key", &o);
    answer(&f, db, NO_IDS);
    answer(&f, web, IDS("web/key"));
    finish(&f, &o);
    secret_envelopes_deinit(&o.found);
    request(&f, "web/key2", &o);
    answer(&f, web, NO_IDS);
    finish(&f, &o);
    assert_int_equal(o.code, ERR_NOT_FOUND);
    assert_int_equal(db->n_asked, 1);
    tear_down(&f);
}

static void a_plugin_is_asked_for_its_own_part_alone(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *db = add_plugin(&f, 0, "db", "db/**");
    request(&f, "**", &o);
    TURN_UNTIL(&f.net, db->asked);
    cleanup_message ProtobufCMessage *m =
        side_read(db->asked, &resolver__v1__get_secrets_request__descriptor);
    assert_string_equal(((Resolver__V1__GetSecretsRequest *)(void *)m)->pattern, "db/**");
    answer(&f, db, NO_IDS);
    finish(&f, &o);
    tear_down(&f);
}

static void what_a_plugin_was_not_asked_for_is_dropped(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *liar = add_plugin(&f, 0, "liar", "db/**");
    request(&f, "db/x", &o);
    answer(&f, liar, IDS("db/y", "web/x", "db/x", "db/x", "no id", ""));
    finish(&f, &o);
    assert_int_equal(o.found.len, 1);
    assert_string_equal(o.found.items[0].id, "db/x");
    secret_envelopes_deinit(&o.found);
    tear_down(&f);
}

static void the_engines_own_ids_are_hidden(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *all = add_plugin(&f, 0, "all", "**");
    request(&f, "docker/**", &o);
    answer(&f, all, IDS("docker/secrets-engine/plugins/vault/token", "docker/mcp/x"));
    finish(&f, &o);
    assert_int_equal(o.found.len, 1);
    assert_string_equal(o.found.items[0].id, "docker/mcp/x");
    secret_envelopes_deinit(&o.found);
    request(&f, "docker/secrets-engine/x", &o);
    answer(&f, all, IDS("docker/secrets-engine/x"));
    finish(&f, &o);
    assert_int_equal(o.code, ERR_NOT_FOUND);
    tear_down(&f);
}

/* ---- failures ---- */

static void a_failure_is_told_when_nobody_else_found_it(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *vault = add_plugin(&f, 0, "vault", "**");
    struct side *pass = add_plugin(&f, 1, "pass", "**");
    request(&f, "a", &o);
    TURN_UNTIL(&f.net, vault->asked);
    side_refuse(TAKE(vault->asked), ERR_INTERNAL, "it is sealed");
    side_flush(&vault->plugin);
    answer(&f, pass, NO_IDS);
    finish(&f, &o);
    assert_int_equal(o.code, ERR_UNAVAILABLE);
    assert_string_equal(o.why.text, "matching plugin vault failed: it is sealed");
    request(&f, "a", &o);
    TURN_UNTIL(&f.net, vault->asked);
    side_refuse(TAKE(vault->asked), ERR_INTERNAL, "it is sealed");
    side_flush(&vault->plugin);
    answer(&f, pass, IDS("a"));
    finish(&f, &o);
    assert_int_equal(o.code, 0);
    secret_envelopes_deinit(&o.found);
    tear_down(&f);
}

static void a_plugin_that_crashes_mid_answer_is_a_failure(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *vault = add_plugin(&f, 0, "vault", "**");
    request(&f, "a", &o);
    TURN_UNTIL(&f.net, vault->asked);
    side_write(vault->asked, "HTTP/1.1 200", 12);
    side_flush(&vault->plugin);
    side_crash(&vault->plugin, &f.net);
    finish(&f, &o);
    assert_int_equal(o.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(o.why.text, "matching plugin vault failed"));
    assert_null(host_find(f.host, "vault"));
    tear_down(&f);
}

static void a_plugin_that_stops_fails_what_it_was_asked(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *vault = add_plugin(&f, 0, "vault", "**");
    request(&f, "a", &o);
    TURN_UNTIL(&f.net, vault->asked);
    side_crash(&vault->plugin, &f.net);
    finish(&f, &o);
    assert_int_equal(o.code, ERR_UNAVAILABLE);
    tear_down(&f);
}

/* ---- sharing and keeping ---- */

static void equal_requests_share_one_question(void **state)
{
    struct fixture f;
    struct outcome a, b, c;
    set_up(&f);
    struct side *pass = add_plugin(&f, 0, "pass", "**");
    request(&f, "a", &a);
    request(&f, "a", &b);
    struct resolve_request *third = request(&f, "a", &c);
    TURN_UNTIL(&f.net, pass->asked);
    resolve_cancel(third);
    answer(&f, pass, IDS("a"));
    finish(&f, &a);
    finish(&f, &b);
    assert_int_equal(pass->n_asked, 1);
    assert_int_equal(c.told, 0);
    secret_envelopes_deinit(&a.found);
    secret_envelopes_deinit(&b.found);
    tear_down(&f);
}

static void a_request_that_nobody_waits_for_is_broken_off(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *pass = add_plugin(&f, 0, "pass", "**");
    struct resolve_request *q = request(&f, "a", &o);
    TURN_UNTIL(&f.net, pass->asked);
    resolve_cancel(q);
    TURN_UNTIL(&f.net, pass->asked->is_reset);
    assert_int_equal(o.told, 0);
    tear_down(&f);
}

static void answers_are_kept_until_something_changes(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *pass = add_plugin(&f, 0, "pass", "**");
    for (int i = 0; i < 2; i++) {
        request(&f, "a", &o);
        if (i == 0)
            answer(&f, pass, IDS("a"));
        finish(&f, &o);
        assert_int_equal(o.found.len, 1);
        secret_envelopes_deinit(&o.found);
    }
    assert_int_equal(pass->n_asked, 1);
    resolve_forget(f.resolve);
    request(&f, "a", &o);
    answer(&f, pass, IDS("a"));
    finish(&f, &o);
    assert_int_equal(pass->n_asked, 2);
    secret_envelopes_deinit(&o.found);
    tear_down(&f);
}

/* How long the loop would wait at most. */
static int next_time(struct fixture *f)
{
    TURN_UNTIL(&f->net, uv_backend_timeout(&f->net.loop) > 0);
    return uv_backend_timeout(&f->net.loop);
}

static void what_is_kept_goes_when_its_time_is_over(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up_with(&f, 10 * CLOCK_SECOND);
    struct side *side = add_plugin(&f, 0, "one", "**");
    assert_true(next_time(&f) > 10000);
    request(&f, "a", &o);
    answer(&f, side, IDS("a"));
    finish(&f, &o);
    assert_true(next_time(&f) <= 10000);
    secret_envelopes_deinit(&o.found);
    tear_down(&f);
}

static void an_answer_from_before_a_change_is_not_kept(void **state)
{
    struct fixture f;
    struct outcome o;
    set_up(&f);
    struct side *pass = add_plugin(&f, 0, "pass", "**");
    request(&f, "a", &o);
    TURN_UNTIL(&f.net, pass->asked);
    resolve_forget(f.resolve);
    answer(&f, pass, IDS("a"));
    finish(&f, &o);
    secret_envelopes_deinit(&o.found);
    request(&f, "a", &o);
    answer(&f, pass, IDS("a"));
    finish(&f, &o);
    assert_int_equal(pass->n_asked, 2);
    secret_envelopes_deinit(&o.found);
    tear_down(&f);
}

static int start_and_cancel(void *user)
{
    struct fixture *f = user;
    struct outcome o = {0};
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    struct resolve_request *q;
    int r = pattern_parse(&pattern, "a/b", 3, NULL);
    if (!r)
        r = resolve_start(f->resolve, &pattern, on_found, &o, &q, NULL);
    if (!r)
        resolve_cancel(q);
    return r;
}

static void a_request_without_memory_is_refused(void **state)
{
    struct fixture f;
    set_up(&f);
    assert_true(fault_malloc_each(start_and_cancel, &f) > 3);
    tear_down(&f);
}

static void requests_are_bounded(void **state)
{
    struct fixture f;
    struct outcome o;
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    struct resolve_request *q;
    set_up(&f);
    for (int i = 0; i < RESOLVE_REQUESTS_MAX; i++)
        request(&f, "a", &o);
    assert_int_equal(pattern_parse(&pattern, "b", 1, NULL), 0);
    assert_int_equal(resolve_start(f.resolve, &pattern, on_found, &o, &q, NULL),
                     ERR_RESOURCE_EXHAUSTED);
    tear_down(&f);
}

/* ---- registration ---- */

static void refuse_registration(const char *name, const char *pattern, int status)
{
    struct fixture f;
    set_up(&f);
    add_plugin(&f, 0, "pass", "**");
    struct side *other = connect_plugin(&f, 1);
    struct side_stream *s = side_register(&other->plugin, name, pattern);
    TURN_UNTIL(&f.net, s->in.is_complete && other->plugin.is_eof);
    assert_int_equal(s->in.reader.head.status, status);
    assert_int_equal(host_externals(f.host), 1);
    tear_down(&f);
}

static void bad_registrations_are_refused(void **state)
{
    refuse_registration("pass", "**", 409);        /* taken */
    refuse_registration("docker-pass", "**", 409); /* the local store's */
    refuse_registration("", "**", 400);
    refuse_registration("x", "a//b", 400);
}

static void a_plugin_registers_only_once(void **state)
{
    struct fixture f;
    set_up(&f);
    struct side *pass = add_plugin(&f, 0, "pass", "**");
    struct side_stream *s = side_register(&pass->plugin, "other", "**");
    TURN_UNTIL(&f.net, s->in.is_complete);
    assert_non_null(strstr(s->in.body.data, "cannot rerun registration"));
    assert_non_null(host_find(f.host, "pass"));
    tear_down(&f);
}

/* Where the first frame of a stream is; 2 is the plugin's answer to the engine's first
 * call, 4 to its next one. */
static size_t stream_at(const struct buf *recorded, size_t at, unsigned id)
{
    while (at + 12 <= recorded->len) {
        const unsigned char *frame = (const unsigned char *)recorded->data + at;
        if (frame[7] == id)
            return at;
        at += 12;
        if (frame[1] == 0)
            at += (size_t)frame[10] << 8 | frame[11];
    }
    fail_msg("the recording has no stream %u", id);
    return 0;
}

static void a_recorded_plugin_registers_and_answers(void **state)
{
    struct fixture f;
    struct outcome o;
    cleanup_buf struct buf recorded = BUF_INIT;
    int pair[2];
    set_up(&f);
    capture_read("cap.0.c2s", &recorded);
    size_t head = capture_head_size(&recorded), rest = stream_at(&recorded, head, 2);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    host_accept(f.host, pair[0], recorded.data + head, rest - head);
    TURN_UNTIL(&f.net, host_find(f.host, "ext-one"));
    const struct plugin *p = host_find(f.host, "ext-one");
    assert_string_equal(p->version, "v0.0.1");
    assert_string_equal(p->pattern.text, "myrealm/**");
    request(&f, "myrealm/foo", &o);
    for (char got[8192]; recv(pair[1], got, sizeof(got), MSG_DONTWAIT) < 0 ||
                         !memmem(got, sizeof(got), "GetSecrets", 10);)
        uv_run(&f.net.loop, UV_RUN_NOWAIT);
    size_t n = stream_at(&recorded, rest, 4) - rest;
    assert_int_equal(send(pair[1], recorded.data + rest, n, MSG_NOSIGNAL), (ssize_t)n);
    finish(&f, &o);
    assert_int_equal(o.code, 0);
    assert_string_equal(o.found.items[0].id, "myrealm/foo");
    assert_string_equal(o.found.items[0].provider, "ext-one");
    secret_envelopes_deinit(&o.found);
    close(pair[1]);
    tear_down(&f);
}

/* As one does whose settings were looked up there. */
static void fail_other(int code, ProtobufCMessage **unused, const struct err *e,
                       void *other)
{
    struct err why = *e;
    assert_int_not_equal(code, 0);
    plugin_fail(other, &why);
}

static void on_stopped(void *user)
{
    *(bool *)user = true;
}

static void a_plugin_that_goes_while_all_are_stopped_is_passed_over(void **state)
{
    struct fixture f;
    char pattern[] = "a";
    Resolver__V1__GetSecretsRequest m = RESOLVER__V1__GET_SECRETS_REQUEST__INIT;
    struct session_call *call;
    bool is_stopped = false;
    set_up(&f);
    for (size_t i = 0; i < SIDES; i++)
        connect_plugin(&f, i);
    struct plugin *first = host_next(f.host, NULL);
    m.pattern = pattern;
    assert_int_equal(session_call(first->session, "/a.B/C", &m.base,
                                  &resolver__v1__get_secrets_response__descriptor,
                                  CLOCK_MINUTE, fail_other, host_next(f.host, first),
                                  &call, NULL),
                     0);
    host_stop(f.host, on_stopped, &is_stopped);
    TURN_UNTIL(&f.net, is_stopped);
    assert_null(host_next(f.host, NULL));
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_plugins_nothing_is_found),
        cmocka_unit_test(answers_come_in_the_order_of_the_plugins_names),
        cmocka_unit_test(only_plugins_that_may_have_it_are_asked),
        cmocka_unit_test(a_plugin_is_asked_for_its_own_part_alone),
        cmocka_unit_test(what_a_plugin_was_not_asked_for_is_dropped),
        cmocka_unit_test(the_engines_own_ids_are_hidden),
        cmocka_unit_test(a_failure_is_told_when_nobody_else_found_it),
        cmocka_unit_test(a_plugin_that_crashes_mid_answer_is_a_failure),
        cmocka_unit_test(a_plugin_that_stops_fails_what_it_was_asked),
        cmocka_unit_test(equal_requests_share_one_question),
        cmocka_unit_test(a_request_that_nobody_waits_for_is_broken_off),
        cmocka_unit_test(answers_are_kept_until_something_changes),
        cmocka_unit_test(what_is_kept_goes_when_its_time_is_over),
        cmocka_unit_test(an_answer_from_before_a_change_is_not_kept),
        cmocka_unit_test(a_request_without_memory_is_refused),
        cmocka_unit_test(requests_are_bounded),
        cmocka_unit_test(bad_registrations_are_refused),
        cmocka_unit_test(a_plugin_registers_only_once),
        cmocka_unit_test(a_recorded_plugin_registers_and_answers),
        cmocka_unit_test(a_plugin_that_goes_while_all_are_stopped_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
