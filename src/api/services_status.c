/* SPDX-License-Identifier: Apache-2.0 */
#include "api/handlers.h"

struct counts {
    uint64_t running, desired, completed;
};

static bool is_job(const Swarm__ServiceSpec *spec)
{
    return spec->mode_case == SWARM__SERVICE_SPEC__MODE_REPLICATED_JOB ||
           spec->mode_case == SWARM__SERVICE_SPEC__MODE_GLOBAL_JOB;
}

static uint64_t iteration_of(const Swarm__Version *v)
{
    return v ? v->index : 0;
}

static Swarm__TaskState state_of(const Swarm__Task *task)
{
    return task->status ? task->status->state : SWARM__TASK_STATE__NEW;
}

/* Of a job only the tasks of the run that is on count. */
static void count_job_task(const Swarm__Service *s, const Swarm__Task *task,
                           struct counts *c)
{
    const Swarm__Version *now = s->job_status ? s->job_status->job_iteration : NULL;
    if (iteration_of(task->job_iteration) != iteration_of(now))
        return;
    bool is_complete = state_of(task) == SWARM__TASK_STATE__COMPLETE;
    c->running += state_of(task) == SWARM__TASK_STATE__RUNNING;
    c->completed += is_complete;
    if (s->spec->mode_case == SWARM__SERVICE_SPEC__MODE_GLOBAL_JOB)
        c->desired += !is_complete && task->desired_state == SWARM__TASK_STATE__COMPLETE;
}

static void count_task(const Swarm__Service *s, const Swarm__Task *task, struct counts *c)
{
    if (is_job(s->spec)) {
        count_job_task(s, task, c);
        return;
    }
    c->running += state_of(task) == SWARM__TASK_STATE__RUNNING;
    if (s->spec->mode_case == SWARM__SERVICE_SPEC__MODE_GLOBAL)
        c->desired += task->desired_state == SWARM__TASK_STATE__RUNNING;
}

static void start_counts(const Swarm__ServiceSpec *spec, struct counts *c)
{
    *c = (struct counts){0};
    if (spec->mode_case == SWARM__SERVICE_SPEC__MODE_REPLICATED)
        c->desired = spec->replicated->replicas;
    else if (spec->mode_case == SWARM__SERVICE_SPEC__MODE_REPLICATED_JOB)
        c->desired = spec->replicated_job->max_concurrent;
}

int api_services_status(const struct store_view *v, const Swarm__Service *s,
                        struct api_json_out *w)
{
    struct counts c;
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    int r = store_find(v, OBJECT_TASK, STORE_BY_SERVICE, s->id, &tasks);
    if (r)
        return r;
    start_counts(s->spec, &c);
    for (size_t i = 0; i < tasks.len; i++)
        count_task(s, tasks.objects[i]->task, &c);
    api_json_key(w, "ServiceStatus");
    api_json_open(w, '{');
    api_json_key(w, "RunningTasks");
    api_json_uint(w, c.running);
    api_json_key(w, "DesiredTasks");
    api_json_uint(w, c.desired);
    api_json_key(w, "CompletedTasks");
    api_json_uint(w, c.completed);
    api_json_close(w, '}');
    return 0;
}
