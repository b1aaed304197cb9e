/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cluster/proposer.h"
#include "net/rpc.h"
#include "swarm/dispatcher.pb-c.h"

/*
 * One UpdateTaskStatus call: its updates are proposed together, and the call is answered
 * when they are durable, so that a node may forget what it reported. An update that is
 * refused doesn't hold up the others: they are saved, and then the call ends with the
 * code of the first refusal. request moves in; x is ended here.
 */
void status_report_start(struct proposer *p, struct rpc_exchange *x,
                         Swarm__UpdateTaskStatusRequest *request);

/* For the service's on_cancel: the caller went away, its report is saved all the same. */
void status_report_on_cancel(struct rpc_exchange *x, void *user);
