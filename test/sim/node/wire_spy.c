/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaves the manager, and what is logged: the linker puts these in front of
 * rpc_exchange_send, log_line and crypto_random.
 */
#include "wire_spy.h"

#include <stdarg.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/rpc.h"
#include "stage.h"
#include "swarm/dispatcher.pb-c.h"

static struct {
    struct stage *stage;
    bool is_loud;
} spy;

int __real_rpc_exchange_send(struct rpc_exchange *x, const ProtobufCMessage *message);
int __wrap_rpc_exchange_send(struct rpc_exchange *x, const ProtobufCMessage *message);
void __wrap_log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

void wire_spy_set(struct stage *stage, bool is_loud)
{
    spy.stage = stage;
    spy.is_loud = is_loud;
}

/* ---- assignments ---- */

static bool refers_to(const Swarm__Task *task, const char *secret_id)
{
    const Swarm__ContainerSpec *c = task->spec->container;
    for (size_t i = 0; i < c->n_secrets; i++)
        if (str_equal(c->secrets[i]->secret_id, secret_id))
            return true;
    return false;
}

static bool is_live(const Swarm__Task *task)
{
    return task->status->state >= SWARM__TASK_STATE__ASSIGNED &&
           task->status->state <= SWARM__TASK_STATE__RUNNING;
}

static bool is_needed(const char *node_id, const Swarm__Secret *secret)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    CHECK(store_find(store_view(spy.stage->store), OBJECT_TASK, STORE_BY_NODE, node_id,
                     &tasks) == 0);
    for (size_t i = 0; i < tasks.len; i++)
        if (is_live(tasks.objects[i]->task) &&
            refers_to(tasks.objects[i]->task, secret->id))
            return true;
    return false;
}

/* A node is sent a secret only for a task of its own that isn't over. */
static void check_assignments(const char *node_id, const Swarm__AssignmentsMessage *m)
{
    for (size_t i = 0; i < m->n_changes; i++) {
        const Swarm__Assignment *a = m->changes[i]->assignment;
        if (m->changes[i]->action ==
                SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__UPDATE &&
            a->item_case == SWARM__ASSIGNMENT__ITEM_SECRET)
            CHECK(is_needed(node_id, a->secret));
    }
}

int __wrap_rpc_exchange_send(struct rpc_exchange *x, const ProtobufCMessage *message)
{
    if (message->descriptor == &swarm__assignments_message__descriptor)
        check_assignments(rpc_exchange_peer(x)->node_id,
                          (const Swarm__AssignmentsMessage *)message);
    return __real_rpc_exchange_send(x, message);
}

/* ---- the log ---- */

void __wrap_log_line(enum log_level level, const char *fmt, ...)
{
    char line[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    CHECK(!strstr(line, STAGE_CANARY));
    if (!spy.is_loud)
        return;
    printf("%.6f %s\n", (double)clock_now() / 1e9, line);
    fflush(stdout);
}
