/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/backend.h"
#include "cluster/cluster.h"
#include "loop/loop.h"

/*
 * One write that the API asked for, on its way through check, seal and proposal to its
 * answer.
 */
enum backend_verb {
    BACKEND_CREATE,
    BACKEND_UPDATE,
    BACKEND_REMOVE,
};

struct backend_request {
    enum backend_verb verb;
    enum object_kind kind;
    char id[OBJECT_ID_SIZE]; /* of what is written; create draws it */
    struct control_update how;
    bool force;
    void *spec; /* owned; NULL for remove */
    backend_done done;
    void *user;

    struct cluster *cluster;
    char tokens[2][JOIN_TOKEN_SIZE]; /* drawn for `how` */
    struct defer refusal;
    struct err err;
};

/* Takes a filled-in request (copied; spec moves in) to the cluster's store; done comes
 * from the loop. */
void backend_request_submit(const struct backend_request *q, struct cluster *c,
                            struct defer_queue *defers);

/* Answers it with an error, from the loop. */
void backend_request_refuse(const struct backend_request *q, const struct err *e,
                            struct defer_queue *defers);
