/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/status_report.h"

#include <stdlib.h>

#include "base/str.h"

struct status_report {
    struct rpc_exchange *x; /* NULL once the caller is gone */
    char node_id[OBJECT_ID_SIZE];
    Swarm__UpdateTaskStatusRequest *request;
};

static void report_free(struct status_report *report)
{
    message_free(&report->request->base);
    free(report);
}

static int run(struct store_tx *tx, const struct manager_env *env, void *user,
               struct err *e)
{
    struct status_report *report = user;
    for (size_t i = 0; i < report->request->n_updates; i++) {
        const Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *update =
            report->request->updates[i];
        if (!update->status)
            return err_set(e, ERR_INVALID_ARGUMENT, "task %s: status is missing",
                           update->task_id);
        int r = task_status_report(tx, report->node_id, update->task_id, update->status,
                                   env->now, e);
        if (r)
            return r;
    }
    return 0;
}

static void finished(int r, const struct err *e, void *user)
{
    struct status_report *report = user;
    struct rpc_exchange *x = report->x;
    report_free(report);
    if (!x)
        return;
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
