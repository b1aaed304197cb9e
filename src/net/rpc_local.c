/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call is one struct with two ends, the caller's and the service's. What one end does
 * becomes an event in the channel's one queue, which the loop delivers: that keeps the
 * order, and nothing is ever called back from within a call. An event for an end that has
 * closed meanwhile is dropped when its turn comes.
 *
 * What a service that has paused doesn't take leaves the channel's queue when its turn
 * comes, and is held in the call.
 *
 * What must not fail (open, finish, cancel, end) has its event within the call; only
 * messages need memory. The call's memory goes when both ends are closed and no event of
 * it is left.
 */
#include "net/rpc_local.h"

#include <assert.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/macro.h"
#include "loop/loop.h"
#include "net/rpc_server.h"

struct rpc_call {
    const struct rpc_call_events *events;
    void *user;
    size_t n_waiting; /* bytes sent that the service hasn't taken */
    bool is_full;
    bool is_open;
};

struct rpc_exchange {
    const struct rpc_registration *registration;
    void *state;
    bool is_paused;
    bool is_open;
};

struct event {
    struct list link;
    struct local *local;
    void (*deliver)(struct local *local, struct event *event);
};

struct message_event {
    struct event event;
    struct buf bytes;
};

/* Both ends of a call. */
struct local {
    struct list link;
    struct rpc_channel *channel;
    const struct rpc_method *method;
    struct rpc_call call;
    struct rpc_exchange exchange;
    struct list held; /* requests and their finish, which wait for a resume */
    unsigned refs;    /* open ends, events queued and held */
    struct event open, finish, cancel, end, resume;
    int end_code;
    struct err end_error;
};

struct rpc_channel {
    struct rpc_server *server;
    struct rpc_peer peer;
    struct list calls;
    size_t n_calls;
    struct list events;
    size_t n_events;
    size_t n_messages;
    size_t n_bytes;
    struct defer_queue defers;
    struct defer deliver;
    struct loop_close closing;
    bool is_closing;
    void (*close_cb)(void *user);
    void *close_user;
};

static struct local *local_of_call(struct rpc_call *call)
{
    return CONTAINER_OF(call, struct local, call);
}

static struct local *local_of_exchange(struct rpc_exchange *x)
{
    return CONTAINER_OF(x, struct local, exchange);
}

/* ---- life ---- */

static void channel_free(void *user)
{
    struct rpc_channel *channel = user;
    void (*cb)(void *) = channel->close_cb;
    void *cb_user = channel->close_user;
    free(channel);
    if (cb)
        cb(cb_user);
}

static void channel_check_closed(struct rpc_channel *channel)
{
    if (!channel->is_closing || channel->n_calls)
        return;
    loop_close_init(&channel->closing, channel_free, channel);
    defer_queue_close(&channel->defers, &channel->closing);
    loop_close_end(&channel->closing);
}

static void local_unref(struct local *l)
{
    struct rpc_channel *channel = l->channel;
    if (--l->refs)
        return;
    list_remove(&l->link);
    free(l);
    channel->n_calls--;
    channel_check_closed(channel);
}

static void close_call(struct local *l)
{
    assert(l->call.is_open);
    l->call.is_open = false;
    local_unref(l);
}

/* ---- the queue ---- */

static void queue_event(struct local *l, struct event *event)
{
    if (!list_is_empty(&event->link))
        return;
    l->refs++;
    l->channel->n_events++;
    list_append(&l->channel->events, &event->link);
    defer_start(&l->channel->deliver, &l->channel->defers);
}

/* What was held goes with it. */
static void close_exchange(struct local *l)
{
    assert(l->exchange.is_open);
    l->exchange.is_open = false;
    rpc_exchange_resume(&l->exchange);
    local_unref(l);
}

static void event_init(struct event *event, struct local *l,
                       void (*deliver)(struct local *local, struct event *event))
{
    list_init(&event->link);
    event->local = l;
    event->deliver = deliver;
}

/* Only what is there now: answers to it wait for the next turn, so that I/O gets its. */
static void deliver_all(void *user)
{
    struct rpc_channel *channel = user;
    for (size_t n = channel->n_events; n; n--) {
        struct event *event = LIST_FIRST(&channel->events, struct event, link);
        struct local *l = event->local;
        list_remove(&event->link);
        channel->n_events--;
        event->deliver(l, event);
        local_unref(l);
    }
    if (!list_is_empty(&channel->events))
        defer_start(&channel->deliver, &channel->defers);
}

static int queue_message(struct local *l, const ProtobufCMessage *message,
                         void (*deliver)(struct local *local, struct event *event))
{
    struct rpc_channel *channel = l->channel;
    if (channel->n_messages >= RPC_LOCAL_MESSAGES_MAX)
        return ERR_RESOURCE_EXHAUSTED;
    struct message_event *m = calloc(1, sizeof(*m));
    if (!m)
        return ERR_NO_MEMORY;
    int r = message_pack(message, &m->bytes);
    if (!r && m->bytes.len > RPC_LOCAL_BYTES_MAX - channel->n_bytes)
        r = ERR_RESOURCE_EXHAUSTED;
    if (r) {
        buf_deinit(&m->bytes);
        free(m);
        return r;
    }
    channel->n_messages++;
    channel->n_bytes += m->bytes.len;
    event_init(&m->event, l, deliver);
    queue_event(l, &m->event);
    return 0;
}

/* Takes a queued message of at most `limit` bytes apart; the event is gone. */
static int take_message(struct local *l, struct event *event,
                        const ProtobufCMessageDescriptor *type, size_t limit,
                        bool is_wanted, ProtobufCMessage **out, struct err *e)
{
    struct message_event *m = CONTAINER_OF(event, struct message_event, event);
    int r = 0;
    l->channel->n_messages--;
    l->channel->n_bytes -= m->bytes.len;
    *out = NULL;
    if (is_wanted)
        r = message_unpack_within(type, m->bytes.data, m->bytes.len, limit, out, e);
    buf_deinit(&m->bytes);
    free(m);
    return r;
}

/* ---- what the caller gets ---- */

/* The first end counts; it keeps what was said there. */
static void end_call(struct local *l, int code, const struct err *e)
{
    if (!l->call.is_open || !list_is_empty(&l->end.link))
        return;
    l->end_code = code;
    if (e)
        l->end_error = *e;
    else
        l->end_error.code = code;
    queue_event(l, &l->end);
}

static void deliver_end(struct local *l, struct event *event)
{
    (void)event;
    if (!l->call.is_open)
        return;
    l->call.events->on_end(&l->call, l->end_code, &l->end_error, l->call.user);
    if (l->call.is_open)
        close_call(l);
}

static void cancel_exchange(struct local *l)
{
    if (l->exchange.is_open)
        queue_event(l, &l->cancel);
}

/* A message that can't be read ends the call for both, and badly, even when its good end
 * is on its way already. */
static void break_call(struct local *l, int code, const struct err *e)
{
    l->end_code = code;
    l->end_error = *e;
    if (l->call.is_open)
        queue_event(l, &l->end);
    cancel_exchange(l);
}

static void deliver_answer(struct local *l, struct event *event)
{
    ProtobufCMessage *message;
    struct err e = {0};
    int r = take_message(l, event, l->method->response, RPC_LOCAL_BYTES_MAX,
                         l->call.is_open, &message, &e);
    if (r)
        break_call(l, r, &e);
    else if (message)
        l->call.events->on_message(&l->call, message, l->call.user);
}

/* ---- what waits for a service ---- */

/* True when the event's turn hasn't come yet: it keeps its place behind what is held. */
static bool hold(struct local *l, struct event *event)
{
    if (!l->exchange.is_paused && list_is_empty(&l->held))
        return false;
    l->refs++;
    list_append(&l->held, &event->link);
    return true;
}

static void request_taken(struct local *l, size_t n)
{
    struct rpc_call *call = &l->call;
    call->n_waiting -= n;
    if (!call->is_full || call->n_waiting > RPC_WINDOW / 2)
        return;
    call->is_full = false;
    if (call->is_open && call->events->on_drain)
        call->events->on_drain(call, call->user);
}

/* ---- what the service gets ---- */

static void deliver_open(struct local *l, struct event *event)
{
    struct rpc_exchange *x = &l->exchange;
    (void)event;
    if (!x->is_open)
        return;
    if (!l->call.is_open)
        close_exchange(l);
    else if (x->registration->service->on_open)
        x->registration->service->on_open(x, x->registration->user);
}

static void take_request(struct local *l, struct event *event)
{
    struct rpc_exchange *x = &l->exchange;
    ProtobufCMessage *message;
    struct err e = {0};
    size_t n = CONTAINER_OF(event, struct message_event, event)->bytes.len;
    int r = take_message(l, event, l->method->request, MESSAGE_SIZE_LIMIT, x->is_open,
                         &message, &e);
    if (r)
        break_call(l, r, &e);
    else if (message)
        x->registration->service->on_message(x, message, x->registration->user);
    request_taken(l, n);
}

static void deliver_request(struct local *l, struct event *event)
{
    if (!hold(l, event))
        take_request(l, event);
}

static void take_finish(struct local *l)
{
    struct rpc_exchange *x = &l->exchange;
    if (x->is_open && x->registration->service->on_finish)
        x->registration->service->on_finish(x, x->registration->user);
}

static void deliver_finish(struct local *l, struct event *event)
{
    if (!hold(l, event))
        take_finish(l);
}

/* The service may pause again within each. */
static void deliver_held(struct local *l, struct event *event)
{
    (void)event;
    while (!l->exchange.is_paused && !list_is_empty(&l->held)) {
        struct event *held = LIST_FIRST(&l->held, struct event, link);
        list_remove(&held->link);
        if (held == &l->finish)
            take_finish(l);
        else
            take_request(l, held);
        local_unref(l);
    }
}

static void deliver_cancel(struct local *l, struct event *event)
{
    struct rpc_exchange *x = &l->exchange;
    (void)event;
    if (!x->is_open)
        return;
    if (x->registration->service->on_cancel)
        x->registration->service->on_cancel(x, x->registration->user);
    if (x->is_open)
        close_exchange(l);
}

/* ---- calling ---- */

static struct local *local_new(struct rpc_channel *channel,
                               const struct rpc_method *method,
                               const struct rpc_call_events *events, void *user)
{
    struct local *l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    l->channel = channel;
    l->method = method;
    l->call = (struct rpc_call){.events = events, .user = user, .is_open = true};
    l->exchange.registration = rpc_server_find(channel->server, method->path);
    l->exchange.is_open = l->exchange.registration != NULL;
    l->refs = l->exchange.is_open ? 2 : 1;
    event_init(&l->open, l, deliver_open);
    event_init(&l->finish, l, deliver_finish);
    event_init(&l->cancel, l, deliver_cancel);
    event_init(&l->end, l, deliver_end);
    event_init(&l->resume, l, deliver_held);
    list_init(&l->held);
    list_append(&channel->calls, &l->link);
    channel->n_calls++;
    return l;
}

static int refuse_start(struct rpc_channel *channel, struct err *e)
{
    if (channel->is_closing)
        return err_set(e, ERR_UNAVAILABLE, "the connection to the manager is closed");
    if (channel->n_calls >= RPC_LOCAL_CALLS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d calls at a time",
                       RPC_LOCAL_CALLS_MAX);
    return 0;
}

int rpc_call_start(struct rpc_channel *channel, const struct rpc_method *method,
                   const ProtobufCMessage *request, const struct rpc_call_events *events,
                   void *user, struct rpc_call **out, struct err *e)
{
    int r = refuse_start(channel, e);
    if (r)
        return r;
    struct local *l = local_new(channel, method, events, user);
    if (!l)
        return err_no_memory(e);
    if (l->exchange.is_open) {
        queue_event(l, &l->open);
    } else {
        struct err unknown = {0};
        r = err_set(&unknown, ERR_UNIMPLEMENTED, "unknown method %s", method->path);
        end_call(l, r, &unknown);
    }
    r = request ? rpc_call_send(&l->call, request, e) : 0;
    if (r)
        rpc_call_cancel(&l->call);
    else
        *out = &l->call;
    return r;
}

/* A call whose end is on its way takes messages and drops them: its caller can't know. */
int rpc_call_send(struct rpc_call *call, const ProtobufCMessage *message, struct err *e)
{
    struct local *l = local_of_call(call);
    if (!l->exchange.is_open)
        return 0;
    size_t before = l->channel->n_bytes;
    int r = queue_message(l, message, deliver_request);
    if (r)
        return err_set(e, r, "%s: can't send to the manager: %s", l->method->path,
                       r == ERR_NO_MEMORY ? "out of memory" : "too much is on its way");
    call->n_waiting += l->channel->n_bytes - before;
    call->is_full = call->is_full || call->n_waiting > RPC_WINDOW;
    return 0;
}

bool rpc_call_is_full(const struct rpc_call *call)
{
    return call->is_full;
}

void rpc_call_finish(struct rpc_call *call)
{
    struct local *l = local_of_call(call);
    if (l->exchange.is_open)
        queue_event(l, &l->finish);
}

/* The reference held here keeps the memory until the cancel is queued. */
void rpc_call_cancel(struct rpc_call *call)
{
    if (!call || !call->is_open)
        return;
    struct local *l = local_of_call(call);
    if (l->exchange.is_open)
        queue_event(l, &l->cancel);
    close_call(l);
}

/* ---- serving ---- */

const struct rpc_peer *rpc_exchange_peer(const struct rpc_exchange *x)
{
    const struct local *l =
        (const struct local *)(const void *)((const char *)x -
                                             offsetof(struct local, exchange));
    return &l->channel->peer;
}

void rpc_exchange_set_state(struct rpc_exchange *x, void *state)
{
    x->state = state;
}

void *rpc_exchange_state(const struct rpc_exchange *x)
{
    return x->state;
}

void rpc_exchange_pause(struct rpc_exchange *x)
{
    x->is_paused = true;
}

void rpc_exchange_resume(struct rpc_exchange *x)
{
    struct local *l = local_of_exchange(x);
    x->is_paused = false;
    if (!list_is_empty(&l->held))
        queue_event(l, &l->resume);
}

int rpc_exchange_send(struct rpc_exchange *x, const ProtobufCMessage *message)
{
    struct local *l = local_of_exchange(x);
    if (!l->call.is_open || !x->is_open)
        return ERR_UNAVAILABLE;
    return queue_message(l, message, deliver_answer);
}

void rpc_exchange_end(struct rpc_exchange *x, int code, const struct err *e)
{
    struct local *l = local_of_exchange(x);
    if (!x->is_open)
        return;
    end_call(l, code, e);
    close_exchange(l);
}

/* ---- the channel ---- */

int rpc_local_channel_new(uv_loop_t *loop, struct rpc_server *server,
                          const struct rpc_peer *peer, struct rpc_channel **out,
                          struct err *e)
{
    struct rpc_channel *channel = calloc(1, sizeof(*channel));
    if (!channel)
        return err_no_memory(e);
    channel->server = server;
    channel->peer = *peer;
    list_init(&channel->calls);
    list_init(&channel->events);
    defer_queue_init(&channel->defers, loop);
    defer_init(&channel->deliver, deliver_all, channel);
    *out = channel;
    return 0;
}

void rpc_local_channel_close(struct rpc_channel *channel, void (*cb)(void *user),
                             void *user)
{
    struct err e = {0};
    assert(!channel->is_closing);
    channel->is_closing = true;
    channel->close_cb = cb;
    channel->close_user = user;
    int r = err_set(&e, ERR_UNAVAILABLE, "the connection to the manager was closed");
    LIST_FOR_EACH (link, &channel->calls) {
        struct local *l = CONTAINER_OF(link, struct local, link);
        end_call(l, r, &e);
        cancel_exchange(l);
    }
    channel_check_closed(channel);
}
