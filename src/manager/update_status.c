/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/update_status.h"

#include "base/mem.h"
#include "base/str.h"

static Swarm__UpdateStatus__UpdateState state_of(const Swarm__Service *s)
{
    return s->update_status ? s->update_status->state
                            : SWARM__UPDATE_STATUS__UPDATE_STATE__UNKNOWN;
}

bool update_is_rollback(const Swarm__Service *s)
{
    return state_of(s) == SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_STARTED;
}

bool update_is_active(const Swarm__Service *s)
{
    return update_is_rollback(s) ||
           state_of(s) == SWARM__UPDATE_STATUS__UPDATE_STATE__UPDATING;
}

bool update_is_paused(const Swarm__Service *s)
{
    return state_of(s) == SWARM__UPDATE_STATUS__UPDATE_STATE__PAUSED ||
           state_of(s) == SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_PAUSED;
}

int update_status_set(Swarm__Service *s, Swarm__UpdateStatus__UpdateState state,
                      const char *message, int64_t now)
{
    cleanup_message Swarm__UpdateStatus *status =
        message_new(&swarm__update_status__descriptor);
    if (!status || message_set_string(&status->message, message) ||
        message_set_time(&status->started_at, now))
        return ERR_NO_MEMORY;
    status->state = state;
    message_free((ProtobufCMessage *)s->update_status);
    s->update_status = TAKE(status);
    return 0;
}

int update_status_begin(struct round *r)
{
    cleanup_object struct object *copy = NULL;
    int e = pass_edit(r->pass, r->holds_service, &copy);
    if (e)
        return e;
    if (update_status_set(copy->service, SWARM__UPDATE_STATUS__UPDATE_STATE__UPDATING,
                          "update in progress", r->pass->env->now))
        return err_no_memory(r->pass->e);
    return round_update_service(r, TAKE(copy));
}

int update_status_complete(struct round *r)
{
    bool is_rollback = update_is_rollback(r->service);
    cleanup_object struct object *copy = NULL;
    int e = pass_edit(r->pass, r->holds_service, &copy);
    if (e)
        return e;
    Swarm__UpdateStatus *status = copy->service->update_status;
    status->state = is_rollback ? SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_COMPLETED
                                : SWARM__UPDATE_STATUS__UPDATE_STATE__COMPLETED;
    if (message_set_string(&status->message,
                           is_rollback ? "rollback completed" : "update completed") ||
        message_set_time(&status->completed_at, r->pass->env->now))
        return err_no_memory(r->pass->e);
    return round_update_service(r, TAKE(copy));
}

int update_status_pause(struct round *r, const char *task_id)
{
    bool is_rollback = update_is_rollback(r->service);
    cleanup_free char *message =
        str_format("%s paused due to failure or early termination of task %s",
                   is_rollback ? "rollback" : "update", task_id);
    cleanup_object struct object *copy = NULL;
    int e = pass_edit(r->pass, r->holds_service, &copy);
    if (e)
        return e;
    Swarm__Service *s = copy->service;
    int64_t started = s->update_status ? message_time(s->update_status->started_at, 0)
                                       : r->pass->env->now;
    if (!message || update_status_set(
                        s,
                        is_rollback ? SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_PAUSED
                                    : SWARM__UPDATE_STATUS__UPDATE_STATE__PAUSED,
                        message, started))
        return err_no_memory(r->pass->e);
    return round_update_service(r, TAKE(copy));
}

static void take_previous(Swarm__Service *s)
{
    message_free((ProtobufCMessage *)s->spec);
    s->spec = TAKE(s->previous_spec);
    message_free((ProtobufCMessage *)s->spec_version);
    s->spec_version = TAKE(s->previous_spec_version);
}

int update_status_roll_back(struct round *r, const char *task_id)
{
    cleanup_free char *message = str_format(
        "update rolled back due to failure or early termination of task %s", task_id);
    cleanup_object struct object *copy = NULL;
    int e = pass_edit(r->pass, r->holds_service, &copy);
    if (e)
        return e;
    take_previous(copy->service);
    if (!message ||
        update_status_set(copy->service,
                          SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_STARTED, message,
                          r->pass->env->now))
        return err_no_memory(r->pass->e);
    return round_update_service(r, TAKE(copy));
}
