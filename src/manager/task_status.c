/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes report about their tasks. A node is not trusted beyond its own tasks. */
#include "base/mem.h"
#include "base/str.h"
#include "manager/manager.h"

/* The states that are a node's to report. */
static bool is_from_node(Swarm__TaskState state)
{
    return state >= SWARM__TASK_STATE__ASSIGNED && state <= SWARM__TASK_STATE__REJECTED &&
           !str_equal(task_state_name(state), "unknown");
}

/* All the rest is kept as it is: names of ports, and fields that aren't known. */
static size_t size_without_texts(const Swarm__TaskStatus *status)
{
    Swarm__TaskStatus rest = *status;
    rest.message = rest.err = NULL;
    return protobuf_c_message_get_packed_size(&rest.base);
}

static int check(const Swarm__TaskStatus *status, const char *task_id, struct err *e)
{
    if (!is_from_node(status->state))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "task %s: state %d is not a node's to set", task_id,
                       (int)status->state);
    if (size_without_texts(status) > TASK_STATUS_SIZE_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "task %s: its status has more than %d bytes", task_id,
                       TASK_STATUS_SIZE_LIMIT);
    if (status->port_status && status->port_status->n_ports > TASK_STATUS_PORTS_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT, "task %s: more than %d ports", task_id,
                       TASK_STATUS_PORTS_LIMIT);
    if (status->runtime_status_case == SWARM__TASK_STATUS__RUNTIME_STATUS_CONTAINER &&
        strlen(status->container->container_id) > TASK_STATUS_TEXT_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT, "task %s: its container's id is too long",
                       task_id);
    return 0;
}

/* Cuts a text to the limit, not within a character of UTF-8. */
static void cut(char *text)
{
    size_t n = strnlen(text, TASK_STATUS_TEXT_LIMIT + 1);
    if (n <= TASK_STATUS_TEXT_LIMIT)
        return;
    n = TASK_STATUS_TEXT_LIMIT;
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    text[n] = '\0';
}

/* Is there anything in the report that wasn't known? What the manager itself noted
 * doesn't count. */
static bool is_news(const Swarm__TaskStatus *known, const Swarm__TaskStatus *reported)
{
    Swarm__TaskStatus a = *known, b = *reported;
    a.applied_at = b.applied_at = NULL;
    a.applied_by = b.applied_by = NULL;
    return !message_equal(&a.base, &b.base);
}

static int write_status(struct store_tx *tx, const struct object *task,
                        const Swarm__TaskStatus *status, int64_t now, struct err *e)
{
    cleanup_object struct object *copy = NULL;
    cleanup_message ProtobufCMessage *reported = message_copy(&status->base);
    if (!reported || object_copy(task, &copy))
        return err_no_memory(e);
    message_free(&copy->task->status->base);
    copy->task->status = (Swarm__TaskStatus *)TAKE(reported);
    Swarm__TaskStatus *s = copy->task->status;
    cut(s->message);
    cut(s->err);
    if (message_set_string(&s->applied_by, "") || message_set_time(&s->applied_at, now))
        return err_no_memory(e);
    return store_tx_update(tx, TAKE(copy), e);
}

int task_status_report(struct store_tx *tx, const char *node_id, const char *task_id,
                       const Swarm__TaskStatus *status, int64_t now, struct err *e)
{
    const struct object *task = store_get(store_tx_view(tx), OBJECT_TASK, task_id);
    if (!task)
        return 0;
    if (!str_equal(task->task->node_id, node_id))
        return err_set(e, ERR_PERMISSION_DENIED,
                       "cannot update a task not assigned this node");
    int r = check(status, task_id, e);
    if (r || status->state < task->task->status->state ||
        !is_news(task->task->status, status))
        return r;
    return write_status(tx, task, status, now, e);
}
