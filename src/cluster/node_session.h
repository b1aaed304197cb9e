/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cluster/dispatcher.h"
#include "loop/loop.h"

/*
 * One node's session with this manager, private to the dispatcher. It begins when the
 * node calls Session, and holds the streams on which the node is told things: the Session
 * stream (its own node object, the managers) and the Assignments stream. Before a node
 * has called, a session may exist without streams: the manager has just started and waits
 * for it.
 */
struct node_session {
    char node_id[OBJECT_ID_SIZE];
    char id[OBJECT_ID_SIZE]; /* "" while the manager only waits for the node */
    struct dispatcher *dispatcher;
    struct timer heartbeat;
    struct loop_close closing;
    struct loop_close *parent;               /* released when the session is freed */
    struct rpc_exchange *stream;             /* Session; NULL when it isn't open */
    struct rpc_exchange *assignments_stream; /* likewise */
    struct assignments *assignments;
    struct defer more; /* what didn't fit into the last message goes at the next turn */
    bool is_concerned; /* a change since the last message may be news for the node */
    uint64_t node_version; /* of the node object that was sent last */
};

/* What the dispatcher does for its sessions; each is called with the session. */
struct node_session_events {
    void (*overdue)(void *session); /* the node has been silent for too long */
    void (*more)(void *session);    /* there are more assignments to be sent */
};

/* parent is held until the session is freed. NULL when there is no memory. */
struct node_session *node_session_new(struct dispatcher *d, uv_loop_t *loop,
                                      const char *node_id,
                                      const struct node_session_events *events,
                                      struct loop_close *parent);

/* Ends both streams with a code and frees the session. */
void node_session_close(struct node_session *s, int code, const char *why);

/* Ends what there is of the streams. */
void node_session_end_streams(struct node_session *s, int code, const char *why);

/* Sends the session message, when the node object is another than the last time. */
int node_session_send_node(struct node_session *s, const struct store_view *v,
                           const char *manager_addr) MUST_CHECK;

/* Sends what is new in the node's assignments, with its secrets opened. What doesn't fit
 * into the message is left for a next call, and events.more comes from the queue. */
int node_session_send_assignments(struct node_session *s, const struct store_view *v,
                                  const struct keyring *keys, struct defer_queue *defers,
                                  struct err *e) MUST_CHECK;
