/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/backend.h"
#include "loop/loop.h"

/*
 * The backend over a real cluster. The node under it is the test's own: it defines what
 * node.h declares, so the linker leaves node.c, with its agent and engine, out.
 */
struct node {
    struct cluster *cluster; /* NULL: in no swarm */
    struct node_state state;
    struct node_watch watch;
    struct buf ca;
    int inits, leaves, confirmations;
    bool is_busy;
    struct node_init asked; /* what the last init or confirmation was for */
    struct defer_queue defers;
    struct defer answer;
    node_done done;
    void *done_user;
    int result;
};

struct cluster *node_cluster(struct node *n)
{
    return n->cluster;
}

const struct node_state *node_state(const struct node *n)
{
    return &n->state;
}

const char *node_address(const struct node *n)
{
    return "10.0.0.1";
}

const struct buf *node_ca_pem(const struct node *n)
{
    return &n->ca;
}

const struct buf *node_ca_subject(const struct node *n)
{
    return &n->ca;
}

const struct buf *node_ca_spki(const struct node *n)
{
    return &n->ca;
}

void node_set_watch(struct node *n, const struct node_watch *watch)
{
    n->watch = *watch;
}

bool node_is_busy(const struct node *n)
{
    return n->is_busy;
}

static inline void on_node_done(void *user)
{
    struct node *n = user;
    struct err e;
    if (n->result)
        err_set(&e, n->result, "not now");
    n->done(n->result, n->result ? &e : NULL, n->done_user);
}

static inline void answer_later(struct node *n, int result, node_done done, void *user)
{
    n->result = result;
    n->done = done;
    n->done_user = user;
    defer_init(&n->answer, on_node_done, n);
    defer_start(&n->answer, &n->defers);
}

void node_confirm_swarm(struct node *n, const struct node_init *init, node_done done,
                        void *user)
{
    n->confirmations++;
    n->asked = *init;
    n->state.is_auto = false;
    message_free((ProtobufCMessage *)init->spec);
    answer_later(n, 0, done, user);
}

void node_init_swarm(struct node *n, const struct node_init *init, node_done done,
                     void *user)
{
    n->inits++;
    n->asked = *init;
    message_free((ProtobufCMessage *)init->spec);
    answer_later(n, 0, done, user);
}

void node_leave_swarm(struct node *n, node_done done, void *user)
{
    n->leaves++;
    answer_later(n, ERR_UNAVAILABLE, done, user);
}
