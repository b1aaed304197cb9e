/* SPDX-License-Identifier: Apache-2.0 */
/*
 *  waiting --retry--> opening --first message--> open --any failure--> waiting
 */
#include "agent/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/node_protocol.h"

static void open_session(struct session *s);
static void beat(struct session *s);

/* ---- losing it ---- */

/* splitmix64: good enough to spread nodes over time. */
static uint64_t next_random(struct session *s)
{
    uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int64_t random_below(struct session *s, int64_t limit)
{
    return limit <= 0 ? 0 : (int64_t)(next_random(s) % (uint64_t)limit);
}

static void end_calls(struct session *s)
{
    rpc_call_cancel(TAKE(s->stream));
    rpc_call_cancel(TAKE(s->heartbeat));
    rpc_call_cancel(TAKE(s->assignments));
    timer_cancel(&s->retry);
    timer_cancel(&s->pulse);
    free(TAKE(s->results_in));
    s->is_open = false;
}

void session_fail(struct session *s, const struct err *e)
{
    end_calls(s);
    s->backoff = SESSION_BACKOFF_FIRST + 2 * s->backoff;
    if (s->backoff > SESSION_BACKOFF_MAX)
        s->backoff = SESSION_BACKOFF_MAX;
    if (s->channel)
        timer_start(&s->retry, random_below(s, s->backoff));
    s->events->on_lost(e, s->events->user);
}

/* A stream must not end while its session goes on. */
static void fail_ended(struct session *s, const char *what, int code, const struct err *e)
{
    struct err lost;
    if (code)
        err_set(&lost, code, "%s: %s", what, err_text(e));
    else
        err_set(&lost, ERR_UNAVAILABLE, "%s: the manager ended it", what);
    session_fail(s, &lost);
}

/* ---- heartbeats ---- */

static int64_t next_period(struct session *s, const Swarm__HeartbeatResponse *m)
{
    int64_t period = message_duration(m->period, DEFAULT_HEARTBEAT_PERIOD);
    if (period < SESSION_PERIOD_MIN)
        period = SESSION_PERIOD_MIN;
    if (period > SESSION_PERIOD_MAX)
        period = SESSION_PERIOD_MAX;
    return period - random_below(s, period / 10);
}

static void heartbeat_message(struct rpc_call *call, ProtobufCMessage *message,
                              void *user)
{
    struct session *s = user;
    timer_start(&s->pulse, next_period(s, (Swarm__HeartbeatResponse *)message));
    message_free(message);
}

static void heartbeat_end(struct rpc_call *call, int code, const struct err *e,
                          void *user)
{
    struct session *s = user;
    s->heartbeat = NULL;
    if (code)
        fail_ended(s, "heartbeat", code, e);
}

static int send_heartbeat(struct session *s, struct err *e)
{
    static const struct rpc_call_events events = {.on_message = heartbeat_message,
                                                  .on_end = heartbeat_end};
    cleanup_message Swarm__HeartbeatRequest *q =
        message_new(&swarm__heartbeat_request__descriptor);
    if (!q || message_set_string(&q->session_id, s->id))
        return err_no_memory(e);
    int r = rpc_call_start(s->channel, &node_protocol_heartbeat, &q->base, &events, s,
                           &s->heartbeat, e);
    if (!r)
        rpc_call_finish(s->heartbeat);
    return r;
}

static void beat(struct session *s)
{
    struct err e;
    timer_start(&s->pulse, SESSION_HEARTBEAT_TIMEOUT);
    if (send_heartbeat(s, &e))
        session_fail(s, &e);
}

static void pulse_due(void *user)
{
    struct session *s = user;
    struct err e;
    if (!s->heartbeat) {
        beat(s);
        return;
    }
    err_set(&e, ERR_DEADLINE_EXCEEDED, "heartbeat: the manager doesn't answer");
    session_fail(s, &e);
}

/* ---- assignments ---- */

static int open_assignments(struct session *s, struct err *e);

/* Changes count from the list before; others mean that something was lost. */
static bool fits(const struct session *s, const Swarm__AssignmentsMessage *m)
{
    if (m->type == SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE)
        return true;
    return str_equal(s->results_in, m->applies_to);
}

static void reopen_assignments(struct session *s)
{
    struct err e;
    log_info("assignments out of sequence, asking for all of them");
    rpc_call_cancel(TAKE(s->assignments));
    free(TAKE(s->results_in));
    if (open_assignments(s, &e))
        session_fail(s, &e);
}

static void assignments_message(struct rpc_call *call, ProtobufCMessage *message,
                                void *user)
{
    struct session *s = user;
    cleanup_message Swarm__AssignmentsMessage *m = (Swarm__AssignmentsMessage *)message;
    char *results_in = fits(s, m) ? strdup(m->results_in) : NULL;
    if (!results_in) {
        reopen_assignments(s);
        return;
    }
    free(s->results_in);
    s->results_in = results_in;
    s->events->on_assignments(TAKE(m), s->events->user);
}

static void assignments_end(struct rpc_call *call, int code, const struct err *e,
                            void *user)
{
    struct session *s = user;
    s->assignments = NULL;
    fail_ended(s, "assignments", code, e);
}

static int open_assignments(struct session *s, struct err *e)
{
    static const struct rpc_call_events events = {.on_message = assignments_message,
                                                  .on_end = assignments_end};
    cleanup_message Swarm__AssignmentsRequest *q =
        message_new(&swarm__assignments_request__descriptor);
    if (!q || message_set_string(&q->session_id, s->id))
        return err_no_memory(e);
    int r = rpc_call_start(s->channel, &node_protocol_assignments, &q->base, &events, s,
                           &s->assignments, e);
    if (!r)
        rpc_call_finish(s->assignments);
    return r;
}

/* ---- the session itself ---- */

static int register_session(struct session *s, const char *id, struct err *e)
{
    char *copy = strdup(id);
    if (!copy)
        return err_no_memory(e);
    free(s->id);
    s->id = copy;
    s->is_open = true;
    s->backoff = 0;
    timer_cancel(&s->retry);
    return open_assignments(s, e);
}

static void stream_message(struct rpc_call *call, ProtobufCMessage *message, void *user)
{
    struct session *s = user;
    cleanup_message Swarm__SessionMessage *m = (Swarm__SessionMessage *)message;
    struct err e;
    if (s->is_open) {
        s->events->on_message(m, s->events->user);
        return;
    }
    if (register_session(s, m->session_id, &e)) {
        session_fail(s, &e);
        return;
    }
    s->events->on_open(s->id, s->events->user);
    s->events->on_message(m, s->events->user);
    if (s->is_open)
        beat(s);
}

static void stream_end(struct rpc_call *call, int code, const struct err *e, void *user)
{
    struct session *s = user;
    s->stream = NULL;
    fail_ended(s, "session", code, e);
}

static int send_session(struct session *s, struct err *e)
{
    static const struct rpc_call_events events = {.on_message = stream_message,
                                                  .on_end = stream_end};
    cleanup_message Swarm__SessionRequest *q =
        message_new(&swarm__session_request__descriptor);
    if (!q || message_set_string(&q->session_id, s->id ? s->id : ""))
        return err_no_memory(e);
    q->description = (Swarm__NodeDescription *)message_copy(&s->description->base);
    if (!q->description)
        return err_no_memory(e);
    int r = rpc_call_start(s->channel, &node_protocol_session, &q->base, &events, s,
                           &s->stream, e);
    if (!r)
        rpc_call_finish(s->stream);
    return r;
}

static void open_session(struct session *s)
{
    struct err e;
    timer_start(&s->retry, SESSION_TIMEOUT);
    if (send_session(s, &e))
        session_fail(s, &e);
}

static void retry_due(void *user)
{
    struct session *s = user;
    struct err e;
    if (!s->stream) {
        open_session(s);
        return;
    }
    err_set(&e, ERR_DEADLINE_EXCEEDED, "session: the manager doesn't answer");
    session_fail(s, &e);
}

/* ---- life ---- */

void session_init(struct session *s, uv_loop_t *loop, uint64_t seed,
                  const struct session_events *events)
{
    *s = (struct session){.events = events, .random = seed};
    timer_init(&s->retry, loop, retry_due, s);
    timer_init(&s->pulse, loop, pulse_due, s);
}

/* Opening may fail at once, so it is left to the timer. */
static void begin(struct session *s)
{
    if (s->channel && s->description && !s->stream)
        timer_start(&s->retry, 0);
}

void session_start(struct session *s, struct rpc_channel *channel)
{
    end_calls(s);
    s->channel = channel;
    s->backoff = 0;
    begin(s);
}

void session_describe(struct session *s, Swarm__NodeDescription *description)
{
    bool is_new = !s->description;
    bool is_same = !is_new && message_equal(&s->description->base, &description->base);
    struct err e;
    message_free(s->description ? &s->description->base : NULL);
    s->description = description;
    if (is_new) {
        begin(s);
    } else if (!is_same && s->stream) {
        err_set(&e, ERR_ABORTED, "the node's description has changed");
        session_fail(s, &e);
    }
}

void session_stop(struct session *s)
{
    end_calls(s);
    s->channel = NULL;
}

void session_close(struct session *s, struct loop_close *c)
{
    session_stop(s);
    timer_close(&s->retry, c);
    timer_close(&s->pulse, c);
    message_free(s->description ? &s->description->base : NULL);
    s->description = NULL;
    free(TAKE(s->id));
}
