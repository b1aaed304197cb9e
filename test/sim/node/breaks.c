/* SPDX-License-Identifier: Apache-2.0 */
/* What breaks: the engine, its containers, the disk, the agent, the manager. */
#include "stage.h"

/* A running container, NULL when none was found. */
static struct fake_container *some_container(struct stage *s)
{
    size_t n = s->spy.tasks.len, from = n ? stage_below(n) : 0;
    for (size_t i = 0; i < n; i++) {
        const struct spy_task *t = s->spy.tasks.entries[(from + i) % n].value;
        struct fake_container *c = engine_spy_container(&s->spy, t);
        if (c && c->is_running)
            return c;
    }
    return NULL;
}

static void container_ends(struct stage *s)
{
    static const int32_t codes[] = {0, 1, 137};
    struct fake_container *c = some_container(s);
    if (c)
        fake_engine_exit(s->fake, c, codes[stage_below(ARRAY_SIZE(codes))]);
}

static void container_turns_deaf(struct stage *s)
{
    struct fake_container *c = some_container(s);
    if (c)
        c->ignores_signals = true;
}

static void calls_fail(struct stage *s)
{
    static const int codes[] = {ERR_INTERNAL, ERR_UNKNOWN, ERR_RESOURCE_EXHAUSTED};
    fake_engine_fail(s->fake, (enum fake_call_kind)stage_below(FAKE_LOGS),
                     (unsigned)(1 + stage_below(3)),
                     codes[stage_below(ARRAY_SIZE(codes))], "the engine said no");
}

static void calls_get_slow(struct stage *s)
{
    fake_engine_delay(s->fake, (enum fake_call_kind)stage_below(FAKE_LOGS),
                      (int64_t)stage_below(6 * CLOCK_SECOND));
}

static void manager_restarts(struct stage *s)
{
    agent_down(s);
    manager_down(s);
    stage_run(s, (int64_t)stage_below(40 * CLOCK_SECOND));
    manager_up(s);
    agent_up(s);
}

/* Shorter or longer than the manager's patience. */
static void agent_restarts(struct stage *s)
{
    agent_down(s);
    stage_run(s, (int64_t)stage_below(25 * CLOCK_SECOND));
    agent_up(s);
}

void something_breaks(struct stage *s)
{
    switch (stage_below(14)) {
    case 0:
    case 1:
        container_ends(s);
        break;
    case 2:
        container_turns_deaf(s);
        break;
    case 3:
    case 4:
        calls_fail(s);
        break;
    case 5:
        calls_get_slow(s);
        break;
    case 6:
        fake_engine_lose(s->fake, (enum fake_call_kind)stage_below(FAKE_LOGS));
        break;
    case 7:
        fake_engine_down(s->fake);
        break;
    case 8:
        s->disk.is_full = stage_below(2) == 0;
        break;
    case 9:
        agent_restarts(s);
        break;
    case 10:
        if (!s->disk.is_full)
            manager_restarts(s);
        break;
    default:
        s->disk.is_full = false;
        fake_engine_up(s->fake);
    }
}

/* The engine's restart makes the agent look at everything again. */
void all_is_mended(struct stage *s)
{
    s->disk.is_full = false;
    for (int kind = 0; kind < FAKE_KINDS; kind++) {
        fake_engine_delay(s->fake, (enum fake_call_kind)kind, 0);
        fake_engine_fail(s->fake, (enum fake_call_kind)kind, 0, 0, "");
    }
    fake_engine_down(s->fake);
    stage_run(s, CLOCK_SECOND);
    fake_engine_up(s->fake);
}
