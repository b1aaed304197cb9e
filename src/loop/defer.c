/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include "base/macro.h"

/* Only what waits now is called: a callback that defers something again waits for the
 * next turn, so that I/O isn't kept out. */
static void defer_run(uv_idle_t *uv)
{
    struct defer_queue *q = CONTAINER_OF(uv, struct defer_queue, uv);
    list_splice(&q->running, &q->waiting);
    uv_idle_stop(uv);
    while (!list_is_empty(&q->running)) {
        struct defer *d = LIST_FIRST(&q->running, struct defer, link);
        list_remove(&d->link);
        d->cb(d->user);
    }
}

void defer_queue_init(struct defer_queue *q, uv_loop_t *loop)
{
    uv_idle_init(loop, &q->uv);
    list_init(&q->waiting);
    list_init(&q->running);
}

static void forget_all(struct list *defers)
{
    while (!list_is_empty(defers))
        list_remove(defers->next);
}

void defer_queue_close(struct defer_queue *q, struct loop_close *c)
{
    if (q->uv.type == UV_UNKNOWN_HANDLE)
        return;
    forget_all(&q->waiting);
    forget_all(&q->running);
    loop_close_handle(c, (uv_handle_t *)&q->uv);
}

void defer_init(struct defer *d, void (*cb)(void *user), void *user)
{
    list_init(&d->link);
    d->cb = cb;
    d->user = user;
}

void defer_start(struct defer *d, struct defer_queue *q)
{
    if (!list_is_empty(&d->link))
        return;
    list_append(&q->waiting, &d->link);
    uv_idle_start(&q->uv, defer_run);
}

void defer_cancel(struct defer *d)
{
    list_remove(&d->link);
}
