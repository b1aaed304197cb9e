/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "base/macro.h"
#include "loop/loop.h"

static void begin_first(struct work_queue *q);

static void on_run(uv_work_t *work)
{
    struct work_turn *t = CONTAINER_OF(work, struct work_turn, work);
    t->run(t);
}

/* done may add a turn and free its own. */
static void on_done(uv_work_t *work, int status)
{
    struct work_turn *t = CONTAINER_OF(work, struct work_turn, work);
    struct work_queue *q = t->queue;
    assert(!status); /* nobody cancels */
    list_remove(&t->link);
    if (!list_is_empty(&q->turns))
        begin_first(q);
    t->done(t);
    if (list_is_empty(&q->turns) && q->closing)
        loop_close_release(q->closing);
}

static void begin_first(struct work_queue *q)
{
    struct work_turn *t = CONTAINER_OF(q->turns.next, struct work_turn, link);
    int r = uv_queue_work(q->loop, &t->work, on_run, on_done);
    assert(!r); /* libuv refuses only work that is nothing to do */
}

void work_queue_init(struct work_queue *q, uv_loop_t *loop)
{
    *q = (struct work_queue){.loop = loop};
    list_init(&q->turns);
}

void work_queue_add(struct work_queue *q, struct work_turn *t,
                    void (*run)(struct work_turn *t), void (*done)(struct work_turn *t))
{
    bool is_first = list_is_empty(&q->turns);
    t->queue = q;
    t->run = run;
    t->done = done;
    list_append(&q->turns, &t->link);
    if (is_first)
        begin_first(q);
}

void work_queue_close(struct work_queue *q, struct loop_close *c)
{
    if (list_is_empty(&q->turns))
        return;
    q->closing = c;
    loop_close_hold(c);
}
