/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include "base/macro.h"

static void work_on_thread(uv_work_t *uv)
{
    struct work *w = CONTAINER_OF(uv, struct work, uv);
    w->run(w);
}

static void work_on_loop(uv_work_t *uv, int status)
{
    struct work *w = CONTAINER_OF(uv, struct work, uv);
    bool canceled = w->is_canceled || status == UV_ECANCELED;
    w->is_running = false;
    w->done(w, canceled ? ERR_CANCELED : 0);
}

int work_start(struct work *w, uv_loop_t *loop, void (*run)(struct work *w),
               void (*done)(struct work *w, int code), struct err *e)
{
    w->run = run;
    w->done = done;
    w->is_canceled = false;
    int r = uv_queue_work(loop, &w->uv, work_on_thread, work_on_loop);
    if (r)
        return err_errno(e, -r, "start work on a thread");
    w->is_running = true;
    return 0;
}

/* A work that hasn't begun is taken out of the queue; one that has can't be stopped, only
 * its result be ignored. libuv calls back in both cases. */
void work_cancel(struct work *w)
{
    if (!w->is_running)
        return;
    w->is_canceled = true;
    (void)uv_cancel((uv_req_t *)&w->uv);
}
