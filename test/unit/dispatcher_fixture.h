/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cluster_fixture.h"

#include "cluster/dispatcher.h"
#include "swarm/dispatcher.pb-c.h"

/* A dispatcher on a site, and what a node says to it. */

#define MANAGER_ADDR "10.0.0.1:2377"

struct fixture {
    struct site site;
    struct dispatcher *dispatcher;
    struct site_call session, assignments; /* of SITE_NODE */
};

static inline void start_dispatcher(struct fixture *f)
{
    struct dispatcher_config config = {
        .loop = &f->site.loop,
        .store = f->site.store,
        .proposer = f->site.proposer,
        .keys = f->site.keys,
        .server = f->site.server,
        .manager_addr = MANAGER_ADDR,
    };
    assert_int_equal(dispatcher_new(&config, &f->dispatcher, &f->site.err), 0);
}

/* A cluster with one node that never was here yet. */
static inline void begin(struct fixture *f, int64_t heartbeat_period)
{
    site_add_cluster(&f->site, heartbeat_period);
    site_add_node(&f->site, SITE_NODE, SWARM__NODE_STATUS__STATE__DOWN);
    start_dispatcher(f);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    site_open(&f->site);
    *state = f;
    return 0;
}

/* In the order of cluster.c. */
static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    site_call_deinit(&f->session);
    site_call_deinit(&f->assignments);
    site_settle(&f->site);
    if (f->dispatcher) {
        dispatcher_stop(f->dispatcher);
        site_close_proposer(&f->site);
        f->site.is_closed = false;
        dispatcher_free(f->dispatcher, site_on_closed, &f->site);
        SITE_UNTIL(&f->site, f->site.is_closed);
    }
    site_close(&f->site);
    free(f);
    return 0;
}

/* ---- what a node says ---- */

static inline void call_session(struct fixture *f, struct rpc_channel *channel,
                                const char *session_id, struct site_call *c)
{
    cleanup_message Swarm__SessionRequest *q =
        world_new(&swarm__session_request__descriptor);
    q->description = world_new(&swarm__node_description__descriptor);
    fixture_set(&q->description->hostname, "host");
    fixture_set(&q->session_id, session_id);
    site_call(channel, &node_protocol_session, &q->base, c);
}

static inline const Swarm__SessionMessage *session_message(struct fixture *f,
                                                           struct site_call *c, size_t i)
{
    return (const Swarm__SessionMessage *)site_wait_message(&f->site, c, i);
}

/* Registers SITE_NODE. */
static inline const char *open_session(struct fixture *f)
{
    call_session(f, f->site.node, "", &f->session);
    return session_message(f, &f->session, 0)->session_id;
}

static inline void call_heartbeat(struct rpc_channel *channel, const char *session_id,
                                  struct site_call *c)
{
    Swarm__HeartbeatRequest q = SWARM__HEARTBEAT_REQUEST__INIT;
    q.session_id = (char *)(uintptr_t)session_id;
    site_call(channel, &node_protocol_heartbeat, &q.base, c);
}

static inline int heartbeat(struct fixture *f, const char *session_id, char text[256])
{
    cleanup_call struct site_call c;
    call_heartbeat(f->site.node, session_id, &c);
    int r = site_wait_end(&f->site, &c);
    strcpy_cut(text, 256, c.text);
    return r;
}

static inline void call_assignments(struct fixture *f, const char *session_id)
{
    Swarm__AssignmentsRequest q = SWARM__ASSIGNMENTS_REQUEST__INIT;
    q.session_id = (char *)(uintptr_t)session_id;
    site_call(f->site.node, &node_protocol_assignments, &q.base, &f->assignments);
}

static inline const Swarm__AssignmentsMessage *assignments(struct fixture *f, size_t i)
{
    return (const Swarm__AssignmentsMessage *)site_wait_message(&f->site, &f->assignments,
                                                                i);
}

static inline void call_report(struct rpc_channel *channel, const char *session_id,
                               const char *task_id, Swarm__TaskState state,
                               struct site_call *c)
{
    cleanup_message Swarm__UpdateTaskStatusRequest *q =
        world_new(&swarm__update_task_status_request__descriptor);
    Swarm__UpdateTaskStatusRequest__TaskStatusUpdate *u =
        world_new(&swarm__update_task_status_request__task_status_update__descriptor);
    fixture_set(&q->session_id, session_id);
    fixture_set(&u->task_id, task_id);
    u->status = world_new(&swarm__task_status__descriptor);
    u->status->state = state;
    assert_int_equal(message_append(&q->n_updates, &q->updates, u), 0);
    site_call(channel, &node_protocol_update_task_status, &q->base, c);
}

static inline const Swarm__NodeStatus *node_status(const struct fixture *f)
{
    return site_get(&f->site, OBJECT_NODE, SITE_NODE)->node->status;
}
