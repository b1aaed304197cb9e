/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include "base/macro.h"

void timer_init(struct timer *t, uv_loop_t *loop, void (*cb)(void *user), void *user)
{
    uv_timer_init(loop, &t->uv);
    t->cb = cb;
    t->user = user;
}

static void timer_fired(uv_timer_t *uv)
{
    struct timer *t = CONTAINER_OF(uv, struct timer, uv);
    t->cb(t->user);
}

/* libuv counts from the time its loop last looked at the clock; a callback that worked
 * long before it starts a timer must not get a shorter one. */
void timer_start(struct timer *t, int64_t delay)
{
    int64_t ms = delay > 0 ? (delay - 1) / CLOCK_MILLISECOND + 1 : 0;
    if (ms)
        uv_update_time(t->uv.loop);
    uv_timer_start(&t->uv, timer_fired, (uint64_t)ms, 0);
}

void timer_cancel(struct timer *t)
{
    if (t->uv.type != UV_UNKNOWN_HANDLE)
        uv_timer_stop(&t->uv);
}

bool timer_is_running(const struct timer *t)
{
    return uv_is_active((const uv_handle_t *)&t->uv);
}

void timer_close(struct timer *t, struct loop_close *c)
{
    loop_close_handle(c, (uv_handle_t *)&t->uv);
}
