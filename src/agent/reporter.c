/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reporter.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/node_protocol.h"

/* A status that waits or is on its way; in one of the two lists, and in the map when it
 * is the task's newest. */
struct report {
    struct list link;
    char *task_id;
    Swarm__TaskStatus *status;
};

static void report_free(struct report *p)
{
    list_remove(&p->link);
    message_free(p->status ? &p->status->base : NULL);
    free(p->task_id);
    free(p);
}

/* ---- one call ---- */

static Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *update_new(struct report *p)
{
    cleanup_message Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *u =
        message_new(&swarm__update_task_status_request__task_status_update__descriptor);
    if (!u || message_set_string(&u->task_id, p->task_id))
        return NULL;
    u->status = (Swarm__TaskStatus *)message_copy(&p->status->base);
    return u->status ? TAKE(u) : NULL;
}

/* The first reports of the list; they are `sent` from then on. */
static int take_batch(struct reporter *r, Swarm__UpdateTaskStatusRequest *q)
{
    while (!list_is_empty(&r->order) && q->n_updates < r->batch_max) {
        struct report *p = LIST_FIRST(&r->order, struct report, link);
        Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *u = update_new(p);
        if (!u || message_append(&q->n_updates, &q->updates, u)) {
            message_free(u ? &u->base : NULL);
            return ERR_NO_MEMORY;
        }
        list_remove(&p->link);
        list_append(&r->sent, &p->link);
        if (map_get(&r->waiting, p->task_id) == p)
            map_remove(&r->waiting, p->task_id);
    }
    return 0;
}

static void drop_list(struct list *l)
{
    while (!list_is_empty(l))
        report_free(LIST_FIRST(l, struct report, link));
}

/* Back to the front of the queue, but for those that a newer one has overtaken. */
static void take_back(struct reporter *r)
{
    while (!list_is_empty(&r->sent)) {
        struct report *p = CONTAINER_OF(r->sent.prev, struct report, link);
        if (map_get(&r->waiting, p->task_id) ||
            map_put(&r->waiting, p->task_id, p, NULL)) {
            report_free(p);
            continue;
        }
        list_remove(&p->link);
        list_append(r->order.next, &p->link);
    }
}

/* One status that the manager refuses must not hold up the others: they are sent one by
 * one until it is found. */
static void denied(struct reporter *r, const struct err *e)
{
    bool is_alone = r->sent.next == r->sent.prev;
    if (is_alone) {
        log_warn("a task's status was refused: %s", err_text(e));
        drop_list(&r->sent);
    }
    take_back(r);
    r->batch_max = 1;
    if (!list_is_empty(&r->order))
        defer_start(&r->flush, r->deferred);
}

/* The task isn't ours, or its status is beyond the manager's limits. */
static bool is_denial(int code)
{
    return code == ERR_PERMISSION_DENIED || code == ERR_INVALID_ARGUMENT;
}

static void on_message(struct rpc_call *call, ProtobufCMessage *message, void *user)
{
    message_free(message);
}

static void on_end(struct rpc_call *call, int code, const struct err *e, void *user)
{
    struct reporter *r = user;
    r->call = NULL;
    if (is_denial(code)) {
        denied(r, e);
    } else if (code) {
        take_back(r);
        r->on_failure(code, e, r->user);
    } else {
        drop_list(&r->sent);
        if (list_is_empty(&r->order))
            r->batch_max = REPORTER_BATCH_MAX;
        else
            defer_start(&r->flush, r->deferred);
    }
}

static int send_batch(struct reporter *r, struct err *e)
{
    static const struct rpc_call_events events = {.on_message = on_message,
                                                  .on_end = on_end};
    cleanup_message Swarm__UpdateTaskStatusRequest *q =
        message_new(&swarm__update_task_status_request__descriptor);
    if (!q || message_set_string(&q->session_id, r->session_id) || take_batch(r, q))
        return err_no_memory(e);
    int code = rpc_call_start(r->channel, &node_protocol_update_task_status, &q->base,
                              &events, r, &r->call, e);
    if (!code)
        rpc_call_finish(r->call);
    return code;
}

static void flush(void *user)
{
    struct reporter *r = user;
    struct err e;
    if (!r->channel || r->call || list_is_empty(&r->order))
        return;
    int code = send_batch(r, &e);
    if (!code)
        return;
    take_back(r);
    r->on_failure(code, &e, r->user);
}

/* ---- life ---- */

void reporter_init(struct reporter *r, struct defer_queue *deferred,
                   void (*on_failure)(int code, const struct err *e, void *user),
                   void *user)
{
    *r = (struct reporter){
        .deferred = deferred,
        .batch_max = REPORTER_BATCH_MAX,
        .on_failure = on_failure,
        .user = user,
    };
    list_init(&r->order);
    list_init(&r->sent);
    defer_init(&r->flush, flush, r);
}

void reporter_deinit(struct reporter *r)
{
    reporter_session_end(r);
    defer_cancel(&r->flush);
    drop_list(&r->order);
    drop_list(&r->sent);
    map_deinit(&r->waiting);
}

int reporter_put(struct reporter *r, const char *task_id, Swarm__TaskStatus *status)
{
    cleanup_message Swarm__TaskStatus *owned = status;
    struct report *p = map_get(&r->waiting, task_id);
    if (p) {
        message_free(&p->status->base);
        p->status = TAKE(owned);
        return 0;
    }
    p = calloc(1, sizeof(*p));
    if (!p)
        return ERR_NO_MEMORY;
    list_init(&p->link);
    p->task_id = strdup(task_id);
    if (!p->task_id || map_put(&r->waiting, task_id, p, NULL)) {
        report_free(p);
        return ERR_NO_MEMORY;
    }
    p->status = TAKE(owned);
    list_append(&r->order, &p->link);
    defer_start(&r->flush, r->deferred);
    return 0;
}

void reporter_drop(struct reporter *r, const char *task_id)
{
    struct report *p = map_remove(&r->waiting, task_id);
    if (p)
        report_free(p);
}

int reporter_session(struct reporter *r, struct rpc_channel *channel,
                     const char *session_id)
{
    reporter_session_end(r);
    r->session_id = strdup(session_id);
    if (!r->session_id)
        return ERR_NO_MEMORY;
    r->channel = channel;
    r->batch_max = REPORTER_BATCH_MAX;
    defer_start(&r->flush, r->deferred);
    return 0;
}

void reporter_session_end(struct reporter *r)
{
    rpc_call_cancel(r->call);
    r->call = NULL;
    take_back(r);
    free(r->session_id);
    r->session_id = NULL;
    r->channel = NULL;
}
