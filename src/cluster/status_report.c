/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/status_report.h"

#include <stdlib.h>

#include "base/str.h"

struct status_report {
    struct rpc_exchange *x; /* NULL once the caller is gone */
    char node_id[OBJECT_ID_SIZE];
    Swarm__UpdateTaskStatusRequest *request;
    struct err refusal; /* the first of an update that is not taken */
};

static void report_free(struct status_report *report)
{
    message_free(&report->request->base);
    free(report);
}

static int take_update(struct store_tx *tx, const struct status_report *report,
                       const Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *update,
                       int64_t now, struct err *e)
{
    if (!update->status)
        return err_set(e, ERR_INVALID_ARGUMENT, "task %s: status is missing",
                       update->task_id);
    return task_status_report(tx, report->node_id, update->task_id, update->status, now,
                              e);
}

static bool is_refusal(int r)
{
    return r == ERR_INVALID_ARGUMENT || r == ERR_PERMISSION_DENIED;
}

/* An update that is refused changes nothing and doesn't hold up the others. */
static int run(struct store_tx *tx, const struct manager_env *env, void *user,
               struct err *e)
{
    struct status_report *report = user;
    for (size_t i = 0; i < report->request->n_updates; i++) {
        struct err refusal = {0};
        int r = take_update(tx, report, report->request->updates[i], env->now, &refusal);
        if (r && !is_refusal(r)) {
            *e = refusal;
            return r;
        }
        if (r && !report->refusal.code)
            report->refusal = refusal;
    }
    return 0;
}

static void finished(int r, const struct err *e, void *user)
{
    struct status_report *report = user;
    struct rpc_exchange *x = report->x;
    struct err refusal = report->refusal;
    report_free(report);
    if (!x)
        return;
    if (!r && refusal.code) {
        rpc_exchange_end(x, refusal.code, &refusal);
        return;
    }
    Swarm__UpdateTaskStatusResponse response = SWARM__UPDATE_TASK_STATUS_RESPONSE__INIT;
    if (!r)
        r = rpc_exchange_send(x, &response.base);
    rpc_exchange_end(x, r, e);
}

void status_report_start(struct proposer *p, struct rpc_exchange *x,
                         Swarm__UpdateTaskStatusRequest *request)
{
    struct err e = {0};
    struct status_report *report = calloc(1, sizeof(*report));
    if (!report) {
        message_free(&request->base);
        rpc_exchange_end(x, err_no_memory(&e), &e);
        return;
    }
    report->x = x;
    report->request = request;
    strcpy_cut(report->node_id, sizeof(report->node_id), rpc_exchange_peer(x)->node_id);
    rpc_exchange_set_state(x, report);
    if (proposer_submit(p, run, finished, report, &e)) {
        report_free(report);
        rpc_exchange_end(x, e.code, &e);
    }
}

void status_report_on_cancel(struct rpc_exchange *x, void *user)
{
    (void)user;
    struct status_report *report = rpc_exchange_state(x);
    if (report)
        report->x = NULL;
}
