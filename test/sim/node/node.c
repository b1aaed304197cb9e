/* SPDX-License-Identifier: Apache-2.0 */
/* The agent, as daemon/node.c runs it beside a manager. */
#include "stage.h"

#include "base/mem.h"
#include "net/rpc_local.h"

/* No node takes longer to leave, in minutes. */
#define LEAVE_ROUNDS 10

void agent_up(struct stage *s)
{
    struct err e = {0};
    struct rpc_peer self = {
        .node_id = STAGE_NODE, .cluster_id = STAGE_CLUSTER, .is_manager = true};
    CHECK(rpc_local_channel_new(&s->loop, s->server, &self, &s->channel, &e) == 0);
    struct agent_config config = {
        .loop = &s->loop,
        .engine = &s->spy.base,
        .node_id = STAGE_NODE,
        .secrets_dir = s->secrets,
        .seed = stage_below(UINT64_MAX),
    };
    CHECK(agent_new(&config, &s->agent, &e) == 0);
    agent_start(s->agent, s->channel);
}

static void set(void *flag)
{
    *(bool *)flag = true;
}

void agent_down(struct stage *s)
{
    bool is_closed = false;
    agent_close(TAKE(s->agent), set, &is_closed);
    stage_wait(s, &is_closed);
    is_closed = false;
    rpc_local_channel_close(TAKE(s->channel), set, &is_closed);
    stage_wait(s, &is_closed);
}

/* An engine that goes down meanwhile is waited for. */
void agent_leave(struct stage *s)
{
    s->has_left = false;
    agent_remove_all(s->agent, set, &s->has_left);
    for (int round = 0; !s->has_left; round++) {
        CHECK(round < LEAVE_ROUNDS);
        stage_run(s, CLOCK_MINUTE);
        fake_engine_up(s->fake);
    }
    agent_down(s);
}
