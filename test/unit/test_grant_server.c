/* SPDX-License-Identifier: Apache-2.0 */
/* The socket where users of a node ask for secrets of the swarm. */
#include <sched.h>
#include <sys/wait.h>

#include "net_fixture.h"
#include "store_fixture.h"

#include "fault_malloc.h"
#include "grant/answer.h"
#include "grant/askers.h"
#include "literal.h"
#include "wire/connect.h"
#include "wire/message.h"

#define GET "/resolver.v1.ResolverService/GetSecrets"

/* A store whose payloads are "sealed" by one byte before them. */
struct fixture {
    struct net net;
    struct store *store;
    struct grant *grant;
    int opened;
    bool has_none; /* this node has no store */
};

static int view(void *user, const struct store_view **out, struct err *e)
{
    struct fixture *f = user;
    if (f->has_none)
        return err_set(e, ERR_UNAVAILABLE, "this node isn't a manager");
    *out = store_view(f->store);
    return 0;
}

static int open_payload(void *user, const char *id, ProtobufCBinaryData *data,
                        struct err *e)
{
    struct fixture *f = user;
    f->opened++;
    if (!data->len || data->data[0] != '!')
        return err_set(e, ERR_DATA_LOSS, "open secret %s", id);
    memmove(data->data, data->data + 1, --data->len);
    return 0;
}

static void put_secret(struct fixture *f, const char *id, const char *name,
                       const char *sealed, const char *grant)
{
    struct object *o = fixture_object(OBJECT_SECRET, id, name);
    Swarm__Annotations *a = o->secret->spec->annotations;
    if (grant)
        assert_int_equal(message_map_put(&a->n_labels, &a->labels, GRANT_LABEL, grant),
                         0);
    assert_int_equal(message_set_bytes(&o->secret->spec->data, sealed, strlen(sealed)),
                     0);
    assert_int_equal(store_load(f->store, o, NULL), 0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct grant_source source = {view, open_payload, f};
    char mine[32];
    snprintf(mine, sizeof(mine), "7,%u", (unsigned)geteuid());
    net_init(&f->net);
    assert_non_null(f->store = store_new());
    put_secret(f, "a", "granted", "!value of a", mine);
    put_secret(f, "b", "others", "!value of b", "4242,nobody-of-this-name");
    put_secret(f, "c", "plain", "!value of c", NULL);
    put_secret(f, "d", "broken", "value of d", mine);
    assert_int_equal(grant_new(&f->net.loop, &source, f->net.path, &f->grant, NULL), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    grant_close(f->grant, net_closed, &f->net);
    TURN_UNTIL(&f->net, f->net.is_closed);
    store_free(f->store);
    net_deinit(&f->net);
    free(f);
    return 0;
}

static void compose(const char *pattern, struct buf *out)
{
    Resolver__V1__GetSecretsRequest m = RESOLVER__V1__GET_SECRETS_REQUEST__INIT;
    struct connect_call head = {.procedure = GET, .host = "unix", .is_last = true};
    cleanup_buf struct buf body = BUF_INIT;
    m.pattern = literal(pattern);
    assert_int_equal(message_pack(&m.base, &body), 0);
    assert_int_equal(connect_write_call(&head, body.data, body.len, out, NULL), 0);
}

static void ask(struct fixture *f, struct wire *w, const char *pattern)
{
    cleanup_buf struct buf text = BUF_INIT;
    compose(pattern, &text);
    wire_open(w, &f->net, f->net.path);
    wire_send_bytes(w, text.data, text.len);
    TURN_UNTIL(&f->net, w->is_eof);
}

static void what_is_granted_is_given(void **state)
{
    struct fixture *f = *state;
    struct wire w;
    ask(f, &w, "swarm/granted");
    assert_true(wire_has(&w, "HTTP/1.1 200 "));
    assert_true(wire_has(&w, "swarm/granted"));
    assert_true(wire_has(&w, "value of a"));
    assert_false(wire_has(&w, "!value"));
    assert_true(wire_has(&w, "updated"));
    assert_int_equal(f->opened, 1);
    wire_close(&w, &f->net);
}

/* What isn't granted can't be told from what isn't there. */
static void all_else_is_not_there(void **state)
{
    static const char *const patterns[] = {"swarm/others", "swarm/GRANTED", "swarm/plain",
                                           "swarm/none",   "swarm",         "granted",
                                           "*/others",     "other/granted"};
    struct fixture *f = *state;
    cleanup_buf struct buf first = BUF_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct wire w;
        ask(f, &w, patterns[i]);
        const char *body = strstr(buf_str(&w.got), "\r\n\r\n");
        assert_true(wire_has(&w, "HTTP/1.1 404 "));
        assert_non_null(body);
        if (!first.len)
            assert_int_equal(buf_append_str(&first, body), 0);
        assert_string_equal(body, buf_str(&first));
        wire_close(&w, &f->net);
    }
    assert_int_equal(f->opened, 0);
}

static void a_pattern_matches_what_is_granted_alone(void **state)
{
    struct fixture *f = *state;
    struct wire w;
    ask(f, &w, "*/g**");
    assert_true(wire_has(&w, "HTTP/1.1 400 "));
    wire_close(&w, &f->net);
    ask(f, &w, "*/granted");
    assert_int_equal(wire_count(&w, "value of"), 1);
    wire_close(&w, &f->net);
}

static void a_payload_that_is_none_is_told(void **state)
{
    struct fixture *f = *state;
    struct wire w;
    ask(f, &w, "swarm/broken");
    assert_false(wire_has(&w, "HTTP/1.1 200 "));
    assert_true(wire_has(&w, "open secret d"));
    assert_false(wire_has(&w, "value of"));
    wire_close(&w, &f->net);
}

static void a_payload_that_is_none_hides_no_other(void **state)
{
    struct fixture *f = *state;
    struct wire w;
    ask(f, &w, "swarm/**");
    assert_true(wire_has(&w, "HTTP/1.1 200 "));
    assert_int_equal(wire_count(&w, "value of"), 1);
    assert_true(wire_has(&w, "swarm/granted"));
    assert_false(wire_has(&w, "swarm/broken"));
    wire_close(&w, &f->net);
}

static void a_node_that_has_no_store_says_so(void **state)
{
    struct fixture *f = *state;
    struct wire w;
    f->has_none = true;
    ask(f, &w, "swarm/granted");
    assert_true(wire_has(&w, "HTTP/1.1 503 "));
    assert_true(wire_has(&w, "this node isn't a manager"));
    wire_close(&w, &f->net);
}

static void what_is_no_request_is_refused(void **state)
{
    static const struct {
        const char *text, *answer;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404 "},
        {"GET " GET " HTTP/1.1\r\nHost: x\r\n\r\n", "405 "},
        {"POST " GET " HTTP/1.1\r\nContent-Type: text/plain\r\n\r\n", "415 "},
        {"POST " GET " HTTP/1.1\r\nContent-Type: application/json\r\n"
         "Content-Length: 2\r\n\r\n{}",
         "501 "},
        {"POST " GET " HTTP/1.1\r\nContent-Type: application/proto\r\n"
         "Content-Length: 3\r\n\r\n\xff\xff\xff",
         "400 "},
        {"POST " GET " HTTP/1.1\r\nContent-Type: application/proto\r\n"
         "Content-Length: 4097\r\n\r\n",
         "429 "},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct wire w;
        wire_open(&w, &f->net, f->net.path);
        wire_send(&w, &f->net, cases[i].text);
        TURN_UNTIL(&f->net, w.got.len);
        if (!wire_has(&w, cases[i].answer) || !wire_has(&w, "Connection: close"))
            fail_msg("case %zu: %s", i, buf_str(&w.got));
        TURN_UNTIL(&f->net, w.is_eof);
        wire_close(&w, &f->net);
    }
    assert_int_equal(f->opened, 0);
}

/* ---- who takes too much ---- */

static void a_request_is_not_inflated_beyond_its_limit(void **state)
{
    static char pattern[10 * GRANT_REQUEST_MAX];
    struct fixture *f = *state;
    struct wire w;
    struct connect_call head = {.procedure = GET, .host = "unix", .is_gzip = true};
    cleanup_buf struct buf text = BUF_INIT;
    memset(pattern, 'a', sizeof(pattern));
    assert_int_equal(connect_write_call(&head, pattern, sizeof(pattern), &text, NULL), 0);
    assert_true(text.len < GRANT_REQUEST_MAX);
    wire_open(&w, &f->net, f->net.path);
    wire_send_bytes(&w, text.data, text.len);
    TURN_UNTIL(&f->net, w.is_eof);
    assert_true(wire_has(&w, "what is compressed is longer than 4096 bytes"));
    wire_close(&w, &f->net);
}

static void a_request_that_does_not_come_is_cut(void **state)
{
    struct fixture *f = *state;
    struct wire head, body;
    wire_open(&head, &f->net, f->net.path);
    wire_send(&head, &f->net, "POST " GET " HT");
    wire_open(&body, &f->net, f->net.path);
    wire_send(&body, &f->net,
              "POST " GET " HTTP/1.1\r\n"
              "Content-Type: application/proto\r\n"
              "Content-Length: 10\r\n\r\nabc");
    TURN_UNTIL(&f->net, head.is_eof && body.is_eof);
    assert_int_equal(body.got.len, 0);
    wire_close(&head, &f->net);
    wire_close(&body, &f->net);
}

static void one_user_has_so_many_connections(void **state)
{
    struct fixture *f = *state;
    static struct wire all[GRANT_CONNECTIONS_OF_USER_MAX], more;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        wire_open(&all[i], &f->net, f->net.path);
    wire_open(&more, &f->net, f->net.path);
    TURN_UNTIL(&f->net, more.is_eof);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        assert_false(all[i].is_eof);
    wire_close(&more, &f->net);
    wire_close(&all[0], &f->net);
    ask(f, &more, "swarm/granted");
    assert_true(wire_has(&more, "value of a"));
    wire_close(&more, &f->net);
    for (size_t i = 1; i < ARRAY_SIZE(all); i++)
        wire_close(&all[i], &f->net);
}

/* Whoever runs the test, root has no limit. */
static void ask_as_no_root(struct fixture *f, struct wire *w, const char *pattern)
{
    cleanup_buf struct buf text = BUF_INIT;
    uid_t own = geteuid();
    compose(pattern, &text);
    assert_int_equal(chmod(f->net.folder, 0711), 0);
    assert_int_equal(seteuid(own ? own : 4242), 0);
    wire_open(w, &f->net, f->net.path);
    assert_int_equal(seteuid(own), 0);
    wire_send_bytes(w, text.data, text.len);
    TURN_UNTIL(&f->net, w->is_eof);
}

static void one_user_has_so_many_walks(void **state)
{
    struct fixture *f = *state;
    struct wire w;
    bool is_refused;
    int asked = 0;
    do {
        ask_as_no_root(f, &w, "swarm/*");
        is_refused = wire_has(&w, "HTTP/1.1 429 ");
        wire_close(&w, &f->net);
        asked++;
    } while (!is_refused);
    assert_true(asked > GRANT_WALKS_MAX);
    ask_as_no_root(f, &w, "swarm/none"); /* that is none */
    assert_true(wire_has(&w, "HTTP/1.1 404 "));
    wire_close(&w, &f->net);
}

/* Asks from a user namespace whose root is the same user; the answer is its exit status.
 */
static int ask_from_inside(const char *path)
{
    cleanup_buf struct buf text = BUF_INIT;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char got[4096];
    strcpy_cut(address.sun_path, sizeof(address.sun_path), path);
    compose("swarm/granted", &text);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (unshare(CLONE_NEWUSER) ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
        send(fd, text.data, text.len, 0) != (ssize_t)text.len)
        return 77;
    ssize_t n = recv(fd, got, sizeof(got), 0);
    return n > 0 && memmem(got, (size_t)n, " 403 ", 5) ? 0 : 1;
}

static void ended(uv_signal_t *signal, int number)
{
    uv_close((uv_handle_t *)signal, NULL);
}

static void users_of_other_namespaces_are_strangers(void **state)
{
    struct fixture *f = *state;
    uv_signal_t signal;
    int status;
    uv_signal_init(&f->net.loop, &signal);
    uv_signal_start(&signal, ended, SIGCHLD);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(ask_from_inside(f->net.path));
    TURN_UNTIL(&f->net, uv_is_closing((uv_handle_t *)&signal));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
    assert_int_equal(f->opened, 0);
}

/* ---- memory ---- */

static int answer_to(struct fixture *f, const char *pattern)
{
    const struct grant_source source = {view, open_payload, f};
    struct grantee to = {.uid = geteuid(), .names = BUF_INIT};
    cleanup_pattern struct pattern p = PATTERN_INIT;
    cleanup_message Resolver__V1__GetSecretsResponse *m = NULL;
    struct err e;
    int r = pattern_parse(&p, pattern, strlen(pattern), &e);
    return r ?: grant_answer(store_view(f->store), &source, &to, &p, 1, &m, &e);
}

static int answer_once(void *user)
{
    return answer_to(user, "swarm/granted") ?: answer_to(user, "swarm/*");
}

static void it_is_told_when_memory_is_short(void **state)
{
    assert_true(fault_malloc_each(answer_once, *state) > 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_granted_is_given),
        TEST(all_else_is_not_there),
        TEST(a_pattern_matches_what_is_granted_alone),
        TEST(a_payload_that_is_none_is_told),
        TEST(a_payload_that_is_none_hides_no_other),
        TEST(a_node_that_has_no_store_says_so),
        TEST(what_is_no_request_is_refused),
        TEST(a_request_is_not_inflated_beyond_its_limit),
        TEST(a_request_that_does_not_come_is_cut),
        TEST(one_user_has_so_many_connections),
        TEST(one_user_has_so_many_walks),
        TEST(users_of_other_namespaces_are_strangers),
        TEST(it_is_told_when_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
