/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "../check.h"
#include "../random.h"
#include "agent/agent.h"
#include "base/map.h"
#include "base/str.h"
#include "cluster/dispatcher.h"
#include "cluster/log_broker.h"
#include "cluster/proposer.h"
#include "cluster/rekey.h"
#include "disk.h"
#include "engine_spy.h"
#include "manager/control.h"

/*
 * A whole node in one process: the real manager (store, proposer, control loop,
 * dispatcher), the real agent, and between them the node protocol; around them a clock
 * that jumps, a disk that fails and an engine that does what engines do at their worst.
 */
#define STAGE_CLUSTER "cluster0000000000000000aa"
#define STAGE_NODE "node000000000000000000aaa"

/* Every secret begins with it. */
#define STAGE_CANARY "canary-"

struct stage {
    uv_loop_t loop;
    char *secrets, *keyfile;
    struct disk disk;
    struct fake_engine *fake;
    struct engine_spy spy;
    struct loop_close closing;

    /* the manager; NULL while there is none (manager.c) */
    struct keyring *keys;
    struct sealed *sealed;
    struct store *store;
    struct store_watch watch;
    struct proposer *proposer;
    struct rekey *rekey;
    struct rpc_server *server;
    struct log_broker *log_broker;
    struct dispatcher *dispatcher;

    /* the agent; NULL while there is none (node.c) */
    struct rpc_channel *channel;
    struct agent *agent;
    bool has_left;

    /* what users were told is there (user.c) */
    struct map values;   /* id of a secret or config -> struct buf; for ever */
    struct map objects;  /* "secret/ID", "config/ID", "service/ID" -> struct object */
    unsigned n_names;    /* given so far */
    unsigned n_waiting;  /* users that wait for an answer */
    uint64_t n_answered; /* with success */
};

/* All chance: from the seed alone. stage_once_in is false in the calm. */
uint64_t stage_below(uint64_t n);
bool stage_once_in(uint64_t n);
void stage_calm(void);

void stage_open(struct stage *s, uint64_t seed);
void stage_close(struct stage *s);

/* Lets time pass, checking after each event. */
void stage_run(struct stage *s, int64_t duration);

/* Lets time pass until the flag is set. */
void stage_wait(struct stage *s, const bool *flag);

/* ---- manager.c ---- */
void manager_up(struct stage *s);
void manager_down(struct stage *s);

/* ---- node.c ---- */
void agent_up(struct stage *s);
void agent_down(struct stage *s);
void agent_leave(struct stage *s);

/* ---- user.c ---- */
void user_acts(struct stage *s);
void user_removes_all(struct stage *s, enum object_kind kind);
void user_activates_node(struct stage *s);
void user_forgets(struct stage *s);

/* ---- breaks.c ---- */
void something_breaks(struct stage *s);
void all_is_mended(struct stage *s);

/* ---- invariants.c ---- */
void check_change(struct stage *s, const struct store_change *c);
void check_step(struct stage *s);

/* A container starts now. */
void check_start(struct stage *s, const struct spy_task *t,
                 const struct fake_container *c);

/* What users were told is there, is there. */
void check_promises(struct stage *s);

/* Nothing happens any more. */
void check_rest(struct stage *s);
void check_empty(struct stage *s);
