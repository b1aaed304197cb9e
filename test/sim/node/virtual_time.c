/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual_time.h"

#include "../check.h"
#include "loop/loop.h"

/* Timers that run at a time, and turns of the loop without any time passing: more of
 * either is a fault of what is simulated. */
#define TIMERS_MAX 4096
#define TURNS_MAX 100000

struct entry {
    struct timer *timer;
    int64_t due;
};

static struct {
    int64_t now;
    size_t n;
    struct entry running[TIMERS_MAX]; /* in the order of their start */
} time_state;

int64_t clock_now(void)
{
    return time_state.now;
}

int64_t clock_monotonic(void)
{
    return time_state.now;
}

void virtual_time_set(int64_t now)
{
    CHECK(time_state.n == 0);
    time_state.now = now;
}

/* ---- timers ---- */

static size_t find(const struct timer *t)
{
    size_t i = 0;
    while (i < time_state.n && time_state.running[i].timer != t)
        i++;
    return i;
}

static void take_out(size_t i)
{
    for (size_t k = i + 1; k < time_state.n; k++)
        time_state.running[k - 1] = time_state.running[k];
    time_state.n--;
}

void timer_init(struct timer *t, uv_loop_t *loop, void (*cb)(void *user), void *user)
{
    uv_timer_init(loop, &t->uv);
    t->cb = cb;
    t->user = user;
}

void timer_start(struct timer *t, int64_t delay)
{
    timer_cancel(t);
    CHECK(time_state.n < TIMERS_MAX);
    int64_t due = delay > 0 ? time_state.now + delay : time_state.now;
    time_state.running[time_state.n++] = (struct entry){t, due};
}

void timer_cancel(struct timer *t)
{
    size_t i = find(t);
    if (i < time_state.n)
        take_out(i);
}

bool timer_is_running(const struct timer *t)
{
    return find(t) < time_state.n;
}

void timer_close(struct timer *t, struct loop_close *c)
{
    timer_cancel(t);
    loop_close_handle(c, (uv_handle_t *)&t->uv);
}

/* ---- the loop ---- */

static void look_for_work(uv_handle_t *handle, void *found)
{
    if (uv_is_closing(handle) || (handle->type == UV_IDLE && uv_is_active(handle)))
        *(bool *)found = true;
}

static bool has_work(uv_loop_t *loop)
{
    bool found = false;
    uv_walk(loop, look_for_work, &found);
    return found;
}

void virtual_time_settle(uv_loop_t *loop)
{
    for (int turns = 0; has_work(loop); turns++) {
        CHECK(turns < TURNS_MAX);
        uv_run(loop, UV_RUN_NOWAIT);
    }
}

static size_t next_timer(void)
{
    size_t next = 0;
    for (size_t i = 1; i < time_state.n; i++)
        if (time_state.running[i].due < time_state.running[next].due)
            next = i;
    return next;
}

bool virtual_time_step(uv_loop_t *loop, int64_t limit)
{
    virtual_time_settle(loop);
    size_t next = next_timer();
    if (time_state.n == 0 || time_state.running[next].due > limit) {
        time_state.now = limit > time_state.now ? limit : time_state.now;
        return false;
    }
    struct entry e = time_state.running[next];
    take_out(next);
    time_state.now = e.due > time_state.now ? e.due : time_state.now;
    e.timer->cb(e.timer->user);
    virtual_time_settle(loop);
    return true;
}
