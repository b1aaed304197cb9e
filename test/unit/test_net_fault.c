/* SPDX-License-Identifier: Apache-2.0 */
#include "net_fixture.h"

#include "fault_malloc.h"
#include "net/http_client.h"
#include "net/http_forward.h"
#include "net/rpc_local.h"

/* client -> front server -> (forward) -> back server, all in one loop, while one
 * allocation fails: whatever comes of it, the call ends once and everything closes. */
struct fixture {
    struct net net;
    struct http_server *front, *back;
    struct http_client *client;
    struct loop_close closing;
    char big[20000];
    int ends, code, status;
};

static void echo(struct http_exchange *x, int code, struct buf *body, const struct err *e,
                 void *user)
{
    if (code)
        http_exchange_respond_error(x, e);
    else
        http_exchange_respond(x, 200, NULL, 0, body->data, body->len);
}

static void handle_back(struct http_exchange *x, void *user)
{
    http_exchange_collect(x, 1 << 20, echo, user);
}

static void forward(struct http_exchange *x, int code, struct buf *body,
                    const struct err *e, void *user)
{
    struct fixture *f = user;
    struct http_forward o = {.path = f->net.upstream,
                             .has_body = true,
                             .body = body->data,
                             .body_len = body->len};
    if (code)
        http_exchange_respond_error(x, e);
    else
        http_exchange_forward(x, &o);
}

static void handle_front(struct http_exchange *x, void *user)
{
    struct fixture *f = user;
    struct http_forward o = {.path = f->net.upstream};
    if (str_equal(http_exchange_url(x)->path, "/collected"))
        http_exchange_collect(x, 1 << 20, forward, f);
    else
        http_exchange_forward(x, &o);
}

static void fetched(struct http_response *r, int code, const struct err *e, void *user)
{
    struct fixture *f = user;
    f->ends++;
    f->code = code;
    f->status = r ? r->head->status : 0;
}

static int serve(struct fixture *f, const char *path,
                 void (*handler)(struct http_exchange *x, void *user),
                 struct http_server **out)
{
    struct http_server_options o = {.handler = handler, .user = f};
    int r = http_server_new(&f->net.loop, &o, out, NULL);
    return r ? r : http_server_listen(*out, path, 0600, (gid_t)-1, NULL);
}

static int ask(struct fixture *f, const char *target)
{
    struct http_request q = {
        .method = "POST",
        .target = target,
        .body = f->big,
        .body_len = sizeof(f->big),
    };
    f->ends = 0;
    int r = http_client_fetch(f->client, &q, 1 << 20, fetched, f, NULL, NULL);
    if (r)
        return r;
    TURN_UNTIL(&f->net, f->ends);
    return f->code;
}

static int use(struct fixture *f)
{
    int r = serve(f, f->net.path, handle_front, &f->front);
    r = r ? r : serve(f, f->net.upstream, handle_back, &f->back);
    r = r ? r : http_client_new(&f->net.loop, f->net.path, &f->client, NULL);
    r = r ? r : ask(f, "/streamed");
    return r ? r : ask(f, "/collected");
}

static void close_all(struct fixture *f)
{
    loop_close_init(&f->closing, net_closed, &f->net);
    for (int i = 0; i < 3; i++)
        loop_close_hold(&f->closing);
    if (f->client)
        http_client_close(f->client, loop_close_release, &f->closing);
    else
        loop_close_release(&f->closing);
    if (f->front)
        http_server_close(f->front, 0, loop_close_release, &f->closing);
    else
        loop_close_release(&f->closing);
    if (f->back)
        http_server_close(f->back, 0, loop_close_release, &f->closing);
    else
        loop_close_release(&f->closing);
    loop_close_end(&f->closing);
    TURN_UNTIL(&f->net, f->net.is_closed);
    net_deinit(&f->net);
}

#define FAULTS 120

static void any_allocation_may_fail_on_the_way_through(void **state)
{
    static struct fixture f;
    for (size_t n = 1; n <= FAULTS; n++) {
        memset(&f, 0, sizeof(f));
        net_init(&f.net);
        fault_malloc_at(n);
        (void)!use(&f);
        fault_malloc_at(0);
        assert_true(f.ends <= 1);
        close_all(&f);
    }
    assert_int_equal(f.code, 0);
    assert_int_equal(f.status, 200);
}

struct calling {
    struct net net;
    struct rpc_server *server;
    struct rpc_channel *channel;
    int ends, code;
};

static void on_request(struct rpc_exchange *x, ProtobufCMessage *message, void *user)
{
    int r = rpc_exchange_send(x, message);
    rpc_exchange_end(x, r, NULL);
    message_free(message);
}

static void on_answer(struct rpc_call *call, ProtobufCMessage *message, void *user)
{
    message_free(message);
}

static void on_end(struct rpc_call *call, int code, const struct err *e, void *user)
{
    struct calling *c = user;
    c->ends++;
    c->code = code;
}

static const struct rpc_method method = {"/test/Echo", &swarm__pair__descriptor,
                                         &swarm__pair__descriptor};
static const struct rpc_service service = {.method = &method, .on_message = on_request};
static const struct rpc_call_events events = {.on_message = on_answer, .on_end = on_end};

static int call_once(struct calling *c)
{
    Swarm__Pair p = SWARM__PAIR__INIT;
    struct rpc_peer peer = {.node_id = ""};
    struct rpc_call *call;
    c->server = rpc_server_new();
    if (!c->server)
        return ERR_NO_MEMORY;
    int r = rpc_server_add(c->server, &service, NULL);
    r = r ? r : rpc_local_channel_new(&c->net.loop, c->server, &peer, &c->channel, NULL);
    r = r ? r : rpc_call_start(c->channel, &method, &p.base, &events, c, &call, NULL);
    if (r)
        return r;
    TURN_UNTIL(&c->net, c->ends);
    return c->code;
}

static int call_and_clean(void *user)
{
    struct calling c = {0};
    net_init(&c.net);
    int r = call_once(&c);
    if (c.channel) {
        rpc_local_channel_close(c.channel, net_closed, &c.net);
        TURN_UNTIL(&c.net, c.net.is_closed);
    }
    rpc_server_free(c.server);
    net_deinit(&c.net);
    return r;
}

static void any_allocation_may_fail_in_a_call(void **state)
{
    assert_true(fault_malloc_each(call_and_clean, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail_on_the_way_through),
        cmocka_unit_test(any_allocation_may_fail_in_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
