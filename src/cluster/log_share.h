/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "store/store.h"
#include "swarm/logbroker.pb-c.h"

/*
 * What a log request got of one node, so that a node that is asked again begins where it
 * was cut off. It sends the output of its tasks side by side, each at its own place in
 * its past: what came is kept for each task. Private to this folder.
 */
struct log_share {
    bool is_pending;  /* the node was asked and hasn't ended yet */
    struct map tasks; /* what came of each, by id */
};

void log_share_deinit(struct log_share *s);

/*
 * Notes a message of that time (0: it says none) of a task. *is_new is false for one that
 * came before the node was asked again. ERR_NO_MEMORY.
 */
int log_share_note(struct log_share *s, const char *task_id, int64_t at,
                   bool *is_new) MUST_CHECK;

/* Forgets a task that is gone. */
void log_share_forget(struct log_share *s, const char *task_id);

/*
 * From where the node has to be asked: the options of the request, or, when it has told
 * something before, all lines from the earliest time that any of its tasks is at; that is
 * the request's own start while one of them has told nothing. The messages that come
 * again are then told by log_share_note. `since` is room for what out->since points to;
 * it and `asked` are lent to *out. ERR_NO_MEMORY.
 */
int log_share_resume(struct log_share *s, const char *node_id,
                     const Swarm__LogSelector *selector,
                     const Swarm__LogSubscriptionOptions *asked,
                     const struct store_view *v, Swarm__Timestamp *since,
                     Swarm__LogSubscriptionOptions *out) MUST_CHECK;
